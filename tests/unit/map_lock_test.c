/* SPDX-License-Identifier: BSD-3-Clause
 *
 * map_lock_test.c -- maps whose values hold a struct bpf_spin_lock, and filters with any number of
 * hashes, against the kernel's.
 */
#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include "kernel.h"
#include "make-map.h"
#include "runtime/map.h"

#define VALUE_MAX 64

/* BTF of: unsigned int; struct { ...; struct bpf_spin_lock at `off`; } of that size. */
static struct btf *describe(uint32_t size, uint32_t off, int *key, int *value)
{
	struct btf *btf = btf__new_empty();
	int lock;

	assert_non_null(btf);
	*key = btf__add_int(btf, "unsigned int", 4, 0);
	lock = btf__add_struct(btf, "bpf_spin_lock", 4);
	assert_int_equal(btf__add_field(btf, "val", *key, 0, 0), 0);
	*value = btf__add_struct(btf, "value", size);
	assert_int_equal(btf__add_field(btf, "lock", lock, off * 8, 0), 0);
	return btf;
}

static int create_theirs(uint32_t type, uint32_t size, uint32_t off, uint32_t flags)
{
	LIBBPF_OPTS(bpf_map_create_opts, opts, .map_flags = flags);
	int key, value, fd;
	struct btf *btf = describe(size, off, &key, &value);

	assert_int_equal(btf__load_into_kernel(btf), 0);
	opts.btf_fd = (uint32_t)btf__fd(btf);
	opts.btf_key_type_id = (uint32_t)key;
	opts.btf_value_type_id = (uint32_t)value;
	fd = bpf_map_create((enum bpf_map_type)type, "xdpk_test", 4, size, 8, &opts);
	fd = fd < 0 ? -errno : fd;
	btf__free(btf);
	return fd;
}

static struct ebpf_map *create_ours(
	struct ebpf_instance *inst, uint32_t type, uint32_t size, uint32_t off)
{
	struct ebpf_map_opts opts = {.name = "locked",
		.type = type,
		.key_size = 4,
		.value_size = size,
		.max_entries = 8,
		.lock_off = off + 1};
	char *err = NULL;
	struct ebpf_map *map = ebpf_map__create(inst, &opts, &err);

	if (!map)
		fail_msg("%s", err);
	return map;
}

static void compare_once(struct ebpf_map *ours, int theirs, uint32_t size)
{
	static const uint64_t flags[] = {BPF_ANY, BPF_NOEXIST, BPF_EXIST};
	uint64_t flag = flags[below(3)] | (below(2) ? BPF_F_LOCK : 0);
	uint8_t value[VALUE_MAX], a[VALUE_MAX], b[VALUE_MAX];
	uint32_t key = below(10);
	int err;

	fill_random(value, size);
	if (below(30) == 0)
		flag = random64();
	if (below(4))
		assert_int_equal(ebpf_map__update(ours, &key, value, flag),
			kernel__result(bpf_map_update_elem(theirs, &key, value, flag)));
	else
		assert_int_equal(ebpf_map__delete(ours, &key),
			kernel__result(bpf_map_delete_elem(theirs, &key)));
	memset(a, 0xaa, sizeof(a));
	memset(b, 0xaa, sizeof(b));
	err = ebpf_map__lookup(ours, &key, a);
	assert_int_equal(err, kernel__result(bpf_map_lookup_elem(theirs, &key, b)));
	if (!err)
		assert_memory_equal(a, b, sizeof(a));
}

static void test_locks_are_left_alone(void **state)
{
	static const uint32_t types[] = {BPF_MAP_TYPE_ARRAY, BPF_MAP_TYPE_HASH};
	static const struct {
		uint32_t size, off;
	} values[] = {{4, 0}, {8, 4}, {12, 4}, {12, 8}, {20, 16}, {64, 28}};
	struct ebpf_instance *inst = make_instance();

	kernel__require();
	for (uint32_t t = 0; t < 2; t++) {
		for (size_t v = 0; v < sizeof(values) / sizeof(values[0]); v++) {
			struct ebpf_map *ours =
				create_ours(inst, types[t], values[v].size, values[v].off);
			int theirs = create_theirs(types[t], values[v].size, values[v].off, 0);

			assert_true(theirs >= 0);
			for (int i = 0; i < 4000; i++)
				compare_once(ours, theirs, values[v].size);
			close(theirs);
			ebpf_map__unref(ours);
		}
	}
	ebpf_instance__destroy(inst);
}

