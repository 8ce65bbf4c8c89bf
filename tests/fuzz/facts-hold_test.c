/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Facts against what happens: random programs run in the interpreter, which uses none, and
 * count how often each instruction ran. raw-facts-hold_test.c has those of raw programs.
 *
 *	facts-hold_test [PROGRAMS [SEED]]
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "chance.h"
#include "core/program.h"
#include "facts-hold.h"
#include "run.h"

static void run(struct run_machine *m, uint64_t seed, uint32_t *programs, struct facts_score *score)
{
	static struct generated_program g;
	static struct run_outcome outcome;
	static uint64_t hits[GENERATED_MAX_INSNS];
	struct chance c = chance__seed(seed);
	struct ebpf_program *prog;
	uint8_t bytes[1024];
	char *err = NULL;

	for (size_t i = 0; i < sizeof(bytes); i++)
		bytes[i] = (uint8_t)chance__below(&c, 256);
	generate_program(bytes, 100 + chance__below(&c, sizeof(bytes) - 100), &g);
	prog = run_machine__load(m, g.insns, g.n_insns, NULL, &err);
	if (!prog) {
		free(err);
		return;
	}
	memset(hits, 0, sizeof(hits));
	interp__count_into(prog->interp, hits);
	run_machine__run(m, prog, ebpf_program__interpret(prog, NULL, NULL),
		run_uses(g.insns, g.n_insns, &m->set), false, &outcome);
	++*programs;
	if (outcome.fault_reason) {
		printf("seed %" PRIu64 ": accepted, but stopped at insn %u\n", seed,
			outcome.fault_insn);
		score->wrong++;
	}
	facts_hold__check(&prog->view, &prog->verified.facts, hits, score);
	ebpf_program__unref(prog);
}

int main(int argc, char **argv)
{
	uint64_t n = argc > 1 ? strtoull(argv[1], NULL, 0) : 2000;
	uint64_t seed = argc > 2 ? strtoull(argv[2], NULL, 0) : 1;
	struct facts_score score = {0};
	uint32_t programs = 0;
	struct run_machine m;
	char *err;

	if (run_machine__init(&m, &generated_set, &err)) {
		printf("%s\n", err);
		return 1;
	}
	for (uint64_t i = seed; i < seed + n; i++)
		run(&m, i, &programs, &score);
	run_machine__release(&m);
	printf("%u programs, %u instructions ran, %u are dead, %u jumps that ran are decided; %u "
	       "contradictions\n",
		programs, score.executed, score.dead, score.decided, score.wrong);
	return score.wrong || !score.dead || !score.decided ? 1 : 0;
}
