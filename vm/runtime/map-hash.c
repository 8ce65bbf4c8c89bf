/* SPDX-License-Identifier: BSD-3-Clause
 *
 * map-hash.c -- HASH, LRU_HASH and their per-CPU kinds: one cache line of tags and element
 * numbers per bucket. Here are those who read; who writes is in map-hash-write.c.
 *
 * A lookup is one multiplication per 16 bytes of key and one more, the bucket's cache line,
 * and the element's. What finds no slot in its bucket goes into the bucket's chain, so nothing but
 * max_entries limits the number of elements.
 *
 * Readers take no lock. An element that leaves its bucket changes the bucket's `seq` before
 * it may be filled again, and a reader whose bucket changed meanwhile looks again. So a
 * lookup gives the element that held exactly this key at some moment during the lookup, and
 * NULL only if there was such a moment without one. What it cannot promise, as the kernel's
 * cannot: that the element is not deleted and reused while the program still reads its value.
 */
#include "map-hash.h"

/* A chain is walked only as long as the bucket has not changed: an element that left it may
 * lead anywhere. */
rt_inline uint32_t hash__find_in_chain(const struct rt_map *m, const struct rt_hash_bucket *b,
	uint32_t elem, uint32_t seq, const void *key)
{
	while (elem && !hash__key_equal(m, elem, key) && !bucket__changed(b, seq))
		elem = rt_read_acquire(rt_hash__link(m, elem));
	return elem;
}

/* The element with this key, or 0: right only if the bucket has not changed since `seq`. */
rt_inline uint32_t hash__find_once(const struct rt_map *m, const struct rt_hash_bucket *b,
	uint64_t tag, uint32_t seq, const void *key, uint32_t *slot)
{
	uint32_t elem;

	for (rt_match match = tags__match(b->tags, tag); match; match = match__next(match)) {
		*slot = match__slot(match);
		elem = rt_read_acquire(&b->elems[*slot]);
		if (likely(hash__key_equal(m, elem, key)))
			return elem;
	}
	*slot = RT_HASH_CHAIN;
	elem = rt_read_acquire(&b->chain);
	return likely(!elem) ? 0 : hash__find_in_chain(m, b, elem, seq, key);
}

rt_cold struct rt_hash_found rt_hash__find(
	const struct rt_map *m, const struct rt_hash_bucket *b, uint64_t hash, const void *key)
{
	struct rt_hash_found found;
	uint32_t seq;

	do {
		seq = rt_read_acquire(&b->seq);
		found.elem = hash__find_once(m, b, hash__tag(hash), seq, key, &found.slot);
	} while (bucket__changed(b, seq));
	return found;
}

/* What is handed over is a copy, so that key and geometry may live in registers until then. */
rt_inline struct rt_hash_found hash__find_elsewhere(
	const struct rt_map *m, const struct rt_hash_bucket *b, uint64_t hash, const void *key)
{
	const struct rt_map map = *m;
	rt_word copy[8];

	if (m->geo.key_size > sizeof(copy))
		return rt_hash__find(&map, b, hash, key);
	rt_copy_in(copy, key, m->geo.key_size);
	return rt_hash__find(&map, b, hash, copy);
}

rt_inline void *hash__take_look(
	const struct rt_map *m, uint32_t slot, struct rt_hash_bucket *b, struct rt_hash_found found)
{
	if (rt_is_lru(&m->geo))
		bucket__set_used(b, found.slot);
	return rt_hash__value(m, slot, found.elem);
}

/* Straight on for what nearly all lookups find: the key where the first equal tag is, or neither
 * such a tag nor a chain. Elsewhere is where a tag belongs to another key, and where a chain is or
 * a writer was. The fence: who sees a tag sees the element that was put in before it. */
