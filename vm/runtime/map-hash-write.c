/* SPDX-License-Identifier: BSD-3-Clause
 *
 * map-hash-write.c -- elements of the HASH family come and go; and the host's view of them.
 *
 * Update of an existing key fills a fresh element and publishes its number where the old one
 * was: a program that still holds the old value's address keeps the old value. Free elements
 * queue, so that one is reused as late as possible. Per-CPU values change in place, as in the
 * kernel.
 *
 * LRU maps approximate: a lookup sets its slot's bit in `used`, as does an update of what is
 * there; where a key needs room, the hand of a clock goes over one slot of all buckets, then over
 * the next slot of all, clears the bits that are set and takes the first element whose bit is
 * not. A new element takes the slot of its bucket that the hand comes to last. The bits are set
 * without atomic operations: now and then one is lost.
 *
 * Lock order: under a bucket's lock only the lock in a value (value.h), under the queue's
 * nothing. An updater that finds the queue empty waits holding nothing: as every element beyond
 * max_entries is in the hands of another updater, it will come.
 */
#include "map-hash.h"
#include "value.h"

/* Where an element hangs: the word that holds its number, and the slot if it is in one. */
struct place {
	uint32_t *word; /* NULL: not found */
	int slot;       /* -1: in the chain */
};

/* Under the bucket's lock. */
static struct place hash__find_place(
	const struct rt_map *m, struct rt_hash_bucket *b, uint64_t tag, const void *key)
{
	uint32_t *word;

	for (rt_match match = tags__match(b->tags, tag); match; match = match__next(match)) {
		int slot = (int)match__slot(match);

		if (hash__key_equal(m, rt_read(&b->elems[slot]), key))
			return (struct place){&b->elems[slot], slot};
	}
	for (word = &b->chain; rt_read(word); word = rt_hash__link(m, rt_read(word)))
		if (hash__key_equal(m, rt_read(word), key))
			return (struct place){word, -1};
	return (struct place){NULL, -1};
}

static void bucket__announce_change(struct rt_hash_bucket *b)
{
	rt_write_release(&b->seq, rt_read(&b->seq) + 1);
}

/* Was it used since this was asked last? */
static bool bucket__clear_used(struct rt_hash_bucket *b, uint32_t slot)
{
	uint32_t used = rt_read(&b->used);

	rt_write(&b->used, used & ~(UINT32_C(1) << slot));
	return used >> slot & 1;
}

/* LRU: the slot that the hand is at. */
static uint32_t hash__hand_slot(const struct rt_map *m, uint32_t hand)
{
	return hand / m->geo.n_buckets % (RT_HASH_CHAIN + 1);
}

/* RT_HASH_CHAIN: all slots are taken. LRU maps take what the hand comes to last. */
static uint32_t bucket__empty_slot(const struct rt_map *m, const struct rt_hash_bucket *b)
{
	uint32_t first = hash__hand_slot(m, rt_read(&hash__head(m)->hand)), slot;
	rt_match empty = tags__match(b->tags, 0);

	if (!empty)
		return RT_HASH_CHAIN;
	if (!rt_is_lru(&m->geo))
		return match__slot(empty);
	for (uint32_t i = RT_HASH_CHAIN;; i--) {
		slot = (first + i) % (RT_HASH_CHAIN + 1);
		if (slot != RT_HASH_CHAIN && !tags__get(b->tags, slot))
			return slot;
	}
}

/* The writers of one bucket: publish an element, exchange one for another, take one out. */
static void bucket__insert(
	const struct rt_map *m, struct rt_hash_bucket *b, uint64_t tag, uint32_t elem)
{
	uint32_t slot = bucket__empty_slot(m, b);

	if (slot == RT_HASH_CHAIN) {
		rt_write(rt_hash__link(m, elem), rt_read(&b->chain));
		rt_write_release(&b->chain, elem);
		return;
	}
	bucket__clear_used(b, slot);
	rt_write_release(&b->elems[slot], elem);
	tags__set(b->tags, slot, tag);
}

static uint32_t bucket__exchange(
	const struct rt_map *m, struct rt_hash_bucket *b, struct place at, uint32_t elem)
{
	uint32_t old = rt_read(at.word);

	if (at.slot < 0)
		rt_write(rt_hash__link(m, elem), rt_read(rt_hash__link(m, old)));
	rt_write_release(at.word, elem);
	bucket__announce_change(b);
	bucket__set_used(b, at.slot < 0 ? RT_HASH_CHAIN : (uint32_t)at.slot);
	return old;
}

