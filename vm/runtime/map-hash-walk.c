/* SPDX-License-Identifier: BSD-3-Clause
 *
 * map-hash-walk.c -- a program's walk over a hash: bucket by bucket, in each the slots and then the
 * chain. Whoever walks takes no lock, and may take out the element where it stands and others, or
 * put some in.
 */
#include "map-hash.h"

/* The next element of the bucket, if the bucket does not change. Elements of a chain may have left
 * it since the walk met them: it goes on after the one where it stands or at the one that came
 * next, whichever is still there. */
static uint32_t walk__step(const struct rt_map *m, const struct rt_hash_bucket *b, uint32_t seq,
	struct rt_hash_walk *w)
{
	uint32_t found = 0;

	while (w->slot < RT_HASH_SLOTS) {
		uint32_t slot = w->slot++;

		if (tags__get(b->tags, slot)) {
			rt_fence_acquire();
			return rt_read_acquire(&b->elems[slot]);
		}
	}
	if (w->slot++ == RT_HASH_CHAIN)
		return rt_read_acquire(&b->chain);
	for (uint32_t elem = rt_read_acquire(&b->chain); elem && !bucket__changed(b, seq);
		elem = rt_read_acquire(rt_hash__link(m, elem))) {
		if (elem == w->elem)
			return rt_read_acquire(rt_hash__link(m, elem));
		if (elem == w->next)
			found = elem;
	}
	return found;
}

static bool bucket__is_empty(const struct rt_hash_bucket *b)
{
	return !rt_read(&b->tags[0]) && !rt_read(&b->tags[1]) && !rt_read(&b->chain);
}

static void walk__to_next(
	const struct rt_map *m, const struct rt_hash_bucket *b, struct rt_hash_walk *w)
{
	struct rt_hash_walk next;
	uint32_t seq;

	do {
		next = *w;
		seq = rt_read_acquire(&b->seq);
		next.elem = walk__step(m, b, seq, &next);
		next.next = next.elem ? rt_read(rt_hash__link(m, next.elem)) : 0;
	} while (bucket__changed(b, seq));
	*w = next;
}

/* However the program changes a bucket while it walks there, it leaves it at last. */
rt_cold bool rt_hash__walk(const struct rt_map *m, uint32_t slot, struct rt_hash_walk *w)
{
	for (; w->bucket < m->geo.n_buckets; w->bucket++, w->slot = w->steps = 0) {
		struct rt_hash_bucket *b = rt_hash__bucket(m, w->bucket);

		if (bucket__is_empty(b))
			continue;
		walk__to_next(m, b, w);
		if (w->elem && w->steps++ <= m->geo.n_elems) {
			w->key = rt_hash__key(m, w->elem);
			w->value = rt_hash__value(m, slot, w->elem);
			return true;
		}
	}
	return false;
}
