/* SPDX-License-Identifier: BSD-3-Clause
 *
 * peer-lpm.c -- rte_lpm: IPv4 routes, next hops of 24 bits. It is asked for addresses that are in
 * host order already.
 */
#include <errno.h>
#include <linux/bpf.h>
#include <rte_byteorder.h>
#include <rte_lpm.h>
#include <string.h>

#include "tables.h"

#define NEXT_HOP 0xffffff

struct route_key {
	uint32_t length;
	rte_be32_t address;
};

static void key_of(const void *map_key, void *key)
{
	const struct route_key *route = map_key;

	*(uint32_t *)key = rte_be_to_cpu_32(route->address);
}

/* Prefixes of more than 24 bits are few; each may want a table of its own. */
static void *create(uint32_t entries)
{
	const struct rte_lpm_config config = {
		.max_rules = entries, .number_tbl8s = 256 + entries / 16};

	return rte_lpm_create("peer", 0, &config);
}

static int add(void *table, const void *map_key, uint64_t value)
{
	const struct route_key *route = map_key;

	return rte_lpm_add(
		table, rte_be_to_cpu_32(route->address), route->length, value & NEXT_HOP);
}

static void destroy(void *table)
{
	rte_lpm_free(table);
}

static uint64_t single(void *table, const void *keys, uint32_t n)
{
	const uint32_t *address = keys;
	uint64_t sum = 0;
	uint32_t next;

	for (uint32_t i = 0; i < n; i++)
		if (!rte_lpm_lookup(table, address[i], &next))
			sum += next;
	return sum;
}

static uint64_t bulk(void *table, const void *keys, uint32_t n)
{
	const uint32_t *address = keys;
	uint32_t next[TABLES_BURST];
	uint64_t sum = 0;

	for (uint32_t i = 0; i < n; i += TABLES_BURST) {
		rte_lpm_lookup_bulk(table, address + i, next, TABLES_BURST);
		for (uint32_t k = 0; k < TABLES_BURST; k++)
			if (next[k] & RTE_LPM_LOOKUP_SUCCESS)
				sum += next[k] & NEXT_HOP;
	}
	return sum;
}

const struct peer peer_lpm = {
	.name = "rte_lpm",
	.key_size = 4,
	.key = key_of,
	.create = create,
	.add = add,
	.destroy = destroy,
	.lookup = {single, bulk},
};
