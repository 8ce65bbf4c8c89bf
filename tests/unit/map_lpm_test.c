/* SPDX-License-Identifier: BSD-3-Clause
 *
 * map_lpm_test.c -- LPM_TRIE with many routes against exact lookups, and what programs may rely on.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <cmocka.h>

#include "core/map.h"
#include "runtime/map-lpm.h"
#include "make-map.h"

struct route {
	uint32_t length;
	uint32_t address; /* network order */
};

/* --- large tables ------------------------------------------------------------------------ */

/* As a routing table: mostly 24 bits, some longer. */
static struct route random_route(void)
{
	uint32_t length = below(10) < 6 ? 24 : below(20) ? 8 + below(17) : 1 + below(32);

	return (struct route){length, htonl((uint32_t)random64() & (uint32_t)-1 << (32 - length))};
}

static uint32_t mask(uint32_t length)
{
	return length ? htonl((uint32_t)-1 << (32 - length)) : 0;
}

/* By 33 exact lookups, from the longest on. */
static uint32_t *search(struct ebpf_map *exact, uint32_t address, uint32_t limit)
{
	for (uint32_t length = limit + 1; length-- > 0;) {
		struct route key = {length, address & mask(length)};
		uint32_t *found = rt_map__lookup(&exact->rt, 0, &key);

		if (found)
			return found;
	}
	return NULL;
}

static void check_search(struct ebpf_map *map, struct ebpf_map *exact, uint32_t address)
{
	struct route key = {below(8) ? 32 : below(33), address};
	uint32_t *ours = rt_map__lookup(&map->rt, 0, &key),
		 *theirs = search(exact, address, key.length);

	assert_int_equal(!ours, !theirs);
	if (ours)
		assert_int_equal(*ours, *theirs);
}

/* No word, node, group or line of the table is left. */
static void check_empty(const struct ebpf_map *map)
{
	const struct rt_lpm_head *head = lpm__head(&map->rt);

	for (uint32_t i = 0; i < map->rt.geo.n_buckets + RT_LPM_GROUP_WORDS; i++)
		assert_int_equal(lpm__table(&map->rt)[i], 0);
	assert_int_equal(head->groups + head->lines + head->root + head->count, 0);
	assert_int_equal(rt_map__footprint(&map->rt), 0);
}

static void test_many_routes(void **state)
{
	enum { N = 40000 };
	struct ebpf_instance *inst = make_instance();
	struct ebpf_map *map = make_map(inst, BPF_MAP_TYPE_LPM_TRIE, 8, 4, N, BPF_F_NO_PREALLOC);
	struct ebpf_map *exact = make_map(inst, BPF_MAP_TYPE_HASH, 8, 4, N, 0);
	struct route *routes = calloc(N, sizeof(*routes)), key;
	uint32_t n = 0;

	assert_non_null(routes);
	for (uint32_t round = 0; round < 4; round++) {
		for (uint32_t i = 0; i < N; i++) {
			routes[i] = random_route();
			if (i % 3 == 0) {
				assert_int_equal(ebpf_map__update(map, &routes[i], &i, BPF_ANY), 0);
				assert_int_equal(
					ebpf_map__update(exact, &routes[i], &i, BPF_ANY), 0);
			}
			check_search(map, exact, routes[i].address | htonl(below(1u << below(32))));
		}
		for (uint32_t i = 0; i < N; i++) {
			check_search(map, exact, (uint32_t)random64());
			if (i % 3 == 0 && i % 5)
				assert_int_equal(ebpf_map__delete(map, &routes[i]),
					ebpf_map__delete(exact, &routes[i]));
			check_search(map, exact, routes[i].address);
		}
	}
	/* The walk empties it, and nothing is left in the tables. */
	while (!ebpf_map__next_key(map, NULL, &key)) {
		assert_int_equal(ebpf_map__delete(map, &key), 0);
		assert_int_equal(ebpf_map__delete(exact, &key), 0);
		n++;
	}
	assert_true(n > N / 5);
	assert_int_equal(ebpf_map__next_key(exact, NULL, &key), -ENOENT);
	check_empty(map);
	free(routes);
	ebpf_map__unref(map);
	ebpf_map__unref(exact);
	ebpf_instance__destroy(inst);
}

