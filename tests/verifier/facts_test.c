/* SPDX-License-Identifier: BSD-3-Clause
 *
 * What the verifier leaves for the backends: facts, joined over all paths, and none that a
 * path which was cut short would contradict.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "isa/isa.h"
#include "subject.h"

static struct ebpf_facts facts;
static struct verifier_result result;
static struct ebpf_insn *insns;
static uint32_t n_insns;

static void assemble(const char *text)
{
	char *err = NULL;

	if (isa__assemble(text, &insns, &n_insns, &err))
		fail_msg("%s", err);
}

static const struct ebpf_fact *facts_of(const char *text)
{
	assemble(text);
	if (subject__verify(insns, n_insns, &result))
		fail_msg("%s\n%s", result.reason, result.log);
	assert_int_equal(result.facts.n_insns, n_insns);
	return result.facts.insn;
}

static const struct ebpf_fact *raw_facts_of(const char *text)
{
	assemble(text);
	assert_int_equal(
		verifier__analyse_raw(subject__view(EBPF_PROGRAM_RAW, insns, n_insns), &facts), 0);
	return facts.insn;
}

static int release(void **state)
{
	verifier__release(&result);
	free(facts.insn);
	free(insns);
	facts.insn = NULL;
	insns = NULL;
	return 0;
}

static void test_kinds_of_registers_and_accesses(void **state)
{
	const struct ebpf_fact *f = facts_of("ldxw %r2, [%r1+0]\n" /* 0 */
					     "ldxw %r3, [%r1+4]\n"
					     "ldxw %r5, [%r1+16]\n"
					     "mov %r4, %r2\n"
					     "add %r4, 14\n"
					     "jgt %r4, %r3, out\n" /* 5 */
					     "ldxh %r6, [%r2+12]\n"
					     "stxdw [%r10-8], %r6\n"
					     "lddw %r7, map_val(map_by_idx(0))\n" /* 8 */
					     "stxh [%r7+2], %r6\n"                /* 10 */
					     "out: mov %r0, 2\n"
					     "exit\n");

	assert_int_equal(f[0].regs[1], FACT_CTX);
	assert_int_equal(f[0].regs[10], FACT_STACK);
	assert_int_equal(f[0].access, FACT_CTX);
	assert_int_equal(f[0].ctx_field, 0);
	assert_int_equal(f[0].result, FACT_PACKET);
	assert_int_equal(f[1].ctx_field, 1);
	assert_int_equal(f[1].result, FACT_PACKET_END);
	assert_int_equal(f[2].result, FACT_SCALAR);
	assert_int_equal(f[2].ctx_field, 4);
	assert_int_equal(f[5].flags & (FACT_TAKEN | FACT_FALLS), FACT_TAKEN | FACT_FALLS);
	assert_int_equal(f[6].access, FACT_PACKET);
	assert_true(f[6].flags & FACT_IN_BOUNDS);
	assert_false(f[6].flags & FACT_CONST_OFF);
	assert_int_equal(f[7].access, FACT_STACK);
	assert_true(f[7].flags & FACT_CONST_OFF);
	assert_int_equal(f[7].offset, -8);
	assert_int_equal(f[8].result, FACT_MAP_VALUE);
	assert_int_equal(f[9].flags, 0);
	assert_int_equal(f[10].access, FACT_MAP_VALUE);
	assert_int_equal(f[10].map, SUBJECT_ARRAY);
	assert_int_equal(result.facts.stack_depth, 8);
}

static void test_registers_that_nobody_reads_are_unset(void **state)
{
	const struct ebpf_fact *f = facts_of("mov %r2, %r1\n"
					     "mov %r0, 1\n"
					     "exit\n");

	assert_int_equal(f[0].result, FACT_CTX);
	assert_int_equal(f[1].regs[2], FACT_UNSET);
	assert_int_equal(f[2].regs[0], FACT_SCALAR);
}

