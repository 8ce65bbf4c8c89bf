/* SPDX-License-Identifier: BSD-3-Clause
 *
 * map.c -- the operations of map.h, each a choice by type. Where the geometry is constant the
 * choice is too, and disappears.
 */
#include "map-hash.h"
#include "map-lpm.h"
#include "words.h"

void rt_map__format(const struct rt_map *m, uint32_t slots, uint64_t seed)
{
	switch (m->geo.type) {
	case RT_MAP_HASH:
	case RT_MAP_LRU_HASH:
	case RT_MAP_LRU_PERCPU_HASH:
	case RT_MAP_PERCPU_HASH:
	case RT_MAP_HASH_OF_MAPS:
	case RT_MAP_DEVMAP_HASH:
		rt_hash__format(m, slots, m->geo.flags & RT_F_ZERO_SEED ? 0 : seed);
		break;
	case RT_MAP_LPM_TRIE: rt_lpm__format(m); break;
	case RT_MAP_BLOOM_FILTER:
		rt_bloom__format(m, m->geo.flags & RT_F_ZERO_SEED ? 0 : seed);
		break;
	}
}

rt_hot void *rt_map__lookup(const struct rt_map *m, uint32_t slot, const void *key)
{
	switch (m->geo.type) {
	case RT_MAP_ARRAY:
	case RT_MAP_PERCPU_ARRAY: return rt_array__lookup(m, slot, key);
	case RT_MAP_HASH:
	case RT_MAP_LRU_HASH:
	case RT_MAP_LRU_PERCPU_HASH:
	case RT_MAP_PERCPU_HASH:
	case RT_MAP_DEVMAP_HASH: return rt_hash__lookup(m, slot, key);
	case RT_MAP_DEVMAP:
	case RT_MAP_CPUMAP:
	case RT_MAP_XSKMAP: return rt_target__lookup(m, key);
	case RT_MAP_ARRAY_OF_MAPS: return rt_handles__get(m, *(const rt_unaligned32 *)key);
	case RT_MAP_HASH_OF_MAPS: return rt_handles__find(m, key);
	case RT_MAP_LPM_TRIE: return rt_lpm__lookup(m, key);
	}
	return NULL;
}

rt_hot void *rt_map__lookup_inner(
	const struct rt_map *template, const struct rt_map *m, uint32_t slot, const void *key)
{
	struct rt_map as = *m;

	as.geo.type = template->geo.type;
	as.geo.key_size = template->geo.key_size;
	as.geo.value_size = template->geo.value_size;
	as.geo.flags = template->geo.flags;
	as.geo.value_stride = template->geo.value_stride;
	as.geo.elem_stride = template->geo.elem_stride;
	as.geo.elem_value = template->geo.elem_value;
	return rt_map__lookup(&as, slot, key);
}

int64_t rt_map__update(
	const struct rt_map *m, uint32_t slot, const void *key, const void *value, uint64_t flags)
{
	switch (m->geo.type) {
	case RT_MAP_ARRAY:
	case RT_MAP_PERCPU_ARRAY: return rt_array__update(m, slot, key, value, flags);
	case RT_MAP_HASH:
	case RT_MAP_LRU_HASH:
	case RT_MAP_LRU_PERCPU_HASH:
	case RT_MAP_PERCPU_HASH: return rt_hash__update(m, slot, key, value, flags);
	case RT_MAP_LPM_TRIE: return rt_lpm__update(m, key, value, flags);
	}
	return -RT_ENOTSUP;
}

int64_t rt_map__delete(const struct rt_map *m, const void *key)
{
	switch (m->geo.type) {
	case RT_MAP_ARRAY:
	case RT_MAP_PERCPU_ARRAY:
	case RT_MAP_QUEUE:
	case RT_MAP_STACK: return -RT_EINVAL;
	case RT_MAP_HASH:
	case RT_MAP_LRU_HASH:
	case RT_MAP_LRU_PERCPU_HASH:
	case RT_MAP_PERCPU_HASH:
	case RT_MAP_DEVMAP_HASH: return rt_hash__delete(m, key);
	case RT_MAP_DEVMAP:
	case RT_MAP_CPUMAP:
	case RT_MAP_XSKMAP: return rt_target__delete(m, key);
	case RT_MAP_LPM_TRIE: return rt_lpm__delete(m, key);
	}
	return -RT_ENOTSUP;
}

int64_t rt_map__push(const struct rt_map *m, const void *value, uint64_t flags)
{
	switch (m->geo.type) {
	case RT_MAP_QUEUE:
	case RT_MAP_STACK: return rt_queue__push(m, value, flags);
	case RT_MAP_BLOOM_FILTER: return rt_bloom__push(m, value, flags);
	}
	return -RT_ENOTSUP;
}

int64_t rt_map__pop(const struct rt_map *m, void *value)
{
	switch (m->geo.type) {
	case RT_MAP_QUEUE:
	case RT_MAP_STACK: return rt_queue__pop(m, value);
	}
	return -RT_ENOTSUP;
}

