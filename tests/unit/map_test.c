/* SPDX-License-Identifier: BSD-3-Clause
 *
 * map_test.c -- what maps promise beyond what the kernel's do (which tests/operations compares):
 * memory, limits, rights, names, how keys spread.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include "core/map.h"
#include "runtime/map-hash.h"
#include "make-map.h"

/* --- which maps can be ----------------------------------------------------------------- */

/* It is there for the verifier. */
static void test_map_that_is_not_supported(void **state)
{
	struct ebpf_instance *inst = ebpf_instance__create(NULL, NULL);
	struct ebpf_map *map = make_map(inst, BPF_MAP_TYPE_STACK_TRACE, 4, 80, 10, 0);
	uint32_t key = 0;
	uint64_t value[10] = {0};

	assert_false(ebpf_map_type__supported(BPF_MAP_TYPE_STACK_TRACE));
	assert_true(ebpf_map_type__supported(BPF_MAP_TYPE_RINGBUF));
	assert_int_equal(ebpf_map__lookup(map, &key, value), -ENOTSUP);
	assert_int_equal(ebpf_map__update(map, &key, value, BPF_ANY), -ENOTSUP);
	assert_int_equal(ebpf_map__delete(map, &key), -ENOTSUP);
	assert_int_equal(ebpf_map__lookup_and_delete(map, &key, value), -ENOTSUP);
	assert_int_equal(ebpf_map__next_key(map, NULL, &key), -ENOTSUP);
	ebpf_map__unref(map);
	ebpf_instance__destroy(inst);
}

static void test_maps_of_such_maps(void **state)
{
	static const struct ebpf_map_opts inner = {
		.type = BPF_MAP_TYPE_SOCKMAP, .key_size = 4, .value_size = 4, .max_entries = 2};
	static const struct ebpf_map_opts programs = {
		.type = BPF_MAP_TYPE_PROG_ARRAY, .key_size = 4, .value_size = 4, .max_entries = 2};
	struct ebpf_instance *inst = make_instance();
	struct ebpf_map_opts opts = {.name = "outer",
		.type = BPF_MAP_TYPE_ARRAY_OF_MAPS,
		.key_size = 4,
		.value_size = 4,
		.max_entries = 2,
		.inner = &inner};
	struct ebpf_map *outer = ebpf_map__create(inst, &opts, NULL);
	struct ebpf_program_spec spec = {.name = "test",
		.type = EBPF_PROGRAM_XDP,
		.maps = &outer,
		.n_maps = 1,
		.insns = (const struct ebpf_insn[]){{.opcode = 0xb7, .imm = XDP_PASS},
			{.opcode = 0x95}},
		.n_insns = 2};
	char *err = NULL;

	assert_non_null(outer);
	assert_int_equal(ebpf_program__verify(inst, &spec, NULL, &err), 0);
	assert_null(ebpf_program__load(inst, &spec, NULL, &err));
	assert_string_equal(err, "map outer: a template of type sockmap is not supported");
	free(err);
	ebpf_map__unref(outer);
	opts.inner = &programs;
	assert_null(ebpf_map__create(inst, &opts, NULL));
	ebpf_instance__destroy(inst);
}

static void test_numa_nodes(void **state)
{
	struct ebpf_instance *inst = make_instance();
	struct ebpf_map_opts opts = {.name = "near",
		.type = BPF_MAP_TYPE_ARRAY,
		.key_size = 4,
		.value_size = 8,
		.max_entries = 8,
		.flags = BPF_F_NUMA_NODE};
	struct ebpf_map *map = ebpf_map__create(inst, &opts, NULL);
	char *err = NULL;

	assert_non_null(map);
	ebpf_map__unref(map);
	opts.numa_node = 5000;
	assert_null(ebpf_map__create(inst, &opts, &err));
	assert_int_equal(errno, EINVAL);
	assert_string_equal(err, "map near: there is no NUMA node 5000");
	free(err);
	opts.flags = 0; /* then the number does not count */
	map = ebpf_map__create(inst, &opts, NULL);
	assert_non_null(map);
	ebpf_map__unref(map);
	ebpf_instance__destroy(inst);
}

