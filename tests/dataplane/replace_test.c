/* SPDX-License-Identifier: BSD-3-Clause
 *
 * replace_test -- a program is replaced under full traffic: every packet is judged once, whole, and
 * by one version, in order of versions; counted once in a map that all of them had; and nothing is
 * left behind by successors or by those that could not take its place.
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
	assert_int_equal(port.outcome[OUTCOME_TX] + port.outcome[OUTCOME_PASS], t->traffic.packets);
	assert_true(port.outcome[OUTCOME_TX] && port.outcome[OUTCOME_PASS]);
	assert_int_equal(
		ebpf_map__lookup(ebpf_object__map_by_name(t->object, "shared"), &first, &counted),
		0);
	assert_int_equal(counted, t->traffic.packets);
	assert_int_equal(replacing__program(t)->replaced, t->n + WARM_UP);
	assert_string_equal(ebpf_program__code(replacing__program(t)->program)->backend, "llvm");
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

static void replace_under_traffic(bool cached)
{
	struct replacing t;

	replacing__open(&t, cached);
	replacing__run(&t);
	replacing__print_times(&t);
	check_counts(&t);
	check_level(&t);
	ringed__close(&t.b);
}

static void compiled_each_time(void **state)
{
	replace_under_traffic(false);
}

static void out_of_the_cache(void **state)
{
	replace_under_traffic(true);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(compiled_each_time),
		cmocka_unit_test(out_of_the_cache),
	};

	return replacing__main(argc, argv, tests, RTE_DIM(tests));
}
