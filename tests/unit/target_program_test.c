/* SPDX-License-Identifier: BSD-3-Clause
 *
 * target_program_test.c -- programs in entries of DEVMAP, DEVMAP_HASH and CPUMAP: which are taken,
 * as the kernel has it; what a redirect says of them on every backend; when they go. And where a
 * broadcast goes.
 */
#include <bpf/bpf.h>
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include "core/map.h"
#include "core/program.h"
#include "machine.h"

#define N_ENTRIES 4
#define LOOPBACK  1 /* the one interface that there always is */

static const struct bpf_insn passing[] = {MOV_IMM(0, XDP_PASS), EXIT()};

/* Programs of every type that maps may be offered. */
static const struct {
	enum ebpf_program_type ours;
	enum bpf_attach_type theirs;
} kinds[] = {
	{EBPF_PROGRAM_XDP, BPF_XDP},
	{EBPF_PROGRAM_XDP_DEVMAP, BPF_XDP_DEVMAP},
	{EBPF_PROGRAM_XDP_CPUMAP, BPF_XDP_CPUMAP},
};

static const uint32_t map_types[] = {
	BPF_MAP_TYPE_DEVMAP, BPF_MAP_TYPE_DEVMAP_HASH, BPF_MAP_TYPE_CPUMAP};

static struct ebpf_program *load(
	struct ebpf_instance *inst, enum ebpf_program_type type, struct ebpf_map *map)
{
	const struct bpf_insn looking[] = {MAP_AT(1, 0), MOV_IMM(2, 0), MOV_IMM(3, 0),
		CALL(BPF_FUNC_redirect_map), MOV_IMM(0, XDP_PASS), EXIT()};
	struct ebpf_program_spec spec = {.name = "there",
		.type = type,
		.insns = (const struct ebpf_insn *)(map ? looking : passing),
		.n_insns = map ? COUNT(looking) : COUNT(passing),
		.maps = &map,
		.n_maps = map != NULL};
	struct ebpf_program *prog = ebpf_program__load(inst, &spec, NULL, NULL);

	assert_non_null(prog);
	return prog;
}

static int load_theirs(enum bpf_attach_type type, bool has_frags)
{
	LIBBPF_OPTS(bpf_prog_load_opts, opts, .expected_attach_type = type,
		.prog_flags = has_frags ? BPF_F_XDP_HAS_FRAGS : 0);

	return bpf_prog_load(BPF_PROG_TYPE_XDP, "there", "GPL", passing, COUNT(passing), &opts);
}

static struct ebpf_map *make_map(struct ebpf_instance *inst, uint32_t type, uint32_t value_size)
{
	struct ebpf_map_opts opts = {.name = "targets",
		.type = type,
		.key_size = 4,
		.value_size = value_size,
		.max_entries = N_ENTRIES};
	struct ebpf_map *map = ebpf_map__create(inst, &opts, NULL);

	assert_non_null(map);
	return map;
}

static struct ebpf_program *load_frags(enum ebpf_program_type type, bool has_frags)
{
	struct ebpf_program_spec spec = {.name = "there",
		.type = type,
		.has_frags = has_frags,
		.insns = (const struct ebpf_insn *)passing,
		.n_insns = COUNT(passing)};
	struct ebpf_program *prog = ebpf_program__load(machine.inst, &spec, NULL, NULL);

	assert_non_null(prog);
	return prog;
}

/* What both show of entry 0: the number, and whether there is a program. */
static void compare_entry(const struct twin *t, const struct ebpf_program *prog)
{
	uint32_t key = 0, ours[2], theirs[2];

	assert_int_equal(ebpf_map__lookup(t->ours, &key, ours), 0);
	assert_int_equal(bpf_map_lookup_elem(t->theirs, &key, theirs), 0);
	assert_int_equal(ours[0], theirs[0]);
	assert_int_equal(ours[1], ebpf_program__id(prog));
	assert_true(theirs[1]);
}

