/* SPDX-License-Identifier: BSD-3-Clause
 *
 * A libFuzzer target: bytes become a program (generate.h) that goes through verifier,
 * interpreter and, one in LLVM_SAMPLE, the compiler. What it looks for:
 *
 *	a program the verifier accepts that the interpreter has to stop;
 *	a program that two engines run differently;
 *	a generator, or a verifier, that has gone astray: fewer than one in five accepted.
 */
#include <stdio.h>
#include <stdlib.h>

#include "run.h"

#define LLVM_SAMPLE   16
#define LEAST_PERCENT 20
#define LEAST_COUNT   1000 /* before the share means anything */

static struct run_machine machine;
static unsigned long n_programs, n_accepted, n_compiled;
static bool compiler;

static void report(void)
{
	fprintf(stderr, "%lu programs, %lu accepted (%lu%%), %lu compiled\n", n_programs,
		n_accepted, n_programs ? 100 * n_accepted / n_programs : 0, n_compiled);
	if (n_programs >= LEAST_COUNT && 100 * n_accepted < LEAST_PERCENT * n_programs) {
		fprintf(stderr, "fewer than %d%% of the programs are accepted\n", LEAST_PERCENT);
		_Exit(1);
	}
}

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	char *errmsg = NULL;

	if (run_machine__init(&machine, &generated_set, &errmsg)) {
		fprintf(stderr, "%s\n", errmsg);
		exit(1);
	}
#ifdef HAVE_LLVM
	compiler = true;
#endif
	atexit(report);
	return 0;
}

static void fail(const struct generated_program *p, const char *what, const char *detail)
{
	run_print(p->insns, p->n_insns);
	fprintf(stderr, "%s: %s\n", what, detail);
	abort();
}

static void run_accepted(const struct generated_program *p, struct ebpf_program *prog)
{
	static struct run_outcome interpreted, compiled;
	const struct ebpf_code *code = run_interpreter__begin(prog);
	uint64_t uses = run_uses(p->insns, p->n_insns, &machine.set);
	const char *difference;
	char where[64], *errmsg = NULL;

	if (!code)
		return;
	run_machine__run(&machine, prog, code, uses, false, &interpreted);
	run_interpreter__end();
	if (interpreted.fault_reason == EBPF_FAULT_BUDGET)
		return;
	if (interpreted.fault_reason) {
		snprintf(where, sizeof(where), "reason %u at instruction %u",
			interpreted.fault_reason, interpreted.fault_insn);
		fail(p, "accepted, but stopped by the interpreter", where);
	}
	if (!compiler || n_accepted % LLVM_SAMPLE || !run_repeatable(uses, &machine.set))
		return;
	code = run_compile(prog, &errmsg);
	if (!code)
		fail(p, "accepted, but not compiled", errmsg);
	n_compiled++;
	run_machine__run(&machine, prog, code, uses, false, &compiled);
	/* A wrong program that is accepted may compute with addresses. */
	difference =
		p->mistakes ? NULL : run_outcome__difference(&interpreted, &compiled, &machine.set);
	if (difference)
		fail(p, "interpreted, then compiled", difference);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	static struct generated_program p;
	struct ebpf_program *prog;

	generate_long_program(bytes, size, &p);
	n_programs++;
	prog = run_machine__load(&machine, p.insns, p.n_insns, NULL, NULL);
	if (!prog)
		return 0;
	n_accepted++;
	run_accepted(&p, prog);
	ebpf_program__unref(prog);
	return 0;
}
