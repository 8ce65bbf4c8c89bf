/* SPDX-License-Identifier: BSD-3-Clause
 *
 * The maps of generated programs: small, of every type, some of several.
 */
#include <linux/bpf.h>

#include "generate.h"

static const struct ebpf_map_opts inner_array = {"inner", BPF_MAP_TYPE_ARRAY, 4, 16, 2};
static const struct ebpf_map_opts inner_hash = {"inner_hash", BPF_MAP_TYPE_HASH, 4, 8, 4};

const struct ebpf_map_opts generated_maps[GENERATED_N_MAPS] = {
	[MAP_OUT] = {"out", BPF_MAP_TYPE_ARRAY, 4, 64, 1},
	[MAP_PERCPU] = {"percpu", BPF_MAP_TYPE_PERCPU_ARRAY, 4, 16, 2},
	[MAP_HASH] = {"hash", BPF_MAP_TYPE_HASH, 8, 24, 4},
	[MAP_PERCPU_HASH] = {"percpu_hash", BPF_MAP_TYPE_PERCPU_HASH, 4, 8, 3},
	[MAP_CONST] = {"const", BPF_MAP_TYPE_ARRAY, 4, 32, 1, BPF_F_RDONLY_PROG},
	[MAP_WRITE_ONLY] = {"write_only", BPF_MAP_TYPE_ARRAY, 4, 32, 2, BPF_F_WRONLY_PROG},
	[MAP_LRU] = {"lru", BPF_MAP_TYPE_LRU_HASH, 4, 13, 32},
	[MAP_PERCPU_LRU] = {"percpu_lru", BPF_MAP_TYPE_LRU_PERCPU_HASH, 8, 40, 32},
	[MAP_LPM] = {"lpm", BPF_MAP_TYPE_LPM_TRIE, 8, 12, 8, BPF_F_NO_PREALLOC},
	[MAP_FIFO] = {"queue", BPF_MAP_TYPE_QUEUE, 0, 16, 4},
	[MAP_LIFO] = {"stack", BPF_MAP_TYPE_STACK, 0, 5, 4},
	[MAP_BLOOM] = {"bloom", BPF_MAP_TYPE_BLOOM_FILTER, 0, 8, 8},
	[MAP_ARRAYS] = {"arrays", BPF_MAP_TYPE_ARRAY_OF_MAPS, 4, 4, 2, 0, &inner_array},
	[MAP_HASHES] = {"hashes", BPF_MAP_TYPE_HASH_OF_MAPS, 4, 4, 2, 0, &inner_hash},
	[MAP_PROGRAMS] = {"programs", BPF_MAP_TYPE_PROG_ARRAY, 4, 4, 3},
	[MAP_DEVICES] = {"devices", BPF_MAP_TYPE_DEVMAP, 4, 4, 4},
	[MAP_DEVICE_HASH] = {"device_hash", BPF_MAP_TYPE_DEVMAP_HASH, 4, 8, 4},
	[MAP_CPUS] = {"cpus", BPF_MAP_TYPE_CPUMAP, 4, 4, 4},
	[MAP_SOCKETS] = {"sockets", BPF_MAP_TYPE_XSKMAP, 4, 4, 4},
	[MAP_RING] = {"ring", BPF_MAP_TYPE_RINGBUF, 0, 0, 4096},
	[MAP_EVENTS] = {"events", BPF_MAP_TYPE_PERF_EVENT_ARRAY, 4, 4, 2},
	[MAP_WITH_LOCK] = {"locked", BPF_MAP_TYPE_HASH, 4, 16, 4, .lock_off = 1},
	[MAP_LOCK_ARRAY] = {"lock_array", BPF_MAP_TYPE_ARRAY, 4, 16, 1, .lock_off = 1},
};
