/* SPDX-License-Identifier: BSD-3-Clause
 *
 * values_test.c -- maps of values under programs that look up, count, add and remove, a host that
 * writes and deletes, and one that reads and walks.
 *
 * The first keys of a map are stable: written once at the start, they must always be found, and
 * what programs count in their values must all be there at the end. The others come and go.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <cmocka.h>

#include "crowd.h"

#define MAX_KEYS 128

struct key {
	uint64_t a, b;
};

static uint32_t n_stable, n_keys;
static bool is_index; /* keys are numbers of 32 bits */
static bool replaced; /* an update writes a new element: what the host reads is whole */

/* Keys differ in one word only, so that a mix of two is often a third. */
static struct key make_key(uint32_t i)
{
	if (is_index)
		return (struct key){i, 0};
	if (map->opts.type == BPF_MAP_TYPE_LPM_TRIE) /* a length before the data */
		return (struct key){96 | (uint64_t)(i % 8) << 32, i / 8};
	return (struct key){i % 8, i / 8};
}

static uint32_t key_number(const struct key *key)
{
	if (is_index)
		return (uint32_t)key->a;
	return (uint32_t)((map->opts.type == BPF_MAP_TYPE_LPM_TRIE ? key->a >> 32 : key->a) +
			  key->b * 8);
}

static uint32_t unstable(struct thread *t)
{
	return n_stable + below(t, n_keys - n_stable);
}

static bool is_percpu(void)
{
	return rt_is_percpu(&map->rt.geo);
}

/* --- programs ------------------------------------------------------------------------------ */

/* As a program counts: by an atomic addition, or in the value of its own. */
static void count_one(struct thread *t, struct value *v)
{
	if (is_percpu())
		rt_write(&v->count, rt_read(&v->count) + 1);
	else
		__atomic_fetch_add(&v->count, 1, __ATOMIC_RELAXED);
	t->counted++;
}

static void change(struct thread *t, uint32_t i)
{
	struct key key = make_key(i);
	struct value value = make_value(i, below(t, 1u << 30));
	int64_t err;

	if (below(t, 3))
		err = rt_map__update(&map->rt, t->number, &key, &value, BPF_ANY);
	else
		err = rt_map__delete(&map->rt, &key);
	if (err && err != -E2BIG && err != -ENOSPC && err != -ENOENT && !is_index)
		wrong_results++;
}

static void *program(void *arg)
{
	struct thread *t = arg;

	while (!time_is_up) {
		struct key key = make_key(n_stable ? below(t, n_stable) : below(t, n_keys));
		struct value *v = rt_map__lookup(&map->rt, t->number, &key);

		if (v && n_stable)
			count_one(t, v);
		else if (n_stable)
			lost_keys++;
		else
			t->counted++;
		change(t, unstable(t));
	}
	return NULL;
}

/* --- the host ------------------------------------------------------------------------------ */

static void check_value(const struct value *v, uint32_t i)
{
	if (v->of != i && (replaced || v->of))
		wrong_values++;
	if (replaced && !is_whole(v))
		wrong_values++;
}

static void *host_writer(void *arg)
{
	struct thread *t = arg;

	while (!time_is_up) {
		uint32_t i = unstable(t);
		struct key key = make_key(i);
		struct value values[N_SLOTS];
		int err;

		for (uint32_t slot = 0; slot < N_SLOTS; slot++)
			values[slot] = make_value(i, below(t, 1u << 30));
		switch (below(t, 4)) {
		case 0: err = ebpf_map__delete(map, &key); break;
		case 1:
			err = ebpf_map__lookup_and_delete(map, &key, values);
			if (!err && !is_percpu())
				check_value(values, i);
			break;
		default: err = ebpf_map__update(map, &key, values, BPF_ANY); break;
		}
		if (err && err != -E2BIG && err != -ENOSPC && err != -ENOENT && !is_index &&
			err != -RT_ENOTSUPP)
			wrong_results++;
		t->counted++;
	}
	return NULL;
}

static uint64_t read_count(uint32_t i)
{
	struct key key = make_key(i);
	struct value values[N_SLOTS];
	uint64_t sum = 0;

	if (ebpf_map__lookup(map, &key, values)) {
		lost_keys++;
		return 0;
	}
	for (uint32_t slot = 0; slot < (is_percpu() ? N_SLOTS : 1); slot++)
		sum += values[slot].count;
	return sum;
}

