/* SPDX-License-Identifier: BSD-3-Clause
 *
 * map-bloom.c -- BLOOM_FILTER: a set of values that knows "perhaps" and "no".
 *
 *	mem ─► seed │ bits
 *
 * As many bits as in the kernel for so many hash functions; each is a sum of two halves of one
 * hash (Kirsch and Mitzenmacher). Bits are only ever set: readers and writers take no lock.
 */
#include "hash.h"
#include "map-types.h"

static void bloom__format(const struct rt_map *m, uint32_t slots, uint64_t seed)
{
	*(struct rt_seed *)m->mem = rt_seed__of(seed);
}

/* Bit number i of a hash: the word and the bit in it. */
rt_inline uint64_t *bloom__word(const struct rt_map *m, uint64_t hash, uint32_t i, uint64_t *bit)
{
	uint64_t at = (hash >> 32) + i * (hash | 1);

	*bit = UINT64_C(1) << at % 64;
	return (uint64_t *)(m->mem + m->geo.index) + (at >> 6 & (m->geo.n_buckets - 1));
}

rt_inline uint64_t bloom__hash(const struct rt_map *m, const void *value)
{
	return rt_seed__hash((const struct rt_seed *)m->mem, value, m->geo.value_size);
}

static int64_t bloom__push(const struct rt_map *m, const void *value, uint64_t flags)
{
	uint64_t hash = bloom__hash(m, value), bit, *word;

	if (flags != RT_ANY)
		return -RT_EINVAL;
	for (uint32_t i = 0; i < m->geo.hashes; i++) {
		word = bloom__word(m, hash, i, &bit);
		if (!(rt_read(word) & bit))
			__atomic_fetch_or(word, bit, __ATOMIC_RELAXED);
	}
	return 0;
}

rt_hot static int64_t bloom__peek(const struct rt_map *m, void *value)
{
	uint64_t hash = bloom__hash(m, value), bit, *word;

	for (uint32_t i = 0; i < m->geo.hashes; i++) {
		word = bloom__word(m, hash, i, &bit);
		if (!(rt_read(word) & bit))
			return -RT_ENOENT;
	}
	return 0;
}

const struct rt_map_ops rt_bloom_ops = {.push = bloom__push, .peek = bloom__peek};

const struct rt_host_ops rt_bloom_host_ops = {.format = bloom__format};
