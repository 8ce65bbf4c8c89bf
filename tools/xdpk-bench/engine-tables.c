/* SPDX-License-Identifier: BSD-3-Clause
 *
 * engine-tables.c -- lookups one by one and by bursts, in our tables and in DPDK's; and
 * insertions into ours.
 */
#include <errno.h>
#include <stdlib.h>

#include "clock.h"
#include "core/error.h"
#include "core/map.h"
#include "engine.h"

struct asked {
	tables_lookup_fn lookup;
	void *table;
	const uint8_t *queries;
	uint32_t key_size, next;
};

static int check(const struct variant *v, const struct asked *a, char **errmsg)
{
	const struct tables *t = &v->bench->table;

	return a->lookup(a->table, a->queries, t->n_queries) == t->sum
		       ? 0
		       : error__set(errmsg, -EINVAL, "%s: %s does not find what the map has",
				 v->bench->workload->name, v->engine->name);
}

static int ask(struct variant *v, const struct asked *asked, char **errmsg)
{
	struct asked *a = malloc(sizeof(*a));
	int err;

	if (!a)
		return error__set(errmsg, -ENOMEM, "%s: no memory", v->engine->name);
	*a = *asked;
	err = check(v, a, errmsg);
	if (err)
		free(a);
	else
		v->state = a;
	return err;
}

static int ask_ours(struct variant *v, enum lookup_way way, char **errmsg)
{
	const struct tables *t = &v->bench->table;

	return ask(v,
		&(struct asked){.lookup = t->native->lookup[way],
			.table = t->map->rt.mem,
			.queries = t->queries,
			.key_size = t->native->key_size},
		errmsg);
}

static int ask_peer(struct variant *v, enum lookup_way way, char **errmsg)
{
	struct tables *t = &v->bench->table;
	int err = table__add_peer(t, errmsg);

	return err ? err
		   : ask(v,
			     &(struct asked){.lookup = t->peer->lookup[way],
				     .table = t->peer_table,
				     .queries = t->peer_queries,
				     .key_size = t->peer->key_size},
			     errmsg);
}

static void tables__close(struct variant *v)
{
	free(v->state);
}

/* Goes on where it stopped. */
static double tables__measure(struct variant *v, double ns)
{
	struct asked *a = v->state;
	double start = now_ns(), spent;
	uint64_t lookups = 0;

	do {
		a->lookup(a->table, a->queries + (size_t)a->next * a->key_size, TABLES_CHUNK);
		a->next = (a->next + TABLES_CHUNK) % v->bench->table.n_queries;
		lookups += TABLES_CHUNK;
		spent = now_ns() - start;
	} while (spent < ns);
	return spent / lookups;
}

static int map__open(struct variant *v, char **errmsg)
{
	return v->bench->kind == CASE_INSERT ? 0 : ask_ours(v, LOOKUP_SINGLE, errmsg);
}

static double map__measure(struct variant *v, double ns)
{
	return v->bench->kind == CASE_INSERT ? table__insert(&v->bench->table, v->bench)
					     : tables__measure(v, ns);
}

static int map_burst__open(struct variant *v, char **errmsg)
{
	return ask_ours(v, LOOKUP_BURST, errmsg);
}

static int rte__open(struct variant *v, char **errmsg)
{
	return ask_peer(v, LOOKUP_SINGLE, errmsg);
}

static int rte_bulk__open(struct variant *v, char **errmsg)
{
	return ask_peer(v, LOOKUP_BURST, errmsg);
}

const struct engine engine_map = {
	.name = "map",
	.what = "a map of ours, key by key, its geometry constant",
	.kinds = OF_KIND(CASE_LOOKUP) | OF_KIND(CASE_INSERT),
	.open = map__open,
	.close = tables__close,
	.measure = map__measure,
};

const struct engine engine_map_burst = {
	.name = "map-burst",
	.what = "the same, each key fetched half a burst ahead",
	.kinds = OF_KIND(CASE_LOOKUP),
	.open = map_burst__open,
	.close = tables__close,
	.measure = tables__measure,
};

const struct engine engine_rte = {
	.name = "rte",
	.what = "rte_hash, rte_lpm: key by key",
	.kinds = OF_KIND(CASE_LOOKUP),
	.slow = table__peer_is_slow,
	.open = rte__open,
	.close = tables__close,
	.measure = tables__measure,
};

const struct engine engine_rte_bulk = {
	.name = "rte-bulk",
	.what = "their bulk lookups",
	.kinds = OF_KIND(CASE_LOOKUP),
	.slow = table__peer_is_slow,
	.open = rte_bulk__open,
	.close = tables__close,
	.measure = tables__measure,
};
