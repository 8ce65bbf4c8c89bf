/* SPDX-License-Identifier: BSD-3-Clause
 *
 * lpm_test.c -- what a lookup finds was the longest prefix at some moment of the lookup.
 *
 * One writer adds and deletes prefixes of one address, and keeps a record of which there were after
 * each step. Another does the same with prefixes that do not cover the address, so that tables and
 * nodes come, go and serve again around it. Two workers look the address up: each answer must be
 * the longest of the prefixes after one of the steps that were under way.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <cmocka.h>

#include "crowd.h"
#include "runtime/map-lpm.h"

enum {
	LENGTHS_MAX = 128,
	RECORD = 1 << 16, /* steps; a power of two */
	NONE = 255,       /* no length */
	NEIGHBOUR = 254,
	ROUTES_MAX = 225, /* of both writers */
};

struct prefix {
	uint32_t length;
	uint8_t data[LENGTHS_MAX / 8];
};

/* Byte by byte the address of which prefixes come and go. */
static const uint8_t address[LENGTHS_MAX / 8] = {
	10, 77, 133, 201, 32, 1, 13, 184, 0, 0, 255, 254, 3, 171, 85, 9};

static uint32_t max_length;
static uint8_t longest_after[RECORD]; /* or NONE */
static uint32_t begun, done;          /* steps of the writer */
static uint32_t changes;              /* of both writers, begun */

static struct prefix make_prefix(uint32_t length)
{
	struct prefix p = {.length = length};

	memcpy(p.data, address, sizeof(address));
	return p;
}

/* Of the lengths that there are. */
static uint8_t longest(const bool *there)
{
	uint32_t length = max_length + 1;

	while (length-- > 0)
		if (there[length])
			return (uint8_t)length;
	return NONE;
}

static void *address_writer(void *arg)
{
	bool there[LENGTHS_MAX + 1] = {false};
	struct thread *t = arg;
	uint32_t step = 0;

	while (!time_is_up) {
		uint32_t length = below(t, max_length + 1);
		struct prefix p = make_prefix(length);
		struct value value = make_value(length, step);
		int err;

		there[length] = !there[length];
		step++;
		rt_write(&longest_after[step % RECORD], longest(there));
		__atomic_fetch_add(&changes, 1, __ATOMIC_SEQ_CST);
		__atomic_store_n(&begun, step, __ATOMIC_SEQ_CST);
		err = there[length] ? ebpf_map__update(map, &p, &value, BPF_NOEXIST)
				    : ebpf_map__delete(map, &p);
		__atomic_store_n(&done, step, __ATOMIC_SEQ_CST);
		wrong_results += err != 0;
		t->counted++;
	}
	return NULL;
}

/* Prefixes that part with the address at its last bit or before; so few that all have room. */
static void *neighbour_writer(void *arg)
{
	struct thread *t = arg;

	while (!time_is_up) {
		uint32_t parts = below(t, max_length / 4) * 4, more = max_length - parts;
		uint32_t length = parts + (below(t, 3) ? 1 + below(t, 2) * (more / 2) : more);
		struct prefix p = make_prefix(length);
		struct value value = make_value(NEIGHBOUR, 0);

		p.data[parts / 8] ^= (uint8_t)(0x80 >> parts % 8);
		__atomic_fetch_add(&changes, 1, __ATOMIC_SEQ_CST);
		if (below(t, 2))
			ebpf_map__update(map, &p, &value, BPF_ANY);
		else
			ebpf_map__delete(map, &p);
		t->counted++;
	}
	return NULL;
}

static bool was_longest(uint8_t found, uint32_t from, uint32_t to)
{
	for (uint32_t step = from; step != to + 1; step++)
		if (rt_read(&longest_after[step % RECORD]) == found)
			return true;
	return false;
}

/* After as many changes as there are spare values the value may be another's. */
static void *look_up(void *arg)
{
	struct prefix key = make_prefix(max_length);
	uint32_t patience = map->rt.geo.n_elems > 2 * ROUTES_MAX ? map->rt.geo.n_elems - ROUTES_MAX
								 : RT_LPM_SPARES / 2;
	struct thread *t = arg;

	while (!time_is_up) {
		uint32_t before = __atomic_load_n(&changes, __ATOMIC_SEQ_CST);
		uint32_t from = __atomic_load_n(&done, __ATOMIC_SEQ_CST), to;
		const struct value *v = rt_map__lookup(&map->rt, t->number, &key);
		uint8_t found = v ? (uint8_t)rt_read(&v->of) : NONE;

		to = __atomic_load_n(&begun, __ATOMIC_SEQ_CST);
		if (__atomic_load_n(&changes, __ATOMIC_SEQ_CST) - before > patience)
			continue;
		if (!was_longest(found, from, to))
			wrong_values++;
		t->counted++;
	}
	return NULL;
}

static void look_up_while_routes_change(uint32_t data_size, uint32_t max_entries)
{
	static const role_fn roles[] = {look_up, look_up, address_writer, neighbour_writer};

	max_length = data_size * 8;
	longest_after[0] = NONE;
	begun = done = changes = 0;
	map = make_map(
		BPF_MAP_TYPE_LPM_TRIE, 4 + data_size, sizeof(struct value), max_entries, NULL);
	run_crowd(roles);
	ebpf_map__unref(map);
}

/* Addresses of 32 bits, by the size of the table: 8, 16, 24. */
static void test_small_table(void **state)
{
	look_up_while_routes_change(4, 63);
}

static void test_table(void **state)
{
	look_up_while_routes_change(4, 500);
}

static void test_large_table(void **state)
{
	look_up_while_routes_change(4, 1 << 14);
}

/* Groups, and below them nodes. */
static void test_long_address(void **state)
{
	look_up_while_routes_change(16, 1000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_small_table),
		cmocka_unit_test(test_table),
		cmocka_unit_test(test_large_table),
		cmocka_unit_test(test_long_address),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
