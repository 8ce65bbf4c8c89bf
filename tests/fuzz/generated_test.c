/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Programs generated from fixed seeds, in every build: what the verifier accepts the
 * interpreter never has to stop, the compiler runs alike, and the kernel accepts too, but for a
 * few, and runs alike (where bpf() is permitted).
 *
 *	generated_test [FIRST [N]]     seeds; one seed alone prints its program
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kernel.h"

#define DEFAULT_PROGRAMS 400
#define LLVM_SAMPLE      4
#define LEAST_PERCENT    20 /* of all programs: what we must accept */
#define MOST_REFUSED     1  /* of those, in percent: what the kernel may refuse */

static struct run_machine machine;
static struct run_kernel kernel;
static bool have_kernel;

static struct {
	uint32_t accepted, compiled, by_kernel, only_us, only_kernel, failures;
} counts;

static void fail(uint32_t seed, const char *what, const char *detail)
{
	counts.failures++;
	printf("seed %u: %s: %s\n", seed, what, detail);
}

/* `interpreted` is what the kernel must do too. */
static void ask_kernel(uint32_t seed, const struct generated_program *p, bool accepted,
	const struct run_outcome *interpreted)
{
	static struct run_outcome outcome;
	const char *difference;
	char log[600];
	int prog = run_kernel__load(&kernel, p, log, sizeof(log));

	if (prog < 0) {
		if (accepted) {
			counts.only_us++;
			printf("seed %u: accepted, but refused by the kernel: %s\n", seed, log);
		}
		return;
	}
	counts.by_kernel++;
	if (!accepted) {
		counts.only_kernel++;
		printf("seed %u: refused, but accepted by the kernel\n", seed);
	}
	if (run_kernel__run(&kernel, prog, &outcome)) {
		fail(seed, "the kernel cannot run it", strerror(errno));
		return;
	}
	if (!accepted || p->mistakes)
		return;
	difference = run_outcome__difference(interpreted, &outcome);
	if (difference)
		fail(seed, "interpreted, then in the kernel", difference);
}

static void compile_and_run(uint32_t seed, const struct generated_program *p,
	struct ebpf_program *prog, const struct run_outcome *interpreted)
{
#ifdef HAVE_LLVM
	static struct run_outcome outcome;
	char *errmsg = NULL;
	const struct ebpf_code *code = ebpf_program__compile(prog, "llvm", NULL, &errmsg);
	const char *difference;

	if (!code) {
		fail(seed, "not compiled", errmsg);
		free(errmsg);
		return;
	}
	counts.compiled++;
	run_machine__run(&machine, prog, code, &outcome);
	difference = p->mistakes ? NULL : run_outcome__difference(interpreted, &outcome);
	if (difference)
		fail(seed, "interpreted, then compiled", difference);
#endif
}

static void test_seed(uint32_t seed, bool print, bool compile)
{
	static struct generated_program p;
	static struct run_outcome interpreted;
	uint64_t bytes = (seed + 1) * 0x9e3779b97f4a7c15;
	struct ebpf_program *prog;
	char text[80], *errmsg = NULL;

	generate_long_program((const uint8_t *)&bytes, sizeof(bytes), &p);
	if (print)
		run_print(&p);
	prog = run_machine__load(&machine, &p, &errmsg);
	if (prog) {
		counts.accepted++;
		run_machine__run(&machine, prog, ebpf_program__code(prog), &interpreted);
		if (interpreted.fault_reason) {
			snprintf(text, sizeof(text), "reason %u at instruction %u",
				interpreted.fault_reason, interpreted.fault_insn);
			fail(seed, "accepted, but stopped by the interpreter", text);
		}
		if (compile)
			compile_and_run(seed, &p, prog, &interpreted);
	} else if (print || !p.mistakes) {
		printf("seed %u: refused%s: %s\n", seed, p.mistakes ? " (it has mistakes)" : "",
			errmsg);
	}
	if (have_kernel)
		ask_kernel(seed, &p, prog, &interpreted);
	ebpf_program__unref(prog);
	free(errmsg);
}

int main(int argc, char **argv)
{
	uint32_t first = argc > 1 ? strtoul(argv[1], NULL, 10) : 0;
	uint32_t n = argc > 2 ? strtoul(argv[2], NULL, 10) : argc > 1 ? 1 : DEFAULT_PROGRAMS, i;
	const char *reason = "";
	char *errmsg = NULL;

	if (run_machine__init(&machine, &errmsg)) {
		fprintf(stderr, "%s\n", errmsg);
		return 1;
	}
	have_kernel = run_kernel__init(&kernel, &reason) == 0;
	if (!have_kernel)
		printf("not compared with the kernel: %s\n", reason);
	for (i = 0; i < n; i++)
		test_seed(first + i, n == 1, n == 1 || i % LLVM_SAMPLE == 0);
	run_machine__release(&machine);

	printf("%u programs: %u accepted, %u of them compiled\n", n, counts.accepted,
		counts.compiled);
	if (have_kernel)
		printf("kernel: %u accepted, %u by us alone, %u by the kernel alone\n",
			counts.by_kernel, counts.only_us, counts.only_kernel);
	/* Verifiers differ a little from version to version. */
	if (100 * counts.only_us > MOST_REFUSED * counts.accepted) {
		printf("the kernel refuses more than %d%% of what is accepted\n", MOST_REFUSED);
		return 1;
	}
	if (n >= DEFAULT_PROGRAMS && 100 * counts.accepted < LEAST_PERCENT * n) {
		printf("fewer than %d%% are accepted\n", LEAST_PERCENT);
		return 1;
	}
	return counts.failures ? 1 : 0;
}
