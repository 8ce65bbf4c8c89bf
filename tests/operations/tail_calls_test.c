/* SPDX-License-Identifier: BSD-3-Clause
 *
 * tail_calls_test.c -- random chains of tail calls through a PROG_ARRAY, across the backends and in
 * the kernel, the host changing the array between two packets. As many calls as XDPK_OPERATIONS
 * says.
 */
#include <bpf/bpf.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include "machine.h"
#include "pair.h"
#include "table.h"

#define N_PROGS    3
#define N_NEXT     64 /* calls of a chain at the most; the 34th fails */
#define N_ATTEMPTS 3  /* of a program to go on */
#define MAX_INSNS  128

/* The only value of map 1; map 0 is the PROG_ARRAY. */
struct chain {
	uint64_t n_calls, trace; /* who ran, and what failed */
	uint32_t next[N_NEXT];
};

#define CHAIN(field) ((int16_t)offsetof(struct chain, field))

static struct ebpf_instance *inst;

struct scene {
	struct pair pair;
	struct ebpf_map *chain;
	int chain_fd;
	struct thing programs[N_PROGS];
};

/* r6: the context; r7: the chain */
static void emit_trace(struct writer *w, int32_t what)
{
	emit(w, LOAD(BPF_DW, 1, 7, CHAIN(trace)));
	emit(w, MUL_IMM(1, 31));
	emit(w, ADD_IMM(1, what));
	emit(w, STORE(BPF_DW, 7, CHAIN(trace), 1));
}

static void emit_attempt(struct writer *w)
{
	emit(w, LOAD(BPF_DW, 2, 7, CHAIN(n_calls)));
	w->done[w->n_done++] = emit(w, I(BPF_JMP | BPF_JGE | BPF_K, 2, 0, 0, N_NEXT));
	emit(w, MOV_REG(3, 2));
	emit(w, MUL_IMM(3, 4));
	emit(w, ADD_REG(3, 7));
	emit(w, LOAD(BPF_W, 3, 3, CHAIN(next)));
	emit(w, ADD_IMM(2, 1));
	emit(w, STORE(BPF_DW, 7, CHAIN(n_calls), 2));
	emit(w, MOV_REG(1, 6));
	emit_map(w, 2, BPF_PSEUDO_MAP_IDX, 0);
	emit(w, CALL(BPF_FUNC_tail_call));
	emit_trace(w, 100);
}

static size_t write_program(struct bpf_insn *insns, int32_t number)
{
	struct writer w = {.insns = insns, .room = MAX_INSNS};

	emit(&w, MOV_REG(6, 1));
	emit_map(&w, 7, BPF_PSEUDO_MAP_IDX_VALUE, 1);
	emit_trace(&w, number);
	for (int i = 0; i < N_ATTEMPTS; i++)
		emit_attempt(&w);
	for (size_t i = 0; i < w.n_done; i++)
		land(&w, w.done[i]);
	emit(&w, MOV_IMM(0, number));
	emit(&w, EXIT());
	return w.n;
}

static void scene__open(struct scene *s, const struct shape *shape)
{
	struct bpf_insn insns[MAX_INSNS];
	const char *const *backend = machine_backends;

	pair__open(&s->pair, inst, shape);
	s->chain = ebpf_map__create(inst,
		&(struct ebpf_map_opts){.name = "chain",
			.type = BPF_MAP_TYPE_ARRAY,
			.key_size = 4,
			.value_size = sizeof(struct chain),
			.max_entries = 1},
		NULL);
	s->chain_fd = kernel__create_map(BPF_MAP_TYPE_ARRAY, 4, sizeof(struct chain), 1, 0);
	assert_true(s->chain && s->chain_fd >= 0);
	for (int i = 0; i < N_PROGS; i++) {
		size_t n = write_program(insns, i + 1);

		s->programs[i] = thing__of_program(
			machine__load(inst, *backend,
				(struct ebpf_map *const[]){s->pair.ours, s->chain}, 2, insns, n),
			kernel__load_xdp_with(
				(int[]){s->pair.theirs, s->chain_fd}, insns, n, false));
		backend = backend[1] ? backend + 1 : machine_backends;
	}
	pair__set_programs(&s->pair, s->programs, N_PROGS);
}

static void scene__close(struct scene *s)
{
	for (int i = 0; i < N_PROGS; i++)
		thing__drop(&s->programs[i]);
	pair__close(&s->pair);
	ebpf_map__unref(s->chain);
	close(s->chain_fd);
}

/* The same packet here and there; the number of calls. */
static uint32_t run_chain(struct scene *s, struct ebpf_env *env)
{
	uint8_t packet[64] = {0};
	struct kernel_run run = {.packet = packet, .size = sizeof(packet)};
	struct chain ours = {0}, theirs;
	uint32_t key = 0, first = below(N_PROGS);

	for (uint32_t i = 0; i < N_NEXT; i++)
		ours.next[i] = below(30) ? below(s->pair.shape.max_entries) : (uint32_t)random64();
	assert_int_equal(ebpf_map__update(s->chain, &key, &ours, BPF_ANY), 0);
	assert_int_equal(bpf_map_update_elem(s->chain_fd, &key, &ours, BPF_ANY), 0);
	assert_int_equal(kernel__run(s->programs[first].fd, &run), 0);
	assert_int_equal(machine__run(s->programs[first].prog, env), run.verdict);
	assert_int_equal(ebpf_map__lookup(s->chain, &key, &ours), 0);
	assert_int_equal(bpf_map_lookup_elem(s->chain_fd, &key, &theirs), 0);
	assert_int_equal(ours.n_calls, theirs.n_calls);
	assert_int_equal(ours.trace, theirs.trace);
	return (uint32_t)ours.n_calls;
}

static void test_chains(void **state)
{
	static const struct shape shapes[] = {{BPF_MAP_TYPE_PROG_ARRAY, 4, 4, 1, 0},
		{BPF_MAP_TYPE_PROG_ARRAY, 4, 4, 3, 0}, {BPF_MAP_TYPE_PROG_ARRAY, 4, 4, 40, 0}};
	uint32_t calls = 0, runs = 0, longest = 0;
	struct ebpf_env env;
	struct scene s;

	kernel__require();
	ebpf_env__init(&env, inst, pair__worker());
	for (uint32_t i = 0; i < 3; i++) {
		scene__open(&s, &shapes[i]);
		for (uint32_t n; calls < operations_wanted() / 3 * (i + 1); runs++) {
			for (int steps = 0; steps < 3; steps++)
				pair__step(&s.pair);
			n = run_chain(&s, &env);
			calls += n;
			longest = n > longest ? n : longest;
		}
		pair__compare_contents(&s.pair);
		scene__close(&s);
	}
	printf("%u calls of %u packets, at the most %u\n", calls, runs, longest);
	assert_true(longest > 33);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_chains)};
	int failed;

	inst = pair__instance();
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	ebpf_instance__destroy(inst);
	return failed;
}
