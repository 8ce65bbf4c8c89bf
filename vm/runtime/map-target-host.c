/* SPDX-License-Identifier: BSD-3-Clause
 *
 * map-target-host.c -- DEVMAP, DEVMAP_HASH, CPUMAP, XSKMAP: what the host puts in, and entries with
 * programs. Compiled natively only.
 *
 * What an update is refused for is what the kernel refuses it for, except that an interface
 * need not exist yet, and an interface stands where the kernel has a socket.
 */
#include "map-target.h"

#define CPUMAP_QUEUE_MAX 16384

static uint64_t word_of(struct rt_target entry, const struct rt_target *pair)
{
	return entry.number | (pair ? (uint64_t)entry.id << 32 : 0);
}

const struct rt_target *rt_target__pair_at(const struct rt_map *m, uint32_t key)
{
	const rt_word *value;

	if (!rt_targets_run(&m->geo))
		return NULL;
	if (!rt_target__is_hash(m))
		return key < m->geo.max_entries ? rt_read(rt_target__pair(m, key)) : NULL;
	value = rt_hash__lookup(m, 0, &key);
	return value ? (const struct rt_target *)rt_read(&value[1]) : NULL;
}

/* The order is map-target.h's. */
static void array__store(
	const struct rt_map *m, uint32_t i, uint64_t word, const struct rt_target *pair)
{
	if (pair)
		rt_write_release(rt_target__pair(m, i), pair);
	rt_write_release(rt_target__word(m, i), word);
	if (!pair && rt_targets_run(&m->geo))
		rt_write_release(rt_target__pair(m, i), NULL);
}

/* --- what the kernel looks at ---------------------------------------------------------- */

static int64_t devmap__check(struct rt_target entry, bool unknown)
{
	return unknown || (!entry.number && entry.id) ? -RT_EINVAL : 0;
}

static int64_t cpumap__check(uint32_t n_slots, uint32_t i, struct rt_target entry, bool unknown)
{
	if (entry.number > CPUMAP_QUEUE_MAX)
		return -RT_EOVERFLOW;
	if (i + 1 >= n_slots) /* the last slot is the host's: no worker */
		return -RT_ENODEV;
	return entry.number && unknown ? -RT_ENOMEM : 0;
}

/* One that is there already is no conflict. */
static int64_t xskmap__write(uint64_t *word, uint64_t target, uint64_t flags)
{
	uint64_t old = rt_read(word);

	if (!target)
		return -RT_EBADF;
	if (old && old != target && flags == RT_NOEXIST)
		return -RT_EEXIST;
	if (!old && flags == RT_EXIST)
		return -RT_ENOENT;
	rt_write(word, target);
	return 0;
}

static int64_t array__write(const struct rt_map *m, uint32_t n_slots, uint32_t i,
	struct rt_target entry, const struct rt_target *pair, uint64_t flags)
{
	bool unknown = entry.id && !pair;
	int64_t err;

	if (flags > RT_EXIST)
		return -RT_EINVAL;
	if (i >= m->geo.max_entries)
		return -RT_E2BIG;
	if (m->geo.type == RT_MAP_XSKMAP)
		return xskmap__write(rt_target__word(m, i), entry.number, flags);
	if (flags == RT_NOEXIST)
		return -RT_EEXIST;
	err = m->geo.type == RT_MAP_DEVMAP ? devmap__check(entry, unknown)
					   : cpumap__check(n_slots, i, entry, unknown);
	if (!err)
		array__store(m, i, word_of(entry, pair), pair);
	return err;
}

/* BPF_EXIST is as good as BPF_ANY here: the kernel does not look. */
static int64_t hash__write(const struct rt_map *m, uint32_t n_slots, uint32_t key,
	struct rt_target entry, const struct rt_target *pair, uint64_t flags)
{
	uint64_t value[2] = {word_of(entry, pair), (uintptr_t)pair};
	int64_t err = devmap__check(entry, entry.id && !pair);

	if (flags > RT_EXIST || !entry.number)
		return -RT_EINVAL;
	flags = flags == RT_NOEXIST ? RT_NOEXIST : RT_ANY;
	if (flags == RT_NOEXIST && rt_hash__lookup(m, 0, &key))
		return -RT_EEXIST;
	if (err)
		return err;
	return rt_hash__write_all(m, n_slots, &key, (const uint8_t *)value, flags);
}

int64_t rt_target__write(const struct rt_map *m, uint32_t n_slots, uint32_t key,
	struct rt_target entry, const struct rt_target *pair, uint64_t flags)
{
	return rt_target__is_hash(m) ? hash__write(m, n_slots, key, entry, pair, flags)
				     : array__write(m, n_slots, key, entry, pair, flags);
}

int64_t rt_target__remove(const struct rt_map *m, uint32_t key)
{
	if (rt_target__is_hash(m))
		return rt_hash__delete(m, &key);
	if (key >= m->geo.max_entries)
		return -RT_EINVAL;
	array__store(m, key, 0, NULL);
	return 0;
}

static int64_t array__read_all(
	const struct rt_map *m, uint32_t n_slots, const void *key, uint8_t *value)
{
	uint32_t i = *(const rt_unaligned32 *)key;
	uint64_t word = i < m->geo.max_entries ? rt_read(rt_target__word(m, i)) : 0;

	if (!word)
		return -RT_ENOENT;
	rt_store_word(value, m->geo.value_size, 0, word);
	return 0;
}

/* --- all entries ------------------------------------------------------------------------ */

static bool walk__next_key(const struct rt_map *m, struct rt_target_walk *w)
{
	if (!rt_target__is_hash(m)) {
		w->key = w->next++;
		return w->key < m->geo.max_entries;
	}
	if (!rt_hash__walk(m, 0, &w->hash))
		return false;
	w->key = (uint32_t)rt_read((rt_word *)w->hash.key);
	return true;
}

bool rt_target__walk(const struct rt_map *m, struct rt_target_walk *w)
{
	w->found.number = 0;
	while (!w->found.number && walk__next_key(m, w))
		w->found = rt_target__find(m, w->key);
	return w->found.number;
}

static uint32_t array__count(const struct rt_map *m)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < m->geo.max_entries; i++)
		n += rt_read(rt_target__word(m, i)) != 0;
	return n;
}

const struct rt_host_ops rt_target_host_ops = {
	.read_all = array__read_all,
	.next_key = rt_array__next_key,
	.owns = rt_array__owns,
	.count = array__count,
};

const struct rt_host_ops rt_devmap_hash_host_ops = {
	.format = rt_hash__format,
	.read_all = rt_hash__read_all,
	.next_key = rt_hash__next_key,
	.walk_key = rt_hash__walk_key,
	.owns = rt_hash__owns,
	.count = rt_hash__count,
};
