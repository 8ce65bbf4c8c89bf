/* SPDX-License-Identifier: BSD-3-Clause
 *
 * map-handles.c -- who holds what in a PROG_ARRAY.
 *
 * An entry is a reference to a program. The host's calls exclude each other by the map's lock,
 * so that an id can be read from what another call is taking out; workers only load the
 * pointer. What was taken out is let go of when no worker can have it any more, and outside
 * the lock: that may free a program, its maps, and their entries.
 */
#include <errno.h>
#include <linux/bpf.h>
#include <string.h>

#include "map-handles.h"
#include "program.h"
#include "../runtime/map-types.h"

static void release_program(void *prog)
{
	ebpf_program__unref(prog);
}

static void *map__exchange(struct ebpf_map *map, uint32_t i, void *handle)
{
	void *old;

	pthread_mutex_lock(&map->lock);
	old = rt_handles__exchange(&map->rt, i, handle);
	pthread_mutex_unlock(&map->lock);
	if (old)
		reclaim__defer(&map->inst->reclaim, release_program, old);
	return old;
}

static uint32_t index_of(const void *key)
{
	uint32_t i;

	memcpy(&i, key, sizeof(i));
	return i;
}

int map_handles__lookup(struct ebpf_map *map, const void *key, void *value)
{
	const struct ebpf_program *prog;

	pthread_mutex_lock(&map->lock);
	prog = rt_handles__get(&map->rt, index_of(key));
	if (prog)
		memcpy(value, &prog->id, sizeof(prog->id));
	pthread_mutex_unlock(&map->lock);
	return prog ? 0 : -ENOENT;
}

/* No number is a program: the kernel's answer to a descriptor of nothing. */
int map_handles__update(struct ebpf_map *map, const void *key, uint64_t flags)
{
	if (flags != BPF_ANY)
		return -EINVAL;
	return index_of(key) < map->opts.max_entries ? -EBADF : -E2BIG;
}

int map_handles__delete(struct ebpf_map *map, const void *key)
{
	uint32_t i = index_of(key);

	if (i >= map->opts.max_entries)
		return -E2BIG;
	return map__exchange(map, i, NULL) ? 0 : -ENOENT;
}

void map_handles__clear(struct ebpf_map *map)
{
	for (uint32_t i = 0; i < map->opts.max_entries; i++)
		map__exchange(map, i, NULL);
}

int ebpf_map__set_program(struct ebpf_map *map, uint32_t index, struct ebpf_program *prog)
{
	if (map->opts.type != BPF_MAP_TYPE_PROG_ARRAY || prog->inst != map->inst ||
		prog->view.type != EBPF_PROGRAM_XDP)
		return -EINVAL;
	if (map__is_read_only(map))
		return -EPERM;
	if (index >= map->opts.max_entries)
		return -E2BIG;
	map__exchange(map, index, ebpf_program__ref(prog));
	return 0;
}