static void test_refusals_name_the_map(void **state)
{
	struct ebpf_instance *inst = ebpf_instance__create(
		&(struct ebpf_instance_opts){.workers = 1, .map_memory = 1 << 20}, NULL);
	struct ebpf_map_opts opts = {"flows", 99, 4, 4, 10, 0};
	struct ebpf_map *small;
	char *err;

	assert_null(ebpf_map__create(inst, &opts, &err));
	assert_int_equal(errno, EINVAL);
	assert_string_equal(err, "map flows: there is no map type 99");
	free(err);

	opts.type = BPF_MAP_TYPE_HASH;
	opts.key_size = 0;
	assert_null(ebpf_map__create(inst, &opts, &err));
	assert_int_equal(errno, EINVAL);
	assert_non_null(strstr(err, "map flows:"));
	free(err);

	opts.key_size = 4;
	opts.max_entries = 1 << 20;
	assert_null(ebpf_map__create(inst, &opts, &err));
	assert_int_equal(errno, ENOMEM);
	assert_non_null(strstr(err, "map flows"));
	assert_non_null(strstr(err, "1048576")); /* the limit */
	free(err);

	/* What a refused map would have taken is still there, and comes back from one that goes. */
	opts.max_entries = 1 << 14;
	for (int i = 0; i < 10; i++) {
		small = ebpf_map__create(inst, &opts, NULL);
		assert_non_null(small);
		assert_null(ebpf_map__create(inst, &opts, NULL));
		ebpf_map__unref(small);
	}
	ebpf_instance__destroy(inst);
}

static void test_host_rights(void **state)
{
	struct ebpf_instance *inst = make_instance();
	struct ebpf_map *map = make_map(inst, BPF_MAP_TYPE_ARRAY, 4, 4, 1, BPF_F_WRONLY);
	uint32_t key = 0, value = 7;

	assert_int_equal(ebpf_map__lookup(map, &key, &value), -EPERM);
	assert_int_equal(ebpf_map__next_key(map, NULL, &key), -EPERM);
	assert_int_equal(ebpf_map__update(map, &key, &value, 0), 0);
	assert_int_equal(ebpf_map__freeze(map), 0);
	assert_int_equal(ebpf_map__freeze(map), -EPERM);
	assert_int_equal(ebpf_map__update(map, &key, &value, 0), -EPERM);
	assert_int_equal(ebpf_map__delete(map, &key), -EPERM);
	assert_int_equal(*(uint32_t *)ebpf_map__initial_value(map), 7);
	ebpf_map__unref(map);

	map = make_map(inst, BPF_MAP_TYPE_HASH, 4, 4, 2, BPF_F_RDONLY);
	assert_int_equal(ebpf_map__update(map, &key, &value, 0), -EPERM);
	assert_int_equal(ebpf_map__lookup(map, &key, &value), -ENOENT);
	assert_null(ebpf_map__initial_value(map));
	ebpf_map__unref(map);
	ebpf_instance__destroy(inst);
}

static void test_type_names(void **state)
{
	for (uint32_t type = 1; type <= 33; type++)
		assert_int_equal(ebpf_map_type__by_name(ebpf_map_type__name(type)), type);
	assert_string_equal(ebpf_map_type__name(BPF_MAP_TYPE_LRU_PERCPU_HASH), "lru_percpu_hash");
	assert_null(ebpf_map_type__name(0));
	assert_null(ebpf_map_type__name(34));
	assert_int_equal(ebpf_map_type__by_name("tree"), -ENOENT);
}

/* --- what programs may rely on ----------------------------------------------------------- */

static void test_old_value_stays_readable(void **state)
{
	struct ebpf_instance *inst = make_instance();
	struct ebpf_map *map = make_map(inst, BPF_MAP_TYPE_HASH, 4, 8, 4, 0);
	uint32_t key = 3;
	uint64_t value = 1, *before, *after;

	assert_int_equal(rt_map__update(&map->rt, 0, &key, &value, BPF_ANY), 0);
	before = rt_map__lookup(&map->rt, 0, &key);
	assert_int_equal(*before, 1);
	value = 2;
	assert_int_equal(rt_map__update(&map->rt, 0, &key, &value, BPF_EXIST), 0);
	after = rt_map__lookup(&map->rt, 0, &key);
	assert_int_equal(*before, 1);
	assert_int_equal(*after, 2);
	assert_ptr_not_equal(before, after);
	/* Free elements queue: the old one is not taken again at once. */
	for (int i = 0; i < 8; i++)
		assert_int_equal(rt_map__update(&map->rt, 0, &key, &value, BPF_ANY), 0);
	assert_int_equal(*before, 1);
	assert_int_equal(rt_map__delete(&map->rt, &key), 0);
	assert_null(rt_map__lookup(&map->rt, 0, &key));
	ebpf_map__unref(map);
	ebpf_instance__destroy(inst);
}

