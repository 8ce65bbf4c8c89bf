/* SPDX-License-Identifier: BSD-3-Clause
 *
 * map-type.c -- Linux's types of maps by name, and why some are not here.
 */
#include <errno.h>
#include <linux/bpf.h>
#include <string.h>

#include "ebpf-map.h"

static const struct {
	const char *name;
	const char *reason; /* why there are no such maps */
} types[] = {
	[BPF_MAP_TYPE_HASH] = {"hash"},
	[BPF_MAP_TYPE_ARRAY] = {"array"},
	[BPF_MAP_TYPE_PROG_ARRAY] = {"prog_array"},
	[BPF_MAP_TYPE_PERF_EVENT_ARRAY] = {"perf_event_array"},
	[BPF_MAP_TYPE_PERCPU_HASH] = {"percpu_hash"},
	[BPF_MAP_TYPE_PERCPU_ARRAY] = {"percpu_array"},
	[BPF_MAP_TYPE_STACK_TRACE] = {"stack_trace", "it holds the kernel's stacks"},
	[BPF_MAP_TYPE_CGROUP_ARRAY] = {"cgroup_array", "it holds the kernel's control groups"},
	[BPF_MAP_TYPE_LRU_HASH] = {"lru_hash"},
	[BPF_MAP_TYPE_LRU_PERCPU_HASH] = {"lru_percpu_hash"},
	[BPF_MAP_TYPE_LPM_TRIE] = {"lpm_trie"},
	[BPF_MAP_TYPE_ARRAY_OF_MAPS] = {"array_of_maps"},
	[BPF_MAP_TYPE_HASH_OF_MAPS] = {"hash_of_maps"},
	[BPF_MAP_TYPE_DEVMAP] = {"devmap"},
	[BPF_MAP_TYPE_SOCKMAP] = {"sockmap", "it holds the kernel's sockets"},
	[BPF_MAP_TYPE_CPUMAP] = {"cpumap"},
	[BPF_MAP_TYPE_XSKMAP] = {"xskmap"},
	[BPF_MAP_TYPE_SOCKHASH] = {"sockhash", "it holds the kernel's sockets"},
	[BPF_MAP_TYPE_CGROUP_STORAGE] = {"cgroup_storage", "it holds the kernel's control groups"},
	[BPF_MAP_TYPE_REUSEPORT_SOCKARRAY] = {"reuseport_sockarray",
		"it holds the kernel's sockets"},
	[BPF_MAP_TYPE_PERCPU_CGROUP_STORAGE] = {"percpu_cgroup_storage",
		"it holds the kernel's control groups"},
	[BPF_MAP_TYPE_QUEUE] = {"queue"},
	[BPF_MAP_TYPE_STACK] = {"stack"},
	[BPF_MAP_TYPE_SK_STORAGE] = {"sk_storage", "it holds the kernel's sockets"},
	[BPF_MAP_TYPE_DEVMAP_HASH] = {"devmap_hash"},
	[BPF_MAP_TYPE_STRUCT_OPS] = {"struct_ops", "it replaces functions of the kernel"},
	[BPF_MAP_TYPE_RINGBUF] = {"ringbuf"},
	[BPF_MAP_TYPE_INODE_STORAGE] = {"inode_storage", "it holds the kernel's files"},
	[BPF_MAP_TYPE_TASK_STORAGE] = {"task_storage", "it holds the kernel's tasks"},
	[BPF_MAP_TYPE_BLOOM_FILTER] = {"bloom_filter"},
	[BPF_MAP_TYPE_USER_RINGBUF] = {"user_ringbuf", "there are no user ring buffers"},
	/* Younger than the Linux 6.1 headers. */
	[32] = {"cgrp_storage", "it holds the kernel's control groups"},
	[33] = {"arena", "there are no arenas"},
};

#define N_TYPES (sizeof(types) / sizeof(types[0]))

const char *ebpf_map_type__name(uint32_t type)
{
	return type < N_TYPES ? types[type].name : NULL;
}

int ebpf_map_type__by_name(const char *name)
{
	for (uint32_t type = 0; type < N_TYPES; type++)
		if (types[type].name && !strcmp(types[type].name, name))
			return (int)type;
	return -ENOENT;
}

const char *ebpf_map_type__reason(uint32_t type)
{
	return type < N_TYPES ? types[type].reason : NULL;
}

bool ebpf_map_type__supported(uint32_t type)
{
	return ebpf_map_type__name(type) && !ebpf_map_type__reason(type);
}
