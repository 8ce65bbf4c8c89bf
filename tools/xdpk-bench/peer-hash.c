/* SPDX-License-Identifier: BSD-3-Clause
 *
 * peer-hash.c -- rte_hash as it is fastest: one thread, no locks, the values in the table.
 */
#include <rte_hash.h>
#include <string.h>

#include "tables.h"

static void key_of(const void *map_key, void *key)
{
	memcpy(key, map_key, peer_hash.key_size);
}

/* As full as it is asked to be: what finds no bucket goes into the extendable ones. */
static void *create(uint32_t entries)
{
	const struct rte_hash_parameters params = {.name = "peer",
		.entries = entries,
		.key_len = peer_hash.key_size,
		.socket_id = 0,
		.extra_flag = RTE_HASH_EXTRA_FLAGS_EXT_TABLE};

	return rte_hash_create(&params);
}

static int add(void *table, const void *map_key, uint64_t value)
{
	return rte_hash_add_key_data(table, map_key, (void *)(uintptr_t)value);
}

static void destroy(void *table)
{
	rte_hash_free(table);
}

static uint64_t single(void *table, const void *keys, uint32_t n)
{
	const uint8_t *key = keys;
	uint64_t sum = 0;
	void *value;

	for (uint32_t i = 0; i < n; i++, key += peer_hash.key_size)
		if (rte_hash_lookup_data(table, key, &value) >= 0)
			sum += (uintptr_t)value;
	return sum;
}

static uint64_t bulk(void *table, const void *keys, uint32_t n)
{
	const void *burst[TABLES_BURST];
	void *values[TABLES_BURST];
	const uint8_t *key = keys;
	uint64_t sum = 0, hits;

	for (uint32_t i = 0; i < n; i += TABLES_BURST) {
		for (uint32_t k = 0; k < TABLES_BURST; k++, key += peer_hash.key_size)
			burst[k] = key;
		rte_hash_lookup_bulk_data(table, burst, TABLES_BURST, &hits, values);
		for (uint32_t k = 0; k < TABLES_BURST; k++)
			if (hits >> k & 1)
				sum += (uintptr_t)values[k];
	}
	return sum;
}

const struct peer peer_hash = {
	.name = "rte_hash",
	.key_size = 16,
	.key = key_of,
	.create = create,
	.add = add,
	.destroy = destroy,
	.lookup = {single, bulk},
};