static void test_percpu_values_are_apart(void **state)
{
	struct ebpf_instance *inst =
		ebpf_instance__create(&(struct ebpf_instance_opts){.workers = 3}, NULL);
	struct ebpf_map *map = make_map(inst, BPF_MAP_TYPE_PERCPU_HASH, 4, 4, 2, 0);
	uint32_t key = 9, value, *first, *slot;
	uint64_t all[4] = {11, 12, 13, 14}, seen[4];

	assert_int_equal(ebpf_map__value_bytes(map), sizeof(all));
	assert_int_equal(ebpf_map__update(map, &key, all, BPF_ANY), 0);
	assert_int_equal(ebpf_map__delete(map, &key), 0);

	/* A worker that makes a new key leaves the others nothing of an earlier owner. */
	for (int i = 0; i < 40; i++) {
		value = 5;
		assert_int_equal(rt_map__update(&map->rt, 1, &key, &value, BPF_NOEXIST), 0);
		assert_int_equal(ebpf_map__lookup(map, &key, seen), 0);
		assert_memory_equal(seen, ((uint64_t[]){0, 5, 0, 0}), sizeof(seen));
		assert_int_equal(ebpf_map__update(map, &key, all, BPF_EXIST), 0);
		assert_int_equal(ebpf_map__delete(map, &key), 0);
	}

	/* It changes its own value in place. */
	assert_int_equal(ebpf_map__update(map, &key, all, BPF_ANY), 0);
	first = rt_map__lookup(&map->rt, 2, &key);
	value = 99;
	assert_int_equal(rt_map__update(&map->rt, 2, &key, &value, BPF_ANY), 0);
	assert_ptr_equal(rt_map__lookup(&map->rt, 2, &key), first);
	assert_int_equal(*first, 99);
	for (uint32_t i = 0; i < 2; i++) {
		slot = rt_map__lookup(&map->rt, i, &key);
		assert_int_equal(*slot, 11 + i);
		assert_true((uint8_t *)first - (uint8_t *)slot >= 64);
	}
	ebpf_map__unref(map);
	ebpf_instance__destroy(inst);
}

static void test_owns_exactly_its_values(void **state)
{
	static const uint32_t types[] = {BPF_MAP_TYPE_ARRAY, BPF_MAP_TYPE_PERCPU_ARRAY,
		BPF_MAP_TYPE_HASH, BPF_MAP_TYPE_PERCPU_HASH};
	struct ebpf_instance *inst = make_instance();

	for (int t = 0; t < 4; t++) {
		struct ebpf_map *map = make_map(inst, types[t], 4, 12, 10, 0);
		uint32_t key = 4;
		uint8_t values[MAX_BYTES] = {0}, *v;

		assert_int_equal(ebpf_map__update(map, &key, values, BPF_ANY), 0);
		v = rt_map__lookup(&map->rt, 0, &key);
		assert_true(rt_map__owns(&map->rt, 0, v, 12));
		assert_true(rt_map__owns(&map->rt, 0, v + 11, 1));
		assert_false(rt_map__owns(&map->rt, 0, v, 13));
		assert_false(rt_map__owns(&map->rt, 0, v + 8, 8));
		assert_false(rt_map__owns(&map->rt, 0, v + 12, 1));
		assert_false(rt_map__owns(&map->rt, 0, v - 1, 2));
		assert_false(rt_map__owns(&map->rt, 0, v, UINT64_MAX));
		assert_false(rt_map__owns(&map->rt, 0, map->rt.mem - 1, 1));
		assert_false(rt_map__owns(&map->rt, 0, map->rt.mem + map->bytes, 1));
		ebpf_map__unref(map);
	}
	ebpf_instance__destroy(inst);
}

/* A map of any size takes max_entries keys, whatever was there before: no more, no fewer. */
static void test_full_is_exactly_max_entries(void **state)
{
	struct ebpf_instance *inst = make_instance();

	for (uint32_t n = 1; n <= 5000; n += 1 + n / 3) {
		struct ebpf_map *map = make_map(inst, BPF_MAP_TYPE_HASH, 8, 8, n, 0);

		for (uint64_t round = 0; round < 20; round++) {
			for (uint64_t i = 0; i < n; i++) {
				uint64_t key = round * n + i;

				assert_int_equal(
					rt_map__update(&map->rt, 0, &key, &i, BPF_NOEXIST), 0);
			}
			for (uint64_t i = 0; i < 20; i++) {
				uint64_t more = UINT64_MAX - i, one = round * n + i % n;

				assert_int_equal(rt_map__update(&map->rt, 0, &more, &i, 0), -E2BIG);
				assert_int_equal(rt_map__update(&map->rt, 0, &one, &i, 0), 0);
			}
			for (uint64_t i = 0; i < n; i++) {
				uint64_t key = round * n + i;

				assert_int_equal(rt_map__delete(&map->rt, &key), 0);
			}
		}
		ebpf_map__unref(map);
	}
	ebpf_instance__destroy(inst);
}

