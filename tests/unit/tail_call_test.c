/* SPDX-License-Identifier: BSD-3-Clause
 *
 * tail_call_test.c -- PROG_ARRAY and bpf_tail_call(): on every backend, across backends, in the
 * kernel, and while the host replaces what is called.
 */
#include <bpf/bpf.h>
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include "core/map.h"
#include "machine.h"

#define N_PROGS         4
#define CALL_LOCAL(off) I(BPF_JMP | BPF_CALL, 0, BPF_PSEUDO_CALL, 0, off)

/* In every program: map 0 is the PROG_ARRAY, map 1 counts in its only value. */
#define COUNT_ONE                                                                                \
	I(BPF_ST | BPF_MEM | BPF_W, 10, 0, -4, 0), MOV_REG(2, 10), ADD_IMM(2, -4), MAP_AT(1, 1), \
		CALL(BPF_FUNC_map_lookup_elem), I(BPF_JMP | BPF_JEQ | BPF_K, 0, 0, 2, 0),        \
		MOV_IMM(1, 1), I(BPF_STX | BPF_ATOMIC | BPF_DW, 0, 1, 0, BPF_ADD)
#define TAIL_CALL(ctx, index) \
	MOV_REG(1, ctx), MAP_AT(2, 0), MOV_IMM(3, index), CALL(BPF_FUNC_tail_call)

struct program {
	const struct bpf_insn *insns;
	size_t n;
};

#define PROGRAM(name, ...) static const struct bpf_insn name[] = {__VA_ARGS__}
#define OF(name)                  \
	{                         \
		name, COUNT(name) \
	}

/* Some programs in slots 0, 1, ...; the first one is run. */
struct scene {
	struct ebpf_map *maps[2];
	struct ebpf_program *progs[N_PROGS];
	int map_fds[2], prog_fds[N_PROGS];
	bool in_kernel;
};

static struct ebpf_map *make_map(uint32_t type, uint32_t value_size, uint32_t entries)
{
	struct ebpf_map_opts opts = {.name = "map",
		.type = type,
		.key_size = 4,
		.value_size = value_size,
		.max_entries = entries};
	struct ebpf_map *map = ebpf_map__create(machine.inst, &opts, NULL);

	assert_non_null(map);
	return map;
}

static void scene__open(struct scene *s)
{
	*s = (struct scene){.in_kernel = kernel__permitted(),
		.maps = {make_map(BPF_MAP_TYPE_PROG_ARRAY, 4, N_PROGS),
			make_map(BPF_MAP_TYPE_ARRAY, 8, 1)}};
	if (!s->in_kernel)
		return;
	s->map_fds[0] = kernel__create_map(BPF_MAP_TYPE_PROG_ARRAY, 4, 4, N_PROGS, 0);
	s->map_fds[1] = kernel__create_map(BPF_MAP_TYPE_ARRAY, 4, 8, 1, 0);
	assert_true(s->map_fds[0] >= 0 && s->map_fds[1] >= 0);
}

static void scene__add(struct scene *s, uint32_t slot, const char *backend, struct program p)
{
	ebpf_program__unref(s->progs[slot]);
	s->progs[slot] = machine__load(machine.inst, backend, s->maps, 2, p.insns, p.n);
	assert_int_equal(ebpf_map__set_program(s->maps[0], slot, s->progs[slot]), 0);
	if (!s->in_kernel)
		return;
	if (s->prog_fds[slot])
		close(s->prog_fds[slot]);
	s->prog_fds[slot] = kernel__load_xdp_with(s->map_fds, p.insns, p.n, false);
	assert_true(s->prog_fds[slot] >= 0);
	assert_int_equal(bpf_map_update_elem(s->map_fds[0], &slot, &s->prog_fds[slot], BPF_ANY), 0);
}

