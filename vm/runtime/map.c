/* SPDX-License-Identifier: BSD-3-Clause
 *
 * map.c -- what programs do with maps: the operations of each type. Where the geometry is
 * constant so is the choice, which is why all of them are inlined: what remains is the function of
 * the type.
 */
#include "map-types.h"
#include "words.h"

static const struct rt_map_ops none;

/* A line for every type that rt_geometry__init() takes. A compiler drops those of the types that
 * a program has no map of. */
const struct rt_map_ops *const rt_map_types[] = {
	[RT_MAP_ARRAY] = &rt_array_ops,
	[RT_MAP_PERCPU_ARRAY] = &rt_array_ops,
	[RT_MAP_HASH] = &rt_hash_ops,
	[RT_MAP_PERCPU_HASH] = &rt_hash_ops,
	[RT_MAP_LRU_HASH] = &rt_hash_ops,
	[RT_MAP_LRU_PERCPU_HASH] = &rt_hash_ops,
	[RT_MAP_LPM_TRIE] = &rt_lpm_ops,
	[RT_MAP_PROG_ARRAY] = &none,
	[RT_MAP_ARRAY_OF_MAPS] = &rt_map_array_ops,
	[RT_MAP_HASH_OF_MAPS] = &rt_map_hash_ops,
	[RT_MAP_DEVMAP] = &rt_target_ops,
	[RT_MAP_CPUMAP] = &rt_target_ops,
	[RT_MAP_XSKMAP] = &rt_target_ops,
	[RT_MAP_DEVMAP_HASH] = &rt_devmap_hash_ops,
	[RT_MAP_QUEUE] = &rt_queue_ops,
	[RT_MAP_STACK] = &rt_queue_ops,
	[RT_MAP_BLOOM_FILTER] = &rt_bloom_ops,
	[RT_MAP_RINGBUF] = &rt_ringbuf_ops,
	[RT_MAP_PERF_EVENT_ARRAY] = &none,
};

rt_inline const struct rt_map_ops *map__ops(const struct rt_map *m)
{
	return rt_map_types[m->geo.type];
}

rt_hot void *rt_map__lookup(const struct rt_map *m, uint32_t slot, const void *key)
{
	const struct rt_map_ops *ops = map__ops(m);

	return ops->lookup ? ops->lookup(m, slot, key) : NULL;
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

rt_hot int64_t rt_map__update(
	const struct rt_map *m, uint32_t slot, const void *key, const void *value, uint64_t flags)
{
	const struct rt_map_ops *ops = map__ops(m);

	return ops->update ? ops->update(m, slot, key, value, flags) : -RT_ENOTSUP;
}

rt_hot int64_t rt_map__delete(const struct rt_map *m, const void *key)
{
	const struct rt_map_ops *ops = map__ops(m);

	return ops->remove ? ops->remove(m, key) : -RT_ENOTSUP;
}

rt_hot int64_t rt_map__push(const struct rt_map *m, const void *value, uint64_t flags)
{
	const struct rt_map_ops *ops = map__ops(m);

	return ops->push ? ops->push(m, value, flags) : -RT_ENOTSUP;
}

rt_hot int64_t rt_map__pop(const struct rt_map *m, void *value)
{
	const struct rt_map_ops *ops = map__ops(m);

	return ops->pop ? ops->pop(m, value) : -RT_ENOTSUP;
}

rt_hot int64_t rt_map__peek(const struct rt_map *m, void *value)
{
	const struct rt_map_ops *ops = map__ops(m);

	return ops->peek ? ops->peek(m, value) : -RT_ENOTSUP;
}

rt_hot uint64_t rt_map__fetch(const struct rt_map *m, const void *key)
{
	const struct rt_map_ops *ops = map__ops(m);

	return ops->fetch ? ops->fetch(m, key) : 0;
}

rt_hot void rt_map__fetch_next(const struct rt_map *m, uint32_t slot, uint64_t way)
{
	const struct rt_map_ops *ops = map__ops(m);

	if (ops->fetch)
		ops->fetch_next(m, slot, way);
}

rt_hot uint64_t rt_map__footprint(const struct rt_map *m)
{
	const struct rt_map_ops *ops = map__ops(m);

	return ops->fetch ? ops->footprint(m) : 0;
}

rt_hot uint64_t rt_map__footprint_max(const struct rt_map *m)
{
	const struct rt_map_ops *ops = map__ops(m);

	return ops->fetch ? ops->footprint_max(m) : 0;
}
