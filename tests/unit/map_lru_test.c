/* SPDX-License-Identifier: BSD-3-Clause
 *
 * map_lru_test.c -- LRU_HASH and LRU_PERCPU_HASH where something is evicted: never full, never
 * wrong, and the keys in use stay.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "core/map.h"
#include "make-map.h"

/* Whatever is put in is there at once; what is there is what was put in last. */
static void never_full_never_wrong(uint32_t type, uint32_t max_entries)
{
	struct ebpf_instance *inst = make_instance();
	struct ebpf_map *map = make_map(inst, type, 4, 8, max_entries, 0);
	uint32_t n_keys = max_entries * 3, found = 0, key, n = 0;
	uint64_t *last = calloc(n_keys, sizeof(*last)), *value;

	assert_non_null(last);
	for (uint64_t i = 1; i < 60000; i++) {
		key = below(n_keys);
		value = rt_map__lookup(&map->rt, 0, &key);
		if (value) {
			assert_int_equal(*value, last[key]);
			found++;
		}
		if (!below(20)) {
			rt_map__delete(&map->rt, &key);
			assert_null(rt_map__lookup(&map->rt, 0, &key));
		} else if (below(2)) {
			assert_int_equal(rt_map__update(&map->rt, 0, &key, &i, BPF_ANY), 0);
			value = rt_map__lookup(&map->rt, 0, &key);
			assert_true(value && *value == i);
			last[key] = i;
		}
	}
	assert_true(found > 10000);
	for (key = 0; key < n_keys; key++)
		assert_int_equal(rt_map__update(&map->rt, 0, &key, &last[key], BPF_ANY), 0);
	for (int err = ebpf_map__next_key(map, NULL, &key); !err; n++)
		err = ebpf_map__next_key(map, &key, &key);
	assert_int_equal(n, max_entries);
	free(last);
	ebpf_map__unref(map);
	ebpf_instance__destroy(inst);
}

static void test_never_full_never_wrong(void **state)
{
	static const uint32_t sizes[] = {1, 2, 7, 64, 1000, 5000};

	for (int i = 0; i < 6; i++) {
		never_full_never_wrong(BPF_MAP_TYPE_LRU_HASH, sizes[i]);
		never_full_never_wrong(BPF_MAP_TYPE_LRU_PERCPU_HASH, sizes[i]);
	}
}

static uint32_t count_present(struct ebpf_map *map, uint32_t from, uint32_t to)
{
	uint64_t value[64];
	uint32_t n = 0;

	for (uint32_t key = from; key < to; key++)
		n += !ebpf_map__lookup(map, &key, value); /* which is no use */
	return n;
}

static void test_keys_in_use_stay(void **state)
{
	enum { SIZE = 4096, HOT = 200, COLD = 100000 };
	struct ebpf_instance *inst = make_instance();
	struct ebpf_map *map = make_map(inst, BPF_MAP_TYPE_LRU_HASH, 4, 8, SIZE, 0);
	uint64_t value = 7;

	for (uint32_t key = 0; key < HOT; key++)
		assert_int_equal(rt_map__update(&map->rt, 0, &key, &value, BPF_ANY), 0);
	for (uint32_t key = HOT; key < COLD; key++) {
		uint32_t hot = key % HOT;

		assert_int_equal(rt_map__update(&map->rt, 0, &key, &value, BPF_ANY), 0);
		assert_non_null(rt_map__lookup(&map->rt, 0, &hot));
	}
	assert_int_equal(count_present(map, 0, HOT), HOT);
	/* Of the others the youngest stay. */
	assert_in_range(count_present(map, COLD - SIZE / 2, COLD), SIZE / 2 * 85 / 100, SIZE / 2);
	assert_in_range(count_present(map, HOT, COLD - 3 * SIZE), 0, SIZE / 20);
	ebpf_map__unref(map);
	ebpf_instance__destroy(inst);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_never_full_never_wrong),
		cmocka_unit_test(test_keys_in_use_stay),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
