/* SPDX-License-Identifier: BSD-3-Clause
 *
 * map-target.c -- DEVMAP, DEVMAP_HASH, CPUMAP, XSKMAP: where bpf_redirect_map() may send a
 * packet. Only the host changes them.
 *
 *	mem ─► word 0 │ word 1 │ ...        DEVMAP, CPUMAP, XSKMAP: an entry is one word
 *
 * A word is the target (interface, length of the queue, port; 0: no entry) and, above it, the
 * program that runs there, of which there is none yet: its half is 0. DEVMAP_HASH is a hash
 * whose values are such words.
 *
 * What an update is refused for is what the kernel refuses it for, except that an interface
 * need not exist yet, and a port stands where the kernel has a socket.
 */
#include "map-hash.h"
#include "words.h"

#define CPUMAP_QUEUE_MAX 16384

rt_inline uint64_t *target__word(const struct rt_map *m, uint32_t i)
{
	return (uint64_t *)m->mem + i;
}

rt_inline uint32_t target__key(const void *key)
{
	return *(const rt_unaligned32 *)key;
}

rt_hot static void *target__lookup(const struct rt_map *m, uint32_t slot, const void *key)
{
	uint32_t i = target__key(key);

	return i < m->geo.max_entries && rt_read(target__word(m, i)) ? target__word(m, i) : NULL;
}

/* What the host hands over as a value. */
struct target {
	uint32_t number;
	int32_t prog_fd;
};

static struct target target__of(const struct rt_map *m, const void *value)
{
	uint64_t word = rt_load_word(value, m->geo.value_size, 0);

	return (struct target){(uint32_t)word, (int32_t)(word >> 32)};
}

static int64_t devmap__check(struct target t)
{
	return t.prog_fd > 0 ? -RT_EINVAL : 0;
}

static int64_t cpumap__check(uint32_t n_slots, uint32_t i, struct target t)
{
	if (t.number > CPUMAP_QUEUE_MAX)
		return -RT_EOVERFLOW;
	if (i + 1 >= n_slots) /* the last slot is the host's: no worker */
		return -RT_ENODEV;
	return t.number && t.prog_fd > 0 ? -RT_ENOMEM : 0;
}

static int64_t xskmap__write(uint64_t *word, struct target t, uint64_t flags)
{
	uint64_t old = rt_read(word);

	if (!t.number)
		return -RT_EBADF;
	do {
		if (old == t.number)
			return 0;
		if (old && flags == RT_NOEXIST)
			return -RT_EEXIST;
		if (!old && flags == RT_EXIST)
			return -RT_ENOENT;
	} while (!__atomic_compare_exchange_n(
		word, &old, (uint64_t)t.number, true, __ATOMIC_RELAXED, __ATOMIC_RELAXED));
	return 0;
}

static int64_t target__write_all(const struct rt_map *m, uint32_t n_slots, const void *key,
	const uint8_t *value, uint64_t flags)
{
	struct target t = target__of(m, value);
	uint32_t i = target__key(key);
	int64_t err;

	if (flags > RT_EXIST)
		return -RT_EINVAL;
	if (i >= m->geo.max_entries)
		return -RT_E2BIG;
	if (m->geo.type == RT_MAP_XSKMAP)
		return xskmap__write(target__word(m, i), t, flags);
	if (flags == RT_NOEXIST)
		return -RT_EEXIST;
	err = m->geo.type == RT_MAP_DEVMAP ? devmap__check(t) : cpumap__check(n_slots, i, t);
	if (!err)
		rt_write(target__word(m, i), (uint64_t)t.number);
	return err;
}

static int64_t target__delete(const struct rt_map *m, const void *key)
{
	uint32_t i = target__key(key);

	if (i >= m->geo.max_entries)
		return -RT_EINVAL;
	rt_write(target__word(m, i), 0);
	return 0;
}

static int64_t target__read_all(
	const struct rt_map *m, uint32_t n_slots, const void *key, uint8_t *value)
{
	uint32_t i = target__key(key);
	uint64_t word = i < m->geo.max_entries ? rt_read(target__word(m, i)) : 0;

	if (!word)
		return -RT_ENOENT;
	rt_store_word(value, m->geo.value_size, 0, word);
	return 0;
}

/* BPF_EXIST is as good as BPF_ANY here: the kernel does not look. */
static int64_t devmap_hash__write_all(const struct rt_map *m, uint32_t n_slots, const void *key,
	const uint8_t *value, uint64_t flags)
{
	struct target t = target__of(m, value);
	uint64_t word = t.number;
	int64_t err = devmap__check(t);

	if (flags > RT_EXIST || !t.number)
		return -RT_EINVAL;
	flags = flags == RT_NOEXIST ? RT_NOEXIST : RT_ANY;
	if (flags == RT_NOEXIST && rt_hash__lookup(m, 0, key))
		return -RT_EEXIST;
	if (err)
		return err;
	return rt_hash__write_all(m, n_slots, key, (const uint8_t *)&word, flags);
}

const struct rt_map_ops rt_target_ops = {.lookup = target__lookup, .remove = target__delete};

const struct rt_host_ops rt_target_host_ops = {
	.read_all = target__read_all,
	.write_all = target__write_all,
	.next_key = rt_array__next_key,
	.owns = rt_array__owns,
};

const struct rt_map_ops rt_devmap_hash_ops = {
	.lookup = rt_hash__lookup,
	.remove = rt_hash__delete,
	RT_HASH_AHEAD,
};

const struct rt_host_ops rt_devmap_hash_host_ops = {
	.format = rt_hash__format,
	.read_all = rt_hash__read_all,
	.write_all = devmap_hash__write_all,
	.next_key = rt_hash__next_key,
	.owns = rt_hash__owns,
};