static void look(struct thread *t)
{
	uint32_t i = below(t, n_keys);
	struct key key = make_key(i);
	struct value values[N_SLOTS];

	if (!ebpf_map__lookup(map, &key, values))
		check_value(values, i);
	else if (i < n_stable)
		lost_keys++;
}

/* A walk restarts when its key goes, so it may take long. */
static void walk(void)
{
	struct key key = {0}, *cursor = NULL;

	for (int steps = 0; steps < 1000; steps++, cursor = &key) {
		if (ebpf_map__next_key(map, cursor, &key)) {
			walks++;
			return;
		}
		if (key_number(&key) >= n_keys)
			wrong_results++;
	}
}

static void *host_reader(void *arg)
{
	struct thread *t = arg;
	uint64_t last[MAX_KEYS] = {0}, sum;

	while (!time_is_up || !walks) {
		for (int i = 0; i < 50; i++)
			look(t);
		for (uint32_t i = 0; i < n_stable; i++) {
			sum = read_count(i);
			if (sum < last[i])
				wrong_values++;
			last[i] = sum;
		}
		walk();
		t->counted++;
	}
	return NULL;
}

/* --- tests --------------------------------------------------------------------------------- */

/* No element is lost: what is left and what can be added make max_entries. */
static void check_room(uint32_t entries)
{
	struct key key, *cursor = NULL;
	struct value values[N_SLOTS] = {{0}};
	uint32_t left = 0;
	int full = map->opts.type == BPF_MAP_TYPE_LPM_TRIE ? -ENOSPC
		   : rt_is_lru(&map->rt.geo)               ? 0
							   : -E2BIG;

	for (; !ebpf_map__next_key(map, cursor, &key); cursor = &key)
		left++;
	for (uint32_t i = MAX_KEYS; left < entries; i++, left++) {
		key = make_key(i);
		assert_int_equal(ebpf_map__update(map, &key, values, BPF_NOEXIST), 0);
	}
	key = make_key(UINT32_MAX / 2);
	assert_int_equal(ebpf_map__update(map, &key, values, BPF_ANY), full);
}

static void crowd(uint32_t type, uint32_t stable, uint32_t entries)
{
	static const role_fn roles[] = {program, program, host_writer, host_reader};
	uint64_t counted = 0, seen = 0;

	is_index = type == BPF_MAP_TYPE_ARRAY || type == BPF_MAP_TYPE_PERCPU_ARRAY;
	map = make_map(
		type, is_index ? 4 : sizeof(struct key), sizeof(struct value), entries, NULL);
	replaced = !is_index && !is_percpu();
	n_stable = stable;
	n_keys = is_index ? entries : entries * 3 / 2;
	assert_true(n_keys <= MAX_KEYS);
	for (uint32_t i = 0; i < n_stable; i++) {
		struct key key = make_key(i);
		struct value values[N_SLOTS];

		for (uint32_t slot = 0; slot < N_SLOTS; slot++)
			values[slot] = make_value(i, 0);
		assert_int_equal(ebpf_map__update(map, &key, values, BPF_ANY), 0);
	}
	run_crowd(roles);
	for (uint32_t i = 0; i < n_stable; i++)
		seen += read_count(i);
	for (uint32_t n = 0; n < N_WORKERS; n++)
		counted += threads[n].counted;
	if (n_stable)
		assert_int_equal(seen, counted);
	if (!is_index)
		check_room(entries);
	ebpf_map__unref(map);
}

static void test_array(void **state)
{
	crowd(BPF_MAP_TYPE_ARRAY, 16, 64);
}

static void test_percpu_array(void **state)
{
	crowd(BPF_MAP_TYPE_PERCPU_ARRAY, 16, 64);
}

static void test_hash(void **state)
{
	crowd(BPF_MAP_TYPE_HASH, 16, 64);
}

/* Two buckets: everybody meets everybody. */
static void test_small_hash(void **state)
{
	crowd(BPF_MAP_TYPE_HASH, 2, 8);
}

static void test_percpu_hash(void **state)
{
	crowd(BPF_MAP_TYPE_PERCPU_HASH, 16, 64);
}

/* Nothing is stable where keys are evicted. */
static void test_lru_hash(void **state)
{
	crowd(BPF_MAP_TYPE_LRU_HASH, 0, 64);
}

static void test_small_lru_hash(void **state)
{
	crowd(BPF_MAP_TYPE_LRU_HASH, 0, 8);
}

static void test_lru_percpu_hash(void **state)
{
	crowd(BPF_MAP_TYPE_LRU_PERCPU_HASH, 0, 64);
}

static void test_lpm_trie(void **state)
{
	crowd(BPF_MAP_TYPE_LPM_TRIE, 16, 64);
}