/* The lock's bytes are the lock's: not even a value of all ones gets there. */
static void test_lock_keeps_its_bytes(void **state)
{
	struct ebpf_instance *inst = make_instance();
	struct ebpf_map_opts opts = {.name = "one",
		.type = BPF_MAP_TYPE_ARRAY,
		.key_size = 4,
		.value_size = 12,
		.max_entries = 1,
		.lock_off = 1 + 4};
	struct ebpf_map *map = ebpf_map__create(inst, &opts, NULL);
	uint32_t *inside = ebpf_map__initial_value(map), key = 0, value[3] = {~0u, ~0u, ~0u};

	assert_int_equal(ebpf_map__update(map, &key, value, BPF_ANY), 0);
	assert_int_equal(inside[0], ~0u);
	assert_int_equal(inside[1], 0);
	assert_int_equal(inside[2], ~0u);
	assert_int_equal(ebpf_map__lookup(map, &key, value), 0);
	assert_int_equal(value[0], ~0u);
	assert_int_equal(value[1], 0);
	assert_int_equal(value[2], ~0u);
	assert_int_equal(inside[1], 0); /* free again */
	ebpf_map__unref(map);
	ebpf_instance__destroy(inst);
}

static void compare_lock(uint32_t type, uint32_t size, uint32_t off, uint32_t flags)
{
	struct rt_geometry geo;
	int theirs = create_theirs(type, size, off, flags), ours;

	if (theirs >= 0) {
		close(theirs);
		theirs = 0;
	}
	ours = rt_geometry__init(&geo, type, 4, size, 8, flags);
	if (!ours)
		ours = rt_geometry__set_lock(&geo, off + 1);
	if (ours != theirs)
		fail_msg("type %u, size %u, lock at %u, flags %x: %d, the kernel: %d", type, size,
			off, flags, ours, theirs);
}

static void test_where_locks_may_be(void **state)
{
	static const uint32_t types[] = {BPF_MAP_TYPE_ARRAY, BPF_MAP_TYPE_HASH,
		BPF_MAP_TYPE_PERCPU_ARRAY, BPF_MAP_TYPE_PERCPU_HASH, BPF_MAP_TYPE_LRU_HASH};

	kernel__require();
	for (size_t t = 0; t < sizeof(types) / sizeof(types[0]); t++) {
		for (uint32_t off = 0; off <= 12; off += 4)
			compare_lock(types[t], 16, off, 0);
		compare_lock(types[t], 16, 8, BPF_F_RDONLY_PROG);
		compare_lock(types[t], 16, 8, BPF_F_WRONLY_PROG);
	}
}

static void test_filters_with_many_hashes(void **state)
{
	static const uint32_t entries[] = {1, 9, 64, 1000, 100000};
	struct ebpf_instance *inst = make_instance();

	for (uint32_t hashes = 0; hashes <= 15; hashes++) {
		for (size_t e = 0; e < sizeof(entries) / sizeof(entries[0]); e++) {
			struct ebpf_map_opts opts = {.name = "filter",
				.type = BPF_MAP_TYPE_BLOOM_FILTER,
				.value_size = 8,
				.max_entries = entries[e],
				.map_extra = hashes};
			struct ebpf_map *map = ebpf_map__create(inst, &opts, NULL);
			uint32_t n = entries[e] < 1000 ? entries[e] : 1000, falsely = 0;

			assert_non_null(map);
			for (uint64_t v = 0; v < n; v++)
				assert_int_equal(ebpf_map__update(map, NULL, &v, BPF_ANY), 0);
			for (uint64_t v = 0; v < n; v++)
				assert_int_equal(ebpf_map__lookup(map, NULL, &v), 0);
			for (uint64_t v = n; v < 2 * n; v++)
				falsely += !ebpf_map__lookup(map, NULL, &v);
			/* One hash alone has one in eight, by the kernel's number of bits. */
			if (n >= 64)
				assert_true(falsely < n * 2 / 3);
			if (n >= 64 && hashes > 3)
				assert_true(falsely < n / 6);
			ebpf_map__unref(map);
		}
	}
	ebpf_instance__destroy(inst);
}

static void test_map_extra_as_kernel(void **state)
{
	static const uint64_t extras[] = {0, 1, 7, 15, 16, 31, 1ull << 32};
	static const uint32_t types[] = {
		BPF_MAP_TYPE_BLOOM_FILTER, BPF_MAP_TYPE_QUEUE, BPF_MAP_TYPE_STACK};

	kernel__require();
	for (size_t i = 0; i < sizeof(extras) / sizeof(extras[0]); i++) {
		for (size_t t = 0; t < sizeof(types) / sizeof(types[0]); t++) {
			LIBBPF_OPTS(bpf_map_create_opts, opts, .map_extra = extras[i]);
			struct rt_geometry geo;
			int fd = bpf_map_create(
				(enum bpf_map_type)types[t], "xdpk_test", 0, 8, 4, &opts);
			int theirs = kernel__result(fd);

			if (fd >= 0)
				close(fd);
			assert_int_equal(rt_geometry__init(&geo, types[t], 0, 8, 4, 0), 0);
			assert_int_equal(rt_geometry__set_extra(&geo, extras[i]), theirs);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_locks_are_left_alone),
		cmocka_unit_test(test_lock_keeps_its_bytes),
		cmocka_unit_test(test_where_locks_may_be),
		cmocka_unit_test(test_filters_with_many_hashes),
		cmocka_unit_test(test_map_extra_as_kernel),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
