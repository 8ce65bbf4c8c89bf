/* SPDX-License-Identifier: BSD-3-Clause
 *
 * map-types.h -- what each map type's file offers: a table of operations for map.c, those of
 * programs, and one for map-host.c. Both choose by geo.type. Per-CPU variants of a type share its
 * tables and differ by the type in the geometry.
 */
#ifndef VM_RUNTIME_MAP_TYPES_H
#define VM_RUNTIME_MAP_TYPES_H

#include "map.h"
#include "packet.h"
#include "ring.h"
#include "uapi.h"

rt_inline bool rt_is_percpu(const struct rt_geometry *geo)
{
	return geo->type == RT_MAP_PERCPU_ARRAY || geo->type == RT_MAP_PERCPU_HASH ||
	       geo->type == RT_MAP_LRU_PERCPU_HASH;
}

rt_inline bool rt_is_lru(const struct rt_geometry *geo)
{
	return geo->type == RT_MAP_LRU_HASH || geo->type == RT_MAP_LRU_PERCPU_HASH;
}

/* Entries are words: map-target.h. */
rt_inline bool rt_is_target_array(const struct rt_geometry *geo)
{
	return geo->type == RT_MAP_DEVMAP || geo->type == RT_MAP_CPUMAP ||
	       geo->type == RT_MAP_XSKMAP;
}

rt_inline bool rt_holds_targets(const struct rt_geometry *geo)
{
	return rt_is_target_array(geo) || geo->type == RT_MAP_DEVMAP_HASH;
}

/* There is room for programs in those entries. */
rt_inline bool rt_targets_run(const struct rt_geometry *geo)
{
	return rt_holds_targets(geo) && geo->value_size == 8;
}

rt_inline bool rt_holds_maps(const struct rt_geometry *geo)
{
	return geo->type == RT_MAP_ARRAY_OF_MAPS || geo->type == RT_MAP_HASH_OF_MAPS;
}

/* Entries are pointers that vm/core puts in: map-handles.c. */
rt_inline bool rt_holds_handles(const struct rt_geometry *geo)
{
	return geo->type == RT_MAP_PROG_ARRAY || rt_holds_maps(geo);
}

/* Written by programs, read by the host in the order of writing: ring.h. */
rt_inline bool rt_has_events(const struct rt_geometry *geo)
{
	return geo->type == RT_MAP_RINGBUF || geo->type == RT_MAP_PERF_EVENT_ARRAY;
}

/* Bytes of a value in the map's memory: 4 for the user may be a pointer there, and an id may have
 * a pointer beside it. */
rt_inline uint32_t rt_stored_size(const struct rt_geometry *geo)
{
	if (rt_holds_handles(geo))
		return sizeof(void *);
	return geo->value_size + (rt_targets_run(geo) ? (uint32_t)sizeof(void *) : 0);
}

/* Bytes of one value as the host sees it: those of a per-CPU map are padded with zeros. */
rt_inline uint32_t rt_host_value_size(const struct rt_geometry *geo)
{
	return rt_is_percpu(geo) ? geo->value_stride : geo->value_size;
}

/* Values of one key, given the slots there are. */
rt_inline uint32_t rt_host_values(const struct rt_geometry *geo, uint32_t n_slots)
{
	return rt_is_percpu(geo) ? n_slots : 1;
}

/* What a program does with a map; NULL: not with this type. */
struct rt_map_ops {
	void *(*lookup)(const struct rt_map *m, uint32_t slot, const void *key);
	int64_t (*update)(const struct rt_map *m, uint32_t slot, const void *key, const void *value,
		uint64_t flags);
	int64_t (*remove)(const struct rt_map *m, const void *key);
	int64_t (*push)(const struct rt_map *m, const void *value, uint64_t flags);
	int64_t (*pop)(const struct rt_map *m, void *value);
	int64_t (*peek)(const struct rt_map *m, void *value);
	/* Both or neither, with both footprints. */
	uint64_t (*fetch)(const struct rt_map *m, const void *key);
	void (*fetch_next)(const struct rt_map *m, uint32_t slot, uint64_t way);
	uint64_t (*footprint)(const struct rt_map *m);
	uint64_t (*footprint_max)(const struct rt_map *m);
};

/* What the host does besides. Where read_all and write_all are NULL they are peek and push. */
struct rt_host_ops {
	void (*format)(const struct rt_map *m, uint32_t slots, uint64_t seed);
	int64_t (*read_all)(
		const struct rt_map *m, uint32_t n_slots, const void *key, uint8_t *values);
	int64_t (*write_all)(const struct rt_map *m, uint32_t n_slots, const void *key,
		const uint8_t *values, uint64_t flags);
	int64_t (*take_all)(
		const struct rt_map *m, uint32_t n_slots, const void *key, uint8_t *values);
	int64_t (*next_key)(const struct rt_map *m, const void *key, void *next);
	int64_t (*walk_key)(
		const struct rt_map *m, const void *key, void *next); /* NULL: as above */
	bool (*owns)(const struct rt_map *m, uint32_t slot, const void *p, uint64_t size);
	uint32_t (*count)(const struct rt_map *m); /* of entries; NULL: nobody counts */
};

extern const struct rt_map_ops *const rt_map_types[]; /* by type: map.c */
extern const struct rt_map_ops rt_array_ops, rt_hash_ops, rt_lpm_ops, rt_target_ops,
	rt_devmap_hash_ops, rt_queue_ops, rt_bloom_ops, rt_ringbuf_ops, rt_map_array_ops,
	rt_map_hash_ops;
extern const struct rt_host_ops rt_array_host_ops, rt_hash_host_ops, rt_lpm_host_ops,
	rt_target_host_ops, rt_devmap_hash_host_ops, rt_queue_host_ops, rt_bloom_host_ops,
	rt_ringbuf_host_ops, rt_perf_host_ops, rt_handles_host_ops, rt_map_hash_host_ops;

#define RT_QUEUE_HEAD 64 /* bytes before the values */
#define RT_BLOOM_HEAD 64 /* bytes before the bits */

#define RT_PERF_HEAD      64           /* bytes before the rings */
#define RT_PERF_RING_SIZE (256u << 10) /* what tools give a CPU in Linux: 64 pages */
#define RT_PERF_EVENT_MAX 65516        /* the kernel counts 64 KiB with 12 bytes of its own */

rt_inline struct rt_ring *rt_perf__ring(const struct rt_map *m, uint32_t worker)
{
	return (struct rt_ring *)(m->mem + m->geo.values + worker * m->geo.value_set);
}

/* What a program says, and bytes of its packet behind it. */
struct rt_event {
	const void *data;
	struct rt_parts packet;
	uint64_t size, packet_size;
};
int64_t rt_perf__output(
	const struct rt_map *m, uint32_t worker, uint64_t index, const struct rt_event *e);

/* A record's bytes, or NULL: no room. */
void *rt_ringbuf__reserve(const struct rt_map *m, uint64_t size);
void rt_ringbuf__commit(void *data, bool discard);
uint64_t rt_ringbuf__query(const struct rt_map *m, uint64_t question);

/* Arrays of other things are walked as an array of values is. */
int64_t rt_array__next_key(const struct rt_map *m, const void *key, void *next);
bool rt_array__owns(const struct rt_map *m, uint32_t slot, const void *p, uint64_t size);

void *rt_handles__get(const struct rt_map *m, uint32_t i);
/* Gives what was there. */
void *rt_handles__exchange(const struct rt_map *m, uint32_t i, void *handle);

#endif