static void test_different_paths_join(void **state)
{
	const struct ebpf_fact *f = facts_of("ldxw %r2, [%r1+12]\n" /* 0 */
					     "mov %r3, %r10\n"
					     "add %r3, -8\n"
					     "mov %r4, 5\n"
					     "mov %r5, %r10\n"
					     "add %r5, -8\n"
					     "stdw [%r10-8], 1\n" /* 6 */
					     "stdw [%r10-16], 1\n"
					     "jeq %r2, 7, join\n"
					     "lddw %r3, map_val(map_by_idx(0))\n" /* 9 */
					     "mov %r4, %r10\n"
					     "add %r5, -8\n"
					     "join: ldxdw %r0, [%r3+0]\n" /* 13 */
					     "stxdw [%r5+0], %r4\n"
					     "exit\n");

	assert_int_equal(f[13].regs[3], FACT_POINTER);
	assert_int_equal(f[13].access, FACT_POINTER);
	assert_int_equal(f[13].map, FACT_NO_MAP);
	assert_int_equal(f[13].regs[4], FACT_ANY);
	assert_true(f[13].flags & FACT_IN_BOUNDS);
	assert_int_equal(f[14].access, FACT_STACK);
	assert_false(f[14].flags & FACT_CONST_OFF);
}

static void test_two_maps_at_one_value_access(void **state)
{
	const struct ebpf_fact *f = facts_of("ldxw %r2, [%r1+12]\n"
					     "lddw %r3, map_val(map_by_idx(0))\n" /* 1 */
					     "jeq %r2, 7, join\n"
					     "lddw %r3, map_val(map_by_idx(4))\n" /* 4 */
					     "join: ldxdw %r0, [%r3+0]\n"         /* 6 */
					     "exit\n");

	assert_int_equal(f[6].access, FACT_MAP_VALUE);
	assert_int_equal(f[6].map, FACT_NO_MAP);
}

static void test_branches_that_cannot_be(void **state)
{
	const struct ebpf_fact *f = facts_of("mov %r0, 1\n"
					     "mov %r2, 5\n"
					     "jgt %r2, 7, +1\n"
					     "jne %r2, 5, +1\n"
					     "jeq %r2, 5, +1\n"
					     "mov %r0, 2\n"
					     "exit\n");

	assert_int_equal(f[2].flags & (FACT_TAKEN | FACT_FALLS), FACT_FALLS);
	assert_int_equal(f[3].flags & (FACT_TAKEN | FACT_FALLS), FACT_FALLS);
	assert_int_equal(f[4].flags & (FACT_TAKEN | FACT_FALLS), FACT_TAKEN);
	assert_false(f[5].flags & FACT_REACHED);
	assert_true(f[6].flags & FACT_REACHED);
}

/* The second path arrives where the first has been, with another r6. If the proof did not
 * know that r6 decides a jump, the path would end there and the jump seem decided. */
static void test_a_cut_path_contradicts_no_branch(void **state)
{
	const struct ebpf_fact *f = facts_of("ldxw %r2, [%r1+12]\n" /* 0 */
					     "mov %r6, 0\n"
					     "jeq %r2, 1, meet\n"
					     "mov %r6, 1\n"
					     "meet: mov %r3, 1\n" /* 4 */
					     "jeq %r2, 3, next\n"
					     "mov %r3, 2\n"
					     "next: mov %r4, 1\n" /* 7 */
					     "jeq %r2, 5, last\n"
					     "mov %r4, 2\n"
					     "last: mov %r0, 0\n" /* 10 */
					     "jeq %r6, 1, +1\n"
					     "mov %r0, 1\n"
					     "exit\n");

	assert_int_equal(f[11].flags & (FACT_TAKEN | FACT_FALLS), FACT_TAKEN | FACT_FALLS);
	assert_true(f[12].flags & FACT_REACHED);
}