static void test_small_lpm_trie(void **state)
{
	crowd(BPF_MAP_TYPE_LPM_TRIE, 2, 8);
}

/* --- a walk beside writers -------------------------------------------------------------------- */

/* Keys that go never come back. */
static void *fresh_writer(void *arg)
{
	struct thread *t = arg;

	for (uint32_t n = 0; !time_is_up; n++) {
		uint32_t i = MAX_KEYS + n * N_THREADS + t->number;
		struct key key = make_key(i), old = make_key(i - 8 * N_THREADS);
		struct value value = make_value(i, n);

		if (rt_map__update(&map->rt, 0, &key, &value, BPF_NOEXIST))
			wrong_results++;
		if (n >= 8 && rt_map__delete(&map->rt, &old))
			wrong_results++;
		t->counted++;
	}
	return NULL;
}

/* A walk that ends has met every key that stays. */
static void *strict_walker(void *arg)
{
	struct thread *t = arg;

	while (!time_is_up || !t->counted) {
		bool met[MAX_KEYS] = {false};
		struct key key, *cursor = NULL;
		int err, steps = 0;

		while (!(err = ebpf_map__next_key(map, cursor, &key)) && steps++ < 10000) {
			cursor = &key;
			if (key_number(&key) < n_stable)
				met[key_number(&key)] = true;
		}
		if (!err)
			continue;
		t->counted++;
		for (uint32_t i = 0; i < n_stable; i++)
			lost_keys += !met[i];
	}
	return NULL;
}

static void test_walk(void **state)
{
	static const role_fn roles[] = {fresh_writer, fresh_writer, fresh_writer, strict_walker};

	is_index = false;
	map = make_map(BPF_MAP_TYPE_HASH, sizeof(struct key), sizeof(struct value), 72, NULL);
	n_stable = 40;
	for (uint32_t i = 0; i < n_stable; i++) {
		struct key key = make_key(i);
		struct value value = make_value(i, 0);

		assert_int_equal(ebpf_map__update(map, &key, &value, BPF_ANY), 0);
	}
	run_crowd(roles);
	ebpf_map__unref(map);
}

/* --- nested routes -----------------------------------------------------------------------------
 */

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

	for (uint32_t n = 0; !time_is_up; n++) {
		struct route route = make_route(1 + below(t, 31));
		struct value value;

		if (route.length % 8 == 0) /* stable: replaced only */
			route.length = 8;
		value = make_value(route.length, n);
		if (route.length == 8 || below(t, 2))
			rt_map__update(&map->rt, 0, &route, &value, BPF_ANY);
		else
			rt_map__delete(&map->rt, &route);
		t->counted++;
	}
	return NULL;
}

static void *route_reader(void *arg)
{
	struct thread *t = arg;

	while (!time_is_up) {
		struct route key = make_route(8 + below(t, 25)), *cursor = NULL, next;
		struct value value;

		if (ebpf_map__lookup(map, &key, &value))
			lost_keys++;
		else if (value.of < 8 || value.of > key.length || !is_whole(&value))
			wrong_values++;
		if (!rt_map__lookup(&map->rt, 0, &key))
			lost_keys++;
		if (below(t, 50))
			continue;
		for (int i = 0; i < 100 && !ebpf_map__next_key(map, cursor, &next); i++) {
			cursor = &next;
			wrong_results += next.length > 32;
		}
		t->counted++;
	}
	return NULL;
}

static void test_nested_routes(void **state)
{
	static const role_fn roles[] = {route_writer, route_writer, route_reader, route_reader};
	struct route route = make_route(8);
	struct value value = make_value(8, 0);

	map = make_map(BPF_MAP_TYPE_LPM_TRIE, sizeof(struct route), sizeof(struct value), 32, NULL);
	assert_int_equal(ebpf_map__update(map, &route, &value, BPF_NOEXIST), 0);
	run_crowd(roles);
	ebpf_map__unref(map);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_array),
		cmocka_unit_test(test_percpu_array),
		cmocka_unit_test(test_hash),
		cmocka_unit_test(test_small_hash),
		cmocka_unit_test(test_percpu_hash),
		cmocka_unit_test(test_lru_hash),
		cmocka_unit_test(test_small_lru_hash),
		cmocka_unit_test(test_lru_percpu_hash),
		cmocka_unit_test(test_lpm_trie),
		cmocka_unit_test(test_small_lpm_trie),
		cmocka_unit_test(test_walk),
		cmocka_unit_test(test_nested_routes),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
