/* SPDX-License-Identifier: BSD-3-Clause
 *
 * map-lpm-write.c -- routes of LPM_TRIE come and go: in the trie, and in the tables over it.
 *
 * Among the routes in the coarse table, and among the others, a route's words hold its value
 * or a longer one's: to add a route is to exchange the value of the next shorter one for its own
 * all over its range, to remove it the reverse.
 *
 * A group counts the routes that are in it or below. It comes when a word first gets a longer
 * route and goes with the last. Which word leads to a group and which to a node is settled when it
 * gets that route, and stays while it has one.
 *
 * The writer holds the map's lock.
 */
#include "map-lpm.h"

enum { GROUPS_DEEP = RT_LPM_GROUPED - 1 }; /* at the most, one below another */

static uint32_t *lpm__value_ring(const struct rt_map *m)
{
	return (uint32_t *)(m->mem + m->geo.links);
}

static uint32_t *lpm__node_ring(const struct rt_map *m)
{
	return lpm__value_ring(m) + m->geo.n_elems;
}

static uint32_t *lpm__group_routes(const struct rt_map *m)
{
	return lpm__value_ring(m) + 3 * (uint64_t)m->geo.n_elems;
}

/* --- the trie ------------------------------------------------------------------------------ */

/* The fence pairs with the reader's: who sees any store of an update sees its `seq` too. */
static void lpm__lock(const struct rt_map *m)
{
	struct rt_lpm_head *head = lpm__head(m);

	rt_lock(&head->lock);
	rt_write(&head->seq, rt_read(&head->seq) + 1);
	rt_fence_release();
}

/* All is done but for what is given back. */
static void lpm__announce(const struct rt_map *m)
{
	struct rt_lpm_head *head = lpm__head(m);

	rt_write_release(&head->seq, rt_read(&head->seq) + 1);
	rt_fence_release();
}

static bool lpm__is_coarse(const struct rt_map *m, uint32_t length)
{
	return length <= rt_lpm__coarse_bits(&m->geo);
}

/* Where the way to a prefix ends. */
struct lpm_place {
	uint32_t *word;   /* which holds the number of the node that is there, or 0 */
	uint32_t *parent; /* which holds the number of that word's node; NULL at the root */
	uint32_t common;  /* bits that the node there has in common with the prefix */
	uint32_t nearest; /* value of the next shorter route, among the coarse or the others */
	bool exact;       /* the node there is this very prefix */
};

static struct lpm_place lpm__find(const struct rt_map *m, const void *data, uint32_t length)
{
	struct lpm_place at = {.word = &lpm__head(m)->root};
	const bool coarse = lpm__is_coarse(m, length);
	uint32_t i, value;

	while ((i = rt_read(at.word))) {
		struct rt_lpm_node *node = lpm__node(m, i);

		at.common = rt_min(lpm__common(m, node, data), rt_min(node->length, length));
		at.exact = at.common == node->length && at.common == length;
		if (at.common != node->length || at.exact)
			return at;
		value = rt_read(&node->value);
		if (value && lpm__is_coarse(m, node->length) == coarse)
			at.nearest = value;
		at.parent = at.word;
		at.word = &node->child[lpm__bit(m, data, node->length)];
	}
	return at;
}

static uint32_t lpm__new_node(
	const struct rt_map *m, const void *data, uint32_t length, uint32_t value)
{
	uint32_t i = free_queue__take(&lpm__head(m)->free_nodes, lpm__node_ring(m));
	struct rt_lpm_node *node = lpm__node(m, i);

	rt_write(&node->length, length);
	rt_write(&node->value, value);
	rt_write(&node->child[0], 0);
	rt_write(&node->child[1], 0);
	rt_write(&node->above, 0);
	rt_copy_in(node->data, data, rt_lpm__data_size(&m->geo));
	return i;
}

