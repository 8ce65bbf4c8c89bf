/* SPDX-License-Identifier: BSD-3-Clause
 *
 * map-handles.c -- PROG_ARRAY, ARRAY_OF_MAPS, HASH_OF_MAPS: pointers that the host puts in and
 * takes out.
 *
 *	mem ─► pointer 0 │ pointer 1 │ ...                            array; NULL: no entry
 *
 * A HASH_OF_MAPS is a hash whose values are such pointers. A lookup gives the map itself.
 *
 * What a pointer taken out pointed at stays until no program can have it any more: that is
 * vm/core's to see to (reclaim.h).
 */
#include "map-hash.h"
#include "words.h"

rt_inline void **handle__place(const struct rt_map *m, uint32_t i)
{
	return (void **)m->mem + i;
}

rt_hot void *rt_handles__get(const struct rt_map *m, uint32_t i)
{
	return i < m->geo.max_entries ? rt_read_acquire(handle__place(m, i)) : NULL;
}

void *rt_handles__exchange(const struct rt_map *m, uint32_t i, void *handle)
{
	return __atomic_exchange_n(handle__place(m, i), handle, __ATOMIC_RELEASE);
}

rt_hot static void *map_array__lookup(const struct rt_map *m, uint32_t slot, const void *key)
{
	return rt_handles__get(m, *(const rt_unaligned32 *)key);
}

rt_hot static void *map_hash__lookup(const struct rt_map *m, uint32_t slot, const void *key)
{
	return (void *)rt_hash__word(m, key);
}

const struct rt_map_ops rt_map_array_ops = {.lookup = map_array__lookup};

const struct rt_map_ops rt_map_hash_ops = {.lookup = map_hash__lookup, RT_HASH_AHEAD};

static uint32_t handles__count(const struct rt_map *m)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < m->geo.max_entries; i++)
		n += rt_read(handle__place(m, i)) != NULL;
	return n;
}

const struct rt_host_ops rt_handles_host_ops = {
	.next_key = rt_array__next_key,
	.count = handles__count,
};

const struct rt_host_ops rt_map_hash_host_ops = {
	.format = rt_hash__format,
	.next_key = rt_hash__next_key,
	.walk_key = rt_hash__walk_key,
	.count = rt_hash__count,
};
