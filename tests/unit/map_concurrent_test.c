/* SPDX-License-Identifier: BSD-3-Clause
 *
 * map_concurrent_test.c -- maps under readers, writers and walkers at once. Built twice: as it
 * is, and under ThreadSanitizer.
 *
 * A value tells which key it was written for, so that a reader notices another key's value and
 * a torn one. Some keys are stable: written once at the start, they must always be found.
 */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "runtime/map-types.h"

#if defined(__SANITIZE_THREAD__)
#define OPERATIONS 30000
#else
#define OPERATIONS 400000
#endif
#define N_WRITERS 2
#define N_READERS 2
#define N_SLOTS   (N_WRITERS + 1)
#define MAX_KEYS  96

/* More keys than entries; the first of them are stable. */
static uint32_t n_stable, n_entries, n_keys;

static struct rt_map map;
static int64_t full; /* what a full map says */
static atomic_bool writers_done;
static atomic_uint wrong_value, lost_key, missed_key, wrong_result, walks;

struct key {
	uint64_t a, b;
};

struct value {
	uint64_t of, n, check;
};

struct thread {
	pthread_t id;
	uint32_t number;
	uint64_t random;
};

static uint32_t below(struct thread *t, uint32_t n)
{
	t->random ^= t->random << 13;
	t->random ^= t->random >> 7;
	t->random ^= t->random << 17;
	return (uint32_t)(t->random >> 32) % n;
}

/* Keys differ in one word only, so that a mix of two is often a third. */
static struct key make_key(uint32_t i)
{
	if (map.geo.type == RT_MAP_LPM_TRIE) /* a length before the data */
		return (struct key){96 | (uint64_t)(i % 8) << 32, i / 8};
	return (struct key){i % 8, i / 8};
}

static uint64_t key_number(const struct key *key)
{
	return (map.geo.type == RT_MAP_LPM_TRIE ? key->a >> 32 : key->a) + key->b * 8;
}

static struct value make_value(uint32_t i, uint64_t n)
{
	return (struct value){i, n, n * 0x9e3779b97f4a7c15u + i};
}

static bool right(const struct value *v, uint32_t i)
{
	return v->of == i && v->check == v->n * 0x9e3779b97f4a7c15u + i;
}

static void make_map(uint32_t type, uint32_t key_size, uint32_t stable, uint32_t entries)
{
	uint64_t bytes;

	n_stable = stable;
	n_entries = entries;
	n_keys = entries * 3 / 2;
	assert_true(n_keys <= MAX_KEYS);
	full = type == RT_MAP_LPM_TRIE ? -RT_ENOSPC : type == RT_MAP_LRU_HASH ? 0 : -RT_E2BIG;
	assert_int_equal(rt_geometry__init(&map.geo, type, key_size, sizeof(struct value), entries,
				 type == RT_MAP_LPM_TRIE ? RT_F_NO_PREALLOC : 0),
		0);
	bytes = (rt_map__bytes(&map.geo, N_SLOTS) + 63) / 64 * 64;
	map.mem = aligned_alloc(64, bytes);
	assert_non_null(map.mem);
	memset(map.mem, 0, bytes);
	rt_map__format(&map, N_SLOTS, 12345);
	writers_done = false;
	wrong_value = lost_key = missed_key = wrong_result = walks = 0;
}

static void make_stable_keys(void)
{
	for (uint32_t i = 0; i < n_stable; i++) {
		struct key key = make_key(i);
		struct value value = make_value(i, 0);

		assert_int_equal(rt_map__update(&map, 0, &key, &value, RT_NOEXIST), 0);
	}
}

static void run(void *(*writer)(void *), void *(*reader)(void *), void *(*walker)(void *))
{
	struct thread threads[N_WRITERS + N_READERS + 1];
	uint32_t n = 0;

	for (; n < N_WRITERS + N_READERS + 1; n++) {
		threads[n] = (struct thread){.number = n, .random = 88172645463325252u + n * 7919};
		assert_int_equal(pthread_create(&threads[n].id, NULL,
					 n < N_WRITERS               ? writer
					 : n < N_WRITERS + N_READERS ? reader
								     : walker,
					 &threads[n]),
			0);
	}
	for (uint32_t i = 0; i < n; i++) {
		if (i == N_WRITERS)
			writers_done = true;
		pthread_join(threads[i].id, NULL);
	}
	assert_int_equal(wrong_value, 0);
	assert_int_equal(lost_key, 0);
	assert_int_equal(wrong_result, 0);
	assert_true(walks > 0);
}

/* --- HASH ---------------------------------------------------------------------------------- */

static void *hash_writer(void *arg)
{
	struct thread *t = arg;

	for (uint32_t n = 0; n < OPERATIONS; n++) {
		uint32_t i = n_stable + below(t, n_keys - n_stable);
		struct key key = make_key(i);
		struct value value = make_value(i, n);
		int64_t err;

		if (below(t, 3))
			err = t->number % 2 ? rt_map__update(&map, 0, &key, &value, RT_ANY)
					    : rt_map__write_all(&map, N_SLOTS, &key,
						      (uint8_t *)&value, RT_ANY);
		else
			err = rt_map__delete(&map, &key);
		if (err && err != full && err != -RT_ENOENT)
			wrong_result++;
	}
	return NULL;
}

