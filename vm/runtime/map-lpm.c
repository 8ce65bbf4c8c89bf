/* SPDX-License-Identifier: BSD-3-Clause
 *
 * map-lpm.c -- LPM_TRIE: longest prefix match by two tables over a trie.
 *
 * The trie, path-compressed and binary, holds every route; insertion, deletion and walks are
 * its own. The tables answer most lookups without it. With F the bits of the fine table and C
 * those of the coarse one (half as many):
 *
 *	coarse[first C bits]   value of the longest route of at most C bits
 *	fine[first F bits]     value of the longest route of C + 1 to F bits, or
 *	                       RT_LPM_BELOW | the node above all routes of more than F bits
 *
 * A lookup reads fine; where that has a node it goes on from there, with node->above for what
 * fine had; where nothing was found, coarse has the answer. So the usual lookup is one load,
 * and no update writes more than 2^(F - C) words, whatever the length of its prefix.
 *
 * Within one level (coarse, fine) a route's word either holds the nearest shorter route of
 * that level or a longer one's: to add a route is to exchange its ancestor's value for its own
 * all over its range, to remove it the reverse.
 *
 * Writers hold the map's lock. Readers take none: a word of a table is one moment's answer; a
 * way through nodes is one if no node has left the trie meanwhile, which `seq` tells before it
 * may be used again. Else the reader looks again.
 */
#include "map-lpm.h"
#include "words.h"

rt_inline struct rt_lpm_head *lpm__head(const struct rt_map *m)
{
	return (struct rt_lpm_head *)m->mem;
}

rt_inline uint32_t lpm__data_size(const struct rt_map *m)
{
	return m->geo.key_size - (uint32_t)sizeof(uint32_t);
}

rt_inline uint32_t lpm__max_length(const struct rt_map *m)
{
	return lpm__data_size(m) * 8;
}

rt_inline uint32_t lpm__fine_bits(const struct rt_map *m)
{
	return (uint32_t)__builtin_ctz(m->geo.n_buckets);
}

rt_inline uint32_t lpm__coarse_bits(const struct rt_map *m)
{
	return lpm__fine_bits(m) / 2;
}

rt_inline uint32_t *lpm__fine(const struct rt_map *m)
{
	return (uint32_t *)(m->mem + m->geo.index);
}

rt_inline uint32_t *lpm__coarse(const struct rt_map *m)
{
	return lpm__fine(m) + m->geo.n_buckets;
}

rt_inline struct rt_lpm_node *lpm__node(const struct rt_map *m, uint32_t i)
{
	return (struct rt_lpm_node *)(m->mem + m->geo.elems + (uint64_t)i * m->geo.elem_stride);
}

rt_inline uint8_t *lpm__value(const struct rt_map *m, uint32_t i)
{
	return m->mem + m->geo.values + (uint64_t)i * m->geo.value_stride;
}

/* --- bits of keys ---------------------------------------------------------------------- */

/* The first 64 bits, the first of them the most significant. */
rt_inline uint64_t lpm__first_word(const struct rt_map *m, const void *data)
{
	return __builtin_bswap64(rt_load_word(data, lpm__data_size(m), 0));
}

/* One word is shifted and stays in a register; of more, the byte is read. */
rt_inline uint32_t lpm__bit(const struct rt_map *m, const void *data, uint32_t at)
{
	if (lpm__data_size(m) <= 8)
		return lpm__first_word(m, data) >> (63 - at % 64) & 1;
	return ((const uint8_t *)data)[at / 8] >> (7 - at % 8) & 1;
}

/* How many of the first bits a node and a key have in common. */
rt_inline uint32_t lpm__common(
	const struct rt_map *m, const struct rt_lpm_node *node, const void *data)
{
	uint32_t size = lpm__data_size(m);
	uint64_t diff;

	for (uint32_t i = 0; i < rt_words(size); i++) {
		diff = rt_read(&node->data[i]) ^ rt_load_word(data, size, i);
		if (diff)
			return i * 64 + (uint32_t)__builtin_clzll(__builtin_bswap64(diff));
	}
	return size * 8;
}

/* --- readers --------------------------------------------------------------------------- */

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

rt_inline bool lpm__changed(const struct rt_map *m, uint32_t seq)
{
	rt_fence_acquire();
	return unlikely(rt_read(&lpm__head(m)->seq) != seq);
}