rt_hot int64_t rt_map__peek(const struct rt_map *m, void *value)
{
	switch (m->geo.type) {
	case RT_MAP_QUEUE:
	case RT_MAP_STACK: return rt_queue__peek(m, value);
	case RT_MAP_BLOOM_FILTER: return rt_bloom__peek(m, value);
	}
	return -RT_ENOTSUP;
}

int64_t rt_map__take_all(const struct rt_map *m, uint32_t n_slots, const void *key, uint8_t *values)
{
	switch (m->geo.type) {
	case RT_MAP_HASH:
	case RT_MAP_LRU_HASH:
	case RT_MAP_LRU_PERCPU_HASH:
	case RT_MAP_PERCPU_HASH: return rt_hash__take_all(m, n_slots, key, values);
	case RT_MAP_QUEUE:
	case RT_MAP_STACK: return rt_queue__pop(m, values);
	}
	return -RT_ENOTSUPP;
}

int64_t rt_map__read_all(const struct rt_map *m, uint32_t n_slots, const void *key, uint8_t *values)
{
	switch (m->geo.type) {
	case RT_MAP_ARRAY:
	case RT_MAP_PERCPU_ARRAY: return rt_array__read_all(m, n_slots, key, values);
	case RT_MAP_HASH:
	case RT_MAP_LRU_HASH:
	case RT_MAP_LRU_PERCPU_HASH:
	case RT_MAP_PERCPU_HASH:
	case RT_MAP_DEVMAP_HASH: return rt_hash__read_all(m, n_slots, key, values);
	case RT_MAP_DEVMAP:
	case RT_MAP_CPUMAP:
	case RT_MAP_XSKMAP: return rt_target__read(m, key, values);
	case RT_MAP_LPM_TRIE: return rt_lpm__read(m, key, values);
	case RT_MAP_QUEUE:
	case RT_MAP_STACK:
	case RT_MAP_BLOOM_FILTER: return rt_map__peek(m, values);
	}
	return -RT_ENOTSUP;
}

int64_t rt_map__write_all(const struct rt_map *m, uint32_t n_slots, const void *key,
	const uint8_t *values, uint64_t flags)
{
	switch (m->geo.type) {
	case RT_MAP_ARRAY:
	case RT_MAP_PERCPU_ARRAY: return rt_array__write_all(m, n_slots, key, values, flags);
	case RT_MAP_HASH:
	case RT_MAP_LRU_HASH:
	case RT_MAP_LRU_PERCPU_HASH:
	case RT_MAP_PERCPU_HASH: return rt_hash__write_all(m, n_slots, key, values, flags);
	case RT_MAP_DEVMAP_HASH: return rt_devmap_hash__write(m, n_slots, key, values, flags);
	case RT_MAP_DEVMAP:
	case RT_MAP_CPUMAP:
	case RT_MAP_XSKMAP: return rt_target__write(m, n_slots, key, values, flags);
	case RT_MAP_LPM_TRIE: return rt_lpm__update(m, key, values, flags);
	case RT_MAP_QUEUE:
	case RT_MAP_STACK:
	case RT_MAP_BLOOM_FILTER: return rt_map__push(m, values, flags);
	}
	return -RT_ENOTSUP;
}

int64_t rt_map__next_key(const struct rt_map *m, const void *key, void *next)
{
	switch (m->geo.type) {
	case RT_MAP_ARRAY:
	case RT_MAP_PERCPU_ARRAY: return rt_array__next_key(m, key, next);
	case RT_MAP_HASH:
	case RT_MAP_LRU_HASH:
	case RT_MAP_LRU_PERCPU_HASH:
	case RT_MAP_PERCPU_HASH:
	case RT_MAP_HASH_OF_MAPS:
	case RT_MAP_DEVMAP_HASH: return rt_hash__next_key(m, key, next);
	case RT_MAP_ARRAY_OF_MAPS:
	case RT_MAP_PROG_ARRAY:
	case RT_MAP_DEVMAP:
	case RT_MAP_CPUMAP:
	case RT_MAP_XSKMAP: return rt_array__next_key(m, key, next);
	case RT_MAP_LPM_TRIE: return rt_lpm__next_key(m, key, next);
	case RT_MAP_QUEUE:
	case RT_MAP_STACK: return -RT_EINVAL;
	}
	return -RT_ENOTSUP;
}

bool rt_map__owns(const struct rt_map *m, uint32_t slot, const void *p, uint64_t size)
{
	switch (m->geo.type) {
	case RT_MAP_ARRAY:
	case RT_MAP_PERCPU_ARRAY: return rt_array__owns(m, slot, p, size);
	case RT_MAP_HASH:
	case RT_MAP_LRU_HASH:
	case RT_MAP_LRU_PERCPU_HASH:
	case RT_MAP_PERCPU_HASH:
	case RT_MAP_DEVMAP_HASH: return rt_hash__owns(m, slot, p, size);
	case RT_MAP_DEVMAP:
	case RT_MAP_CPUMAP:
	case RT_MAP_XSKMAP: return rt_array__owns(m, slot, p, size);
	case RT_MAP_LPM_TRIE: return rt_lpm__owns(m, p, size);
	}
	return false;
}
