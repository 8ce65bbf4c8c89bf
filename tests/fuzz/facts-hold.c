/* SPDX-License-Identifier: BSD-3-Clause */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "facts-hold.h"
#include "isa/isa.h"

static void check_jump(const struct ebpf_facts *facts, uint32_t i, const struct isa_insn *in,
	const uint64_t *hits, struct facts_score *score)
{
	uint8_t ways = facts->insn[i].flags & (FACT_TAKEN | FACT_FALLS);
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

void facts_hold__check(const struct program_view *view, const struct ebpf_facts *facts,
	const uint64_t *hits, struct facts_score *score)
{
	struct isa_insn in;
	const char *why;

	for (uint32_t i = 0; i < view->n_insns; i += in.words) {
		bool reached = facts->insn[i].flags & FACT_REACHED;

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
			check_jump(facts, i, &in, hits, score);
		}
	}
}