/* What the fine table and all below it say. */
rt_inline uint32_t lpm__search_below(
	const struct rt_map *m, const uint32_t *fine, const void *data, uint32_t limit)
{
	uint32_t seq, word, found;

	do {
		seq = rt_read_acquire(&lpm__head(m)->seq);
		word = rt_read_acquire(fine);
		found = word;
		if (likely(word & RT_LPM_BELOW)) {
			word &= ~RT_LPM_BELOW;
			found = rt_read_acquire(&lpm__node(m, word)->above);
			found = lpm__walk(m, word, found, data, limit);
		}
	} while (lpm__changed(m, seq));
	return found;
}

/* Keys shorter than the fine table's: the trie alone. */
rt_inline uint32_t lpm__search_short(const struct rt_map *m, const void *data, uint32_t limit)
{
	uint32_t seq, found;

	do {
		seq = rt_read_acquire(&lpm__head(m)->seq);
		found = lpm__walk(m, rt_read_acquire(&lpm__head(m)->root), 0, data, limit);
	} while (lpm__changed(m, seq));
	return found;
}

/* The longest route of at most `limit` bits that covers the data: the number of its value. */
rt_inline uint32_t lpm__search(const struct rt_map *m, const void *data, uint32_t limit)
{
	uint64_t first = lpm__first_word(m, data);
	const uint32_t *fine = &lpm__fine(m)[first >> (64 - lpm__fine_bits(m))];
	uint32_t word, found;

	if (unlikely(limit < lpm__fine_bits(m)))
		return lpm__search_short(m, data, limit);
	do {
		word = found = rt_read_acquire(fine);
		if (unlikely(word & RT_LPM_BELOW))
			found = lpm__search_below(m, fine, data, limit);
		if (likely(found))
			return found;
		found = rt_read_acquire(&lpm__coarse(m)[first >> (64 - lpm__coarse_bits(m))]);
	} while (unlikely(rt_read(fine) != word));
	return found;
}

rt_inline uint32_t lpm__length(const void *key)
{
	return *(const rt_unaligned32 *)key;
}

rt_inline const void *lpm__data(const void *key)
{
	return (const uint8_t *)key + sizeof(uint32_t);
}

rt_hot static void *lpm__lookup(const struct rt_map *m, uint32_t slot, const void *key)
{
	uint32_t length = lpm__length(key), found;

	if (unlikely(length > lpm__max_length(m)))
		return NULL;
	found = lpm__search(m, lpm__data(key), length);
	return likely(found) ? lpm__value(m, found) : NULL;
}

static int64_t lpm__read_all(
	const struct rt_map *m, uint32_t n_slots, const void *key, uint8_t *value)
{
	uint32_t length = lpm__length(key), seq, found;

	if (length > lpm__max_length(m))
		return -RT_ENOENT;
	do {
		seq = rt_read_acquire(&lpm__head(m)->seq);
		found = lpm__search(m, lpm__data(key), length);
		if (found)
			rt_copy_out(value, lpm__value(m, found), m->geo.value_size);
	} while (lpm__changed(m, seq));
	return found ? 0 : -RT_ENOENT;
}

/* --- the writer, who holds the lock ------------------------------------------------------ */

rt_inline uint32_t *lpm__value_links(const struct rt_map *m)
{
	return (uint32_t *)(m->mem + m->geo.links);
}

rt_inline uint32_t *lpm__node_links(const struct rt_map *m)
{
	return lpm__value_links(m) + m->geo.n_elems;
}

/* Twice as many nodes as values: n routes have at most n - 1 nodes without a value. */
static void lpm__format(const struct rt_map *m, uint32_t slots, uint64_t seed)
{
	struct rt_lpm_head *head = lpm__head(m);

	free_queue__format(&head->free_values, lpm__value_links(m), m->geo.n_elems);
	free_queue__format(&head->free_nodes, lpm__node_links(m), 2 * m->geo.n_elems);
}

enum lpm_level {
	LEVEL_COARSE,
	LEVEL_FINE,
	LEVEL_BELOW,
};

static enum lpm_level lpm__level(const struct rt_map *m, uint32_t length)
{
	return length <= lpm__coarse_bits(m) ? LEVEL_COARSE
	       : length <= lpm__fine_bits(m) ? LEVEL_FINE
					     : LEVEL_BELOW;
}

/* Where the way to a prefix ends. */
struct lpm_place {
	uint32_t *word;   /* which holds the number of the node that is there, or 0 */
	uint32_t *parent; /* which holds the number of that word's node; NULL at the root */
	uint32_t common;  /* bits that the node there has in common with the prefix */
	uint32_t nearest; /* value of the longest shorter route of the same level */
	bool exact;       /* the node there is this very prefix */
};