static uint32_t bucket__remove(const struct rt_map *m, struct rt_hash_bucket *b, struct place at)
{
	uint32_t old = rt_read(at.word);

	if (at.slot < 0)
		rt_write_release(at.word, rt_read(rt_hash__link(m, old)));
	else
		tags__set(b->tags, (uint32_t)at.slot, 0);
	bucket__announce_change(b);
	return old;
}

static uint32_t hash__take_free(const struct rt_map *m)
{
	struct rt_free_queue *q = &hash__head(m)->free;
	uint32_t elem = free_queue__take(q, rt_hash__ring(m));

	rt_prefetch_write(rt_hash__key(m, free_queue__peek(q, rt_hash__ring(m))));
	return elem;
}

static void hash__give_back(const struct rt_map *m, uint32_t elem)
{
	free_queue__give_back(&hash__head(m)->free, rt_hash__ring(m), elem);
}

static void hash__release(const struct rt_map *m, uint32_t elem)
{
	hash__give_back(m, elem);
	__atomic_fetch_sub(&hash__head(m)->count, 1, __ATOMIC_RELAXED);
}

/* One element more in the buckets, if there may be. */
static bool hash__count_one(const struct rt_map *m)
{
	uint32_t *count = &hash__head(m)->count, n = rt_read(count);

	while (n < m->geo.max_entries)
		if (__atomic_compare_exchange_n(
			    count, &n, n + 1, true, __ATOMIC_RELAXED, __ATOMIC_RELAXED))
			return true;
	return false;
}

void rt_hash__format(const struct rt_map *m, uint32_t slots, uint64_t seed)
{
	struct rt_hash_head *head = hash__head(m);

	head->seed = rt_seed__of(seed);
	head->n_slots = slots;
	free_queue__format(&head->free, rt_hash__ring(m), m->geo.n_elems);
}

/* The values of all slots at once (host), or of one (program). */
struct source {
	const uint8_t *values;
	uint32_t n_slots; /* host: number of slots in `values`; 0: only `slot` */
	uint32_t slot;
	bool locked; /* into the value that is there, under its lock */
};

static void hash__copy_value(const struct rt_map *m, uint32_t elem, const struct source *src)
{
	uint32_t first = src->n_slots ? 0 : src->slot;
	uint32_t n = src->n_slots ? rt_host_values(&m->geo, src->n_slots) : 1;

	for (uint32_t i = 0; i < n; i++)
		rt_value__write(&m->geo, rt_hash__value(m, first + i, elem),
			src->values + (uint64_t)i * m->geo.value_stride);
}

/* The fence pairs with the reader's: who sees any of these stores sees too that the bucket
 * which the element left has changed. */
static void hash__fill(
	const struct rt_map *m, uint32_t elem, const void *key, const struct source *src)
{
	rt_fence_release();
	rt_copy_in(rt_hash__key(m, elem), key, m->geo.key_size);
	if (rt_is_percpu(&m->geo) && !src->n_slots)
		for (uint32_t slot = 0; slot < hash__head(m)->n_slots; slot++)
			rt_clear(rt_hash__value(m, slot, elem), m->geo.value_size);
	hash__copy_value(m, elem, src);
}

/* Under the bucket's lock. `elem` is filled, or 0 if the key is hoped to exist. Leaves in
 * *spare what is to be given back. 1: the key does not exist and there is no `elem`. */
static int64_t hash__put(const struct rt_map *m, struct rt_hash_bucket *b, uint64_t tag,
	const void *key, const struct source *src, uint64_t flags, uint32_t elem, uint32_t *spare)
{
	struct place at = hash__find_place(m, b, tag, key);

	*spare = elem;
	if (at.word && flags == RT_NOEXIST)
		return -RT_EEXIST;
	if (!at.word && flags == RT_EXIST)
		return -RT_ENOENT;
	if (at.word && rt_is_percpu(&m->geo)) {
		hash__copy_value(m, rt_read(at.word), src);
		return 0;
	}
	if (at.word && src->locked) {
		rt_value__write_locked(
			&m->geo, rt_hash__value(m, 0, rt_read(at.word)), src->values);
		return 0;
	}
	if (!elem)
		return 1;
	if (!at.word && !hash__count_one(m))
		return -RT_E2BIG;
	*spare = 0;
	if (at.word)
		*spare = bucket__exchange(m, b, at, elem);
	else
		bucket__insert(m, b, tag, elem);
	return 0;
}

/* The element in a slot if it was not used since the hand was here; of a chain the oldest. */
static struct place bucket__find_unused(
	const struct rt_map *m, struct rt_hash_bucket *b, uint32_t slot, bool any)
{
	uint32_t *word = slot == RT_HASH_CHAIN ? &b->chain : &b->elems[slot];

	if (slot == RT_HASH_CHAIN ? !rt_read(word) : !tags__get(b->tags, slot))
		return (struct place){NULL, -1};
	if (bucket__clear_used(b, slot) && !any)
		return (struct place){NULL, -1};
	if (slot != RT_HASH_CHAIN)
		return (struct place){word, (int)slot};
	while (rt_read(rt_hash__link(m, rt_read(word))))
		word = rt_hash__link(m, rt_read(word));
	return (struct place){word, -1};
}

