/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Facts of raw programs against what happens. Random ones run in the interpreter, which uses no
 * facts, over memory of many lengths: what it stops was not proved to be in bounds, nothing dead
 * runs, no jump goes where it never does. Some are compiled, too, and then do and leave the same.
 *
 * Where a stack lies is not what a program is about, but it may compute with that. So what differs
 * is run at other places of this thread's stack, and with frames of other sizes, and does not
 * count if that makes a difference. Beyond the ends of a frame compiled code has something else
 * than the interpreter: what that stops there is not compared.
 *
 *	raw-facts-hold_test [PROGRAMS [SEED [COMPILE_ONE_IN]]]
 */
#include <alloca.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/vm.h"
#include "facts-hold.h"
#include "generate-raw.h"
#include "verifier/verifier.h"

#define MARGIN 4096 /* what a wrong proof may change, to be seen */
#define BUDGET 5000

struct score {
	struct facts_score facts;
	uint32_t programs, runs, stopped, proved, compiled, compared;
};

static struct memory {
	uint8_t before[MARGIN], bytes[RAW_PROGRAM_MEMORY], behind[MARGIN];
} memory;

struct outcome {
	uint64_t r0;
	struct ebpf_fault fault;
	struct memory left;
};

static void check(bool holds, uint64_t seed, const char *what, struct score *score)
{
	if (holds)
		return;
	printf("program %" PRIu64 ": %s\n", seed, what);
	score->facts.wrong++;
}

static struct ebpf_vm *load(const char *backend, const struct ebpf_limits *limits,
	const struct ebpf_insn *insns, uint32_t n)
{
	struct ebpf_vm *vm = ebpf_create(backend);
	char *why = NULL;

	if (!vm || ebpf_set_limits(vm, limits) || ebpf_load(vm, insns, n * sizeof(*insns), &why)) {
		printf("%s: %s\n", backend, why ? why : strerror(errno));
		exit(1);
	}
	return vm;
}

static __attribute__((noinline)) void run_at(
	size_t depth, struct ebpf_vm *vm, uint32_t len, struct outcome *out)
{
	volatile char *stack = alloca(depth + 16);

	stack[0] = 0;
	for (uint32_t i = 0; i < sizeof(memory.bytes); i++)
		memory.bytes[i] = (uint8_t)(i * 37 + len);
	memset(memory.before, 0xaa, sizeof(memory.before));
	memset(memory.behind, 0x55, sizeof(memory.behind));
	out->fault = (struct ebpf_fault){.reason = EBPF_FAULT_NONE};
	if (ebpf_exec(vm, memory.bytes, len, &out->r0))
		ebpf_last_fault(vm, &out->fault);
	out->left = memory;
}

static bool is_same(const struct outcome *a, const struct outcome *b)
{
	const struct ebpf_fault *f = &a->fault, *g = &b->fault;

	return a->r0 == b->r0 && f->reason == g->reason && f->insn == g->insn &&
	       f->address == g->address && f->size == g->size &&
	       memcmp(&a->left, &b->left, sizeof(a->left)) == 0;
}

static bool is_comparable(const struct outcome *out)
{
	return out->fault.reason == EBPF_FAULT_NONE ||
	       (out->fault.reason == EBPF_FAULT_ACCESS &&
		       out->fault.address - (uintptr_t)&memory < sizeof(memory));
}

/* Does it do something else where its stack lies elsewhere? Frames begin at multiples of 16, or of
 * more. */
static bool depends_on_place(struct ebpf_vm *vm, uint32_t len, const struct outcome *here)
{
	static struct outcome there;

	for (size_t depth = 0; depth < 256; depth += 16) {
		run_at(depth * depth * 64 + depth, vm, len, &there);
		if (!is_same(here, &there))
			return true;
	}
	return false;
}

/* ... or where frames lie at other distances from each other? */
static bool depends_on_distance(
	const struct program_view *view, uint32_t len, const struct outcome *here)
{
	static const uint32_t sizes[] = {64, 256, 1040, 4112};
	static struct outcome there;
	bool depends = false;

	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]) && !depends; i++) {
		const struct ebpf_limits limits = {.budget = BUDGET, .stack_size = sizes[i]};
		struct ebpf_vm *vm = load("interp", &limits, view->insns, view->n_insns);

		run_at(64, vm, len, &there);
		depends = !is_same(here, &there);
		ebpf_destroy(vm);
	}
	return depends;
}