/* Verdict and count are those expected, and the kernel's. */
static void scene__run(struct scene *s, uint32_t verdict, uint64_t count)
{
	uint8_t packet[64] = {0};
	struct kernel_run run = {.packet = packet, .size = sizeof(packet)};
	uint64_t seen, zero = 0;
	uint32_t key = 0;

	assert_int_equal(ebpf_map__update(s->maps[1], &key, &zero, BPF_ANY), 0);
	assert_int_equal(machine__run(s->progs[0], &machine.env), verdict);
	assert_int_equal(ebpf_map__lookup(s->maps[1], &key, &seen), 0);
	assert_int_equal(seen, count);
	assert_ptr_equal(machine.env.prog, s->progs[0]);
	assert_null(machine.env.next);
	if (!s->in_kernel)
		return;
	assert_int_equal(bpf_map_update_elem(s->map_fds[1], &key, &zero, BPF_ANY), 0);
	assert_int_equal(kernel__run(s->prog_fds[0], &run), 0);
	assert_int_equal(run.verdict, verdict);
	assert_int_equal(bpf_map_lookup_elem(s->map_fds[1], &key, &seen), 0);
	assert_int_equal(seen, count);
}

static void scene__close(struct scene *s)
{
	for (int i = 0; i < N_PROGS; i++) {
		ebpf_program__unref(s->progs[i]);
		if (s->prog_fds[i])
			close(s->prog_fds[i]);
	}
	for (int i = 0; i < 2; i++) {
		ebpf_map__unref(s->maps[i]);
		if (s->in_kernel)
			close(s->map_fds[i]);
	}
}

/* Counts itself, goes on to `slot`, and returns `verdict` if that does not work. */
#define LINK(slot, verdict) \
	MOV_REG(6, 1), COUNT_ONE, TAIL_CALL(6, slot), MOV_IMM(0, verdict), EXIT()

PROGRAM(to_1, LINK(1, 11));
PROGRAM(to_2, LINK(2, 12));
PROGRAM(to_itself, LINK(0, 13));
PROGRAM(to_far, LINK(N_PROGS, 14));
PROGRAM(to_minus_1, LINK(-1, 15));
PROGRAM(seven, MOV_REG(6, 1), COUNT_ONE, MOV_IMM(0, 7), EXIT());

/* main: r0 = sub(ctx) + 100; sub: goes on to 1, or returns 20. */
PROGRAM(sub_to_1, MOV_REG(6, 1), CALL_LOCAL(2), ADD_IMM(0, 100), EXIT(), LINK(1, 20));
/* The same, but its callee is itself: every level adds 100. */
PROGRAM(sub_to_itself, MOV_REG(6, 1), CALL_LOCAL(2), ADD_IMM(0, 100), EXIT(), LINK(0, 20));
/* Takes all of the packet but 14 bytes. */
PROGRAM(shrink, MOV_IMM(2, -50), CALL(BPF_FUNC_xdp_adjust_tail), MOV_IMM(0, 1), EXIT());

static void test_chain(void **state)
{
	for (const char *const *a = machine_backends; *a; a++) {
		for (const char *const *b = machine_backends; *b; b++) {
			struct scene s;

			scene__open(&s);
			scene__add(&s, 0, *a, (struct program)OF(to_1));
			scene__run(&s, 11, 1);
			scene__add(&s, 1, *b, (struct program)OF(to_2));
			scene__run(&s, 12, 2);
			scene__add(&s, 2, *a, (struct program)OF(seven));
			scene__run(&s, 7, 3);
			scene__add(&s, 0, *b, (struct program)OF(to_far));
			scene__run(&s, 14, 1);
			scene__add(&s, 0, *b, (struct program)OF(to_minus_1));
			scene__run(&s, 15, 1);
			scene__close(&s);
		}
	}
}

