/* SPDX-License-Identifier: BSD-3-Clause
 *
 * map-snapshot.c -- copies of a map's memory that readers may use. Compiled natively only.
 */
#include "map-hash.h"
#include "map-lpm.h"

static void copy_words(uint8_t *to, const uint8_t *from, uint64_t bytes)
{
	const rt_word *src = (const rt_word *)from;
	rt_word *dst = (rt_word *)to;

	for (uint64_t i = 0; i < bytes / sizeof(*dst); i++)
		dst[i] = rt_read(&src[i]);
}

/* Chains whose elements went to other buckets while they were copied may lead in circles: what is
 * behind the longest that can be is left out. */
static void cut_circles(const struct rt_map *copy)
{
	uint32_t n = copy->geo.n_elems, elem, i;

	for (uint32_t b = 0; b < copy->geo.n_buckets; b++) {
		struct rt_hash_bucket *bucket = rt_hash__bucket(copy, b);

		bucket->lock = 0;
		for (i = 0, elem = bucket->chain; elem && i < n; i++)
			elem = *rt_hash__link(copy, elem);
		if (elem)
			bucket->chain = 0;
	}
}

static bool is_hash(const struct rt_geometry *geo)
{
	return geo->type == RT_MAP_HASH || geo->type == RT_MAP_PERCPU_HASH || rt_is_lru(geo) ||
	       geo->type == RT_MAP_DEVMAP_HASH;
}

/* All that is laid out is a multiple of a word. A trie that changes while it is copied would be
 * none. */
void rt_map__snapshot(const struct rt_map *m, uint32_t slot, uint8_t *to, uint64_t bytes)
{
	uint64_t fixed = bytes < m->geo.fixed ? bytes : m->geo.fixed;
	uint64_t rest = bytes - fixed;
	bool is_trie = m->geo.type == RT_MAP_LPM_TRIE;
	const struct rt_map copy = {m->geo, to};

	if (is_trie)
		rt_lock(&lpm__head(m)->lock);
	copy_words(to, m->mem, fixed);
	if (is_trie)
		rt_unlock(&lpm__head(m)->lock);
	else if (is_hash(&m->geo) && fixed == m->geo.fixed)
		cut_circles(&copy);
	if (rest > m->geo.value_set)
		rest = m->geo.value_set;
	copy_words(to + fixed, m->mem + fixed + slot * m->geo.value_set, rest);
}
