/* SPDX-License-Identifier: BSD-3-Clause
 *
 * prototypes_test.c -- the prototype of every helper against the running kernel's: which helpers
 * there are for XDP programs, and what each takes for each of its arguments. A program that calls
 * the helper with good arguments, and programs that have something else in place of one of them,
 * must be accepted here if and only if they are there.
 */
#include <linux/bpf.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "verifier/internal.h" /* before cmocka, which has a macro fail() */
#include <cmocka.h>

#include "isa/isa.h"
#include "runtime/helpers.h"
#include "subject.h"

#define MAX_HELPER 220

/* What may stand in a register R. */
static const char *const candidates[] = {
	"mov R, %r6",                     /* the context */
	"mov R, %r10\n\tadd R, -64",      /* 64 bytes of stack */
	"mov R, %r10\n\tadd R, -63",      /* the same, not aligned */
	"mov R, %r10\n\tadd R, -8",       /* 8 bytes of it */
	"mov R, %r7",                     /* 64 bytes of packet */
	"mov R, %r8",                     /* 64 bytes of a map's value */
	"lddw R, map_by_idx(0)",          /* an array with values of 64 bytes */
	"lddw R, map_by_idx(1)",          /* per CPU */
	"lddw R, map_by_idx(6)",          /* a ring buffer */
	"lddw R, map_val(map_by_idx(4))", /* 32 bytes that are constant, the first is 0 */
	"mov R, 0", "mov R, 4", "mov R, 16", "mov R, 65", "mov R, -1",
	"mov R, %r9",                  /* any number */
	"mov R, %r9\n\tand R, 31", "", /* what was never written */
};

enum {
	CTX,
	STACK,
	VALUE = 5,
	ARRAY,
	PERCPU,
	RINGBUF,
	CONST,
	FOUR = 11,
	SIXTEEN,
	SCALAR = 15,
};

static const char start[] = "	mov %r6, %r1\n"
			    "	ldxw %r7, [%r1+0]\n"
			    "	ldxw %r2, [%r1+4]\n"
			    "	mov %r3, %r7\n"
			    "	add %r3, 64\n"
			    "	jgt %r3, %r2, out\n"
			    "	ldxw %r9, [%r7+0]\n"
			    "	stdw [%r10-8], 0\n"
			    "	stdw [%r10-16], 0\n"
			    "	stdw [%r10-24], 0\n"
			    "	stdw [%r10-32], 0\n"
			    "	stdw [%r10-40], 0\n"
			    "	stdw [%r10-48], 0\n"
			    "	stdw [%r10-56], 0\n"
			    "	stdw [%r10-64], 0\n"
			    "	lddw %r1, map_by_idx(0)\n"
			    "	mov %r2, %r10\n"
			    "	add %r2, -8\n"
			    "	call 1\n"
			    "	jeq %r0, 0, out\n"
			    "	mov %r8, %r0\n";

/* A candidate that is good for the argument; -1: none is. */
static int good_argument(const struct helper_proto *p, unsigned arg)
{
	switch ((enum helper_arg)p->args[arg]) {
	case ARG_CTX: return CTX;
	case ARG_MAP:
		return p->id == BPF_FUNC_map_lookup_percpu_elem                        ? PERCPU
		       : helper__name(p->id) && strstr(helper__name(p->id), "ringbuf") ? RINGBUF
										       : ARRAY;
	case ARG_MAP_KEY:
	case ARG_MAP_VALUE:
	case ARG_UNINIT_MAP_VALUE:
	case ARG_MEM:
	case ARG_MEM_OR_NULL:
	case ARG_UNINIT_MEM:
	case ARG_UNINIT_MEM_OR_NULL:
	case ARG_BUFFER_OR_NULL:
	case ARG_INOUT_U32:
	case ARG_OUT_U64:
	case ARG_OUT2:
	case ARG_OUT4:
	case ARG_OUT8:
	case ARG_HEADER20:
	case ARG_HEADER40: return STACK;
	case ARG_CONST_STRING: return CONST;
	case ARG_SIZE:
	case ARG_SIZE_OR_ZERO:
	case ARG_CONST:
	case ARG_CONST_SIZE:
	case ARG_CONST_SIZE_OR_ZERO:
	case ARG_ALLOC_SIZE: return SIXTEEN;
	case ARG_ANY:
	case ARG_SCALAR:
	case ARG_DONTCARE: return FOUR;
	default: return -1;
	}
}