static void test_the_map_of_a_call(void **state)
{
	const struct ebpf_fact *f = facts_of("ldxw %r6, [%r1+12]\n" /* 0 */
					     "stdw [%r10-8], 1\n"
					     "lddw %r1, map_by_idx(2)\n" /* 2 */
					     "mov %r2, %r10\n"
					     "add %r2, -8\n"
					     "call 1\n" /* 6 */
					     "lddw %r1, map_by_idx(2)\n"
					     "jeq %r6, 0, same\n" /* 9 */
					     "lddw %r1, map_by_idx(3)\n"
					     "same: mov %r2, %r10\n" /* 12 */
					     "add %r2, -8\n"
					     "call 1\n" /* 14 */
					     "mov %r0, 0\n"
					     "exit\n");

	assert_true(f[6].flags & FACT_CONST_MAP);
	assert_int_equal(f[6].map, SUBJECT_HASH);
	assert_int_equal(f[6].result, FACT_MAP_VALUE);
	assert_int_equal(f[6].arg_size[1], 8);
	assert_int_equal(f[6].arg_size[0], 0);
	assert_false(f[14].flags & FACT_CONST_MAP);
	assert_int_equal(f[14].map, FACT_NO_MAP);
	assert_int_equal(f[14].arg_size[1], 8); /* the greater of 8 and 4 */
}

static void test_the_most_a_helper_touches(void **state)
{
	const struct ebpf_fact *f = facts_of("ldxw %r4, [%r1+12]\n"
					     "and %r4, 60\n"
					     "mov %r1, 0\n"
					     "mov %r2, 0\n"
					     "lddw %r3, map_val(map_by_idx(0))\n" /* 4 */
					     "mov %r5, 0\n"
					     "call 28\n" /* 7 */
					     "exit\n");

	assert_int_equal(f[7].arg_size[0], 0);
	assert_int_equal(f[7].arg_size[2], 60);
	assert_int_equal(f[7].regs[1], FACT_SCALAR);
	assert_int_equal(f[7].regs[3], FACT_MAP_VALUE);
}

/* A chain of headers of which each says how long it is, four of them at most. */
#define HEADERS(limit)                        \
	"ldxw %r2, [%r1+0]\n"                 \
	"ldxw %r3, [%r1+4]\n"                 \
	"mov %r6, 0\n"                        \
	"mov %r7, 54\n"                       \
	"loop: mov %r4, %r2\n"                \
	"add %r4, %r7\n"                      \
	"mov %r5, %r4\n"                      \
	"add %r5, 8\n"                        \
	"jgt %r5, %r3, out\n"                 \
	"ldxb %r8, [%r4+1]\n"                 \
	"lsh %r8, 3\n"                        \
	"add %r8, 8\n"                        \
	"add %r7, %r8\n" limit "add %r6, 1\n" \
	"jlt %r6, 4, loop\n"                  \
	"mov %r4, %r2\n"                      \
	"add %r4, %r7\n"                      \
	"mov %r5, %r4\n"                      \
	"add %r5, 20\n"                       \
	"jgt %r5, %r3, out\n"                 \
	"ldxw %r0, [%r4+16]\n"                \
	"out: mov %r0, 2\n"                   \
	"exit\n"

static void test_how_far_packets_are_read(void **state)
{
	facts_of(HEADERS("jgt %r7, 200, out\n"));
	assert_int_equal(result.facts.packet_end, 200 + 20);
	release(NULL);
	facts_of(HEADERS(""));
	assert_int_equal(result.facts.packet_end, 54 + 4 * (8 + 8 * 255) + 20);
}

static void test_frames_and_call_sites(void **state)
{
	const struct ebpf_fact *f = facts_of("mov %r1, %r10\n" /* 0 */
					     "add %r1, -8\n"
					     "call local f\n"
					     "lddw %r1, map_val(map_by_idx(0))\n" /* 3 */
					     "call local f\n"                     /* 5 */
					     "exit\n"
					     "f: stdw [%r10-24], 3\n" /* 7 */
					     "stdw [%r1+0], 4\n"
					     "mov %r0, 0\n"
					     "exit\n");

	assert_int_equal(f[7].regs[1], FACT_POINTER);
	assert_int_equal(f[7].access, FACT_STACK);
	assert_true(f[7].flags & FACT_CONST_OFF);
	assert_int_equal(f[7].offset, -24);
	assert_int_equal(f[8].access, FACT_POINTER);
	assert_false(f[8].flags & FACT_CONST_OFF);
	assert_int_equal(f[2].result, FACT_SCALAR);
	assert_int_equal(result.facts.stack_depth, 8);
}

