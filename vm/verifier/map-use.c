/* SPDX-License-Identifier: BSD-3-Clause
 *
 * map-use.c -- which helper takes which type of map, as in the kernel's
 * check_map_func_compatibility().
 */
#include <linux/bpf.h>

#include "internal.h"

#define TYPE(name)    (UINT64_C(1) << BPF_MAP_TYPE_##name)
#define TYPES_ARRAY   (TYPE(ARRAY) | TYPE(PERCPU_ARRAY))
#define TYPES_HASH    (TYPE(HASH) | TYPE(PERCPU_HASH) | TYPE(LRU_HASH) | TYPE(LRU_PERCPU_HASH))
#define TYPES_VALUES  (TYPES_ARRAY | TYPES_HASH | TYPE(LPM_TRIE))
#define TYPES_MAPS    (TYPE(ARRAY_OF_MAPS) | TYPE(HASH_OF_MAPS))
#define TYPES_KEYLESS (TYPE(QUEUE) | TYPE(STACK))
#define TYPES_DEVICES (TYPE(DEVMAP) | TYPE(DEVMAP_HASH))
#define TYPES_SOCKETS (TYPE(SOCKMAP) | TYPE(SOCKHASH))

static const struct {
	uint32_t helper;
	uint64_t types; /* a bit each */
} uses[] = {
	{BPF_FUNC_map_lookup_elem,
		TYPES_VALUES | TYPES_MAPS | TYPES_DEVICES | TYPES_SOCKETS | TYPE(XSKMAP)},
	{BPF_FUNC_map_update_elem, TYPES_VALUES | TYPES_SOCKETS},
	{BPF_FUNC_map_delete_elem, TYPES_VALUES | TYPES_SOCKETS},
	{BPF_FUNC_for_each_map_elem, TYPES_ARRAY | TYPES_HASH},
	{BPF_FUNC_map_lookup_percpu_elem,
		TYPE(PERCPU_ARRAY) | TYPE(PERCPU_HASH) | TYPE(LRU_PERCPU_HASH)},
	{BPF_FUNC_map_push_elem, TYPES_KEYLESS | TYPE(BLOOM_FILTER)},
	{BPF_FUNC_map_pop_elem, TYPES_KEYLESS},
	{BPF_FUNC_map_peek_elem, TYPES_KEYLESS | TYPE(BLOOM_FILTER)},
	{BPF_FUNC_perf_event_output, TYPE(PERF_EVENT_ARRAY)},
	{BPF_FUNC_perf_event_read, TYPE(PERF_EVENT_ARRAY)},
	{BPF_FUNC_perf_event_read_value, TYPE(PERF_EVENT_ARRAY)},
	{BPF_FUNC_current_task_under_cgroup, TYPE(CGROUP_ARRAY)},
	{BPF_FUNC_ringbuf_output, TYPE(RINGBUF)},
	{BPF_FUNC_ringbuf_query, TYPE(RINGBUF)},
	{BPF_FUNC_ringbuf_reserve, TYPE(RINGBUF)},
	{BPF_FUNC_ringbuf_reserve_dynptr, TYPE(RINGBUF)},
	{BPF_FUNC_user_ringbuf_drain, TYPE(USER_RINGBUF)},
	{BPF_FUNC_tail_call, TYPE(PROG_ARRAY)},
	{BPF_FUNC_redirect_map, TYPES_DEVICES | TYPE(CPUMAP) | TYPE(XSKMAP)},
};

bool map_use__allowed(uint32_t helper, uint32_t map_type)
{
	for (size_t i = 0; i < sizeof(uses) / sizeof(uses[0]); i++)
		if (uses[i].helper == helper)
			return map_type < 64 && (uses[i].types >> map_type & 1);
	return false;
}

bool map_use__holds_sockets(uint32_t map_type)
{
	return map_type < 64 && (TYPES_SOCKETS >> map_type & 1);
}