static struct lpm_place lpm__find(const struct rt_map *m, const void *data, uint32_t length)
{
	struct lpm_place at = {.word = &lpm__head(m)->root};
	const enum lpm_level level = lpm__level(m, length);
	uint32_t i, value;

	while ((i = rt_read(at.word))) {
		struct rt_lpm_node *node = lpm__node(m, i);

		at.common = rt_min(lpm__common(m, node, data), rt_min(node->length, length));
		at.exact = at.common == node->length && at.common == length;
		if (at.common != node->length || at.exact)
			return at;
		value = rt_read(&node->value);
		if (value && lpm__level(m, node->length) == level)
			at.nearest = value;
		at.parent = at.word;
		at.word = &node->child[lpm__bit(m, data, node->length)];
	}
	return at;
}

/* In the words of a prefix, one value takes the place of another. */
static void lpm__replace_in_table(
	const struct rt_map *m, const void *data, uint32_t length, uint32_t from, uint32_t to)
{
	enum lpm_level level = lpm__level(m, length);
	uint32_t bits = level == LEVEL_COARSE ? lpm__coarse_bits(m) : lpm__fine_bits(m);
	uint32_t *table = level == LEVEL_COARSE ? lpm__coarse(m) : lpm__fine(m), *word, n;
	uint64_t first = lpm__first_word(m, data) >> (64 - bits);

	if (level == LEVEL_BELOW)
		return;
	n = UINT32_C(1) << (bits - length);
	first &= ~(uint64_t)(n - 1);
	for (word = table + first; word < table + first + n; word++) {
		uint32_t *holder = word;

		if (rt_read(word) & RT_LPM_BELOW)
			holder = &lpm__node(m, rt_read(word) & ~RT_LPM_BELOW)->above;
		if (rt_read(holder) == from)
			rt_write_release(holder, to);
	}
}

/* The one child of a node, or the node itself if it has two. */
static uint32_t lpm__fork_at(const struct rt_map *m, uint32_t i)
{
	uint32_t left = rt_read(&lpm__node(m, i)->child[0]);
	uint32_t right = rt_read(&lpm__node(m, i)->child[1]);

	return left && right ? i : left | right;
}

/* After a change below the fine table: its word for the data as the trie has it. */
static void lpm__refresh_fine(const struct rt_map *m, const void *data)
{
	uint32_t bits = lpm__fine_bits(m), i = rt_read(&lpm__head(m)->root), value = 0;
	uint32_t *fine = &lpm__fine(m)[lpm__first_word(m, data) >> (64 - bits)];

	while (i) {
		const struct rt_lpm_node *node = lpm__node(m, i);

		if (lpm__common(m, node, data) < rt_min(node->length, bits))
			i = 0; /* it hangs under another word */
		if (!i || node->length > bits)
			break;
		if (rt_read(&node->value) && lpm__level(m, node->length) == LEVEL_FINE)
			value = rt_read(&node->value);
		if (node->length == bits) {
			i = lpm__fork_at(m, i);
			break;
		}
		i = rt_read(&node->child[lpm__bit(m, data, node->length)]);
	}
	if (i) {
		rt_write_release(&lpm__node(m, i)->above, value);
		value = RT_LPM_BELOW | i;
	}
	rt_write_release(fine, value);
}

/* The fence pairs with the reader's: who sees any of these stores sees too that what is
 * filled here had left the trie. */
static uint32_t lpm__new_node(
	const struct rt_map *m, const void *data, uint32_t length, uint32_t value)
{
	uint32_t i = free_queue__take(&lpm__head(m)->free_nodes, lpm__node_links(m));
	struct rt_lpm_node *node = lpm__node(m, i);

	rt_fence_release();
	rt_write(&node->length, length);
	rt_write(&node->value, value);
	rt_write(&node->child[0], 0);
	rt_write(&node->child[1], 0);
	rt_write(&node->above, 0);
	rt_copy_in(node->data, data, lpm__data_size(m));
	return i;
}

static void lpm__free_node(const struct rt_map *m, uint32_t i)
{
	if (i)
		free_queue__give_back(&lpm__head(m)->free_nodes, lpm__node_links(m), i);
}

