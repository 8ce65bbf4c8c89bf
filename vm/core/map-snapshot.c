/* SPDX-License-Identifier: BSD-3-Clause
 *
 * map-snapshot.c -- a map's memory at one moment, for kernels to read.
 *
 * The host's calls announce what they change: they share a lock that a snapshot has alone, and
 * raise the map's version before and after. Workers take no such lock. What they change meanwhile
 * is copied word by word, so that a snapshot may be of a moment before one change and after
 * another, but no word of it is torn; what of it must fit together is copied as the runtime's own
 * readers and writers have it (rt_map__snapshot()).
 */
#include "ebpf-offload.h"
#include "map.h"
#include "../runtime/map-types.h"

/* A snapshot that waits keeps new changes waiting: else it might wait for ever. */
void map__init_changes(struct ebpf_map *map)
{
	pthread_rwlockattr_t attr;

	pthread_rwlockattr_init(&attr);
	pthread_rwlockattr_setkind_np(&attr, PTHREAD_RWLOCK_PREFER_WRITER_NONRECURSIVE_NP);
	pthread_rwlock_init(&map->changes, &attr);
	pthread_rwlockattr_destroy(&attr);
}

void map__begin_change(struct ebpf_map *map)
{
	pthread_rwlock_rdlock(&map->changes);
	atomic_fetch_add(&map->version, 1);
}

void map__end_change(struct ebpf_map *map)
{
	atomic_fetch_add(&map->version, 1);
	pthread_rwlock_unlock(&map->changes);
}

void ebpf_map__snapshot(struct ebpf_map *map, uint32_t worker, uint8_t *memory, uint64_t bytes)
{
	pthread_rwlock_wrlock(&map->changes);
	rt_map__snapshot(&map->rt, worker, memory, bytes);
	pthread_rwlock_unlock(&map->changes);
}

uint64_t ebpf_map__version(const struct ebpf_map *map)
{
	return atomic_load(&map->version);
}