static void offer(uint32_t map_type, size_t kind, uint32_t number)
{
	struct twin t = twin__create(
		(struct ebpf_map_opts){
			.type = map_type, .key_size = 4, .value_size = 8, .max_entries = N_ENTRIES},
		-1);
	struct ebpf_program *prog = load(machine.inst, kinds[kind].ours, NULL);
	int fd = load_theirs(kinds[kind].theirs, false), ours, theirs;
	uint32_t key = 0, value[2] = {number, (uint32_t)fd};

	assert_true(fd >= 0);
	ours = ebpf_map__set_target(t.ours, key, number, prog, BPF_ANY);
	theirs = kernel__result(bpf_map_update_elem(t.theirs, &key, value, BPF_ANY));
	if (!ours != !theirs)
		fail_msg("map type %u, program %zu, number %u: %d, the kernel: %d", map_type, kind,
			number, ours, theirs);
	if (!ours)
		compare_entry(&t, prog);
	close(fd);
	ebpf_program__unref(prog);
	twin__drop(&t);
}

static void test_programs_are_taken_as_by_kernel(void **state)
{
	kernel__require();
	for (size_t m = 0; m < COUNT(map_types); m++)
		for (size_t k = 0; k < COUNT(kinds); k++)
			offer(map_types[m], k, LOOPBACK);
	offer(BPF_MAP_TYPE_DEVMAP, 1, 0);
}

/* All programs of a map take packets in fragments, or none does. */
static void offer_both(uint32_t map_type, size_t kind, bool first_has_frags)
{
	struct twin t = twin__create(
		(struct ebpf_map_opts){
			.type = map_type, .key_size = 4, .value_size = 8, .max_entries = N_ENTRIES},
		-1);

	for (int i = 0; i < 3; i++) {
		bool has_frags = (i % 2 == 0) == first_has_frags;
		struct ebpf_program *prog = load_frags(kinds[kind].ours, has_frags);
		int fd = load_theirs(kinds[kind].theirs, has_frags), theirs;
		uint32_t key = 0, value[2] = {LOOPBACK, (uint32_t)fd};

		assert_true(fd >= 0);
		theirs = kernel__result(bpf_map_update_elem(t.theirs, &key, value, BPF_ANY));
		assert_int_equal(theirs != 0, i % 2); /* of a CPUMAP it says there is no memory */
		assert_int_equal(ebpf_map__set_target(t.ours, key, LOOPBACK, prog, BPF_ANY),
			theirs ? -EINVAL : 0);
		close(fd);
		ebpf_program__unref(prog);
	}
	twin__drop(&t);
}

static void test_packets_in_fragments_as_kernel(void **state)
{
	kernel__require();
	for (size_t m = 0; m < COUNT(map_types); m++)
		for (int has_frags = 0; has_frags < 2; has_frags++)
			offer_both(map_types[m], map_types[m] == BPF_MAP_TYPE_CPUMAP ? 2 : 1,
				has_frags);
}

static void test_programs_are_refused(void **state)
{
	struct ebpf_instance *other = ebpf_instance__create(NULL, NULL);
	struct ebpf_program *prog = load(machine.inst, EBPF_PROGRAM_XDP_DEVMAP, NULL);
	struct ebpf_program *foreign = load(other, EBPF_PROGRAM_XDP_DEVMAP, NULL);
	struct ebpf_map *wide = make_map(machine.inst, BPF_MAP_TYPE_DEVMAP, 8);
	struct ebpf_map *narrow = make_map(machine.inst, BPF_MAP_TYPE_DEVMAP, 4);
	struct ebpf_map *sockets = make_map(machine.inst, BPF_MAP_TYPE_XSKMAP, 4);
	struct ebpf_map *array = make_map(machine.inst, BPF_MAP_TYPE_ARRAY, 8);

	assert_int_equal(ebpf_map__set_target(wide, 0, 5, foreign, BPF_ANY), -EINVAL);
	assert_int_equal(ebpf_map__set_target(narrow, 0, 5, prog, BPF_ANY), -EINVAL);
	assert_int_equal(ebpf_map__set_target(narrow, 0, 5, NULL, BPF_ANY), 0);
	assert_int_equal(ebpf_map__set_target(sockets, 0, 5, prog, BPF_ANY), -EINVAL);
	assert_int_equal(ebpf_map__set_target(array, 0, 5, NULL, BPF_ANY), -EINVAL);
	assert_int_equal(ebpf_map__set_target(wide, N_ENTRIES, 5, prog, BPF_ANY), -E2BIG);
	assert_int_equal(ebpf_map__set_target(wide, 0, 5, prog, BPF_NOEXIST), -EEXIST);
	assert_int_equal(prog->refs, 1);
	ebpf_map__unref(array);
	ebpf_map__unref(sockets);
	ebpf_map__unref(narrow);
	ebpf_map__unref(wide);
	ebpf_program__unref(foreign);
	ebpf_program__unref(prog);
	ebpf_instance__destroy(other);
}

