/* SPDX-License-Identifier: BSD-3-Clause */
#include <inttypes.h>
#include <linux/bpf.h>
#include <stdio.h>

#include "causes.h"
#include "isa/table.h"
#include "runtime/helpers.h"
#include "totals.h"

static const char *const origins[N_ORIGINS] = {
	[ORIGIN_GENERATED] = "generated",
	[ORIGIN_MISTAKEN] = "with mistakes",
	[ORIGIN_ARITHMETIC] = "arithmetic",
	[ORIGIN_HELD] = "holding things",
	[ORIGIN_MUTATED] = "mutated",
	[ORIGIN_OBJECT] = "of objects, mutated",
};

static uint64_t sum(const uint64_t *n)
{
	uint64_t s = 0;
	int i;

	for (i = 0; i < N_ORIGINS; i++)
		s += n[i];
	return s;
}

uint64_t totals__made(const struct totals *t)
{
	return sum(t->made);
}

uint64_t totals__accepted(const struct totals *t)
{
	return sum(t->accepted);
}

bool totals__failed(const struct totals *t)
{
	return t->faults || t->differences || t->died || t->unexplained;
}

static void cover_call(struct totals *t, const struct ebpf_insn *p)
{
	uint32_t id = (uint32_t)p->imm;

	if (p->src == EBPF_CALL_HELPER && id < MOST_HELPERS)
		t->helpers[id]++;
	else if (p->src == EBPF_CALL_KFUNC && id - KFUNC_BASE < MOST_HELPERS)
		t->kfuncs[id - KFUNC_BASE]++;
}

void totals__cover(struct totals *t, const struct ebpf_insn *insns, uint32_t n)
{
	const struct isa_row *row;
	const char *why;
	uint32_t i;

	for (i = 0; i < n; i++) {
		row = isa_row__of(&insns[i], n - i, &why);
		if (!row)
			continue;
		t->rows[row - isa_rows]++;
		if (insns[i].opcode == (BPF_JMP | BPF_CALL))
			cover_call(t, &insns[i]);
		i += insns[i].opcode == (BPF_LD | BPF_IMM | BPF_DW);
	}
}

static unsigned percent(uint64_t part, uint64_t whole)
{
	return whole ? (unsigned)(100 * part / whole) : 0;
}

static void print_instructions(const struct totals *t)
{
	uint32_t missing = 0;
	size_t i;

	printf("\ninstructions of accepted programs:");
	for (i = 0; i < isa_n_rows && i < MOST_ROWS; i++) {
		printf("%s%10" PRIu64 " %-12s", i % 5 ? "" : "\n", t->rows[i],
			isa_rows[i].mnemonic);
		missing += !t->rows[i];
	}
	printf("\n%zu forms, %u of them in no program\n", isa_n_rows, missing);
}

static void print_helpers(const struct totals *t)
{
	uint32_t n = 0, missing = 0, id;

	printf("\nhelpers called by accepted programs:");
	for (id = 0; id < 2 * MOST_HELPERS; id++) {
		bool kfunc = id >= MOST_HELPERS;
		const struct helper_proto *proto =
			helper__find(kfunc ? KFUNC_BASE + id - MOST_HELPERS : id);
		uint64_t calls = kfunc ? t->kfuncs[id - MOST_HELPERS] : t->helpers[id];

		if (!proto)
			continue;
		printf("%s%10" PRIu64 " %-28s", n++ % 3 ? "" : "\n", calls, proto->name);
		missing += !calls;
	}
	printf("\n%u helpers, %u of them never called\n", n, missing);
}

static void print_causes(const struct totals *t)
{
	size_t i;

	for (i = 0; i < n_causes && i < MOST_CAUSES; i++)
		if (t->causes[i])
			printf("%10" PRIu64 "  accepted by %s alone: %s\n", t->causes[i],
				causes[i].only_here ? "us" : "the kernel", causes[i].reason);
}

void totals__print(const struct totals *t)
{
	uint64_t made = sum(t->made), accepted = sum(t->accepted);
	int i;

	print_instructions(t);
	print_helpers(t);
	printf("\n%" PRIu64 " programs, %" PRIu64 " accepted (%u%%) and interpreted\n", made,
		accepted, percent(accepted, made));
	for (i = 0; i < N_ORIGINS; i++)
		if (t->made[i])
			printf("%10" PRIu64 "  %s, %u%% accepted\n", t->made[i], origins[i],
				percent(t->accepted[i], t->made[i]));
	printf("%" PRIu64 " take too long to be interpreted to their end\n", t->too_long);
	printf("%" PRIu64 " compiled, %" PRIu64 " compared, %" PRIu64
	       " not (what they do depends on addresses)\n",
		t->compiled, t->compared, t->by_address);
	printf("%" PRIu64 " asked of the kernel, which accepts %" PRIu64 "; %" PRIu64
	       " run there and compared\n",
		t->asked, t->asked_accepted, t->ran_in_kernel);
	print_causes(t);
	printf("slowest verification: program %" PRIu64 ", %" PRIu64 " instructions in %" PRIu64
	       " ms; %" PRIu64 " states at the most; %" PRIu64 " MB of memory\n",
		t->slowest.program, t->slowest.insns, t->slowest.ns / 1000000, t->states,
		t->kilobytes / 1024);
	printf("%" PRIu64 " stopped by the interpreter, %" PRIu64 " run differently, %" PRIu64
	       " crashed or hung, %" PRIu64 " disagreements unexplained\n",
		t->faults, t->differences, t->died, t->unexplained);
}
