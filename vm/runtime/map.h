/* SPDX-License-Identifier: BSD-3-Clause
 *
 * map.h -- a map at run time: geometry (constants) and memory (one address).
 *
 * Every map type is one file that implements the operations below over
 *
 *	struct rt_map { geometry; mem }
 *
 * In compiled programs the geometry is a constant and mem an external symbol, so every offset
 * in the map's memory folds: there is no pointer inside a map's memory that a lookup must
 * follow first. All layout is derived from the geometry by rt_geometry__init().
 *
 *	array   mem ─► values
 *	hash    mem ─► head │ buckets │ links │ free │ elements │ per-CPU values
 *	target  mem ─► words
 *	queue   mem ─► head │ values
 *	bloom   mem ─► seed │ bits
 *	handles mem ─► pointers
 *	LPM     mem ─► head │ table │ groups │ links │ nodes │ values
 *	ringbuf mem ─► ring
 *	perf    mem ─► head │ ring of worker 0 │ ring of worker 1 │ ...
 *
 * Values never move and map memory never shrinks: a pointer from a lookup stays usable. Per-CPU
 * values are value_set bytes apart for each worker: mem + values + worker * value_set + ...;
 * the number of workers is in no formula but the total size. Readers take no lock.
 *
 * Errors are the kernel's for the same mistake, negative. Threads: every operation may run
 * beside every other; rt_map__format() wants the map to itself.
 */
#ifndef VM_RUNTIME_MAP_H
#define VM_RUNTIME_MAP_H

#include "target.h"
#include "ebpf-env.h"

struct rt_geometry {
	/* as given */
	uint32_t type, key_size, value_size, max_entries, flags;
	uint32_t hashes;   /* bloom filter: number of hash functions */
	uint32_t lock_off; /* where in a value its struct bpf_spin_lock is, plus 1; 0: none */
	/* derived */
	uint32_t value_stride; /* value_size rounded up to 8 */
	uint32_t elem_stride;  /* hash: key and value of one element; LPM: a node */
	uint32_t elem_value;   /* hash: offset of the value in an element */
	uint32_t n_elems;      /* elements allocated: max_entries, spares, number 0 */
	uint32_t n_buckets;    /* power of two; LPM: words of the table; 0 for arrays */
	uint64_t index;        /* offset in mem of the buckets (hash), the tables (LPM) */
	uint64_t links;        /* offset of links and rings of free elements (hash, LPM) */
	uint64_t elems;        /* offset of the elements (hash), the nodes (LPM) */
	uint64_t values;       /* offset of the values (array, per-CPU, LPM) */
	uint64_t fixed;        /* bytes of what is there once, whatever the number of slots */
	uint64_t value_set;    /* per-CPU: bytes of one worker's values, cache-line aligned */
};

struct rt_map {
	struct rt_geometry geo;
	uint8_t *mem;
};

/* May programs write the values that they look up (BPF_F_RDONLY_PROG), and read them? */
bool rt_geometry__writable(const struct rt_geometry *geo);
bool rt_geometry__readable(const struct rt_geometry *geo);

/* May a map of geometry `inner` be put where maps like the template are expected? As in the
 * kernel they may differ in max_entries, most types. */
bool rt_geometry__like(const struct rt_geometry *template, const struct rt_geometry *inner);

/* 0 or the kernel's negative errno for a geometry that cannot be (-EINVAL, -E2BIG,
 * -ENOTSUP: a type not implemented, and the geometry is what was given). No overflow escapes
 * it. */
int rt_geometry__init(struct rt_geometry *geo, uint32_t type, uint32_t key_size,
	uint32_t value_size, uint32_t max_entries, uint32_t flags);
/* What a geometry may have besides, after rt_geometry__init(): attribute map_extra, and the
 * offset (plus 1) of the spin lock in values. -EINVAL; -ENOTSUP and -EACCES: no lock in maps of
 * this type, with these flags. */
int rt_geometry__set_extra(struct rt_geometry *geo, uint64_t extra);
int rt_geometry__set_lock(struct rt_geometry *geo, uint32_t lock_off);
/* Bytes of memory for `slots` per-CPU slots (workers and one for the host). 0: too large. */
uint64_t rt_map__bytes(const struct rt_geometry *geo, uint32_t slots);
/* mem must be zeroed, 64-byte aligned and rt_map__bytes(geo, slots) long. */
void rt_map__format(const struct rt_map *m, uint32_t slots, uint64_t seed);

/* The program's view: `slot` is the worker. Each is the helper of the same name in Linux. */
void *rt_map__lookup(const struct rt_map *m, uint32_t slot, const void *key);
/* The same in a map `m` of which all but the number of entries is known to be the template's:
 * where that is constant, so is the layout of an element. */
void *rt_map__lookup_inner(
	const struct rt_map *template, const struct rt_map *m, uint32_t slot, const void *key);
int64_t rt_map__update(
	const struct rt_map *m, uint32_t slot, const void *key, const void *value, uint64_t flags);
int64_t rt_map__delete(const struct rt_map *m, const void *key);
/* What a lookup of this key will touch is fetched in advance, in two steps: first the place that
 * the key leads to (a bucket, a table's word); then, when that has come, what is found there to
 * go on to. `way` is what the first step hands to the second; its lowest byte says nothing and is
 * the caller's. Neither step waits, locks or writes, and both do nothing where a map has nothing to
 * fetch. */
uint64_t rt_map__fetch(const struct rt_map *m, const void *key);
void rt_map__fetch_next(const struct rt_map *m, uint32_t slot, uint64_t way);
/* Bytes that lookups of all keys there are touch together, as the map is filled now; and as it
 * may be filled at the most (a constant where the geometry is). */
uint64_t rt_map__footprint(const struct rt_map *m);
uint64_t rt_map__footprint_max(const struct rt_map *m);
/* Maps without keys. A bloom filter reads the value that it is asked for. */
int64_t rt_map__push(const struct rt_map *m, const void *value, uint64_t flags);
int64_t rt_map__pop(const struct rt_map *m, void *value);
int64_t rt_map__peek(const struct rt_map *m, void *value);

/* The host's view: all slots of a per-CPU value at once. n_slots includes the host's. Where
 * there are no keys, to read is to peek and to write is to push. */
int64_t rt_map__read_all(
	const struct rt_map *m, uint32_t n_slots, const void *key, uint8_t *values);
int64_t rt_map__write_all(const struct rt_map *m, uint32_t n_slots, const void *key,
	const uint8_t *values, uint64_t flags);
/* Reads and deletes at once: of many takers one gets the values. */
int64_t rt_map__take_all(
	const struct rt_map *m, uint32_t n_slots, const void *key, uint8_t *values);
int64_t rt_map__next_key(const struct rt_map *m, const void *key, void *next);
/* The same, but a key that has gone does not send the walk back to the beginning of a hash. */
int64_t rt_map__walk_key(const struct rt_map *m, const void *key, void *next);

/* Entries there are; 0 where nobody counts. */
uint32_t rt_map__count(const struct rt_map *m);

/* The first `bytes` of what the map's memory would be with one slot, that of `slot`; words as they
 * are at the moment. `to` is 8-byte aligned. Not beside the host's changes. */
void rt_map__snapshot(const struct rt_map *m, uint32_t slot, uint8_t *to, uint64_t bytes);

/* Does [p, p+size) lie within one value of the map? For run-time checks. */
bool rt_map__owns(const struct rt_map *m, uint32_t slot, const void *p, uint64_t size);

#endif