static void lpm__free_node(const struct rt_map *m, uint32_t i)
{
	if (i)
		free_queue__give_back(&lpm__head(m)->free_nodes, lpm__node_ring(m), i);
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

/* --- the tables ---------------------------------------------------------------------------- */

/* In n words and all below them one value takes the place of another. */
static void lpm__replace(
	const struct rt_map *m, uint32_t *words, uint32_t n, uint32_t from, uint32_t to)
{
	for (; n--; words++) {
		uint32_t word = rt_read(words), *holder = words;

		if (word & RT_LPM_GROUP) {
			lpm__replace(m, lpm__group(m, word & RT_LPM_NUMBER), RT_LPM_GROUP_WORDS,
				from, to);
			continue;
		}
		if (word & RT_LPM_NODE)
			holder = &lpm__node(m, word & RT_LPM_NUMBER)->above;
		if (rt_read(holder) == from)
			rt_write_release(holder, to);
	}
}

/* The words of a prefix in a table for keys' first `bits` bits, of which the table's `words`
 * are for the last, a power of two. */
static void lpm__replace_prefix(const struct rt_map *m, uint32_t *table, uint32_t words,
	uint32_t bits, uint64_t first, uint32_t length, uint32_t from, uint32_t to)
{
	uint32_t n = UINT32_C(1) << (bits - length);

	lpm__replace(
		m, table + (first >> (64 - bits) & (words - 1) & ~(uint64_t)(n - 1)), n, from, to);
}

/* The one child of a node, or the node itself if it has two. */
static uint32_t lpm__fork_at(const struct rt_map *m, uint32_t i)
{
	uint32_t left = rt_read(&lpm__node(m, i)->child[0]);
	uint32_t right = rt_read(&lpm__node(m, i)->child[1]);

	return left && right ? i : left | right;
}

/* A word for the first `bits` bits of the data, as the trie has it. */
static void lpm__refresh(const struct rt_map *m, uint32_t *word, const void *data, uint32_t bits)
{
	uint32_t i = rt_read(&lpm__head(m)->root), value = 0;

	while (i) {
		const struct rt_lpm_node *node = lpm__node(m, i);

		if (lpm__common(m, node, data) < rt_min(node->length, bits))
			i = 0; /* it hangs under another word */
		if (!i || node->length > bits)
			break;
		if (rt_read(&node->value) && !lpm__is_coarse(m, node->length))
			value = rt_read(&node->value);
		if (node->length == bits) {
			i = lpm__fork_at(m, i);
			break;
		}
		i = rt_read(&node->child[lpm__bit(m, data, node->length)]);
	}
	if (i) {
		rt_write_release(&lpm__node(m, i)->above, value);
		value = RT_LPM_NODE | i;
	}
	rt_write_release(word, value);
}

/* A group that says all over what the word did; 0: there is none left. */
static uint32_t lpm__new_group(const struct rt_map *m, uint32_t word)
{
	struct rt_lpm_head *head = lpm__head(m);
	uint32_t i = head->free_group;

	if (i)
		head->free_group = rt_read(&lpm__group(m, i)[0]);
	else if (head->groups_made < rt_lpm__groups(&m->geo) - 1)
		i = ++head->groups_made;
	else
		return 0;
	rt_write(&head->groups, head->groups + 1);
	for (uint32_t at = 0; at < RT_LPM_GROUP_WORDS; at++)
		rt_write(&lpm__group(m, i)[at], word);
	return i;
}

static void lpm__free_group(const struct rt_map *m, uint32_t i)
{
	struct rt_lpm_head *head = lpm__head(m);

	rt_write(&lpm__group(m, i)[0], head->free_group);
	head->free_group = i;
	rt_write(&head->groups, head->groups - 1);
}

/* One route more or less, or another value for it. */
struct lpm_change {
	const void *data;
	uint32_t length;
	uint32_t from, to;
	int32_t routes; /* +1, 0, -1 */
	uint32_t gone[GROUPS_DEEP], n_gone;
};

/* From `word`, which is for the first `bits` bits, to the group below it. 0: there is none. */
static uint32_t lpm__enter_group(
	const struct rt_map *m, uint32_t *word, uint32_t bits, struct lpm_change *c)
{
	uint32_t i = rt_read(word);

	if (i & RT_LPM_NODE || bits == rt_lpm__grouped_bits(&m->geo))
		return 0;
	if (i & RT_LPM_GROUP) {
		i &= RT_LPM_NUMBER;
	} else {
		i = lpm__new_group(m, i);
		if (!i)
			return 0;
		rt_write_release(word, RT_LPM_GROUP | i);
	}
	lpm__group_routes(m)[i] += (uint32_t)c->routes;
	if (!lpm__group_routes(m)[i]) {
		if (!c->n_gone) /* no other route: as before there was one */
			rt_write_release(word, c->to);
		c->gone[c->n_gone++] = i;
	}
	return i;
}

/* After the change in the trie. */
static void lpm__change_tables(const struct rt_map *m, struct lpm_change *c)
{
	uint32_t bits = rt_lpm__table_bits(&m->geo), words = m->geo.n_buckets, i;
	uint64_t first = lpm__first_word(m, c->data);
	uint32_t *table = lpm__table(m), *word;

	if (lpm__is_coarse(m, c->length)) {
		bits = rt_lpm__coarse_bits(&m->geo);
		table = lpm__coarse(m);
		words = RT_LPM_GROUP_WORDS;
	}
	while (c->length > bits) {
		word = &table[first >> (64 - bits) & (words - 1)];
		i = lpm__enter_group(m, word, bits, c);
		if (!i) {
			lpm__refresh(m, word, c->data, bits);
			return;
		}
		bits += RT_LPM_GROUP_BITS;
		table = lpm__group(m, i);
		words = RT_LPM_GROUP_WORDS;
	}
	if (!c->n_gone)
		lpm__replace_prefix(m, table, words, bits, first, c->length, c->from, c->to);
}

/* Lines of the table that are written for a route. */
static uint32_t lpm__lines(const struct rt_map *m, uint32_t length)
{
	uint32_t bits = rt_lpm__table_bits(&m->geo), words;

	if (lpm__is_coarse(m, length))
		return 0;
	words = UINT32_C(1) << (bits - rt_min(bits, length));
	return (words + RT_CACHE_LINE / 4 - 1) / (RT_CACHE_LINE / 4);
}

/* --- what programs do ---------------------------------------------------------------------- */

/* *spare: the value to be given back. */
static int64_t lpm__put(
	const struct rt_map *m, const void *key, uint32_t value, uint64_t flags, uint32_t *spare)
{
	const void *data = lpm__data(key);
	struct rt_lpm_head *head = lpm__head(m);
	uint32_t length = lpm__length(key), old = 0;
	struct lpm_place at = lpm__find(m, data, length);
	struct rt_lpm_node *node = lpm__node(m, rt_read(at.word));

	if (at.exact)
		old = rt_read(&node->value);
	*spare = value;
	if (old && flags == RT_NOEXIST)
		return -RT_EEXIST;
	if (!old && flags == RT_EXIST)
		return -RT_ENOENT;
	if (!old && head->count == m->geo.max_entries)
		return -RT_ENOSPC;
	*spare = old;
	if (!old) {
		rt_write(&head->count, head->count + 1);
		rt_write(&head->lines, head->lines + lpm__lines(m, length));
	}
	if (at.exact) {
		rt_copy_in(node->data, data, rt_lpm__data_size(&m->geo));
		rt_write_release(&node->value, value);
	} else {
		lpm__link(m, &at, data, length, value);
	}
	lpm__change_tables(
		m, &(struct lpm_change){data, length, old ? old : at.nearest, value, !old});
	return 0;
}

rt_cold int64_t rt_lpm__update(
	const struct rt_map *m, uint32_t slot, const void *key, const void *value, uint64_t flags)
{
	struct rt_lpm_head *head = lpm__head(m);
	uint32_t fresh, spare;
	int64_t err;

	if (flags > RT_EXIST || lpm__length(key) > lpm__max_length(m))
		return -RT_EINVAL;
	fresh = free_queue__take(&head->free_values, lpm__value_ring(m));
	rt_fence_release();
	rt_copy_in(lpm__value(m, fresh), value, m->geo.value_size);
	lpm__lock(m);
	err = lpm__put(m, key, fresh, flags, &spare);
	lpm__announce(m);
	rt_unlock(&head->lock);
	if (spare)
		free_queue__give_back(&head->free_values, lpm__value_ring(m), spare);
	return err;
}

/* Gives the route's value, 0 if there is no such route. */
static uint32_t lpm__take_out(const struct rt_map *m, const void *data, uint32_t length)
{
	struct rt_lpm_head *head = lpm__head(m);
	struct lpm_place at = lpm__find(m, data, length);
	struct rt_lpm_node *node = lpm__node(m, rt_read(at.word));
	struct lpm_change c = {data, length, at.exact ? rt_read(&node->value) : 0, at.nearest, -1};
	uint32_t gone[2] = {0};

	if (!c.from)
		return 0;
	if (rt_read(&node->child[0]) && rt_read(&node->child[1]))
		rt_write_release(&node->value, 0);
	else
		lpm__unlink(m, &at, gone);
	lpm__change_tables(m, &c);
	rt_write(&head->count, head->count - 1);
	rt_write(&head->lines, head->lines - lpm__lines(m, length));
	lpm__announce(m);
	lpm__free_node(m, gone[0]);
	lpm__free_node(m, gone[1]);
	for (uint32_t i = 0; i < c.n_gone; i++)
		lpm__free_group(m, c.gone[i]);
	return c.from;
}

rt_cold int64_t rt_lpm__delete(const struct rt_map *m, const void *key)
{
	struct rt_lpm_head *head = lpm__head(m);
	uint32_t value;

	if (lpm__length(key) > lpm__max_length(m))
		return -RT_EINVAL;
	lpm__lock(m);
	value = lpm__take_out(m, lpm__data(key), lpm__length(key));
	rt_unlock(&head->lock);
	if (!value)
		return -RT_ENOENT;
	free_queue__give_back(&head->free_values, lpm__value_ring(m), value);
	return 0;
}

/* --- what the host does besides ------------------------------------------------------------ */

/* Twice as many nodes as values: n routes have at most n - 1 nodes without a value. */
static void lpm__format(const struct rt_map *m, uint32_t slots, uint64_t seed)
{
	struct rt_lpm_head *head = lpm__head(m);

	free_queue__format(&head->free_values, lpm__value_ring(m), m->geo.n_elems);
	free_queue__format(&head->free_nodes, lpm__node_ring(m), 2 * m->geo.n_elems);
}

static int64_t lpm__read_all(
	const struct rt_map *m, uint32_t n_slots, const void *key, uint8_t *value)
{
	const uint8_t *found;
	uint32_t seq;

	do {
		seq = rt_read_acquire(&lpm__head(m)->seq);
		found = rt_lpm_ops.lookup(m, 0, key);
		if (found)
			rt_copy_out(value, found, m->geo.value_size);
	} while (lpm__changed(m, seq));
	return found ? 0 : -RT_ENOENT;
}

static int64_t lpm__write_all(const struct rt_map *m, uint32_t n_slots, const void *key,
	const uint8_t *value, uint64_t flags)
{
	return rt_lpm__update(m, 0, key, value, flags);
}

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
			rt_lpm__data_size(&m->geo));
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

static uint32_t lpm__count(const struct rt_map *m)
{
	return rt_read(&lpm__head(m)->count);
}

const struct rt_host_ops rt_lpm_host_ops = {
	.format = lpm__format,
	.read_all = lpm__read_all,
	.write_all = lpm__write_all,
	.next_key = lpm__next_key,
	.owns = lpm__owns,
	.count = lpm__count,
};