static void lpm__link(const struct rt_map *m, const struct lpm_place *at, const void *data,
	uint32_t length, uint32_t value)
{
	uint32_t other = rt_read(at->word), new = lpm__new_node(m, data, length, value), top = new;
	uint32_t side;

	if (other && at->common == length) {
		side = lpm__bit(m, lpm__node(m, other)->data, length);
		rt_write(&lpm__node(m, new)->child[side], other);
	} else if (other) {
		top = lpm__new_node(m, data, at->common, 0);
		side = lpm__bit(m, data, at->common);
		rt_write(&lpm__node(m, top)->child[side], new);
		rt_write(&lpm__node(m, top)->child[!side], other);
	}
	rt_write_release(at->word, top);
}

/* *spare: the value to be given back. */
static int64_t lpm__put(
	const struct rt_map *m, const void *key, uint32_t value, uint64_t flags, uint32_t *spare)
{
	const void *data = lpm__data(key);
	uint32_t length = lpm__length(key), old = 0, *count = &lpm__head(m)->count;
	struct lpm_place at = lpm__find(m, data, length);
	struct rt_lpm_node *node = lpm__node(m, rt_read(at.word));

	if (at.exact)
		old = rt_read(&node->value);
	*spare = value;
	if (old && flags == RT_NOEXIST)
		return -RT_EEXIST;
	if (!old && flags == RT_EXIST)
		return -RT_ENOENT;
	if (!old && *count == m->geo.max_entries)
		return -RT_ENOSPC;
	*count += !old;
	*spare = old;
	if (at.exact) {
		rt_copy_in(node->data, data, lpm__data_size(m));
		rt_write_release(&node->value, value);
	} else {
		lpm__link(m, &at, data, length, value);
		if (lpm__level(m, length) == LEVEL_BELOW)
			lpm__refresh_fine(m, data);
	}
	lpm__replace_in_table(m, data, length, old ? old : at.nearest, value);
	return 0;
}

static void lpm__announce_change(const struct rt_map *m)
{
	uint32_t *seq = &lpm__head(m)->seq;

	rt_write_release(seq, rt_read(seq) + 1);
}

rt_cold int64_t rt_lpm__update(
	const struct rt_map *m, uint32_t slot, const void *key, const void *value, uint64_t flags)
{
	struct rt_lpm_head *head = lpm__head(m);
	uint32_t fresh, spare;
	int64_t err;

	if (flags > RT_EXIST || lpm__length(key) > lpm__max_length(m))
		return -RT_EINVAL;
	fresh = free_queue__take(&head->free_values, lpm__value_links(m));
	rt_fence_release();
	rt_copy_in(lpm__value(m, fresh), value, m->geo.value_size);
	rt_lock(&head->lock);
	err = lpm__put(m, key, fresh, flags, &spare);
	if (spare && spare != fresh)
		lpm__announce_change(m);
	rt_unlock(&head->lock);
	if (spare)
		free_queue__give_back(&head->free_values, lpm__value_links(m), spare);
	return err;
}

/* Takes a node out that has one child at the most; with it its parent, if that is no route and
 * has only one child left. Leaves in gone[] what is to be given back. */
static void lpm__unlink(const struct rt_map *m, const struct lpm_place *at, uint32_t gone[2])
{
	uint32_t i = rt_read(at->word), up = at->parent ? rt_read(at->parent) : 0;
	const struct rt_lpm_node *node = lpm__node(m, i), *parent = lpm__node(m, up);
	uint32_t child = rt_read(&node->child[0]);

	if (!child)
		child = rt_read(&node->child[1]);
	gone[0] = i;
	gone[1] = 0;
	if (!child && up && !rt_read(&parent->value)) {
		child = rt_read(&parent->child[rt_read(&parent->child[0]) == i]);
		rt_write_release(at->parent, child);
		gone[1] = up;
	} else {
		rt_write_release(at->word, child);
	}
}

rt_cold int64_t rt_lpm__delete(const struct rt_map *m, const void *key)
{
	struct rt_lpm_head *head = lpm__head(m);
	const void *data = lpm__data(key);
	uint32_t length = lpm__length(key), value = 0, gone[2] = {0};
	struct rt_lpm_node *node;
	struct lpm_place at;

	if (length > lpm__max_length(m))
		return -RT_EINVAL;
	rt_lock(&head->lock);
	at = lpm__find(m, data, length);
	node = lpm__node(m, rt_read(at.word));
	if (at.exact)
		value = rt_read(&node->value);
	if (value) {
		lpm__replace_in_table(m, data, length, value, at.nearest);
		if (rt_read(&node->child[0]) && rt_read(&node->child[1]))
			rt_write_release(&node->value, 0);
		else
			lpm__unlink(m, &at, gone);
		if (lpm__level(m, length) == LEVEL_BELOW)
			lpm__refresh_fine(m, data);
		head->count--;
		lpm__announce_change(m);
		lpm__free_node(m, gone[0]);
		lpm__free_node(m, gone[1]);
	}
	rt_unlock(&head->lock);
	if (!value)
		return -RT_ENOENT;
	free_queue__give_back(&head->free_values, lpm__value_links(m), value);
	return 0;
}