/* What leads to each other, not what nobody calls. */
static void test_targets_are_compiled(void **state)
{
	for (const char *const *b = machine_backends; *b; b++) {
		struct ebpf_program *alone;
		struct scene s;

		if (strcmp(*b, "llvm"))
			continue;
		scene__open(&s);
		scene__add(&s, 0, "interp", (struct program)OF(to_1));
		scene__add(&s, 1, "interp", (struct program)OF(to_2));
		scene__add(&s, 2, "interp", (struct program)OF(seven));
		alone = machine__load(machine.inst, "interp", s.maps, 2, seven, COUNT(seven));
		assert_int_equal(ebpf_program__compile_targets(s.progs[1], *b, NULL, NULL), 0);
		for (int i = 0; i < 3; i++)
			assert_string_equal(ebpf_program__code(s.progs[i])->backend, *b);
		assert_string_equal(ebpf_program__code(alone)->backend, "interp");
		scene__run(&s, 7, 3);
		ebpf_program__unref(alone);
		scene__close(&s);
	}
}

static void test_33_calls(void **state)
{
	for (const char *const *a = machine_backends; *a; a++) {
		for (const char *const *b = machine_backends; *b; b++) {
			struct scene s;

			scene__open(&s);
			scene__add(&s, 0, *a, (struct program)OF(to_itself));
			scene__run(&s, 13, 34);
			/* The count is the packet's, whoever calls. */
			scene__add(&s, 0, *b, (struct program)OF(sub_to_itself));
			scene__run(&s, 20 + 34 * 100, 34);
			scene__close(&s);
		}
	}
}

static void test_from_a_function(void **state)
{
	for (const char *const *a = machine_backends; *a; a++) {
		for (const char *const *b = machine_backends; *b; b++) {
			struct scene s;

			scene__open(&s);
			scene__add(&s, 0, *a, (struct program)OF(sub_to_1));
			scene__run(&s, 120, 1);
			scene__add(&s, 1, *b, (struct program)OF(seven));
			scene__run(&s, 107, 2);
			scene__add(&s, 1, *b, (struct program)OF(shrink));
			scene__run(&s, 101, 1);
			scene__close(&s);
		}
	}
}

/* --- host's side ------------------------------------------------------------------------- */

static void test_host_as_kernel(void **state)
{
	static const uint32_t keys[] = {0, 1, N_PROGS, UINT32_MAX};
	struct scene s;
	uint32_t bad = 9999, value, theirs;

	kernel__require();
	scene__open(&s);
	scene__add(&s, 1, "interp", (struct program)OF(seven));
	for (size_t k = 0; k < COUNT(keys); k++) {
		for (uint64_t flags = 0; flags < 4; flags++)
			assert_int_equal(ebpf_map__update(s.maps[0], &keys[k], &bad, flags),
				kernel__result(
					bpf_map_update_elem(s.map_fds[0], &keys[k], &bad, flags)));
		assert_int_equal(ebpf_map__lookup(s.maps[0], &keys[k], &value),
			kernel__result(bpf_map_lookup_elem(s.map_fds[0], &keys[k], &theirs)));
		if (keys[k] == 1)
			assert_int_equal(value, ebpf_program__id(s.progs[1]));
		assert_int_equal(ebpf_map__next_key(s.maps[0], &keys[k], &value),
			kernel__result(bpf_map_get_next_key(s.map_fds[0], &keys[k], &theirs)));
		for (int twice = 0; twice < 2; twice++)
			assert_int_equal(ebpf_map__delete(s.maps[0], &keys[k]),
				kernel__result(bpf_map_delete_elem(s.map_fds[0], &keys[k])));
	}
	assert_int_equal(ebpf_map__set_program(s.maps[1], 0, s.progs[1]), -EINVAL);
	assert_int_equal(ebpf_map__set_program(s.maps[0], N_PROGS, s.progs[1]), -E2BIG);
	scene__close(&s);
}

PROGRAM(pass, MOV_IMM(0, XDP_PASS), EXIT());
PROGRAM(calls_first, TAIL_CALL(1, 0), MOV_IMM(0, XDP_PASS), EXIT());