static void *hash_reader(void *arg)
{
	struct thread *t = arg;

	while (!writers_done) {
		uint32_t i = below(t, n_keys);
		struct key key = make_key(i);
		struct value value;

		/* The host reads whole values of this key, or none. */
		if (!rt_map__read_all(&map, N_SLOTS, &key, (uint8_t *)&value)) {
			if (!right(&value, i))
				wrong_value++;
		} else if (i < n_stable) {
			lost_key++;
		}
		/* A program finds its element. */
		key = make_key(below(t, n_stable ? n_stable : n_keys));
		if (!rt_map__lookup(&map, 0, &key) && n_stable)
			lost_key++;
	}
	return NULL;
}

/* A walk restarts when its key goes, so it may take long: it counts if it comes to an end. */
static void *hash_walker(void *arg)
{
	while (!writers_done || !walks) {
		bool met[MAX_KEYS] = {false};
		struct key key, *cursor = NULL;
		int64_t err;
		int steps = 0;

		while (!(err = rt_map__next_key(&map, cursor, &key)) && steps++ < 10000) {
			cursor = &key;
			if (key_number(&key) < n_stable)
				met[key_number(&key)] = true;
		}
		if (!err)
			continue;
		walks++;
		for (uint32_t i = 0; i < n_stable; i++)
			if (!met[i])
				missed_key++;
	}
	return NULL;
}

static void keys_come_and_go(uint32_t type, uint32_t stable, uint32_t entries)
{
	uint32_t left = 0;
	struct key key, *cursor = NULL;
	struct value value;

	make_map(type, sizeof(struct key), stable, entries);
	make_stable_keys();
	run(hash_writer, hash_reader, hash_walker);

	/* No element is lost: what is left and what can be added make max_entries. */
	for (; !rt_map__next_key(&map, cursor, &key); cursor = &key)
		left++;
	for (uint32_t i = MAX_KEYS; left < n_entries; i++, left++) {
		key = make_key(i);
		assert_int_equal(rt_map__update(&map, 0, &key, &value, RT_NOEXIST), 0);
	}
	key = make_key(UINT32_MAX);
	assert_int_equal(rt_map__update(&map, 0, &key, &value, RT_ANY), full);
	free(map.mem);
}

static void test_hash(void **state)
{
	keys_come_and_go(RT_MAP_HASH, 16, 64);
}

/* Two buckets: everybody meets everybody. */
static void test_small_hash(void **state)
{
	keys_come_and_go(RT_MAP_HASH, 2, 8);
}

/* Nothing is stable where keys are evicted. */
static void test_lru(void **state)
{
	keys_come_and_go(RT_MAP_LRU_HASH, 0, 64);
	keys_come_and_go(RT_MAP_LRU_HASH, 0, 8);
}

static void test_lpm(void **state)
{
	keys_come_and_go(RT_MAP_LPM_TRIE, 16, 64);
	keys_come_and_go(RT_MAP_LPM_TRIE, 2, 8);
}

/* Keys that go never come back. */
static void *fresh_writer(void *arg)
{
	struct thread *t = arg;

	for (uint32_t n = 0; n < OPERATIONS; n++) {
		uint32_t i = MAX_KEYS + n * N_WRITERS + t->number;
		struct key key = make_key(i), old = make_key(i - 8 * N_WRITERS);
		struct value value = make_value(i, n);

		if (rt_map__update(&map, 0, &key, &value, RT_NOEXIST))
			wrong_result++;
		if (n >= 8 && rt_map__delete(&map, &old))
			wrong_result++;
	}
	return NULL;
}

static void test_walk(void **state)
{
	make_map(RT_MAP_HASH, sizeof(struct key), 40, 64);
	make_stable_keys();
	run(fresh_writer, hash_reader, hash_walker);
	assert_int_equal(missed_key, 0);
	free(map.mem);
}

/* A route comes and goes at the length of every table, under others and above them; who asks
 * for an address below it gets its value or the nearest stable one's. */
struct route {
	uint32_t length;
	uint8_t address[4];
};

static struct route make_route(uint32_t length)
{
	return (struct route){length, {10, 1, 2, 3}};
}

static void *route_writer(void *arg)
{
	struct thread *t = arg;

	for (uint32_t n = 0; n < OPERATIONS; n++) {
		struct route route = make_route(1 + below(t, 31));
		struct value value = make_value(route.length, n);

		if (route.length % 8 == 0) /* stable: replaced only */
			route.length = 8;
		value = make_value(route.length, n);
		if (route.length == 8 || below(t, 2))
			rt_map__update(&map, 0, &route, &value, RT_ANY);
		else
			rt_map__delete(&map, &route);
	}
	return NULL;
}