/* So that all of it lies on huge pages, where the system has them to give. */
static void test_large_maps_begin_a_huge_page(void **state)
{
	struct ebpf_instance *inst = make_instance();

	for (uint32_t n = 40000; n < 300000; n += 50000) {
		struct ebpf_map *map = make_map(inst, BPF_MAP_TYPE_HASH, 16, 8, n, 0);

		assert_true(map->bytes >= 2 << 20);
		assert_int_equal((uintptr_t)map->rt.mem % (2 << 20), 0);
		ebpf_map__unref(map);
	}
	ebpf_instance__destroy(inst);
}

/* What lookups will touch follows what is there, from nothing to the constant that geometry gives,
 * and to look ahead, for keys that are there and for others, changes nothing. */
static void test_footprint_follows_the_fill(void **state)
{
	const uint32_t types[] = {BPF_MAP_TYPE_HASH, BPF_MAP_TYPE_PERCPU_HASH,
		BPF_MAP_TYPE_LRU_HASH, BPF_MAP_TYPE_LRU_PERCPU_HASH};
	struct ebpf_instance *inst = make_instance();
	const uint32_t n = 1000;

	for (size_t t = 0; t < sizeof(types) / sizeof(types[0]); t++) {
		struct ebpf_map *map = make_map(inst, types[t], 16, 8, n, 0);
		uint64_t most = rt_map__footprint_max(&map->rt), now = 0;
		uint64_t key[2] = {0, t};

		assert_int_equal(rt_map__footprint(&map->rt), 0);
		for (uint64_t i = 0; i < n; i++) {
			key[0] = i;
			assert_int_equal(rt_map__update(&map->rt, 0, key, &i, 0), 0);
			assert_true(rt_map__footprint(&map->rt) >= now);
			now = rt_map__footprint(&map->rt);
			assert_true(now >= (i + 1) * (16 + 8));
		}
		assert_int_equal(now, most);
		assert_true(most <= map->bytes);
		for (key[0] = 0; key[0] < 2 * n; key[0]++)
			rt_map__fetch_next(&map->rt, 0, rt_map__fetch(&map->rt, key));
		for (key[0] = 0; key[0] < 2 * n; key[0]++) {
			uint64_t *value = rt_map__lookup(&map->rt, 0, key);

			assert_int_equal(value ? *value : n, key[0] < n ? key[0] : n);
		}
		for (key[0] = 0; key[0] < n; key[0]++)
			assert_int_equal(rt_map__delete(&map->rt, key), 0);
		assert_int_equal(rt_map__footprint(&map->rt), 0);
		ebpf_map__unref(map);
	}
	ebpf_instance__destroy(inst);
}

/* "Next, then delete the one before" empties a map, and a walk meets every key that stays. */
static void test_walk_beside_deletes(void **state)
{
	struct ebpf_instance *inst = make_instance();
	struct ebpf_map *map = make_map(inst, BPF_MAP_TYPE_HASH, 4, 4, 4096, 0);
	uint32_t key, next, met = 0;
	int err;

	for (uint32_t i = 0; i < 4096; i++)
		assert_int_equal(ebpf_map__update(map, &i, &i, BPF_ANY), 0);
	err = ebpf_map__next_key(map, NULL, &key);
	while (!err) {
		met++;
		err = ebpf_map__next_key(map, &key, &next);
		if (key % 4)
			assert_int_equal(ebpf_map__delete(map, &key), 0);
		else
			assert_int_equal(ebpf_map__update(map, &key, &met, BPF_EXIST), 0);
		key = next;
	}
	assert_int_equal(met, 4096);
	for (met = 0, err = ebpf_map__next_key(map, NULL, &key); !err; met++) {
		assert_int_equal(key % 4, 0);
		err = ebpf_map__next_key(map, &key, &key);
	}
	assert_int_equal(met, 1024);
	/* A key that has gone restarts the walk. */
	key = 1;
	assert_int_equal(ebpf_map__next_key(map, NULL, &next), 0);
	assert_int_equal(ebpf_map__next_key(map, &key, &key), 0);
	assert_int_equal(key, next);
	ebpf_map__unref(map);
	ebpf_instance__destroy(inst);
}

