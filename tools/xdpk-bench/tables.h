/* SPDX-License-Identifier: BSD-3-Clause
 *
 * tables.h -- lookups alone: a map of ours, and the table of DPDK's that does the same, with the
 * same entries. Both are asked for keys that they have, in random order.
 *
 *	native-tables.c   lookups in ours as compiled programs have them: geometry is constant
 *	peer-*.c          DPDK's tables
 *	table.c           the two filled, and what they are asked
 *	engine-tables.c   the ways to ask
 */
#ifndef XDPK_BENCH_TABLES_H
#define XDPK_BENCH_TABLES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define TABLES_BURST 32

/* n lookups, n a multiple of the burst; the sum of the values found. `keys` are in the form that
 * the table takes. */
typedef uint64_t (*tables_lookup_fn)(void *table, const void *keys, uint32_t n);

/* One after the other; a burst at a time, what its lookups touch fetched ahead. */
enum lookup_way { LOOKUP_SINGLE, LOOKUP_BURST, N_LOOKUP_WAYS };

/* Ours: `table` is the map's memory. What the module exports by name. */
struct native_table {
	uint32_t type, key_size, value_size, entries, flags; /* of the map */
	tables_lookup_fn lookup[N_LOOKUP_WAYS];
};

struct peer {
	const char *name;
	uint32_t key_size;
	/* Of the map's key. */
	void (*key)(const void *map_key, void *key);
	/* NULL: no memory. One at a time. */
	void *(*create)(uint32_t entries);
	/* 0 or negative errno. */
	int (*add)(void *table, const void *map_key, uint64_t value);
	void (*destroy)(void *table);
	tables_lookup_fn lookup[N_LOOKUP_WAYS];
};

extern const struct peer peer_hash, peer_lpm;

/* Before a peer is created: an EAL without devices or privileges. 0, or negative errno with
 * *errmsg. */
int peers__start(char **errmsg);

/* Those of a case. */
struct tables {
	void *module;
	const struct native_table *native;
	const struct table_kind *kind;
	struct ebpf_map *map;
	uint32_t n_queries; /* a multiple of TABLES_CHUNK */
	uint8_t *queries;
	uint64_t sum; /* of all values found */
	/* The other's, once it has been asked for. */
	const struct peer *peer;
	void *peer_table;
	uint8_t *peer_queries;
};

/* Queries that are timed together. */
#define TABLES_CHUNK 1024

struct bench_case;

/* 0, or -1 with *errmsg; close it in any case. */
int table__open(struct tables *t, struct bench_case *c, char **errmsg);
void table__close(struct tables *t);
/* Creates the peer's and fills it, unless it is there. -ENOTSUP: there is none in this build. */
int table__add_peer(struct tables *t, char **errmsg);
/* Half a minute: rte_lpm looks for each of so many routes among all of its length. */
bool table__peer_is_slow(const struct bench_case *c);
/* The time in ns that an insertion takes, of all entries into an empty map; 0: it failed. */
double table__insert(struct tables *t, struct bench_case *c);

#endif
