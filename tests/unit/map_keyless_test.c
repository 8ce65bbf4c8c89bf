/* SPDX-License-Identifier: BSD-3-Clause
 *
 * map_keyless_test.c -- QUEUE, STACK and BLOOM_FILTER against the kernel's.
 */
#include <bpf/bpf.h>
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include "core/map.h"
#include "map-pair.h"

struct keyless {
	struct ebpf_instance *inst;
	struct ebpf_map *ours;
	int theirs;
	uint32_t value_size;
};

static struct keyless open_both(uint32_t type, uint32_t value_size, uint32_t max_entries)
{
	struct keyless k = {.inst = instance_like_kernel(), .value_size = value_size};

	k.ours = create(k.inst, type, 0, value_size, max_entries, 0);
	k.theirs = kernel__create_map(type, 0, value_size, max_entries, 0);
	assert_true(k.theirs >= 0);
	return k;
}

static void close_both(struct keyless *k)
{
	close(k->theirs);
	ebpf_map__unref(k->ours);
	ebpf_instance__destroy(k->inst);
}

static void compare_step(const struct keyless *k)
{
	static const uint64_t flags[] = {BPF_ANY, BPF_ANY, BPF_ANY, BPF_EXIST, BPF_NOEXIST, 3, 7};
	uint64_t flag = flags[below(below(8) ? 4 : 7)];
	uint8_t a[64] = {0}, b[64] = {0}, key[4] = {0};
	int ours, theirs;

	switch (below(5)) {
	case 0:
	case 1:
		fill_random(a, k->value_size);
		ours = ebpf_map__update(k->ours, NULL, a, flag);
		theirs = kernel_result(bpf_map_update_elem(k->theirs, NULL, a, flag));
		memcpy(b, a, sizeof(b));
		break;
	case 2:
		ours = ebpf_map__lookup(k->ours, NULL, a);
		theirs = kernel_result(bpf_map_lookup_elem(k->theirs, NULL, b));
		break;
	case 3:
		ours = ebpf_map__lookup_and_delete(k->ours, NULL, a);
		theirs = kernel_result(bpf_map_lookup_and_delete_elem(k->theirs, NULL, b));
		break;
	default:
		ours = below(2) ? ebpf_map__delete(k->ours, NULL)
				: ebpf_map__next_key(k->ours, NULL, key);
		theirs = -EINVAL;
	}
	assert_int_equal(ours, theirs);
	if (!ours)
		assert_memory_equal(a, b, k->value_size);
}

static void queue_as_kernel(uint32_t type)
{
	static const uint32_t shapes[][2] = {{8, 10}, {4, 1}, {3, 2}, {24, 100}, {61, 7}};

	require_kernel();
	for (int i = 0; i < 5; i++) {
		struct keyless k = open_both(type, shapes[i][0], shapes[i][1]);
		uint8_t key[4] = {0}, value[64];

		for (int n = 0; n < 20000; n++)
			compare_step(&k);
		assert_int_equal(kernel_result(bpf_map_delete_elem(k.theirs, NULL)), -EINVAL);
		assert_int_equal(kernel_result(bpf_map_get_next_key(k.theirs, NULL, key)), -EINVAL);
		assert_int_equal(ebpf_map__lookup(k.ours, key, value),
			kernel_result(bpf_map_lookup_elem(k.theirs, key, value)));
		close_both(&k);
	}
}

static void test_queue_as_kernel(void **state)
{
	queue_as_kernel(BPF_MAP_TYPE_QUEUE);
}

static void test_stack_as_kernel(void **state)
{
	queue_as_kernel(BPF_MAP_TYPE_STACK);
}

/* What is in is found; of what is not, as much is found as the kernel finds. */
static void test_bloom_as_kernel(void **state)
{
	enum { N = 5000 };
	struct keyless k;
	uint32_t ours = 0, theirs = 0;

	require_kernel();
	k = open_both(BPF_MAP_TYPE_BLOOM_FILTER, 12, N);
	for (uint32_t i = 0; i < N; i++) {
		uint32_t value[3] = {i, 7, i * 3};
		uint64_t flag = below(10) ? BPF_ANY : below(4);

		assert_int_equal(ebpf_map__update(k.ours, NULL, value, flag),
			kernel_result(bpf_map_update_elem(k.theirs, NULL, value, flag)));
		if (flag)
			assert_int_equal(ebpf_map__update(k.ours, NULL, value, BPF_ANY), 0);
		assert_int_equal(ebpf_map__lookup(k.ours, NULL, value), 0);
	}
	for (uint32_t i = N; i < 5 * N; i++) {
		uint32_t value[3] = {i, 7, i * 3};

		ours += !ebpf_map__lookup(k.ours, NULL, value);
		theirs += !bpf_map_lookup_elem(k.theirs, NULL, value);
	}
	assert_in_range(ours, 0, theirs * 2 + 50);
	assert_int_equal(ebpf_map__lookup_and_delete(k.ours, NULL, &(uint32_t[3]){0}),
		kernel_result(bpf_map_lookup_and_delete_elem(k.theirs, NULL, &(uint32_t[3]){0})));
	assert_int_equal(
		ebpf_map__delete(k.ours, NULL), kernel_result(bpf_map_delete_elem(k.theirs, NULL)));
	assert_int_equal(ebpf_map__next_key(k.ours, NULL, &ours),
		kernel_result(bpf_map_get_next_key(k.theirs, NULL, &ours)));
	close_both(&k);
}

static void test_creation_as_kernel(void **state)
{
	static const uint32_t types[] = {
		BPF_MAP_TYPE_QUEUE, BPF_MAP_TYPE_STACK, BPF_MAP_TYPE_BLOOM_FILTER};
	static const uint32_t values[] = {0, 1, 8, (4 << 20), (4 << 20) + 1};
	static const uint32_t entries[] = {0, 1, 100, 1 << 10, 1 << 29};

	require_kernel();
	for (int t = 0; t < 3; t++) {
		for (uint32_t a = 0; a < 15; a++)
			for (uint32_t b = a; b < 15; b++)
				compare_creation(types[t], 0, 8, 4, 1u << a | 1u << b);
		for (int v = 0; v < 5; v++)
			for (int e = 0; e < (types[t] == BPF_MAP_TYPE_BLOOM_FILTER ? 4 : 5); e++)
				for (uint32_t k = 0; k < 2; k++)
					compare_creation(types[t], k * 4, values[v], entries[e], 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_queue_as_kernel),
		cmocka_unit_test(test_stack_as_kernel),
		cmocka_unit_test(test_bloom_as_kernel),
		cmocka_unit_test(test_creation_as_kernel),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
