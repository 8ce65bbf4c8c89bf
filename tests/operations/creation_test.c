/* SPDX-License-Identifier: BSD-3-Clause
 *
 * creation_test.c -- which maps can be, by type, sizes and flags: errno as the kernel's.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <cmocka.h>

#include "creation.h"
#include "kernel.h"
#include "pair.h"

static void compare_shape(const struct shape *s)
{
	compare_creation(s->type, s->key_size, s->value_size, s->max_entries, s->flags);
}

static bool holds_maps(uint32_t type)
{
	return type == BPF_MAP_TYPE_ARRAY_OF_MAPS || type == BPF_MAP_TYPE_HASH_OF_MAPS;
}

/* The first geometry of a type, with other flags. BPF_F_NUMA_NODE wants a node that there is: 0
 * is. The flags of bits 16 and up are for the system call alone. */
static void test_flags(void **state)
{
	kernel__require();
	for (uint32_t i = 0; i < n_kinds; i++)
		for (uint32_t a = 0; a < 16; a++)
			for (uint32_t b = a; b < 16; b++) {
				struct shape s = kinds[i].shapes[0];

				s.flags |= 1u << a | 1u << b;
				s.max_entries = 4;
				if (!holds_maps(s.type))
					compare_shape(&s);
			}
}

/* Where the kernel's checks have their limits. */
static const uint32_t sizes[] = {0, 1, 3, 4, 5, 8, 260, 261, 512, 513, 1 << 16, (32 << 10) - 7,
	32 << 10, (32 << 10) + 1, (4 << 20) - 256 - 24, (4 << 20) - 256 - 23, (4 << 20) - 64,
	4 << 20, (4 << 20) + 1, 1u << 31, UINT32_MAX};

static void test_sizes(void **state)
{
	kernel__require();
	for (uint32_t i = 0; i < n_kinds; i++)
		for (size_t k = 0; k < COUNT(sizes); k++)
			for (size_t v = 0; v < COUNT(sizes); v++) {
				struct shape s = kinds[i].shapes[0];

				s.key_size = sizes[k];
				s.value_size = sizes[v];
				s.max_entries = 1;
				if (!holds_maps(s.type))
					compare_shape(&s);
			}
}

static void test_entries(void **state)
{
	static const struct shape shapes[] = {
		{BPF_MAP_TYPE_HASH, 4, 4, UINT32_MAX, BPF_F_NO_PREALLOC},
		{BPF_MAP_TYPE_HASH, 4, 4, (1u << 31) + 1, BPF_F_NO_PREALLOC},
		{BPF_MAP_TYPE_LPM_TRIE, 8, 4, UINT32_MAX, 0},
		{BPF_MAP_TYPE_CPUMAP, 4, 4, UINT32_MAX, 0},
		{BPF_MAP_TYPE_BLOOM_FILTER, 0, 8, 1 << 10, 0},
		{BPF_MAP_TYPE_BLOOM_FILTER, 0, 8, 100, 0},
	};

	kernel__require();
	for (uint32_t i = 0; i < n_kinds; i++) {
		struct shape s = kinds[i].shapes[0];

		s.max_entries = 0;
		if (!holds_maps(s.type))
			compare_shape(&s);
	}
	for (size_t i = 0; i < COUNT(shapes); i++)
		compare_shape(&shapes[i]);
}

static void test_anything(void **state)
{
	uint32_t n = operations_wanted() / 10;

	kernel__require();
	for (uint32_t i = 0; i < n; i++) {
		struct shape s = {.type = kinds[below(n_kinds)].type,
			.key_size = below(2) ? 4 : sizes[below(COUNT(sizes))],
			.value_size = below(2) ? 8 : sizes[below(COUNT(sizes))],
			.max_entries = below(4),
			.flags = 0};

		for (uint32_t bits = below(4); bits > 0; bits--)
			s.flags |= 1u << below(16);
		if (!holds_maps(s.type))
			compare_shape(&s);
	}
	printf("%u geometries\n", n);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_flags),
		cmocka_unit_test(test_sizes),
		cmocka_unit_test(test_entries),
		cmocka_unit_test(test_anything),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
