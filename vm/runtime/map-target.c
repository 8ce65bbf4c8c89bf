/* SPDX-License-Identifier: BSD-3-Clause
 *
 * map-target.c -- DEVMAP, DEVMAP_HASH, CPUMAP and XSKMAP: what programs and workers find in
 * them.
 */
#include "map-target.h"

/* A word with a program leads to a pair, unless the word has gone meanwhile. */
static struct rt_target array__read(const struct rt_map *m, uint32_t i)
{
	const struct rt_target *pair = NULL;
	uint64_t word;

	do {
		word = rt_read_acquire(rt_target__word(m, i));
		if (word >> 32)
			pair = rt_read_acquire(rt_target__pair(m, i));
	} while (word >> 32 && !pair);
	return word >> 32 ? *pair : (struct rt_target){.number = (uint32_t)word};
}

static struct rt_target hash__read(const struct rt_map *m, uint32_t key)
{
	uint64_t value[2];

	if (!rt_hash__words(m, &key, value, 2))
		return (struct rt_target){0};
	return value[1] ? *(const struct rt_target *)value[1]
			: (struct rt_target){.number = (uint32_t)value[0]};
}

rt_cold struct rt_target rt_target__read(const struct rt_map *m, uint32_t key)
{
	return rt_target__is_hash(m) ? hash__read(m, key) : array__read(m, key);
}

rt_hot static void *target__lookup(const struct rt_map *m, uint32_t slot, const void *key)
{
	uint32_t i = *(const rt_unaligned32 *)key;

	return i < m->geo.max_entries && rt_read(rt_target__word(m, i)) ? rt_target__word(m, i)
									: NULL;
}

const struct rt_map_ops rt_target_ops = {.lookup = target__lookup};

const struct rt_map_ops rt_devmap_hash_ops = {.lookup = rt_hash__lookup, RT_HASH_AHEAD};