static void test_a_callers_stack_has_no_offset_in_the_callee(void **state)
{
	const struct ebpf_fact *f = facts_of("mov %r1, %r10\n"
					     "add %r1, -8\n"
					     "call local f\n"
					     "exit\n"
					     "f: stdw [%r1+0], 4\n" /* 4 */
					     "mov %r0, 0\n"
					     "exit\n");

	assert_int_equal(f[4].access, FACT_STACK);
	assert_true(f[4].flags & FACT_IN_BOUNDS);
	assert_false(f[4].flags & FACT_CONST_OFF);
}

static void test_rejected_programs_have_no_facts(void **state)
{
	assemble("ldxw %r2, [%r1+0]\nldxb %r0, [%r2+0]\nexit\n");
	assert_int_equal(subject__verify(insns, n_insns, &result), -EACCES);
	assert_null(result.facts.insn);
	assert_non_null(strstr(result.reason, "insn 1"));
}

static void test_an_exhausted_budget_leaves_no_facts(void **state)
{
	struct verifier_opts opts = {.insn_budget = 100};

	assemble("mov %r0, 0\nagain: add %r0, 1\njlt %r0, 90, again\nexit\n");
	assert_int_equal(
		verifier__run(subject__view(EBPF_PROGRAM_XDP, insns, n_insns), &opts, &result),
		-E2BIG);
	assert_null(result.facts.insn);
	verifier__release(&result);
	opts.insn_budget = 200;
	assert_int_equal(
		verifier__run(subject__view(EBPF_PROGRAM_XDP, insns, n_insns), &opts, &result), 0);
	assert_int_equal(result.stats.insns_examined, 182);
}

static void test_memory_is_bounded_and_told(void **state)
{
	struct verifier_opts opts = {.memory_budget = 600 << 10};

	/* each time around another state, none of which covers the next one */
	assemble("mov %r6, 0\nagain: add %r6, 1\ncall 7\n"
		 "jlt %r6, 9000, again\nmov %r0, 0\nexit\n");
	assert_int_equal(
		verifier__run(subject__view(EBPF_PROGRAM_XDP, insns, n_insns), &opts, &result),
		-ENOMEM);
	assert_non_null(strstr(result.reason, "out of memory"));
	assert_true(result.stats.memory <= 600 << 10);
	verifier__release(&result);
	assert_int_equal(
		verifier__run(subject__view(EBPF_PROGRAM_XDP, insns, n_insns), NULL, &result), 0);
	assert_true(result.stats.memory > 600 << 10);
}

static void test_reasons_name_the_source_line(void **state)
{
	static const struct ebpf_line lines[] = {
		{0, 10, 1, "prog.c", "int f(void)"},
		{1, 12, 1, "prog.c", "return *p;"},
	};
	struct program_view view;

	assemble("ldxw %r2, [%r1+0]\nldxb %r0, [%r2+0]\nexit\n");
	view = *subject__view(EBPF_PROGRAM_XDP, insns, n_insns);
	view.lines = lines;
	view.n_lines = 2;
	assert_int_equal(verifier__run(&view, NULL, &result), -EACCES);
	assert_non_null(strstr(result.reason, "insn 1 (prog.c:12): invalid access to packet"));
	assert_non_null(strstr(result.log, "; return *p; @ prog.c:12"));
}

static void test_the_log_shows_states_and_instructions(void **state)
{
	struct verifier_opts opts = {.log_level = 2};

	assemble("mov %r2, 7\nmov %r0, %r2\nexit\n");
	assert_int_equal(
		verifier__run(subject__view(EBPF_PROGRAM_XDP, insns, n_insns), &opts, &result), 0);
	assert_non_null(strstr(result.log, "0: R1=ctx() R10=fp0\n"));
	assert_non_null(strstr(result.log, "R2=7"));
	assert_non_null(strstr(result.log, "processed 3 insns"));
}

