/* SPDX-License-Identifier: BSD-3-Clause
 *
 * map-lpm.c -- lookups in LPM_TRIE, by the tables that map-lpm.h describes.
 *
 * A key of full length takes one load of the table, one of the coarse table beside it, which the
 * first-level cache holds, and one of each group on its way. A shorter key, which limits the
 * length of what it finds, and what hangs below the groups is looked for in the trie.
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

/* What groups and nodes below a word of the table say. On a way that is no more there may be
 * groups without end. */
rt_inline uint32_t lpm__search_below(
	const struct rt_map *m, uint32_t word, uint64_t first, const void *data)
{
	uint32_t bits = rt_lpm__table_bits(&m->geo), i;

	while (bits < rt_lpm__grouped_bits(&m->geo) && (word & RT_LPM_NODE) == RT_LPM_MORE) {
		bits += RT_LPM_GROUP_BITS;
		i = first >> (64 - bits) & (RT_LPM_GROUP - 1);
		word = rt_read_acquire(&lpm__group(m, word & RT_LPM_NUMBER)[i]);
	}
	if (likely(!(word & RT_LPM_MORE)))
		return word;
	if ((word & RT_LPM_NODE) == RT_LPM_MORE)
		return 0;
	i = word & RT_LPM_NUMBER;
	word = rt_read_acquire(&lpm__node(m, i)->above);
	return lpm__walk(m, i, word, data, lpm__max_length(m));
}

/* The longest route that covers the data: the number of its value. Whether there is a word in
 * the table is often no branch that can be foreseen: both are read. */
rt_inline uint32_t lpm__search(const struct rt_map *m, const void *data)
{
	uint64_t first = lpm__first_word(m, data);
	uint32_t seq, word, coarse;

	do {
		seq = rt_read_acquire(&lpm__head(m)->seq);
		word = rt_read_acquire(&lpm__table(m)[first >> (64 - rt_lpm__table_bits(&m->geo))]);
		coarse = rt_read_acquire(
			&lpm__coarse(m)[first >> (64 - rt_lpm__coarse_bits(&m->geo))]);
		if (unlikely(word & RT_LPM_MORE))
			word = lpm__search_below(m, word, first, data);
	} while (lpm__changed(m, seq));
	return word ? word : coarse;
}

/* The longest of at most `limit` bits. */
rt_inline uint32_t lpm__search_short(const struct rt_map *m, const void *data, uint32_t limit)
{
	uint32_t seq, found;

	do {
		seq = rt_read_acquire(&lpm__head(m)->seq);
		found = lpm__walk(m, rt_read_acquire(&lpm__head(m)->root), 0, data, limit);
	} while (lpm__changed(m, seq));
	return found;
}

rt_hot static void *lpm__lookup(const struct rt_map *m, uint32_t slot, const void *key)
{
	uint32_t length = lpm__length(key), found;

	if (likely(length == lpm__max_length(m)))
		found = lpm__search(m, lpm__data(key));
	else if (length < lpm__max_length(m))
		found = lpm__search_short(m, lpm__data(key), length);
	else
		found = 0;
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
	uint32_t word = rt_read(&lpm__table(m)[way >> rest]), i = word & RT_LPM_NUMBER;

	if (likely(!(word & RT_LPM_MORE)))
		rt_prefetch(lpm__value(m, i));
	else if ((word & RT_LPM_NODE) == RT_LPM_NODE)
		rt_prefetch(lpm__node(m, i));
	else
		rt_prefetch(
			&lpm__group(m, i)[way >> (rest - RT_LPM_GROUP_BITS) & (RT_LPM_GROUP - 1)]);
}

static uint64_t lpm__footprint(const struct rt_map *m)
{
	const struct rt_lpm_head *head = lpm__head(m);
	uint64_t most = (uint64_t)m->geo.n_buckets * sizeof(uint32_t);
	uint64_t table = (uint64_t)rt_read(&head->lines) * RT_CACHE_LINE;

	return (table < most ? table : most) +
	       (uint64_t)rt_read(&head->groups) * RT_LPM_GROUP * sizeof(uint32_t) +
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