/* --- fetched in advance -------------------------------------------------------------------- */

/* The way is the number of the fine table's word, above the byte that says nothing. The coarse
 * table is small. */
rt_hot static uint64_t lpm__fetch(const struct rt_map *m, const void *key)
{
	uint64_t at = lpm__first_word(m, lpm__data(key)) >> (64 - lpm__fine_bits(m));

	rt_prefetch(&lpm__fine(m)[at]);
	return at << 8;
}

rt_hot static void lpm__fetch_next(const struct rt_map *m, uint32_t slot, uint64_t way)
{
	uint32_t word = rt_read(&lpm__fine(m)[way >> 8]);

	if (unlikely(word & RT_LPM_BELOW))
		rt_prefetch(lpm__node(m, word & ~RT_LPM_BELOW));
	else
		rt_prefetch(lpm__value(m, word));
}

/* A route has a line of the table for itself at the worst. */
static uint64_t lpm__footprint(const struct rt_map *m)
{
	uint64_t table = (uint64_t)m->geo.n_buckets * sizeof(uint32_t);
	uint64_t n = rt_read(&lpm__head(m)->count);

	return (n * RT_LPM_LINE < table ? n * RT_LPM_LINE : table) + n * m->geo.value_stride;
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

static int64_t lpm__write_all(const struct rt_map *m, uint32_t n_slots, const void *key,
	const uint8_t *value, uint64_t flags)
{
	return rt_lpm__update(m, 0, key, value, flags);
}

/* --- a walk over all routes --------------------------------------------------------------- */

/* The node after a prefix, in the order node, left, right; the first if there is no such route. */
static uint32_t lpm__node_after(const struct rt_map *m, const void *data, uint32_t length)
{
	uint32_t i = rt_read(&lpm__head(m)->root), after = 0, side;

	while (i) {
		const struct rt_lpm_node *node = lpm__node(m, i);

		if (lpm__common(m, node, data) < rt_min(node->length, length) ||
			node->length > length)
			break;
		if (node->length == length && !node->value)
			break;
		if (node->length == length)
			return node->child[0]   ? node->child[0]
			       : node->child[1] ? node->child[1]
						: after;
		side = lpm__bit(m, data, node->length);
		if (!side && node->child[1])
			after = node->child[1];
		i = node->child[side];
	}
	return rt_read(&lpm__head(m)->root);
}

static int64_t lpm__next_key(const struct rt_map *m, const void *key, void *next)
{
	struct rt_lpm_head *head = lpm__head(m);
	uint32_t i;

	rt_lock(&head->lock);
	i = !key || lpm__length(key) > lpm__max_length(m)
		    ? rt_read(&head->root)
		    : lpm__node_after(m, lpm__data(key), lpm__length(key));
	while (i && !lpm__node(m, i)->value) /* no route: it has two children */
		i = lpm__node(m, i)->child[0];
	if (i) {
		*(rt_unaligned32 *)next = lpm__node(m, i)->length;
		rt_copy_out((uint8_t *)next + sizeof(uint32_t), lpm__node(m, i)->data,
			lpm__data_size(m));
	}
	rt_unlock(&head->lock);
	return i ? 0 : -RT_ENOENT;
}

static bool lpm__owns(const struct rt_map *m, uint32_t slot, const void *p, uint64_t size)
{
	uint64_t off = (uint64_t)((const uint8_t *)p - lpm__value(m, 0));

	if (off >= (uint64_t)m->geo.n_elems * m->geo.value_stride)
		return false;
	off %= m->geo.value_stride;
	return size <= m->geo.value_size && off <= m->geo.value_size - size;
}

const struct rt_host_ops rt_lpm_host_ops = {
	.format = lpm__format,
	.read_all = lpm__read_all,
	.write_all = lpm__write_all,
	.next_key = lpm__next_key,
	.owns = lpm__owns,
};