/* The programs, of which the first takes packets in fragments or does not, and the second the
 * other way round, into one array. */
static void put_both(const struct scene *s, bool first_has_frags)
{
	for (uint32_t i = 0; i < 2; i++) {
		bool has_frags = (i == 0) == first_has_frags;
		struct ebpf_program *prog = (has_frags ? machine__load_frags : machine__load)(
			machine.inst, "interp", NULL, 0, pass, COUNT(pass));
		int fd = has_frags ? kernel__load_frags(NULL, pass, COUNT(pass))
				   : kernel__load_xdp(pass, COUNT(pass));
		int theirs = kernel__result(bpf_map_update_elem(s->map_fds[0], &i, &fd, BPF_ANY));

		assert_int_equal(theirs, i == 0 ? 0 : -EINVAL);
		assert_int_equal(ebpf_map__set_program(s->maps[0], i, prog), theirs);
		ebpf_program__unref(prog);
		close(fd);
	}
}

/* Who uses the array decides as well as who is in it. */
static void test_packets_in_fragments_as_kernel(void **state)
{
	struct ebpf_program *caller;
	struct scene s;
	char *why;
	int fd;

	kernel__require();
	scene__open(&s);
	put_both(&s, true);
	assert_int_equal(
		kernel__load_xdp_with(s.map_fds, calls_first, COUNT(calls_first), true), -EINVAL);
	why = machine__reason(machine.inst, s.maps, 2, calls_first, COUNT(calls_first));
	assert_string_equal(why, "map map is for programs that run elsewhere, or take packets in "
				 "fragments");
	free(why);
	scene__close(&s);

	scene__open(&s);
	fd = kernel__load_xdp_with(s.map_fds, calls_first, COUNT(calls_first), false);
	caller = machine__load(machine.inst, "interp", s.maps, 2, calls_first, COUNT(calls_first));
	put_both(&s, false);
	ebpf_program__unref(caller);
	close(fd);
	scene__close(&s);
}

/* A program in the very map that it holds goes when the user has let go of both. */
static void test_circle_is_broken(void **state)
{
	unsigned before = atomic_load(&machine.inst->refs);
	struct scene s;

	scene__open(&s);
	scene__add(&s, 0, "interp", (struct program)OF(to_itself));
	scene__add(&s, 1, "interp", (struct program)OF(to_1));
	assert_true(atomic_load(&machine.inst->refs) > before);
	scene__close(&s);
	assert_int_equal(atomic_load(&machine.inst->refs), before);
}

/* --- the verifier -------------------------------------------------------------------------- */