static void test_raw_stack_accesses(void **state)
{
	const struct ebpf_fact *f = raw_facts_of("mov %r6, %r10\n" /* 0 */
						 "add %r6, -16\n"
						 "stdw [%r6+8], 1\n"
						 "stdw [%r6+16], 1\n" /* 3: above the top */
						 "ldxdw %r0, [%r1+0]\n"
						 "stxdw [%r10-512], %r0\n" /* 5 */
						 "stxdw [%r10-520], %r0\n"
						 "add %r6, %r2\n"
						 "ldxb %r0, [%r6+0]\n" /* 8 */
						 "exit\n");

	assert_true(f[2].flags & FACT_IN_BOUNDS);
	assert_int_equal(f[2].offset, -8);
	assert_false(f[3].flags & FACT_IN_BOUNDS);
	assert_false(f[4].flags & FACT_IN_BOUNDS);
	assert_int_equal(f[4].access, FACT_MEM);
	assert_true(f[5].flags & FACT_IN_BOUNDS);
	assert_false(f[6].flags & FACT_IN_BOUNDS);
	assert_int_equal(f[8].access, FACT_STACK);
	assert_false(f[8].flags & FACT_IN_BOUNDS);
}

static void test_raw_paths_join(void **state)
{
	const struct ebpf_fact *f = raw_facts_of("mov %r6, %r10\n" /* 0 */
						 "mov %r7, %r10\n"
						 "add %r7, -8\n"
						 "jeq %r2, 0, join\n"
						 "add %r6, -8\n"
						 "mov %r7, %r1\n"
						 "join: stdw [%r6-8], 1\n" /* 6 */
						 "stdw [%r7+0], 1\n"
						 "mov %r0, 0\n"
						 "exit\n");

	assert_int_equal(f[6].access, FACT_STACK);
	assert_true(f[6].flags & FACT_IN_BOUNDS);
	assert_false(f[6].flags & FACT_CONST_OFF);
	assert_int_equal(f[7].access, FACT_ANY);
	assert_false(f[7].flags & FACT_IN_BOUNDS);
}

/* Is the last access, which only `exit` follows, proved to be in bounds? */
static bool raw_proves(const char *text)
{
	const struct ebpf_fact *f = raw_facts_of(text);
	bool proved = f[n_insns - 2].flags & FACT_IN_BOUNDS;

	release(NULL);
	return proved;
}