/* --- what a redirect says ------------------------------------------------------------------- */

/* number: the entry's, an interface or the length of a worker's queue. */
static void check_redirect(struct ebpf_map *map, uint32_t key, uint32_t kind, uint32_t number,
	const struct ebpf_program *there)
{
	struct bpf_insn insns[] = {MAP_AT(1, 0), MOV_IMM(2, (int32_t)key), MOV_IMM(3, XDP_DROP),
		CALL(BPF_FUNC_redirect_map), EXIT()};
	bool worker = kind == EBPF_REDIRECT_WORKER;

	for (const char *const *backend = machine_backends; *backend; backend++) {
		struct ebpf_program *prog =
			machine__load(machine.inst, *backend, &map, 1, insns, COUNT(insns));

		assert_int_equal(machine__run(prog, &machine.env), kind ? XDP_REDIRECT : XDP_DROP);
		assert_int_equal(machine.env.redirect.kind, kind);
		if (kind) {
			assert_int_equal(machine.env.redirect.target, worker ? key : number);
			assert_int_equal(machine.env.redirect.queue, worker ? number : 0);
			assert_ptr_equal(machine.env.redirect.prog, there);
		}
		ebpf_program__unref(prog);
	}
}

static void redirect_to(uint32_t map_type)
{
	bool cpumap = map_type == BPF_MAP_TYPE_CPUMAP;
	uint32_t kind = cpumap ? EBPF_REDIRECT_WORKER : EBPF_REDIRECT_IFINDEX, key = 1;
	enum ebpf_program_type type = cpumap ? EBPF_PROGRAM_XDP_CPUMAP : EBPF_PROGRAM_XDP_DEVMAP;
	struct ebpf_map *map = make_map(machine.inst, map_type, 8);
	struct ebpf_program *first = load(machine.inst, type, NULL);
	struct ebpf_program *second = load(machine.inst, type, NULL), *got;
	uint32_t plain[2] = {77, (uint32_t)-1};

	assert_int_equal(ebpf_map__set_target(map, key, 55, first, BPF_ANY), 0);
	check_redirect(map, key, kind, 55, first);
	assert_int_equal(ebpf_map__set_target(map, key, 66, second, BPF_ANY), 0);
	check_redirect(map, key, kind, 66, second);
	got = ebpf_map__get_program(map, key);
	assert_ptr_equal(got, second);
	ebpf_program__unref(got);
	assert_int_equal(ebpf_map__update(map, &key, plain, BPF_ANY), 0);
	check_redirect(map, key, kind, 77, NULL);
	assert_null(ebpf_map__get_program(map, key));
	assert_int_equal(ebpf_map__set_target(map, key, 55, first, BPF_ANY), 0);
	assert_int_equal(ebpf_map__delete(map, &key), 0);
	check_redirect(map, key, EBPF_REDIRECT_NONE, 0, NULL);
	assert_int_equal(first->refs, 1);
	assert_int_equal(second->refs, 1);
	ebpf_map__unref(map);
	ebpf_program__unref(first);
	ebpf_program__unref(second);
}

static void test_redirect_tells_the_program(void **state)
{
	for (size_t m = 0; m < COUNT(map_types); m++)
		redirect_to(map_types[m]);
}

/* --- a program in the place of another ---------------------------------------------------------
 */

static void put_program(
	struct ebpf_map *map, uint32_t key, uint32_t number, struct ebpf_program *prog)
{
	bool array = ebpf_map__opts(map)->type == BPF_MAP_TYPE_PROG_ARRAY;

	assert_int_equal(array ? ebpf_map__set_program(map, key, prog)
			       : ebpf_map__set_target(map, key, number, prog, BPF_ANY),
		0);
}

static void check_program(
	struct ebpf_map *map, uint32_t key, uint32_t number, const struct ebpf_program *prog)
{
	struct ebpf_program *got = ebpf_map__get_program(map, key);
	uint32_t value[2];