static void *route_reader(void *arg)
{
	struct thread *t = arg;

	while (!writers_done) {
		struct route key = make_route(8 + below(t, 25));
		struct value value;

		if (rt_map__read_all(&map, N_SLOTS, &key, (uint8_t *)&value))
			lost_key++;
		else if (value.of < 8 || value.of > key.length ||
			 !right(&value, (uint32_t)value.of))
			wrong_value++;
		if (!rt_map__lookup(&map, 0, &key))
			lost_key++;
	}
	return NULL;
}

static void *route_walker(void *arg)
{
	while (!writers_done || !walks) {
		struct route route, *cursor = NULL;

		while (!rt_map__next_key(&map, cursor, &route)) {
			cursor = &route;
			if (route.length > 32)
				wrong_result++;
		}
		walks++;
	}
	return NULL;
}

static void test_nested_routes(void **state)
{
	struct route route = make_route(8);
	struct value value = make_value(8, 0);

	make_map(RT_MAP_LPM_TRIE, sizeof(struct route), 0, 32);
	assert_int_equal(rt_map__update(&map, 0, &route, &value, RT_NOEXIST), 0);
	run(route_writer, route_reader, route_walker);
	free(map.mem);
}

/* --- PERCPU_HASH ----------------------------------------------------------------------------- */

/* Counts in its own slots of the stable keys, and makes and removes others. */
static void *percpu_writer(void *arg)
{
	struct thread *t = arg;

	for (uint32_t n = 0; n < OPERATIONS; n++) {
		struct key key = make_key(below(t, n_stable));
		struct value value = {0}, *v = rt_map__lookup(&map, t->number, &key);

		if (v)
			rt_write(&v->n, rt_read(&v->n) + 1);
		else
			lost_key++;
		key = make_key(n_stable + below(t, n_keys - n_stable));
		if (below(t, 2))
			rt_map__update(&map, t->number, &key, &value, RT_ANY);
		else
			rt_map__delete(&map, &key);
	}
	return NULL;
}

static uint64_t count_all(uint32_t i)
{
	struct key key = make_key(i);
	struct value values[N_SLOTS];
	uint64_t sum = 0;

	if (rt_map__read_all(&map, N_SLOTS, &key, (uint8_t *)values))
		lost_key++;
	for (uint32_t slot = 0; slot < N_SLOTS; slot++)
		sum += values[slot].n;
	return sum;
}

static void *percpu_reader(void *arg)
{
	struct thread *t = arg;
	uint64_t last[MAX_KEYS] = {0};

	while (!writers_done) {
		uint32_t i = below(t, n_stable);
		uint64_t sum = count_all(i);

		if (sum < last[i])
			wrong_value++;
		last[i] = sum;
	}
	return NULL;
}

static void test_percpu_hash(void **state)
{
	uint64_t sum = 0;

	make_map(RT_MAP_PERCPU_HASH, sizeof(struct key), 16, 64);
	make_stable_keys();
	run(percpu_writer, percpu_reader, hash_walker);
	for (uint32_t i = 0; i < n_stable; i++)
		sum += count_all(i);
	assert_int_equal(sum, (uint64_t)N_WRITERS * OPERATIONS);
	free(map.mem);
}

/* --- ARRAY: in place, word by word -------------------------------------------------------------
 */

static void *array_writer(void *arg)
{
	struct thread *t = arg;

	for (uint32_t n = 0; n < OPERATIONS; n++) {
		uint32_t i = below(t, n_entries);
		struct value value = {i, n, 0};

		if (rt_map__update(&map, 0, &i, &value, RT_ANY))
			wrong_result++;
	}
	return NULL;
}

static void *array_reader(void *arg)
{
	struct thread *t = arg;

	while (!writers_done) {
		uint32_t i = below(t, n_entries);
		struct value value;

		if (rt_map__read_all(&map, N_SLOTS, &i, (uint8_t *)&value))
			wrong_result++;
		else if ((value.of && value.of != i) || value.n >= OPERATIONS)
			wrong_value++;
	}
	return NULL;
}

static void *array_walker(void *arg)
{
	while (!writers_done || !walks) {
		uint32_t key, met = 0;

		for (int64_t err = rt_map__next_key(&map, NULL, &key); !err; met++)
			err = rt_map__next_key(&map, &key, &key);
		walks++;
		if (met != n_entries)
			lost_key++;
	}
	return NULL;
}

static void test_array(void **state)
{
	make_map(RT_MAP_ARRAY, 4, 0, 64);
	run(array_writer, array_reader, array_walker);
	free(map.mem);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_hash),
		cmocka_unit_test(test_small_hash),
		cmocka_unit_test(test_lru),
		cmocka_unit_test(test_lpm),
		cmocka_unit_test(test_walk),
		cmocka_unit_test(test_nested_routes),
		cmocka_unit_test(test_percpu_hash),
		cmocka_unit_test(test_array),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