/* LRU: takes an element out, unless there is room meanwhile. Lookups can set bits as fast as
 * the hand clears them: the third time round it takes any. */
rt_cold static void hash__evict(const struct rt_map *m)
{
	struct rt_hash_head *head = hash__head(m);
	const uint32_t laps = 2 * (RT_HASH_CHAIN + 1); /* round all slots twice */
	uint32_t n = m->geo.n_buckets, elem = 0;

	for (uint32_t i = 0; !elem && rt_read(&head->count) >= m->geo.max_entries; i++) {
		uint32_t hand = __atomic_fetch_add(&head->hand, 1, __ATOMIC_RELAXED);
		struct rt_hash_bucket *b = rt_hash__bucket(m, hand & (n - 1));
		struct place at;

		rt_lock(&b->lock);
		at = bucket__find_unused(m, b, hash__hand_slot(m, hand), i / laps >= n);
		if (at.word)
			elem = bucket__remove(m, b, at);
		rt_unlock(&b->lock);
	}
	if (elem)
		hash__release(m, elem);
}

/* A per-CPU value changes in place: a fresh element is needed only for a new key. */
static int64_t hash__write(
	const struct rt_map *m, const void *key, struct source *src, uint64_t flags)
{
	uint64_t hash = hash__of(m, key), tag = hash__tag(hash);
	struct rt_hash_bucket *b = rt_hash__bucket(m, hash__index(m, hash));
	bool fresh = !rt_is_percpu(&m->geo);
	uint32_t elem = 0, spare;
	int64_t err;

	src->locked = flags & RT_F_LOCK && m->geo.lock_off;
	if (src->locked)
		flags &= ~(uint64_t)RT_F_LOCK;
	if (flags > RT_EXIST)
		return -RT_EINVAL;
	rt_prefetch_write(b);
	for (;; fresh = true) {
		if (fresh && !elem) {
			elem = hash__take_free(m);
			hash__fill(m, elem, key, src);
		}
		rt_lock(&b->lock);
		err = hash__put(m, b, tag, key, src, flags, elem, &spare);
		rt_unlock(&b->lock);
		if (err == -RT_E2BIG && rt_is_lru(&m->geo)) {
			hash__evict(m);
			continue;
		}
		if (spare)
			hash__give_back(m, spare);
		if (err <= 0)
			return err;
	}
}

rt_cold int64_t rt_hash__update(
	const struct rt_map *m, uint32_t slot, const void *key, const void *value, uint64_t flags)
{
	return hash__write(m, key, &(struct source){.values = value, .slot = slot}, flags);
}

/* Takes out the element with the key; 0 if there is none. The caller gives it back. */
static uint32_t hash__unlink(const struct rt_map *m, const void *key)
{
	uint64_t hash = hash__of(m, key);
	struct rt_hash_bucket *b = rt_hash__bucket(m, hash__index(m, hash));
	struct place at;
	uint32_t elem = 0;

	rt_lock(&b->lock);
	at = hash__find_place(m, b, hash__tag(hash), key);
	if (at.word)
		elem = bucket__remove(m, b, at);
	rt_unlock(&b->lock);
	return elem;
}

rt_cold int64_t rt_hash__delete(const struct rt_map *m, const void *key)
{
	uint32_t elem = hash__unlink(m, key);

	if (elem)
		hash__release(m, elem);
	return elem ? 0 : -RT_ENOENT;
}

/* --- the host's view ----------------------------------------------------------------- */

static void hash__read_values(
	const struct rt_map *m, uint32_t n_slots, uint32_t elem, uint8_t *values)
{
	for (uint32_t slot = 0; slot < rt_host_values(&m->geo, n_slots); slot++)
		rt_value__read(&m->geo, values + (uint64_t)slot * m->geo.value_stride,
			rt_hash__value(m, slot, elem));
}

int64_t rt_hash__read_all(
	const struct rt_map *m, uint32_t n_slots, const void *key, uint8_t *values)
{
	uint64_t hash = hash__of(m, key);
	const struct rt_hash_bucket *b = rt_hash__bucket(m, hash__index(m, hash));
	uint32_t seq, elem;

	do {
		seq = rt_read_acquire(&b->seq);
		elem = rt_hash__find(m, b, hash, key).elem;
		if (elem)
			hash__read_values(m, n_slots, elem, values);
	} while (bucket__changed(b, seq));
	return elem ? 0 : -RT_ENOENT;
}