	assert_ptr_equal(got, prog);
	ebpf_program__unref(got);
	assert_int_equal(ebpf_map__lookup(map, &key, value), 0);
	assert_int_equal(value[0], number);
}

/* Entries 0 and 2 have one program, 1 another; there are two workers. */
static void replace_in(uint32_t map_type, enum ebpf_program_type type)
{
	bool array = map_type == BPF_MAP_TYPE_PROG_ARRAY, two = map_type != BPF_MAP_TYPE_CPUMAP;
	struct ebpf_map *map = make_map(machine.inst, map_type, array ? 4 : 8);
	struct ebpf_program *was = load(machine.inst, type, NULL);
	struct ebpf_program *other = load(machine.inst, type, NULL);
	struct ebpf_program *is = load(machine.inst, type, NULL);
	struct ebpf_program *wrong = load(machine.inst,
		type == EBPF_PROGRAM_XDP ? EBPF_PROGRAM_XDP_CPUMAP : EBPF_PROGRAM_XDP, NULL);

	put_program(map, 0, 50, was);
	put_program(map, 1, 51, other);
	if (two)
		put_program(map, 2, 52, was);
	assert_int_equal(ebpf_map__replace_program(map, was, wrong), -EINVAL);
	check_program(map, 0, array ? ebpf_program__id(was) : 50, was);
	assert_int_equal(ebpf_map__replace_program(map, was, is), 1 + two);
	check_program(map, 0, array ? ebpf_program__id(is) : 50, is);
	check_program(map, 1, array ? ebpf_program__id(other) : 51, other);
	if (two)
		check_program(map, 2, array ? ebpf_program__id(is) : 52, is);
	assert_int_equal(ebpf_map__replace_program(map, was, is), 0);
	assert_int_equal(was->refs, 1);
	assert_int_equal(is->refs, 2 + two);
	ebpf_map__unref(map);
	assert_int_equal(is->refs, 1);
	ebpf_program__unref(was);
	ebpf_program__unref(other);
	ebpf_program__unref(is);
	ebpf_program__unref(wrong);
}

static void test_a_program_takes_anothers_place(void **state)
{
	replace_in(BPF_MAP_TYPE_PROG_ARRAY, EBPF_PROGRAM_XDP);
	replace_in(BPF_MAP_TYPE_DEVMAP, EBPF_PROGRAM_XDP_DEVMAP);
	replace_in(BPF_MAP_TYPE_DEVMAP_HASH, EBPF_PROGRAM_XDP_DEVMAP);
	replace_in(BPF_MAP_TYPE_CPUMAP, EBPF_PROGRAM_XDP_CPUMAP);
}

/* --- when programs go ----------------------------------------------------------------------- */

/* Both workers are quiescent, and what may go goes. */
static void pass_quiescent(struct ebpf_instance *inst, struct ebpf_env *env)
{
	for (int i = 0; i < 2; i++)
		ebpf_env__quiescent(&env[i]);
	reclaim__poll(&inst->reclaim);
}

/* A packet on its way to another worker has its program with it. */
static void test_programs_stay_for_packets_under_way(void **state)
{
	struct ebpf_instance *inst =
		ebpf_instance__create(&(struct ebpf_instance_opts){.workers = 2}, NULL);
	struct ebpf_env env[2];

	for (uint32_t i = 0; i < 2; i++) {
		ebpf_env__init(&env[i], inst, i);
		ebpf_env__online(&env[i]);
	}
	for (size_t m = 0; m < COUNT(map_types); m++) {
		bool cpumap = map_types[m] == BPF_MAP_TYPE_CPUMAP;
		struct ebpf_map *map = make_map(inst, map_types[m], 8);
		struct ebpf_program *prog = load(
			inst, cpumap ? EBPF_PROGRAM_XDP_CPUMAP : EBPF_PROGRAM_XDP_DEVMAP, NULL);

		assert_int_equal(ebpf_map__set_target(map, 0, 5, prog, BPF_ANY), 0);
		assert_int_equal(ebpf_map__delete(map, &(uint32_t){0}), 0);
		for (int n = 0; n < (cpumap ? 3 : 1); n++) {
			assert_int_equal(prog->refs, 2);
			pass_quiescent(inst, env);
		}
		assert_int_equal(prog->refs, 1);
		ebpf_program__unref(prog);
		ebpf_map__unref(map);
	}
	for (int i = 0; i < 2; i++)
		ebpf_env__offline(&env[i]);
	ebpf_instance__destroy(inst);
}

