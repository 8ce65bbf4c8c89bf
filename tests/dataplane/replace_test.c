/* SPDX-License-Identifier: BSD-3-Clause
 *
 * replace_test -- a program is replaced under full traffic: every packet is judged once, whole, and
 * by one version, in order of versions, also where a program at a map's entry has a part in it;
 * counted once in a map that all of them had; and nothing is left behind by successors or by those
 * that could not take its place.
 */
#include "loader/object.h"
#include "replacing.h"

/* Every packet has been judged once, and counted in a map that all versions had. */
static void check_counts(struct replacing *t)
{
	struct counters port = dataplane__port_counters(t->b.dataplane, 0);
	uint64_t counted;
	uint32_t first = 0;

	assert_int_equal(port.entered, t->traffic.packets);
	assert_int_equal(port.outcome[OUTCOME_TX] + port.outcome[OUTCOME_PASS] +
				 port.outcome[OUTCOME_REDIRECT],
		t->traffic.packets);
	assert_true(t->heirs || (port.outcome[OUTCOME_TX] && port.outcome[OUTCOME_PASS]));
	assert_int_equal(
		ebpf_map__lookup(ebpf_object__map_by_name(t->object, "shared"), &first, &counted),
		0);
	assert_int_equal(counted, t->traffic.packets);
	assert_int_equal(replacing__program(t)->replaced, t->n + WARM_UP);
	assert_string_equal(ebpf_program__code(replacing__program(t)->program)->backend, "llvm");
}

/* At entries are the programs of the last version, as fast as it is. */
static void check_entries(const struct replacing *t)
{
	static const char *const maps[] = {"ports", "some", "workers"};

	for (unsigned i = 0; i < 2 * RTE_DIM(maps); i++) {
		struct ebpf_map *map = ebpf_object__map_by_name(t->object, maps[i / 2]);
		struct ebpf_program *prog = ebpf_map__get_program(map, i % 2);
		bool found = false;

		assert_non_null(prog);
		assert_string_equal(ebpf_program__code(prog)->backend, "llvm");
		for (size_t p = 0; p < ebpf_object__n_programs(t->object); p++)
			found |= ebpf_object__loaded_program(t->object, p) == prog;
		assert_true(found);
		ebpf_program__unref(prog);
	}
}

static void check_level(const struct replacing *t)
{
	printf("heap %zu -> %zu bytes, mappings %u -> %u, descriptors %u -> %u\n", t->before.heap,
		t->after.heap, t->before.mappings, t->after.mappings, t->before.descriptors,
		t->after.descriptors);
	assert_int_equal(t->before.descriptors, t->after.descriptors);
	assert_in_range(t->after.heap, 0, t->before.heap + (96 << 10));
#ifndef __SANITIZE_ADDRESS__ /* which keeps what was freed */
	assert_in_range(t->after.mappings, 0, t->before.mappings + 8);
#endif
}

static void replace_under_traffic(bool cached, bool heirs)
{
	struct replacing t;

	replacing__open(&t, cached, heirs);
	replacing__run(&t);
	replacing__print_times(&t);
	check_counts(&t);
	if (heirs)
		check_entries(&t);
	check_level(&t);
	ringed__close(&t.b);
}

static void compiled_each_time(void **state)
{
	replace_under_traffic(false, false);
}

static void out_of_the_cache(void **state)
{
	replace_under_traffic(true, false);
}

/* A packet is judged by two programs, which are of one version. */
static void with_programs_at_entries(void **state)
{
	replace_under_traffic(true, true);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(compiled_each_time),
		cmocka_unit_test(out_of_the_cache),
		cmocka_unit_test(with_programs_at_entries),
	};

	return replacing__main(argc, argv, tests, RTE_DIM(tests));
}
