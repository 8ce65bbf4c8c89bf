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
	for (uint32_t i = 0; i < map->rt.geo.n_buckets + RT_LPM_GROUP_WORDS; i++)
		assert_int_equal(lpm__table(&map->rt)[i], 0);
	assert_int_equal(lpm__head(&map->rt)->groups, 0);
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
		cmocka_unit_test(test_old_value_stays_readable),
		cmocka_unit_test(test_footprint),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
