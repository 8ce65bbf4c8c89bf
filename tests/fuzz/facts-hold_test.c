/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Facts against what happens: random programs run in the interpreter, which uses none, and
 * count how often each instruction ran. An instruction that was proved dead must not run, and a
 * jump that was proved to go one way must go that way as often as it ran.
 *
 *	facts-hold_test [PROGRAMS [SEED]]
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "chance.h"
#include "core/program.h"
#include "isa/isa.h"
#include "run.h"

struct score {
	uint32_t programs, executed, dead, decided, wrong;
};

static void check_jump(const struct ebpf_program *prog, uint32_t i, const struct isa_insn *in,
	const uint64_t *hits, struct score *score)
{
	uint8_t ways = prog->verified.facts.insn[i].flags & (FACT_TAKEN | FACT_FALLS);
	uint32_t next = ways == FACT_TAKEN ? i + 1 + (uint32_t)in->target : i + 1;

	if (ways == (FACT_TAKEN | FACT_FALLS))
		return;
	score->decided++;
	if (!ways || hits[next] < hits[i]) {
		printf("insn %u ran %" PRIu64 " times, but where it always goes %" PRIu64 "\n", i,
			hits[i], hits[next]);
		score->wrong++;
	}
}

static void check(const struct ebpf_program *prog, const uint64_t *hits, struct score *score)
{
	const struct program_view *view = &prog->view;
	struct isa_insn in;
	const char *why;

	for (uint32_t i = 0; i < view->n_insns; i += in.words) {
		bool reached = prog->verified.facts.insn[i].flags & FACT_REACHED;

		if (isa__decode(&view->insns[i], view->n_insns - i, &in, &why))
			abort();
		score->dead += !reached;
		if (!hits[i])
			continue;
		score->executed++;
		if (!reached) {
			printf("insn %u is dead, but ran %" PRIu64 " times\n", i, hits[i]);
			score->wrong++;
		} else if (isa__is_cond_jump(in.op)) {
			check_jump(prog, i, &in, hits, score);
		}
	}
}

static void run(struct run_machine *m, uint64_t seed, struct score *score)
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
	score->programs++;
	if (outcome.fault_reason) {
		printf("seed %" PRIu64 ": accepted, but stopped at insn %u\n", seed,
			outcome.fault_insn);
		score->wrong++;
	}
	check(prog, hits, score);
	ebpf_program__unref(prog);
}

int main(int argc, char **argv)
{
	uint64_t n = argc > 1 ? strtoull(argv[1], NULL, 0) : 2000;
	uint64_t seed = argc > 2 ? strtoull(argv[2], NULL, 0) : 1;
	struct score score = {0};
	struct run_machine m;
	char *err;

	if (run_machine__init(&m, &generated_set, &err)) {
		printf("%s\n", err);
		return 1;
	}
	for (uint64_t i = seed; i < seed + n; i++)
		run(&m, i, &score);
	run_machine__release(&m);
	printf("%u programs, %u instructions ran, %u are dead, %u jumps that ran are decided; %u "
	       "contradictions\n",
		score.programs, score.executed, score.dead, score.decided, score.wrong);
	return score.wrong || !score.dead || !score.decided ? 1 : 0;
}