bool rt_hash__words(const struct rt_map *m, const void *key, uint64_t *words, uint32_t n)
{
	uint64_t hash = hash__of(m, key);
	const struct rt_hash_bucket *b = rt_hash__bucket(m, hash__index(m, hash));
	uint32_t seq, elem;

	do {
		seq = rt_read_acquire(&b->seq);
		elem = rt_hash__find(m, b, hash, key).elem;
		for (uint32_t i = 0; elem && i < n; i++)
			words[i] = rt_read_acquire((rt_word *)rt_hash__value(m, 0, elem) + i);
	} while (bucket__changed(b, seq));
	return elem;
}

static int64_t hash__take_all(
	const struct rt_map *m, uint32_t n_slots, const void *key, uint8_t *values)
{
	uint32_t elem = hash__unlink(m, key);

	if (!elem)
		return -RT_ENOENT;
	hash__read_values(m, n_slots, elem, values);
	hash__release(m, elem);
	return 0;
}

int64_t rt_hash__write_all(const struct rt_map *m, uint32_t n_slots, const void *key,
	const uint8_t *values, uint64_t flags)
{
	return hash__write(m, key, &(struct source){.values = values, .n_slots = n_slots}, flags);
}

/* The order of a walk: buckets, in each the slots and then the chain. Elements do not change
 * places, so a walk beside writers meets every key that stays (unless a key is taken out and
 * put back while the walk stands on it, which may put the walk further on). */
static uint32_t bucket__next(
	const struct rt_map *m, const struct rt_hash_bucket *b, const struct place *after)
{
	if (after && after->slot < 0)
		return rt_read(rt_hash__link(m, rt_read(after->word)));
	for (uint32_t slot = after ? (uint32_t)after->slot + 1 : 0; slot < RT_HASH_SLOTS; slot++)
		if (tags__get(b->tags, slot))
			return rt_read(&b->elems[slot]);
	return rt_read(&b->chain);
}

/* Writes the first key of the bucket, or the one after `key`. 1: no such. */
static int64_t hash__next_in(
	const struct rt_map *m, struct rt_hash_bucket *b, uint64_t tag, const void *key, void *next)
{
	struct place at = {NULL, -1};
	uint32_t elem = 0;

	rt_lock(&b->lock);
	if (key)
		at = hash__find_place(m, b, tag, key);
	if (!key || at.word)
		elem = bucket__next(m, b, key ? &at : NULL);
	if (elem)
		rt_copy_out(next, rt_hash__key(m, elem), m->geo.key_size);
	rt_unlock(&b->lock);
	if (key && !at.word)
		return -RT_ENOENT;
	return !elem;
}

/* After a key that has gone: the first of all, or the first of its bucket. */
static int64_t hash__next_key(const struct rt_map *m, const void *key, void *next, bool restart)
{
	uint64_t hash;
	uint32_t i = 0;
	int64_t err;

	if (key) {
		hash = hash__of(m, key);
		i = hash__index(m, hash);
		err = hash__next_in(m, rt_hash__bucket(m, i), hash__tag(hash), key, next);
		if (!err)
			return 0;
		if (err > 0)
			i++;
		else if (restart)
			i = 0;
	}
	for (; i < m->geo.n_buckets; i++)
		if (!hash__next_in(m, rt_hash__bucket(m, i), 0, NULL, next))
			return 0;
	return -RT_ENOENT;
}

int64_t rt_hash__next_key(const struct rt_map *m, const void *key, void *next)
{
	return hash__next_key(m, key, next, true);
}

int64_t rt_hash__walk_key(const struct rt_map *m, const void *key, void *next)
{
	return hash__next_key(m, key, next, false);
}

bool rt_hash__owns(const struct rt_map *m, uint32_t slot, const void *p, uint64_t size)
{
	uint32_t stride = rt_is_percpu(&m->geo) ? m->geo.value_stride : m->geo.elem_stride;
	uint64_t off = (uint64_t)((const uint8_t *)p - rt_hash__value(m, slot, 0));

	if (off >= (uint64_t)m->geo.n_elems * stride)
		return false;
	off %= stride;
	return size <= m->geo.value_size && off <= m->geo.value_size - size;
}

uint32_t rt_hash__count(const struct rt_map *m)
{
	return rt_read(&hash__head(m)->count);
}

const struct rt_host_ops rt_hash_host_ops = {
	.format = rt_hash__format,
	.read_all = rt_hash__read_all,
	.write_all = rt_hash__write_all,
	.take_all = hash__take_all,
	.next_key = rt_hash__next_key,
	.walk_key = rt_hash__walk_key,
	.owns = rt_hash__owns,
	.count = rt_hash__count,
};