/* Each at the last place that is proved, and one further on. */
static void test_raw_accesses_of_memory(void **state)
{
	static const struct {
		const char *before, *access[2];
	} cases[] = {
		{"jlt %r2, 14, out", {"ldxh %r0, [%r1+12]", "ldxh %r0, [%r1+13]"}},
		{"jle %r2, 14, out", {"ldxh %r0, [%r1+13]", "ldxh %r0, [%r1+14]"}},
		{"jgt %r2, 13, +1\nexit", {"ldxdw %r0, [%r1+6]", "ldxdw %r0, [%r1+7]"}},
		{"jge %r2, 14, +1\nexit", {"stxb [%r1+13], %r0", "stxb [%r1+14], %r0"}},
		{"jslt %r2, 14, out", {"stw [%r1+10], 0", "stw [%r1+11], 0"}},
		{"jlt32 %r2, 14, out", {"ldxb %r0, [%r1+13]", "ldxb %r0, [%r1+14]"}},
		{"jne %r2, 14, out", {"ldxb %r0, [%r1+13]", "ldxb %r0, [%r1+14]"}},
		{"jeq %r2, 0, out", {"ldxb %r0, [%r1+0]", "ldxb %r0, [%r1+1]"}},
		{"jlt %r2, 14, out", {"ldxb %r0, [%r1+0]", "ldxb %r0, [%r1-1]"}},
		{"jlt %r2, 14, out", {"lock add32 [%r1+10], %r0", "lock add32 [%r1+11], %r0"}},
		{"jlt %r2, 14, out",
			{"lock fetch add [%r1+6], %r0", "lock fetch add [%r1+7], %r0"}},
		/* a copy, and what is left of it */
		{"mov %r3, %r2\njlt %r3, 14, out", {"ldxb %r0, [%r1+13]", "ldxb %r0, [%r1+14]"}},
		{"mov %r3, %r2\nadd %r3, -14\njslt %r3, 0, out",
			{"ldxb %r0, [%r1+13]", "ldxb %r0, [%r1+14]"}},
		{"mov %r3, %r2\nsub %r3, 14\njslt %r3, 4, out",
			{"ldxb %r0, [%r1+17]", "ldxb %r0, [%r1+18]"}},
		/* of which not much is known where it may have wrapped */
		{"mov %r3, %r2\nsub %r3, 14\njlt %r3, 4, out",
			{"stb [%r10-1], 0", "ldxb %r0, [%r1+4]"}},
		/* where the memory ends */
		{"mov %r3, %r1\nadd %r3, %r2\nmov %r4, %r1\nadd %r4, 14\njgt %r4, %r3, out",
			{"ldxb %r0, [%r4-1]", "ldxb %r0, [%r4+0]"}},
		{"mov %r3, %r1\nadd %r3, %r2\nmov %r4, %r1\nadd %r4, 14\njgt %r4, %r3, out",
			{"ldxb %r0, [%r3-14]", "ldxb %r0, [%r3-15]"}},
		{"mov %r3, %r1\nadd %r3, %r2\nmov %r4, %r1\nadd %r4, 14\njlt %r3, %r4, out",
			{"ldxb %r0, [%r3-1]", "ldxb %r0, [%r3+0]"}},
		{"add %r2, %r1\nsub %r2, %r1\njlt %r2, 14, out",
			{"ldxb %r0, [%r1+13]", "ldxb %r0, [%r1+14]"}},
		/* below the memory an address compares as if it were far behind */
		{"mov %r3, %r1\nadd %r3, %r2\nmov %r4, %r1\nsub %r4, 8\njgt %r4, %r3, out",
			{"stb [%r10-1], 0", "ldxb %r0, [%r1+0]"}},
		/* indexes */
		{"jlt %r2, 64, out\nldxb %r3, [%r1+0]\nand %r3, 31\nadd %r3, %r1",
			{"ldxw %r0, [%r3+29]", "ldxw %r0, [%r3+30]"}},
		{"jlt %r2, 64, out\nldxb %r3, [%r1+0]\nmod %r3, 31\nadd %r3, %r1",
			{"ldxw %r0, [%r3+30]", "ldxw %r0, [%r3+31]"}},
		{"jlt %r2, 64, out\nldxw %r3, [%r1+0]\nrsh32 %r3, 28\nadd %r3, %r1",
			{"ldxdw %r0, [%r3+41]", "ldxdw %r0, [%r3+42]"}},
		{"jlt %r2, 64, out\nldxb %r3, [%r1+0]\njgt %r3, 20, out\nadd %r3, %r1",
			{"ldxb %r0, [%r3+43]", "ldxb %r0, [%r3+44]"}},
		{"jlt %r2, 64, out\nldxb %r3, [%r1+0]\nand %r3, 7\nmov %r4, %r10\nadd %r4, %r3",
			{"stdw [%r4-15], 0", "stdw [%r4-14], 0"}},
		{"ldxb %r3, [%r1+0]\nand %r3, 7\nmov %r4, %r10\nsub %r4, %r3",
			{"stb [%r4-505], 0", "stb [%r4-506], 0"}},
		{"ldxsb %r3, [%r1+0]\nmov %r4, %r10\nsub %r4, 128\nadd %r4, %r3",
			{"stb [%r4+0], 0", "stb [%r4+1], 0"}},
		/* loops */
		{"jlt %r2, 16, out\nmov %r3, 0\nagain: mov %r4, %r1\nadd %r4, %r3\n"
		 "add %r3, 1\njlt %r3, 16, again\n",
			{"ldxb %r0, [%r4+0]", "ldxb %r0, [%r4+1]"}},
		{"jlt %r2, 128, out\nmov %r3, 0\nagain: mov %r4, %r1\nadd %r4, %r3\n"
		 "add %r3, 4\njlt %r3, 120, again\n",
			{"ldxw %r0, [%r4+0]", "ldxw %r0, [%r4+8]"}},
	};
	char text[512];

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		for (int beyond = 0; beyond < 2; beyond++) {
			snprintf(text, sizeof(text), "%s\n%s\nout: exit\n", cases[i].before,
				cases[i].access[beyond]);
			if (raw_proves(text) == beyond)
				fail_msg("%s:\n%s", beyond ? "proved" : "not proved", text);
		}
	}
}

