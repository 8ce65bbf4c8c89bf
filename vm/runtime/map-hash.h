/* SPDX-License-Identifier: BSD-3-Clause
 *
 * map-hash.h -- the memory of the HASH family, and what other types and geometry.c need of it.
 *
 *	mem ─► head │ buckets │ links │ free │ elements │ per-CPU values: a set per slot
 *
 * Elements have numbers from 1; 0 means none. An element is a key and, but for per-CPU maps,
 * its value; it never moves. Each is in one of three places: in a bucket's slot, in a
 * bucket's chain (through its link), or in the queue of free elements (through its link).
 */
#ifndef VM_RUNTIME_MAP_HASH_H
#define VM_RUNTIME_MAP_HASH_H

#include "free-queue.h"
#include "hash.h"
#include "map-types.h"
#include "tags.h"
#include "words.h"

/* Elements beyond max_entries: an update fills a fresh element before it gives back the old. */
#define RT_HASH_SPARES 16
/* Greatest mean number of elements per bucket: 3 in 400 then live in a chain. */
#define RT_HASH_LOAD  4
#define RT_HASH_SLOTS 8
#define RT_HASH_CHAIN RT_HASH_SLOTS /* in `used`: the bit after the slots' */

struct rt_hash_head {
	struct rt_seed seed; /* fixed */
	uint32_t n_slots;    /* fixed: of per-CPU values */

	/* Writers' own cache line. */
	uint32_t count __attribute__((aligned(64))); /* elements in buckets */
	uint32_t hand;                               /* LRU: buckets swept so far */
	struct rt_free_queue free;
};

/* One cache line. Eight 16-bit tags (tags.h); 0 is an empty slot. */
struct rt_hash_bucket {
	uint64_t tags[RT_HASH_SLOTS / 4] __attribute__((aligned(64)));
	uint32_t elems[RT_HASH_SLOTS];
	uint32_t chain; /* first of the elements that found no slot */
	uint32_t seq;   /* changes whenever an element leaves the bucket */
	uint32_t lock;  /* writers' */
	uint32_t used;  /* LRU: a bit for each slot that was looked up, and one for the chain */
};

_Static_assert(sizeof(struct rt_hash_head) == 128, "two cache lines");
_Static_assert(sizeof(struct rt_hash_bucket) == 64, "a cache line");

rt_inline struct rt_hash_bucket *rt_hash__bucket(const struct rt_map *m, uint32_t i)
{
	return (struct rt_hash_bucket *)(m->mem + m->geo.index) + i;
}

rt_inline uint32_t *rt_hash__link(const struct rt_map *m, uint32_t elem)
{
	return (uint32_t *)(m->mem + m->geo.links) + elem;
}

/* The ring of free elements: as many words as links. */
rt_inline uint32_t *rt_hash__ring(const struct rt_map *m)
{
	return rt_hash__link(m, m->geo.n_elems);
}

rt_inline rt_word *rt_hash__key(const struct rt_map *m, uint32_t elem)
{
	return (rt_word *)(m->mem + m->geo.elems + (uint64_t)elem * m->geo.elem_stride);
}

rt_inline uint8_t *rt_hash__value(const struct rt_map *m, uint32_t slot, uint32_t elem)
{
	if (rt_is_percpu(&m->geo))
		return m->mem + m->geo.values + slot * m->geo.value_set +
		       (uint64_t)elem * m->geo.value_stride;
	return (uint8_t *)rt_hash__key(m, elem) + m->geo.elem_value;
}

/* What readers and writers share. */
rt_inline struct rt_hash_head *hash__head(const struct rt_map *m)
{
	return (struct rt_hash_head *)m->mem;
}

rt_inline uint64_t hash__of(const struct rt_map *m, const void *key)
{
	return rt_seed__hash(&hash__head(m)->seed, key, m->geo.key_size);
}

/* The tag, never 0, from the upper end, the bucket from the middle: nothing from the lowest byte,
 * which a way (map.h) has no room for. */
rt_inline uint32_t hash__index(const struct rt_map *m, uint64_t hash)
{
	return (uint32_t)(hash >> 32) & (m->geo.n_buckets - 1);
}

rt_inline uint64_t hash__tag(uint64_t hash)
{
	return hash >> 48 | 1;
}

rt_inline bool hash__key_equal(const struct rt_map *m, uint32_t elem, const void *key)
{
	const rt_word *have = rt_hash__key(m, elem);
	uint32_t size = m->geo.key_size;
	uint64_t diff = 0;

	for (uint32_t i = 0; i < rt_words(size); i++)
		diff |= rt_read(&have[i]) ^ rt_load_word(key, size, i);
	return !diff;
}

rt_inline bool bucket__changed(const struct rt_hash_bucket *b, uint32_t seq)
{
	rt_fence_acquire();
	return unlikely(rt_read(&b->seq) != seq);
}

rt_inline void bucket__set_used(struct rt_hash_bucket *b, uint32_t slot)
{
	uint32_t used = rt_read(&b->used);

	if (!(used >> slot & 1))
		rt_write(&b->used, used | UINT32_C(1) << slot);
}

/* For the types that are hashes of something else. */
void rt_hash__format(const struct rt_map *m, uint32_t slots, uint64_t seed);
void *rt_hash__lookup(const struct rt_map *m, uint32_t slot, const void *key);
/* The same without haste: element and slot (RT_HASH_CHAIN: in the chain), of bucket b. */
struct rt_hash_found {
	uint32_t elem, slot;
};
struct rt_hash_found rt_hash__find(
	const struct rt_map *m, const struct rt_hash_bucket *b, uint64_t hash, const void *key);
/* The first word of the value at some moment when it was this key's; 0 if there is none. */
uint64_t rt_hash__word(const struct rt_map *m, const void *key);
/* The first n words of it, likewise. false: there is none. */
bool rt_hash__words(const struct rt_map *m, const void *key, uint64_t *words, uint32_t n);
uint64_t rt_hash__fetch(const struct rt_map *m, const void *key);
void rt_hash__fetch_next(const struct rt_map *m, uint32_t slot, uint64_t hash);
uint64_t rt_hash__footprint(const struct rt_map *m);
uint64_t rt_hash__footprint_max(const struct rt_map *m);
#define RT_HASH_AHEAD                                               \
	.fetch = rt_hash__fetch, .fetch_next = rt_hash__fetch_next, \
	.footprint = rt_hash__footprint, .footprint_max = rt_hash__footprint_max
int64_t rt_hash__update(
	const struct rt_map *m, uint32_t slot, const void *key, const void *value, uint64_t flags);
int64_t rt_hash__delete(const struct rt_map *m, const void *key);
int64_t rt_hash__read_all(
	const struct rt_map *m, uint32_t n_slots, const void *key, uint8_t *values);
int64_t rt_hash__write_all(const struct rt_map *m, uint32_t n_slots, const void *key,
	const uint8_t *values, uint64_t flags);
int64_t rt_hash__next_key(const struct rt_map *m, const void *key, void *next);
int64_t rt_hash__walk_key(const struct rt_map *m, const void *key, void *next);

/* map-hash-walk.c: a program's walk over all elements, beside writers; begins as all zeros. */
struct rt_hash_walk {
	void *key, *value; /* where it stands: the worker's value */
	uint32_t bucket, steps, slot, elem, next;
};
bool rt_hash__walk(const struct rt_map *m, uint32_t slot, struct rt_hash_walk *w);

uint32_t rt_hash__count(const struct rt_map *m);
bool rt_hash__owns(const struct rt_map *m, uint32_t slot, const void *p, uint64_t size);

#endif
