/* SPDX-License-Identifier: BSD-3-Clause
 *
 * What do run-time checks of compiled programs cost? Sums 1500 bytes by words with checks and
 * without, both in one process, in turns, and prints the ratios. The loops get their length in r2,
 * so that every access is checked; of the others all is proved.
 *
 * Fails where loops take more than 1.5 times what they take unchecked, or proved accesses anything;
 * a fifth more is allowed for what else the machine does.
 */
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "isa/isa.h"

#define LENGTH  1500
#define ROUNDS  31
#define REPEATS 3000
#define MARGIN  1.2

static const char by_pointer[] = "mov %r0, 0\n"
				 "mov %r3, %r1\n"
				 "add %r3, %r2\n"
				 "again:\n"
				 "mov %r4, %r1\n"
				 "add %r4, 2\n"
				 "jgt %r4, %r3, done\n"
				 "ldxh %r5, [%r1]\n"
				 "add %r0, %r5\n"
				 "mov %r1, %r4\n"
				 "ja again\n"
				 "done:\n"
				 "exit";

static const char by_index[] = "mov %r0, 0\n"
			       "mov %r3, 0\n"
			       "sub %r2, 1\n"
			       "jsle %r2, 0, done\n"
			       "again:\n"
			       "mov %r4, %r1\n"
			       "add %r4, %r3\n"
			       "ldxh %r5, [%r4]\n"
			       "add %r0, %r5\n"
			       "add %r3, 2\n"
			       "jlt %r3, %r2, again\n"
			       "done:\n"
			       "exit";

/* The stack, at places that are known; often enough to be measured. */
static const char proved[] = "mov %r0, 0\n"
			     "stxdw [%r10-8], %r1\n"
			     "mov %r3, %r2\n"
			     "again:\n"
			     "mov %r4, %r10\n"
			     "sub %r4, 8\n"
			     "lock fetch add [%r4], %r3\n"
			     "ldxh %r5, [%r4+2]\n"
			     "add %r0, %r5\n"
			     "sub %r2, 1\n"
			     "jne %r2, 0, again\n"
			     "exit";

/* A table in the memory, at indexes that are cut down to what the length was found to allow. */
static const char by_mask[] = "mov %r0, 0\n"
			      "jlt %r2, 1024, done\n"
			      "mov %r3, %r2\n"
			      "again:\n"
			      "mov %r4, %r0\n"
			      "and %r4, 1023\n"
			      "add %r4, %r1\n"
			      "ldxb %r5, [%r4]\n"
			      "mul %r0, 31\n"
			      "add %r0, %r5\n"
			      "sub %r3, 1\n"
			      "jne %r3, 0, again\n"
			      "done:\n"
			      "exit";

/* Sixteen counters in the stack. */
static const char histogram[] = "mov %r0, 0\n"
				"jlt %r2, 1024, done\n"
				"mov %r3, 0\n"
				"again:\n"
				"mov %r4, %r1\n"
				"add %r4, %r3\n"
				"ldxb %r5, [%r4]\n"
				"and %r5, 15\n"
				"mov %r4, %r10\n"
				"sub %r4, %r5\n"
				"ldxb %r5, [%r4-1]\n"
				"add %r5, 1\n"
				"stxb [%r4-1], %r5\n"
				"add %r0, %r5\n"
				"add %r3, 1\n"
				"jlt %r3, 1024, again\n"
				"done:\n"
				"exit";

static const struct {
	const char *name, *text;
	double most;
} programs[] = {
	{"loop by pointer", by_pointer, 1.5},
	{"loop by index", by_index, 1.5},
	{"masked index", by_mask, 1.0},
	{"histogram", histogram, 1.0},
	{"all proved", proved, 1.0},
};

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
	return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

static ebpf_jit_fn compile(struct ebpf_vm *vm, const char *text, bool checks)
{
	struct ebpf_insn *insns = NULL;
	ebpf_jit_fn fn = NULL;
	char *err = NULL;
	uint32_t n;

	ebpf_toggle_bounds_check(vm, checks);
	if (!isa__assemble(text, &insns, &n, &err) &&
		!ebpf_load(vm, insns, n * sizeof(*insns), &err))
		fn = ebpf_compile(vm, &err);
	if (!fn)
		fprintf(stderr, "%s\n", err ? err : "not compiled");
	free(err);
	free(insns);
	return fn;
}

/* The least of all rounds, ns per run: of what is disturbed, the least is what it takes. */
static void measure(ebpf_jit_fn fn[2], uint8_t *memory, double least[2])
{
	for (int round = 0; round < 2 * ROUNDS; round++) {
		double since = now(), took;
		uint64_t sum = 0;

		for (int i = 0; i < REPEATS; i++)
			sum += fn[round % 2](memory, LENGTH);
		__asm__ volatile("" : : "r"(sum));
		took = (now() - since) / REPEATS;
		if (round < 2 || took < least[round % 2])
			least[round % 2] = took;
	}
}

static int compare(unsigned p)
{
	struct ebpf_vm *vms[2] = {ebpf_create("llvm"), ebpf_create("llvm")};
	static uint8_t memory[LENGTH];
	double least[2] = {0}, ratio;
	ebpf_jit_fn fn[2];
	bool ok = vms[0] && vms[1];

	for (int i = 0; i < LENGTH; i++)
		memory[i] = (uint8_t)(i * 31);
	for (int checks = 0; ok && checks < 2; checks++)
		ok = (fn[checks] = compile(vms[checks], programs[p].text, checks));
	if (ok && fn[0](memory, LENGTH) != fn[1](memory, LENGTH) && programs[p].text != proved) {
		fprintf(stderr, "%s: checked, it gives something else\n", programs[p].name);
		ok = false;
	}
	if (ok) {
		measure(fn, memory, least);
		ratio = least[1] / least[0];
		printf("%-16s unchecked %8.1f ns  checked %8.1f ns  ratio %.2f\n", programs[p].name,
			least[0], least[1], ratio);
		ok = ratio <= programs[p].most * MARGIN;
	}
	ebpf_destroy(vms[0]);
	ebpf_destroy(vms[1]);
	return ok ? 0 : 1;
}

int main(void)
{
	int failed = 0;

	for (unsigned p = 0; p < sizeof(programs) / sizeof(programs[0]); p++)
		failed |= compare(p);
	return failed;
}