rt_hot void *rt_hash__lookup(const struct rt_map *m, uint32_t slot, const void *key)
{
	uint64_t hash = hash__of(m, key);
	struct rt_hash_bucket *b = rt_hash__bucket(m, hash__index(m, hash));
	uint32_t seq = rt_read_acquire(&b->seq);
	rt_match match = tags__match(b->tags, hash__tag(hash));
	struct rt_hash_found found;

	rt_fence_acquire();
	if (match) {
		found.slot = match__slot(match);
		found.elem = rt_read_acquire(&b->elems[found.slot]);
		if (likely(hash__key_equal(m, found.elem, key)) && likely(!bucket__changed(b, seq)))
			return hash__take_look(m, slot, b, found);
	} else if (likely(!rt_read_acquire(&b->chain)) && likely(!bucket__changed(b, seq))) {
		return NULL;
	}
	found = hash__find_elsewhere(m, b, hash, key);
	return found.elem ? hash__take_look(m, slot, b, found) : NULL;
}

rt_hot uint64_t rt_hash__word(const struct rt_map *m, const void *key)
{
	uint64_t hash = hash__of(m, key), word;
	struct rt_hash_bucket *b = rt_hash__bucket(m, hash__index(m, hash));
	uint32_t seq, elem, where;

	do {
		seq = rt_read_acquire(&b->seq);
		elem = hash__find_once(m, b, hash__tag(hash), seq, key, &where);
		word = elem ? rt_read((uint64_t *)rt_hash__value(m, 0, elem)) : 0;
	} while (bucket__changed(b, seq));
	return word;
}

/* --- looking ahead ------------------------------------------------------------------- */

/* As much of an element as a program is likely to read: its key and its value's first line. */
rt_inline void hash__fetch_element(const struct rt_map *m, uint32_t slot, uint32_t elem)
{
	const uint8_t *key = (const uint8_t *)rt_hash__key(m, elem);
	const uint8_t *value = rt_hash__value(m, slot, elem);

	rt_prefetch(key);
	if (rt_is_percpu(&m->geo) || m->geo.elem_stride > RT_CACHE_LINE)
		rt_prefetch(value);
}

rt_hot uint64_t rt_hash__fetch(const struct rt_map *m, const void *key)
{
	uint64_t hash = hash__of(m, key);

	rt_prefetch(rt_hash__bucket(m, hash__index(m, hash)));
	return hash;
}

/* What the first equal tag belongs to. Long chains are rare: none is followed. */
rt_hot void rt_hash__fetch_next(const struct rt_map *m, uint32_t slot, uint64_t hash)
{
	const struct rt_hash_bucket *b = rt_hash__bucket(m, hash__index(m, hash));
	rt_match match = tags__match(b->tags, hash__tag(hash));

	if (match)
		hash__fetch_element(m, slot, rt_read(&b->elems[match__slot(match)]));
}

/* Lines that `n` of the `total` things in a row lie in, if they are anywhere among them. */
rt_inline uint64_t lines_of(uint64_t n, uint64_t total, uint64_t stride)
{
	uint64_t apart = n * rt_round_up(stride, RT_CACHE_LINE), all = total * stride;

	return apart < all ? apart : all;
}

rt_inline uint64_t hash__footprint_of(const struct rt_map *m, uint32_t count)
{
	uint64_t bytes = lines_of(count, m->geo.n_buckets, sizeof(struct rt_hash_bucket)) +
			 lines_of(count, m->geo.n_elems, m->geo.elem_stride);

	if (rt_is_percpu(&m->geo))
		bytes += lines_of(count, m->geo.n_elems, m->geo.value_stride);
	return bytes;
}

rt_hot uint64_t rt_hash__footprint(const struct rt_map *m)
{
	return hash__footprint_of(m, rt_read(&hash__head(m)->count));
}

rt_hot uint64_t rt_hash__footprint_max(const struct rt_map *m)
{
	return hash__footprint_of(m, m->geo.max_entries);
}

const struct rt_map_ops rt_hash_ops = {
	.lookup = rt_hash__lookup,
	.update = rt_hash__update,
	.remove = rt_hash__delete,
	RT_HASH_AHEAD,
};