static void run(struct ebpf_vm *interp, struct ebpf_vm *llvm, const struct ebpf_facts *facts,
	uint64_t seed, uint32_t len, struct score *score)
{
	static struct outcome out, compiled;
	static uint64_t hits[RAW_PROGRAM_MAX];

	memset(hits, 0, sizeof(hits));
	interp__count_into(interp->prog->interp, hits);
	run_at(64, interp, len, &out);
	score->runs++;
	score->stopped += out.fault.reason == EBPF_FAULT_ACCESS;
	check(out.fault.reason != EBPF_FAULT_ACCESS ||
			!(facts->insn[out.fault.insn].flags & FACT_IN_BOUNDS),
		seed, "it is stopped where it was proved not to be", score);
	if (out.fault.reason == EBPF_FAULT_NONE || out.fault.reason == EBPF_FAULT_ACCESS)
		facts_hold__check(&interp->prog->view, facts, hits, &score->facts);
	if (!llvm || !is_comparable(&out))
		return;
	run_at(64, llvm, len, &compiled);
	if (!is_same(&out, &compiled) &&
		(depends_on_place(interp, len, &out) || depends_on_place(llvm, len, &compiled) ||
			depends_on_distance(&interp->prog->view, len, &out)))
		return;
	score->compared++;
	check(is_same(&out, &compiled), seed, "compiled, it does something else", score);
}

static void examine(uint64_t seed, bool compile, struct score *score)
{
	static const uint32_t lengths[] = {
		0, 1, 7, 8, 14, 15, 16, 20, 33, 34, 48, 63, 64, 65, RAW_PROGRAM_MEMORY};
	const struct ebpf_limits limits = {.budget = BUDGET}, more = {.budget = 100 * BUDGET};
	struct chance c = chance__seed(seed);
	struct ebpf_insn insns[RAW_PROGRAM_MAX];
	uint32_t n = generate_raw_program(&c, insns);
	struct ebpf_vm *interp = load("interp", &limits, insns, n),
		       *llvm = compile ? load("llvm", &more, insns, n) : NULL;
	struct ebpf_facts facts;

	if (!verifier__analyse_raw(&interp->prog->view, &facts)) {
		score->programs++;
		score->compiled += compile;
		for (uint32_t i = 0; i < n; i++)
			score->proved += facts.insn[i].access == FACT_MEM &&
					 facts.insn[i].flags & FACT_IN_BOUNDS;
		for (uint32_t i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++)
			run(interp, llvm, &facts, seed, lengths[i], score);
		run(interp, llvm, &facts, seed, chance__below(&c, RAW_PROGRAM_MEMORY), score);
	}
	free(facts.insn);
	ebpf_destroy(interp);
	ebpf_destroy(llvm);
}

int main(int argc, char **argv)
{
	uint64_t n = argc > 1 ? strtoull(argv[1], NULL, 0) : 5000;
	uint64_t seed = argc > 2 ? strtoull(argv[2], NULL, 0) : 1;
	uint64_t one_in = argc > 3 ? strtoull(argv[3], NULL, 0) : 50;
	struct score score = {0};

#ifndef HAVE_LLVM
	one_in = 0;
#endif
	for (uint64_t i = seed; i < seed + n; i++)
		examine(i, one_in && i % one_in == 0, &score);
	printf("%u of %" PRIu64 " programs examined, %u accesses of the memory are proved, %u "
	       "instructions dead, %u jumps that ran decided; %u runs, %u stopped; %u compiled, "
	       "%u runs compared; %u contradictions\n",
		score.programs, n, score.proved, score.facts.dead, score.facts.decided, score.runs,
		score.stopped, score.compiled, score.compared, score.facts.wrong);
	return score.facts.wrong || score.programs < n || !score.proved || !score.stopped ||
			       !score.facts.decided
		       ? 1
		       : 0;
}
