/* SPDX-License-Identifier: BSD-3-Clause
 *
 * map-lpm.c -- lookups in LPM_TRIE, by the tables that map-lpm.h describes.
 *
 * A key of full length takes one load of the table and one of each group on its way; where these
 * have nothing, one of the coarse table. A shorter key, which limits the length of what it finds,
 * and what hangs below the groups is looked for in the trie.
 */
#include "map-lpm.h"

/* The value of the longest route of at most `limit` bits at or below a node, else `found`.
 * Lengths grow from node to node, so that it ends even on a way that is no more. */
rt_inline uint32_t lpm__walk(
	const struct rt_map *m, uint32_t i, uint32_t found, const void *data, uint32_t limit)
{
	const struct rt_lpm_node *node;
	uint32_t length, value;
	int64_t last = -1;

	for (; i; i = rt_read_acquire(&node->child[lpm__bit(m, data, length)])) {
		node = lpm__node(m, i);
		length = rt_read(&node->length);
		if (length > limit || (int64_t)length <= last ||
			lpm__common(m, node, data) < length)
			break;
		value = rt_read_acquire(&node->value);
		if (value)
			found = value;
		if (length == lpm__max_length(m))
			break;
		last = length;
	}
	return found;
}

/* The word for a key in the group that a word leads to. Its flags are shifted out. */
rt_inline const uint32_t *lpm__in_group(const struct rt_map *m, uint32_t word, uint32_t byte)
{
	return &lpm__group(m, 0)[(word << RT_LPM_GROUP_BITS) + byte];
}

/* From a node of the trie on; when an update comes between, from the root. */
rt_inline uint32_t lpm__search_trie(const struct rt_map *m, uint32_t i, uint32_t found,
	const void *data, uint32_t limit, uint32_t seq)
{
	for (;;) {
		found = lpm__walk(m, i, found, data, limit);
		if (!lpm__changed(m, seq))
			return found;
		seq = rt_read_acquire(&lpm__head(m)->seq);
		i = rt_read_acquire(&lpm__head(m)->root);
		found = 0;
	}
}

/* Is it a value, and not 0? */
rt_inline bool lpm__is_value(uint32_t word)
{
	return word - 1 < RT_LPM_NODE - 1;
}

/* What is found by more than one word. On a way that is no more there may be groups without end. */
rt_inline uint32_t lpm__search_words(const struct rt_map *m, const void *data, uint64_t first)
{
	uint32_t seq = rt_read_acquire(&lpm__head(m)->seq), bits = rt_lpm__table_bits(&m->geo);
	uint32_t word = rt_read_acquire(&lpm__table(m)[first >> (64 - bits)]), i = 0, found;

	while (word & RT_LPM_GROUP && bits < rt_lpm__grouped_bits(&m->geo)) {
		bits += RT_LPM_GROUP_BITS;
		word = rt_read_acquire(lpm__in_group(m, word, (uint8_t)(first >> (64 - bits))));
		if (likely(lpm__is_value(word) && !lpm__changed(m, seq)))
			return word;
	}
	found = rt_read_acquire(&lpm__coarse(m)[first >> (64 - rt_lpm__coarse_bits(&m->geo))]);
	if (lpm__is_value(word)) {
		found = word;
	} else if (word & RT_LPM_NODE) {
		i = word & RT_LPM_NUMBER;
		word = rt_read_acquire(&lpm__node(m, i)->above);
		found = word ? word : found;
	}
	return lpm__search_trie(m, i, found, data, lpm__max_length(m), seq);
}

/* The longest route that covers the data: the number of its value, or 0. */
rt_inline uint32_t lpm__search(const struct rt_map *m, const void *data)
{
	uint64_t first = lpm__first_word(m, data);
	uint32_t word =
		rt_read_acquire(&lpm__table(m)[first >> (64 - rt_lpm__table_bits(&m->geo))]);

	return likely(lpm__is_value(word)) ? word : lpm__search_words(m, data, first);
}

/* The longest of at most `limit` bits. */
rt_inline uint32_t lpm__search_short(const struct rt_map *m, const void *data, uint32_t limit)
{
	uint32_t seq = rt_read_acquire(&lpm__head(m)->seq);

	return lpm__search_trie(m, rt_read_acquire(&lpm__head(m)->root), 0, data, limit, seq);
}

rt_hot static void *lpm__lookup(const struct rt_map *m, uint32_t slot, const void *key)
{
	uint32_t length = lpm__length(key), found = 0;

	if (likely(length == lpm__max_length(m)))
		found = lpm__search(m, lpm__data(key));
	else if (length < lpm__max_length(m))
		found = lpm__search_short(m, lpm__data(key), length);
	return found ? lpm__value(m, found) : NULL;
}

/* --- fetched in advance -------------------------------------------------------------------- */

/* The way is the first 32 bits of the key, above the byte that says nothing. */
rt_hot static uint64_t lpm__fetch(const struct rt_map *m, const void *key)
{
	uint64_t way = lpm__first_word(m, lpm__data(key)) >> 32;

	rt_prefetch(&lpm__table(m)[way >> (32 - rt_lpm__table_bits(&m->geo))]);
	return way << 8;
}

rt_hot static void lpm__fetch_next(const struct rt_map *m, uint32_t slot, uint64_t way)
{
	uint32_t rest = 8 + 32 - rt_lpm__table_bits(&m->geo);
	uint32_t word = rt_read(&lpm__table(m)[way >> rest]);

	if (likely(word < RT_LPM_NODE))
		rt_prefetch(lpm__value(m, word));
	else if (word & RT_LPM_GROUP)
		rt_prefetch(lpm__in_group(m, word, (uint8_t)(way >> (rest - RT_LPM_GROUP_BITS))));
	else
		rt_prefetch(lpm__node(m, word & RT_LPM_NUMBER));
}

static uint64_t lpm__footprint(const struct rt_map *m)
{
	const struct rt_lpm_head *head = lpm__head(m);
	uint64_t most = (uint64_t)m->geo.n_buckets * sizeof(uint32_t);
	uint64_t table = (uint64_t)rt_read(&head->lines) * RT_CACHE_LINE;

	return (table < most ? table : most) +
	       (uint64_t)rt_read(&head->groups) * RT_LPM_GROUP_WORDS * sizeof(uint32_t) +
	       (uint64_t)rt_read(&head->count) * m->geo.value_stride;
}

static uint64_t lpm__footprint_max(const struct rt_map *m)
{
	return m->geo.links - m->geo.index + (uint64_t)m->geo.n_elems * m->geo.value_stride;
}

const struct rt_map_ops rt_lpm_ops = {
	.lookup = lpm__lookup,
	.update = rt_lpm__update,
	.remove = rt_lpm__delete,
	.fetch = lpm__fetch,
	.fetch_next = lpm__fetch_next,
	.footprint = lpm__footprint,
	.footprint_max = lpm__footprint_max,
};