/* A walk ends though every key that it meets has gone when it goes on, and another has come. */
static void test_walk_beside_turnover(void **state)
{
	struct ebpf_instance *inst = make_instance();
	struct ebpf_map *map = make_map(inst, BPF_MAP_TYPE_HASH, 4, 4, 4096, 0);
	uint32_t key, fresh = 0, met = 0;
	int err;

	while (fresh < 1024) {
		assert_int_equal(ebpf_map__update(map, &fresh, &fresh, BPF_ANY), 0);
		fresh++;
	}
	err = ebpf_map__walk_key(map, NULL, &key);
	while (!err && met++ < 8192) {
		assert_int_equal(ebpf_map__delete(map, &key), 0);
		assert_int_equal(ebpf_map__update(map, &fresh, &fresh, BPF_ANY), 0);
		fresh++;
		err = ebpf_map__walk_key(map, &key, &key);
	}
	assert_int_equal(err, -ENOENT);
	assert_in_range(met, 512, 4096);
	ebpf_map__unref(map);
	ebpf_instance__destroy(inst);
}

/* Structured keys spread as random ones do: few elements find their bucket full. */
static void test_keys_spread(void **state)
{
	struct ebpf_instance *inst = make_instance();

	for (uint32_t shift = 0; shift < 48; shift += 4) {
		struct ebpf_map *map = make_map(inst, BPF_MAP_TYPE_HASH, 16, 8, 1 << 15, 0);
		const struct rt_geometry *geo = &map->rt.geo;
		uint32_t chained = 0;

		for (uint64_t i = 0; i < 1 << 15; i++) {
			uint64_t key[2] = {(i & 0xff) << shift, i >> 8 << shift};

			assert_int_equal(ebpf_map__update(map, key, &i, BPF_ANY), 0);
		}
		for (uint32_t b = 0; b < geo->n_buckets; b++) {
			const struct rt_hash_bucket *bucket =
				(const void *)(map->rt.mem + geo->index + b * sizeof(*bucket));

			chained += bucket->chain != 0;
		}
		/* Random keys chain in 2.1% of the buckets. */
		assert_in_range(chained, 0, geo->n_buckets * 4 / 100);
		ebpf_map__unref(map);
	}
	ebpf_instance__destroy(inst);
}

/* Of what was never pushed a filter takes little for there: five hashes, 13 bits each. */
static void test_filter_rarely_errs(void **state)
{
	enum { N = 5000 };
	struct ebpf_instance *inst = make_instance();
	struct ebpf_map *map = make_map(inst, BPF_MAP_TYPE_BLOOM_FILTER, 0, 12, N, 0);
	uint32_t wrong = 0;

	for (uint32_t i = 0; i < N; i++)
		assert_int_equal(
			ebpf_map__update(map, NULL, (uint32_t[]){i, 7, i * 3}, BPF_ANY), 0);
	for (uint32_t i = 0; i < 5 * N; i++) {
		int err = ebpf_map__lookup(map, NULL, (uint32_t[]){i, 7, i * 3});

		if (i < N)
			assert_int_equal(err, 0);
		else
			wrong += !err;
	}
	assert_in_range(wrong, 1, 4 * N * 3 / 100);
	ebpf_map__unref(map);
	ebpf_instance__destroy(inst);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_map_that_is_not_supported),
		cmocka_unit_test(test_maps_of_such_maps),
		cmocka_unit_test(test_numa_nodes),
		cmocka_unit_test(test_refusals_name_the_map),
		cmocka_unit_test(test_host_rights),
		cmocka_unit_test(test_type_names),
		cmocka_unit_test(test_old_value_stays_readable),
		cmocka_unit_test(test_percpu_values_are_apart),
		cmocka_unit_test(test_owns_exactly_its_values),
		cmocka_unit_test(test_full_is_exactly_max_entries),
		cmocka_unit_test(test_large_maps_begin_a_huge_page),
		cmocka_unit_test(test_footprint_follows_the_fill),
		cmocka_unit_test(test_walk_beside_deletes),
		cmocka_unit_test(test_walk_beside_turnover),
		cmocka_unit_test(test_keys_spread),
		cmocka_unit_test(test_filter_rarely_errs),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
