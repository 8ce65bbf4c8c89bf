/* SPDX-License-Identifier: BSD-3-Clause
 *
 * map-host.c -- what the host does with maps: the operations of each type. Compiled natively
 * only.
 */
#include "map-types.h"

/* A line for every type that rt_geometry__init() takes. */
static const struct rt_host_ops *const types[] = {
	[RT_MAP_ARRAY] = &rt_array_host_ops,
	[RT_MAP_PERCPU_ARRAY] = &rt_array_host_ops,
	[RT_MAP_HASH] = &rt_hash_host_ops,
	[RT_MAP_PERCPU_HASH] = &rt_hash_host_ops,
	[RT_MAP_LRU_HASH] = &rt_hash_host_ops,
	[RT_MAP_LRU_PERCPU_HASH] = &rt_hash_host_ops,
	[RT_MAP_LPM_TRIE] = &rt_lpm_host_ops,
	[RT_MAP_PROG_ARRAY] = &rt_handles_host_ops,
	[RT_MAP_ARRAY_OF_MAPS] = &rt_handles_host_ops,
	[RT_MAP_HASH_OF_MAPS] = &rt_map_hash_host_ops,
	[RT_MAP_DEVMAP] = &rt_target_host_ops,
	[RT_MAP_CPUMAP] = &rt_target_host_ops,
	[RT_MAP_XSKMAP] = &rt_target_host_ops,
	[RT_MAP_DEVMAP_HASH] = &rt_devmap_hash_host_ops,
	[RT_MAP_QUEUE] = &rt_queue_host_ops,
	[RT_MAP_STACK] = &rt_queue_host_ops,
	[RT_MAP_BLOOM_FILTER] = &rt_bloom_host_ops,
	[RT_MAP_RINGBUF] = &rt_ringbuf_host_ops,
	[RT_MAP_PERF_EVENT_ARRAY] = &rt_perf_host_ops,
};

static const struct rt_host_ops *map__ops(const struct rt_map *m)
{
	return types[m->geo.type];
}

void rt_map__format(const struct rt_map *m, uint32_t slots, uint64_t seed)
{
	const struct rt_host_ops *ops = map__ops(m);

	if (ops->format)
		ops->format(m, slots, m->geo.flags & RT_F_ZERO_SEED ? 0 : seed);
}

int64_t rt_map__read_all(const struct rt_map *m, uint32_t n_slots, const void *key, uint8_t *values)
{
	const struct rt_host_ops *ops = map__ops(m);

	return ops->read_all ? ops->read_all(m, n_slots, key, values) : rt_map__peek(m, values);
}

int64_t rt_map__write_all(const struct rt_map *m, uint32_t n_slots, const void *key,
	const uint8_t *values, uint64_t flags)
{
	const struct rt_host_ops *ops = map__ops(m);

	return ops->write_all ? ops->write_all(m, n_slots, key, values, flags)
			      : rt_map__push(m, values, flags);
}

int64_t rt_map__take_all(const struct rt_map *m, uint32_t n_slots, const void *key, uint8_t *values)
{
	const struct rt_host_ops *ops = map__ops(m);

	return ops->take_all ? ops->take_all(m, n_slots, key, values) : -RT_ENOTSUPP;
}

int64_t rt_map__next_key(const struct rt_map *m, const void *key, void *next)
{
	const struct rt_host_ops *ops = map__ops(m);

	return ops->next_key ? ops->next_key(m, key, next) : -RT_ENOTSUP;
}

uint32_t rt_map__count(const struct rt_map *m)
{
	const struct rt_host_ops *ops = map__ops(m);

	return ops->count ? ops->count(m) : 0;
}

int64_t rt_map__walk_key(const struct rt_map *m, const void *key, void *next)
{
	const struct rt_host_ops *ops = map__ops(m);

	return ops->walk_key ? ops->walk_key(m, key, next) : rt_map__next_key(m, key, next);
}

bool rt_map__owns(const struct rt_map *m, uint32_t slot, const void *p, uint64_t size)
{
	const struct rt_host_ops *ops = map__ops(m);

	return ops->owns && ops->owns(m, slot, p, size);
}