/* A program at an entry of the very map that it redirects by. */
static void test_circles_are_broken(void **state)
{
	for (size_t m = 0; m < COUNT(map_types); m++) {
		bool cpumap = map_types[m] == BPF_MAP_TYPE_CPUMAP;
		struct ebpf_map *map = make_map(machine.inst, map_types[m], 8);
		struct ebpf_program *prog = load(machine.inst,
			cpumap ? EBPF_PROGRAM_XDP_CPUMAP : EBPF_PROGRAM_XDP_DEVMAP, map);

		assert_int_equal(ebpf_map__set_target(map, 0, 5, prog, BPF_ANY), 0);
		assert_int_equal(ebpf_map__set_target(map, 1, 5, prog, BPF_ANY), 0);
		ebpf_map__unref(map);
		assert_int_equal(prog->refs, 1);
		ebpf_program__unref(prog);
	}
}

/* --- broadcasts ------------------------------------------------------------------------------ */

struct visits {
	struct ebpf_redirect to[N_ENTRIES];
	unsigned n;
};

static void visit(void *user, const struct ebpf_redirect *one)
{
	struct visits *v = user;

	assert_true(v->n < N_ENTRIES);
	v->to[v->n++] = *one;
}

static struct visits broadcast(const struct ebpf_map *map, uint32_t flags, uint32_t ingress)
{
	struct ebpf_redirect all = {
		.kind = EBPF_REDIRECT_BROADCAST, .target = flags, .map = &map->rt};
	struct visits v = {.n = 0};

	ebpf_redirect__for_each(&all, ingress, visit, &v);
	return v;
}

static bool was_visited(const struct visits *v, uint32_t ifindex, const struct ebpf_program *prog)
{
	unsigned times = 0;

	for (unsigned i = 0; i < v->n; i++)
		times += v->to[i].kind == EBPF_REDIRECT_IFINDEX && v->to[i].target == ifindex &&
			 v->to[i].prog == prog;
	return times == 1;
}

static void test_broadcast_goes_everywhere_once(void **state)
{
	struct ebpf_program *prog = load(machine.inst, EBPF_PROGRAM_XDP_DEVMAP, NULL);

	for (size_t m = 0; m < 2; m++) {
		struct ebpf_map *map = make_map(machine.inst, map_types[m], 8);
		struct visits v = broadcast(map, BPF_F_BROADCAST, 7);

		assert_int_equal(v.n, 0);
		assert_int_equal(ebpf_map__set_target(map, 0, 9, NULL, BPF_ANY), 0);
		assert_int_equal(ebpf_map__set_target(map, 2, 7, prog, BPF_ANY), 0);
		assert_int_equal(ebpf_map__set_target(map, 3, 8, NULL, BPF_ANY), 0);
		assert_int_equal(ebpf_map__count(map), 3);

		v = broadcast(map, BPF_F_BROADCAST, 7);
		assert_int_equal(v.n, 3);
		assert_true(was_visited(&v, 9, NULL));
		assert_true(was_visited(&v, 7, prog));
		assert_true(was_visited(&v, 8, NULL));
		if (map_types[m] == BPF_MAP_TYPE_DEVMAP)
			assert_int_equal(v.to[0].target, 9);

		v = broadcast(map, BPF_F_BROADCAST | BPF_F_EXCLUDE_INGRESS, 7);
		assert_int_equal(v.n, 2);
		assert_true(was_visited(&v, 9, NULL));
		assert_true(was_visited(&v, 8, NULL));
		ebpf_map__unref(map);
	}
	ebpf_program__unref(prog);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_programs_are_taken_as_by_kernel),
		cmocka_unit_test(test_packets_in_fragments_as_kernel),
		cmocka_unit_test(test_programs_are_refused),
		cmocka_unit_test(test_redirect_tells_the_program),
		cmocka_unit_test(test_a_program_takes_anothers_place),
		cmocka_unit_test(test_programs_stay_for_packets_under_way),
		cmocka_unit_test(test_circles_are_broken),
		cmocka_unit_test(test_broadcast_goes_everywhere_once),
	};

	return cmocka_run_group_tests(tests, machine__set_up, machine__tear_down);
}