/* A full routing table goes in within seconds, at any size the map takes exactly as many. */
static void test_full_table(void **state)
{
	enum { N = 500000 };
	struct ebpf_instance *inst = make_instance();
	struct ebpf_map *map = make_map(inst, BPF_MAP_TYPE_LPM_TRIE, 8, 8, N, BPF_F_NO_PREALLOC);
	uint64_t value = 0;
	uint32_t n = 0;
	clock_t start = clock();
	int err;

	for (;;) {
		struct route route = random_route();

		err = ebpf_map__update(map, &route, &value, BPF_NOEXIST);
		if (err == -ENOSPC)
			break;
		n += !err;
		assert_true(!err || err == -EEXIST);
	}
	assert_int_equal(n, N);
	printf("%u routes in %.2f s\n", n, (double)(clock() - start) / CLOCKS_PER_SEC);
	ebpf_map__unref(map);
	ebpf_instance__destroy(inst);
}

/* --- layouts of the tables ----------------------------------------------------------------- */

/* Of keys that are short, equal to a table's bits, beyond one word, beyond the groups; of maps
 * with a table of 8, 16 and 24 bits; of more groups than there are. */
struct ebpf_layout {
	uint32_t data_size, max_entries;
	uint32_t routes;  /* at once */
	uint32_t choices; /* of bytes, from the first on: the fewer, the more routes are nested */
};

static const struct ebpf_layout layouts[] = {
	{1, 40, 40, 256},
	{2, 40, 40, 3},
	{3, 1000, 300, 4},
	{4, 40, 40, 4},
	{4, 100, 100, 256},
	{4, 511, 500, 3},
	{4, 20000, 500, 3},
	{4, 20000, 500, 256},
	{5, 20000, 500, 3},
	{8, 1, 1, 2},
	{8, 60, 60, 3},
	{12, 500, 500, 3},
	{16, 10, 10, 256},
	{16, 500, 500, 2},
	{16, 500, 500, 256},
	{16, 20000, 500, 3},
	{256, 60, 60, 2},
};

enum { LAYOUT_DATA = 256, LAYOUT_ROUTES = 500 };

struct prefix {
	uint32_t length;
	uint8_t data[LAYOUT_DATA];
};

/* What the map holds, as a list. */
static struct prefix model[LAYOUT_ROUTES];
static uint32_t model_values[LAYOUT_ROUTES], n_model;

static struct prefix random_prefix(const struct ebpf_layout *l, bool full)
{
	struct prefix p = {.length = l->data_size * 8};

	for (uint32_t i = 0; i < l->data_size; i++)
		p.data[i] = (uint8_t)(l->choices == 256 ? random64() : below(l->choices) * 0x55);
	if (!full)
		p.length = below(p.length + 1);
	if (!full && l->data_size > 16) /* most of them within what tables have */
		p.length = below(10) ? below(100) : p.length;
	return p;
}

static bool covers(const struct prefix *route, const struct prefix *key)
{
	uint32_t bytes = route->length / 8, bits = route->length % 8;

	return route->length <= key->length && !memcmp(route->data, key->data, bytes) &&
	       (!bits || (route->data[bytes] ^ key->data[bytes]) >> (8 - bits) == 0);
}

static uint32_t model__find(const struct prefix *p)
{
	uint32_t i = 0;

	while (i < n_model && !(model[i].length == p->length && covers(&model[i], p)))
		i++;
	return i;
}

static void change_one(const struct ebpf_layout *l, struct ebpf_map *map, uint32_t value)
{
	struct prefix p = n_model && !below(3) ? model[below(n_model)] : random_prefix(l, false);
	uint32_t i = model__find(&p);

	if (n_model < l->routes && below(n_model < l->routes / 2 ? 4 : 2)) {
		assert_int_equal(ebpf_map__update(map, &p, &value, BPF_ANY), 0);
		n_model += i == n_model;
		model[i] = p;
		model_values[i] = value;
	} else if (i < n_model) {
		assert_int_equal(ebpf_map__delete(map, &p), 0);
		model[i] = model[--n_model];
		model_values[i] = model_values[n_model];
	} else {
		assert_int_equal(ebpf_map__delete(map, &p), -ENOENT);
	}
}