/* What may be done after a call that failed, and after a function that made one. */
static void test_acceptance_as_kernel(void **state)
{
	PROGRAM(no_result, TAIL_CALL(1, 0), EXIT());
	PROGRAM(no_context, MOV_REG(1, 10), MAP_AT(2, 0), MOV_IMM(3, 0), CALL(BPF_FUNC_tail_call),
		MOV_IMM(0, 1), EXIT());
	PROGRAM(other_map, MAP_AT(2, 1), MOV_IMM(3, 0), CALL(BPF_FUNC_tail_call), MOV_IMM(0, 1),
		EXIT());
	PROGRAM(lookup, STORE_IMM64(10, -8, 0), MOV_REG(2, 10), ADD_IMM(2, -8), MAP_AT(1, 0),
		CALL(BPF_FUNC_map_lookup_elem), MOV_IMM(0, 1), EXIT());
	/* r7 = data + 14, checked; main calls a function that may tail-call; r7 is used */
	PROGRAM(packet_after_function, MOV_REG(6, 1), LOAD32(7, 1, 0), LOAD32(8, 1, 4),
		MOV_REG(2, 7), ADD_IMM(2, 14), JGT_REG(2, 8, 2), CALL_LOCAL(3),
		I(BPF_LDX | BPF_MEM | BPF_B, 0, 7, 0, 0), MOV_IMM(0, 1), EXIT(), LINK(0, 1));
	PROGRAM(packet_after_call, MOV_REG(6, 1), LOAD32(7, 1, 0), LOAD32(8, 1, 4), MOV_REG(2, 7),
		ADD_IMM(2, 14), JGT_REG(2, 8, 6), TAIL_CALL(6, 0),
		I(BPF_LDX | BPF_MEM | BPF_B, 0, 7, 0, 0), MOV_IMM(0, 1), EXIT());
	static const int depths[] = {8, 240, 241, 248, 256, 264};
	struct machine_maps maps;
	struct scene s;

	kernel__require();
	scene__open(&s);
	maps = (struct machine_maps){s.maps, s.map_fds, 2};
	machine__compare_acceptance(&maps, no_result, COUNT(no_result), "no_result");
	machine__compare_acceptance(&maps, no_context, COUNT(no_context), "no_context");
	machine__compare_acceptance(&maps, other_map, COUNT(other_map), "other_map");
	machine__compare_acceptance(&maps, lookup, COUNT(lookup), "lookup");
	machine__compare_acceptance(&maps, packet_after_function, COUNT(packet_after_function),
		"packet_after_function");
	machine__compare_acceptance(
		&maps, packet_after_call, COUNT(packet_after_call), "packet_after_call");
	for (size_t i = 0; i < COUNT(depths); i++) {
		struct bpf_insn deep[] = {I(BPF_ST | BPF_MEM | BPF_B, 10, 0, -depths[i], 0),
			CALL_LOCAL(1), EXIT(), LINK(0, 1)};

		machine__compare_acceptance(&maps, deep, COUNT(deep), "deep");
	}
	scene__close(&s);
}

/* --- replaced under traffic ------------------------------------------------------------------ */

static bool is_of_one_of_them(uint32_t verdict)
{
	return verdict == 11 || verdict == 7 || verdict == 12;
}

static void test_replaced_under_traffic(void **state)
{
	for (const char *const *a = machine_backends; *a; a++) {
		struct machine_traffic t = {.is_right = is_of_one_of_them};
		struct scene s;
		unsigned refs;
		int rounds = strcmp(*a, "interp") ? 20 : 500;

		scene__open(&s);
		scene__add(&s, 0, *a, (struct program)OF(to_1));
		refs = atomic_load(&machine.inst->refs);
		t.prog = s.progs[0];
		machine_traffic__start(&t);
		for (uint32_t i = 0, slot = 1; i < (uint32_t)rounds; i++) {
			struct ebpf_program *p = i % 2 ? machine__load(machine.inst, *a, s.maps, 2,
								 seven, COUNT(seven))
						       : machine__load(machine.inst, *a, s.maps, 2,
								 to_2, COUNT(to_2));

			assert_int_equal(ebpf_map__set_program(s.maps[0], 1, p), 0);
			ebpf_program__unref(p);
			if (i % 16 == 15)
				assert_int_equal(ebpf_map__delete(s.maps[0], &slot), 0);
		}
		ebpf_map__delete(s.maps[0], &(uint32_t){1});
		ebpf_instance__synchronize(machine.inst);
		assert_int_equal(
			atomic_load(&machine.inst->refs), refs); /* all of them have gone */
		machine_traffic__stop(&t);
		scene__close(&s);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_chain),
		cmocka_unit_test(test_targets_are_compiled),
		cmocka_unit_test(test_33_calls),
		cmocka_unit_test(test_from_a_function),
		cmocka_unit_test(test_host_as_kernel),
		cmocka_unit_test(test_packets_in_fragments_as_kernel),
		cmocka_unit_test(test_circle_is_broken),
		cmocka_unit_test(test_acceptance_as_kernel),
		cmocka_unit_test(test_replaced_under_traffic),
	};

	return cmocka_run_group_tests(tests, machine__set_up, machine__tear_down);
}