/* What one path has found out is not what another one knows; what a caller has, its functions do.
 */
static void test_raw_lengths_are_known_where_they_are(void **state)
{
	const struct ebpf_fact *f = raw_facts_of("jlt %r2, 8, join\n" /* 0 */
						 "ldxb %r0, [%r1+7]\n"
						 "join: ldxb %r0, [%r1+7]\n"
						 "jlt %r2, 16, out\n"
						 "call local f\n" /* 4 */
						 "out: exit\n"
						 "f: ldxdw %r0, [%r1+8]\n" /* 6 */
						 "ldxdw %r0, [%r1+9]\n"
						 "exit\n");

	assert_true(f[1].flags & FACT_IN_BOUNDS);
	assert_false(f[2].flags & FACT_IN_BOUNDS);
	assert_true(f[6].flags & FACT_IN_BOUNDS);
	assert_false(f[7].flags & FACT_IN_BOUNDS);
}

static void test_raw_calls_and_loops(void **state)
{
	const struct ebpf_fact *f = raw_facts_of("mov %r6, 0\n" /* 0 */
						 "again: mov %r1, %r10\n"
						 "add %r1, -8\n"
						 "call local f\n"
						 "stxdw [%r0+0], %r6\n" /* 4 */
						 "add %r6, 1\n"
						 "jlt %r6, 3, again\n"
						 "exit\n"
						 "f: stdw [%r1+0], 7\n" /* 8 */
						 "stdw [%r10-8], 7\n"
						 "mov %r0, %r10\n"
						 "exit\n");

	assert_int_equal(f[4].access, FACT_ANY);
	assert_false(f[4].flags & FACT_IN_BOUNDS);
	assert_true(f[8].flags & FACT_IN_BOUNDS);
	assert_false(f[8].flags & FACT_CONST_OFF);
	assert_true(f[9].flags & FACT_CONST_OFF);
}

static void test_raw_dead_code(void **state)
{
	const struct ebpf_fact *f = raw_facts_of("mov %r0, 0\n"
						 "exit\n"
						 "mov %r0, 1\n"
						 "exit\n");

	assert_true(f[1].flags & FACT_REACHED);
	assert_false(f[2].flags & FACT_REACHED);
}

#define TEST(f) cmocka_unit_test_teardown(f, release)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_kinds_of_registers_and_accesses),
		TEST(test_registers_that_nobody_reads_are_unset),
		TEST(test_different_paths_join),
		TEST(test_two_maps_at_one_value_access),
		TEST(test_branches_that_cannot_be),
		TEST(test_a_cut_path_contradicts_no_branch),
		TEST(test_the_map_of_a_call),
		TEST(test_the_most_a_helper_touches),
		TEST(test_how_far_packets_are_read),
		TEST(test_frames_and_call_sites),
		TEST(test_a_callers_stack_has_no_offset_in_the_callee),
		TEST(test_rejected_programs_have_no_facts),
		TEST(test_an_exhausted_budget_leaves_no_facts),
		TEST(test_memory_is_bounded_and_told),
		TEST(test_reasons_name_the_source_line),
		TEST(test_the_log_shows_states_and_instructions),
		TEST(test_raw_stack_accesses),
		TEST(test_raw_paths_join),
		TEST(test_raw_accesses_of_memory),
		TEST(test_raw_lengths_are_known_where_they_are),
		TEST(test_raw_calls_and_loops),
		TEST(test_raw_dead_code),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