static size_t put_argument(char *text, unsigned arg, int candidate)
{
	size_t n = 0;

	text[n++] = '\t';
	for (const char *c = candidates[candidate]; *c; c++) {
		if (*c == 'R')
			n += (size_t)sprintf(text + n, "%%r%u", arg + 1);
		else
			text[n++] = *c;
	}
	text[n++] = '\n';
	text[n] = 0;
	return n;
}

/* What was acquired is released. */
static const char *end_of(const struct helper_proto *p)
{
	switch (p->ret) {
	case RET_SOCK_OR_NULL:
	case RET_SOCK_COMMON_OR_NULL: return "	jeq %r0, 0, out\n	mov %r1, %r0\n	call 86\n";
	case RET_RECORD_OR_NULL:
		return "	jeq %r0, 0, out\n	mov %r1, %r0\n	mov %r2, 0\n	call 133\n";
	default: return "";
	}
}

static struct ebpf_insn *make_program(
	const struct helper_proto *p, const int arguments[5], uint32_t *n)
{
	char text[2048];
	size_t at = (size_t)sprintf(text, "%s", start);
	struct ebpf_insn *insns;
	char *err = NULL;

	for (unsigned i = 0; i < p->n_args; i++)
		at += put_argument(text + at, i, arguments[i]);
	sprintf(text + at, "	call %u\n%sout:\n	mov %%r0, 0\n	exit\n", p->id, end_of(p));
	if (isa__assemble(text, &insns, n, &err))
		fail_msg("%s: %s", text, err);
	return insns;
}

struct score {
	uint32_t accepted, rejected, differ;
};

static void compare(
	const struct helper_proto *p, const int arguments[5], unsigned changed, struct score *score)
{
	static char log[1 << 16];
	uint32_t n;
	struct ebpf_insn *insns = make_program(p, arguments, &n);
	struct verifier_result res;
	int ours = subject__verify(insns, n, &res), theirs;

	theirs = subject__kernel_verify(insns, n, log, sizeof(log));
	if (!ours == !theirs) {
		*(ours ? &score->rejected : &score->accepted) += 1;
	} else {
		score->differ++;
		printf("%s, R%u: %s: %s, the kernel: %.200s\n", p->name, changed + 1,
			candidates[arguments[changed]], ours ? res.reason : "accepted",
			theirs ? strstr(log, "call bpf") ? strstr(log, "call bpf") : log
			       : "accepts");
	}
	verifier__release(&res);
	free(insns);
}

static void compare_helper(const struct helper_proto *p, struct score *score)
{
	int good[5], arguments[5];

	for (unsigned i = 0; i < p->n_args; i++) {
		good[i] = good_argument(p, i);
		if (good[i] < 0)
			return;
	}
	if (!p->n_args)
		compare(p, good, 0, score);
	for (unsigned i = 0; i < p->n_args; i++) {
		for (int c = 0; c < (int)(sizeof(candidates) / sizeof(candidates[0])); c++) {
			memcpy(arguments, good, sizeof(arguments));
			arguments[i] = c;
			compare(p, arguments, i, score);
		}
	}
}

static void test_arguments_as_kernel(void **state)
{
	struct score score = {0};

	if (!subject__kernel_permitted())
		skip();
	for (uint32_t id = 1; id < MAX_HELPER; id++)
		if (known_helper__find(id))
			compare_helper(known_helper__find(id), &score);
	printf("%u programs accepted, %u rejected\n", score.accepted, score.rejected);
	assert_int_equal(score.differ, 0);
	assert_true(score.accepted > 300 && score.rejected > 1000);
}

/* What Linux offers is here, or there is a reason why it is not, and nothing else is. */
static void test_helpers_as_kernel(void **state)
{
	static char log[1 << 16];

	if (!subject__kernel_permitted())
		skip();
	for (uint32_t id = 1; id < MAX_HELPER; id++) {
		const struct helper_proto none = {.id = id};
		bool known = known_helper__find(id) || helper__reason(id);
		uint32_t n;
		struct ebpf_insn *insns = make_program(&none, NULL, &n);

		subject__kernel_verify(insns, n, log, sizeof(log));
		if (known == (strstr(log, "cannot use helper") || strstr(log, "invalid func")))
			fail_msg("%s#%u: %s here, the kernel says: %s", helper__name(id), id,
				known ? "known" : "not known", log);
		free(insns);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_helpers_as_kernel),
		cmocka_unit_test(test_arguments_as_kernel),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
