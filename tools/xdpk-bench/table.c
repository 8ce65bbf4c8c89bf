/* SPDX-License-Identifier: BSD-3-Clause
 *
 * table.c -- the tables of a case: hash and LPM. Entry i has the value i + 1.
 */
#include <dlfcn.h>
#include <endian.h>
#include <errno.h>
#include <linux/bpf.h>
#include <stdlib.h>
#include <string.h>

#include "case.h"
#include "clock.h"
#include "core/error.h"
#include "core/map.h"
#include "tables.h"

#define KEY_MAX     16
#define QUERIES_MIN 4096

/* splitmix64: of a number, another that looks random. */
static uint64_t scramble(uint64_t x)
{
	x += 0x9e3779b97f4a7c15;
	x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9;
	x = (x ^ x >> 27) * 0x94d049bb133111eb;
	return x ^ x >> 31;
}

static void flow_key(uint32_t i, void *key)
{
	uint64_t words[] = {scramble(2 * (uint64_t)i), scramble(2 * (uint64_t)i + 1)};

	memcpy(key, words, sizeof(words));
}

static void same_flow(uint32_t i, uint64_t random, void *key)
{
	flow_key(i, key);
}

struct route_key {
	uint32_t length;
	uint32_t address; /* network order */
};

/* About the lengths that routers of the Internet have, and some that are longer. */
static uint32_t route_length(uint32_t percent)
{
	static const struct {
		uint32_t below, length;
	} share[] = {{2, 28}, {57, 24}, {69, 23}, {82, 22}, {88, 21}, {93, 20}, {96, 19}, {98, 18},
		{99, 17}, {100, 16}};
	uint32_t i = 0;

	while (percent >= share[i].below)
		i++;
	return share[i].length;
}

static void route_key(uint32_t i, void *key)
{
	uint64_t random = scramble(i);
	struct route_key route = {.length = route_length((random >> 32) % 100)};

	route.address = htobe32((uint32_t)random & ~0u << (32 - route.length));
	memcpy(key, &route, sizeof(route));
}

/* An address that a route covers; it may be one that is longer than route i. */
static void routed_address(uint32_t i, uint64_t random, void *key)
{
	struct route_key route;

	route_key(i, &route);
	route.address |= htobe32((uint32_t)random & ~(~0u << (32 - route.length)));
	route.length = 32;
	memcpy(key, &route, sizeof(route));
}

struct table_kind {
	uint32_t type;
	const char *name;
	const struct peer *peer;                               /* NULL: not in this build */
	void (*key)(uint32_t i, void *key);                    /* of entry i */
	void (*query)(uint32_t i, uint64_t random, void *key); /* a key that is found */
};

#ifdef HAVE_DPDK
#define PEER(peer) (&(peer))
#else
#define PEER(peer) NULL
#endif

static const struct table_kind kinds[] = {
	{BPF_MAP_TYPE_HASH, "hash", PEER(peer_hash), flow_key, same_flow},
	{BPF_MAP_TYPE_LPM_TRIE, "lpm", PEER(peer_lpm), route_key, routed_address},
};

static const struct table_kind *kind_of(const struct native_table *native)
{
	const struct table_kind *kind = kinds;

	while (kind->type != native->type)
		kind++;
	return kind;
}

static struct ebpf_map *create_map(const struct tables *t, struct bench_case *c, char **errmsg)
{
	const struct native_table *n = t->native;
	const struct ebpf_map_opts opts = {.name = t->kind->name,
		.type = n->type,
		.key_size = n->key_size,
		.value_size = n->value_size,
		.max_entries = n->entries,
		.flags = n->flags};

	return ebpf_map__create(c->inst, &opts, errmsg);
}

static int fill(const struct tables *t, struct ebpf_map *map, char **errmsg)
{
	uint8_t key[KEY_MAX];
	int err;

	for (uint32_t i = 0; i < t->native->entries; i++) {
		uint64_t value = i + 1; /* or the half of it, least significant first */

		t->kind->key(i, key);
		err = ebpf_map__update(map, key, &value, 0);
		if (err)
			return error__set(
				errmsg, -1, "%s: entry %u: %s", t->kind->name, i, strerror(-err));
	}
	return 0;
}