static void look_up_one(const struct ebpf_layout *l, struct ebpf_map *map)
{
	struct prefix key = random_prefix(l, below(8));
	uint32_t best = n_model, *found;

	if (n_model && below(2)) /* what a route covers, in part */
		memcpy(key.data, model[below(n_model)].data, below(l->data_size + 1));
	for (uint32_t i = 0; i < n_model; i++)
		if (covers(&model[i], &key) &&
			(best == n_model || model[i].length > model[best].length))
			best = i;
	rt_map__fetch_next(&map->rt, 0, rt_map__fetch(&map->rt, &key));
	found = rt_map__lookup(&map->rt, 0, &key);
	assert_int_equal(!found, best == n_model);
	if (found)
		assert_int_equal(*found, model_values[best]);
}

static void check_layout(const struct ebpf_layout *l)
{
	enum { ROUNDS = 20000 };
	struct ebpf_instance *inst = make_instance();
	struct ebpf_map *map = make_map(inst, BPF_MAP_TYPE_LPM_TRIE, 4 + l->data_size, 4,
		l->max_entries, BPF_F_NO_PREALLOC);

	n_model = 0;
	for (uint32_t i = 0; i < ROUNDS; i++) {
		change_one(l, map, i);
		look_up_one(l, map);
	}
	while (n_model)
		assert_int_equal(ebpf_map__delete(map, &model[--n_model]), 0);
	check_empty(map);
	ebpf_map__unref(map);
	ebpf_instance__destroy(inst);
}

static void test_layouts(void **state)
{
	for (size_t i = 0; i < sizeof(layouts) / sizeof(*layouts); i++)
		check_layout(&layouts[i]);
}

static void test_old_value_stays_readable(void **state)
{
	struct ebpf_instance *inst = make_instance();
	struct ebpf_map *map = make_map(inst, BPF_MAP_TYPE_LPM_TRIE, 8, 8, 4, BPF_F_NO_PREALLOC);
	struct route route = {16, htonl(0x0a010000)}, key = {32, htonl(0x0a010203)};
	uint64_t value = 1, *before, *after;

	assert_int_equal(rt_map__update(&map->rt, 0, &route, &value, BPF_ANY), 0);
	before = rt_map__lookup(&map->rt, 0, &key);
	value = 2;
	for (int i = 0; i < 8; i++)
		assert_int_equal(rt_map__update(&map->rt, 0, &route, &value, BPF_EXIST), 0);
	after = rt_map__lookup(&map->rt, 0, &key);
	assert_int_equal(*before, 1);
	assert_int_equal(*after, 2);
	assert_true(rt_map__owns(&map->rt, 0, after, 8));
	assert_false(rt_map__owns(&map->rt, 0, after, 9));
	assert_false(rt_map__owns(&map->rt, 0, map->rt.mem + map->bytes, 1));
	ebpf_map__unref(map);
	ebpf_instance__destroy(inst);
}

/* What lookups touch grows with the routes, and never beyond what the geometry allows. */
static void test_footprint(void **state)
{
	enum { N = 3000 };
	struct ebpf_instance *inst = make_instance();
	struct ebpf_map *map = make_map(inst, BPF_MAP_TYPE_LPM_TRIE, 8, 8, N, BPF_F_NO_PREALLOC);
	uint64_t value = 0, before, most = rt_map__footprint_max(&map->rt);
	struct route route;

	assert_int_equal(rt_map__footprint(&map->rt), 0);
	assert_true(most < map->bytes);
	for (uint32_t i = 0; i < N; i++) {
		before = rt_map__footprint(&map->rt);
		do
			route = random_route();
		while (ebpf_map__update(map, &route, &value, BPF_NOEXIST));
		assert_true(rt_map__footprint(&map->rt) >= before + 8);
		assert_true(rt_map__footprint(&map->rt) <= most);
		/* Nothing is wrong with fetching what any route leads to. */
		rt_map__fetch_next(&map->rt, 0, rt_map__fetch(&map->rt, &route));
	}
	while (!ebpf_map__next_key(map, NULL, &route))
		assert_int_equal(ebpf_map__delete(map, &route), 0);
	assert_int_equal(rt_map__footprint(&map->rt), 0);
	ebpf_map__unref(map);
	ebpf_instance__destroy(inst);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_many_routes),
		cmocka_unit_test(test_full_table),
		cmocka_unit_test(test_layouts),
		cmocka_unit_test(test_old_value_stays_readable),
		cmocka_unit_test(test_footprint),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