/* As many as entries, that all of a large table is used. */
static int make_queries(struct tables *t, char **errmsg)
{
	uint32_t n = t->native->entries, size = t->native->key_size;

	n = n < QUERIES_MIN ? QUERIES_MIN : n / TABLES_CHUNK * TABLES_CHUNK;
	t->queries = calloc(n, size);
	if (!t->queries)
		return error__set(errmsg, -1, "%s: no memory for %u keys", t->kind->name, n);
	t->n_queries = n;
	for (uint32_t i = 0; i < n; i++) {
		uint64_t random = scramble(i + (UINT64_C(1) << 32));

		t->kind->query(
			(random >> 32) % t->native->entries, random, t->queries + (size_t)i * size);
	}
	return 0;
}

int table__open(struct tables *t, struct bench_case *c, char **errmsg)
{
	const struct workload *w = c->workload;

	t->module = dlopen(w->tables, RTLD_NOW | RTLD_LOCAL);
	t->native = t->module ? dlsym(t->module, w->program) : NULL;
	if (!t->native)
		return error__set(errmsg, -1, "%s: %s", w->name, dlerror());
	t->kind = kind_of(t->native);
	t->map = create_map(t, c, errmsg);
	if (!t->map || fill(t, t->map, errmsg) || make_queries(t, errmsg))
		return -1;
	t->sum = t->native->lookup[LOOKUP_SINGLE](t->map->rt.mem, t->queries, t->n_queries);
	return 0;
}

void table__close(struct tables *t)
{
	if (t->peer)
		t->peer->destroy(t->peer_table);
	free(t->peer_queries);
	free(t->queries);
	ebpf_map__unref(t->map);
	if (t->module)
		dlclose(t->module);
}

static int fill_peer(struct tables *t, const struct peer *peer, char **errmsg)
{
	uint8_t key[KEY_MAX];
	int err;

	for (uint32_t i = 0; i < t->native->entries; i++) {
		t->kind->key(i, key);
		err = peer->add(t->peer_table, key, i + 1);
		if (err)
			return error__set(
				errmsg, err, "%s: entry %u: %s", peer->name, i, strerror(-err));
	}
	return 0;
}

static int make_peer_queries(struct tables *t, const struct peer *peer, char **errmsg)
{
	t->peer_queries = calloc(t->n_queries, peer->key_size);
	if (!t->peer_queries)
		return error__set(errmsg, -ENOMEM, "%s: no memory for keys", peer->name);
	for (uint32_t i = 0; i < t->n_queries; i++)
		peer->key(t->queries + (size_t)i * t->native->key_size,
			t->peer_queries + (size_t)i * peer->key_size);
	return 0;
}

int table__add_peer(struct tables *t, char **errmsg)
{
	const struct peer *peer = t->kind->peer;
	int err;

	if (t->peer)
		return 0;
	if (!peer)
		return error__set(errmsg, -ENOTSUP, "built without DPDK");
#ifdef HAVE_DPDK
	err = peers__start(errmsg);
	if (err)
		return err;
#endif
	t->peer_table = peer->create(t->native->entries);
	if (!t->peer_table)
		return error__set(errmsg, -ENOMEM, "%s: no memory for %u entries", peer->name,
			t->native->entries);
	t->peer = peer;
	err = fill_peer(t, peer, errmsg);
	return err ? err : make_peer_queries(t, peer, errmsg);
}

bool table__peer_is_slow(const struct bench_case *c)
{
	return c->table.native->type == BPF_MAP_TYPE_LPM_TRIE && c->table.native->entries > 100000;
}

double table__insert(struct tables *t, struct bench_case *c)
{
	struct ebpf_map *map = create_map(t, c, NULL);
	double start = now_ns(), ns;
	int err = map ? fill(t, map, NULL) : -1;

	ns = now_ns() - start;
	ebpf_map__unref(map);
	return err ? 0 : ns / t->native->entries;
}
