/* SPDX-License-Identifier: BSD-3-Clause
 *
 * What every program must be, raw ones too: jumps and calls that land, functions that end.
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

static const struct raw_helper helpers[] = {{7, "seven"}, {40, "forty"}, {41, "forty_one"}};

static int check(enum ebpf_program_type type, const struct ebpf_insn *insns, uint32_t n, char **err)
{
	struct program_view view = *subject__view(type, insns, n);

	view.helpers = helpers;
	view.n_helpers = 3;
	*err = NULL;
	return verifier__check_structure(&view, err);
}

static void expect(enum ebpf_program_type type, const char *text, const char *reason)
{
	struct ebpf_insn *insns;
	char *err = NULL;
	uint32_t n;
	int got;

	if (isa__assemble(text, &insns, &n, &err))
		fail_msg("%s", err);
	got = check(type, insns, n, &err);
	if (!reason && got)
		fail_msg("%s", err);
	if (reason) {
		assert_int_equal(got, -EINVAL);
		if (!strstr(err, reason))
			fail_msg("expected \"%s\", got \"%s\"", reason, err);
	}
	free(err);
	free(insns);
}

static void test_raw_programs_may_have_dead_code(void **state)
{
	static const char text[] = "mov %r0, 0\nexit\nmov %r0, 1\nexit\n";

	expect(EBPF_PROGRAM_RAW, text, NULL);
	expect(EBPF_PROGRAM_XDP, text, "unreachable insn 2");
}

static void test_the_last_instruction_need_not_be_exit(void **state)
{
	expect(EBPF_PROGRAM_RAW, "ja +1\nexit\nja -2\n", NULL);
	expect(EBPF_PROGRAM_RAW, "mov %r0, 0\n", "last instruction");
	expect(EBPF_PROGRAM_RAW, "exit\njeq %r0, 0, -2\n", "last instruction");
	expect(EBPF_PROGRAM_RAW, "exit\nlddw %r0, 1\n", "last instruction");
}

static void test_functions_end(void **state)
{
	expect(EBPF_PROGRAM_RAW, "call local f\nmov %r0, 0\nf: exit\n", "last instruction");
	expect(EBPF_PROGRAM_RAW, "call local f\nexit\nf: ja -2\n", "jump out of range");
	expect(EBPF_PROGRAM_RAW, "call local +1\nexit\nlddw %r0, 1\nexit\n", NULL);
	expect(EBPF_PROGRAM_RAW, "call local +2\nexit\nlddw %r0, 1\nexit\n", "not in the program");
	expect(EBPF_PROGRAM_RAW, "call local -5\nexit\n", "not in the program");
}

static void test_helpers_of_raw_programs(void **state)
{
	expect(EBPF_PROGRAM_RAW, "call 7\ncall 40\ncall 41\nexit\n", NULL);
	expect(EBPF_PROGRAM_RAW, "call 8000\nexit\n", "helper 8000 is not registered");
	expect(EBPF_PROGRAM_RAW, "call 39\nexit\n", "not registered");
}

static void test_forms_that_raw_programs_alone_have(void **state)
{
	expect(EBPF_PROGRAM_RAW, "mov %r2, 7\ncall %r2\nexit\n", NULL);
	expect(EBPF_PROGRAM_XDP, "mov %r2, 7\ncall %r2\nexit\n", "raw programs only");
	expect(EBPF_PROGRAM_RAW, "lddw %r0, var_addr(3)\nexit\n", NULL);
	expect(EBPF_PROGRAM_XDP, "lddw %r0, var_addr(3)\nexit\n", "must be resolved");
	expect(EBPF_PROGRAM_XDP, "lddw %r0, map_by_idx(99)\nmov %r0, 0\nexit\n",
		"there is no map 99");
}

static void test_nothing_is_no_program(void **state)
{
	char *err;

	assert_int_equal(check(EBPF_PROGRAM_RAW, NULL, 0, &err), -EINVAL);
	free(err);
}

static void test_undecodable_instructions(void **state)
{
	const struct ebpf_insn unknown[] = {{.opcode = 0x06, .dst = 1}, {.opcode = 0x95}};
	const struct ebpf_insn half[] = {{.opcode = 0x95}, {.opcode = 0x18}};
	char *err;

	assert_int_equal(check(EBPF_PROGRAM_RAW, unknown, 2, &err), -EINVAL);
	assert_non_null(strstr(err, "insn 0: "));
	free(err);
	assert_int_equal(check(EBPF_PROGRAM_RAW, half, 2, &err), -EINVAL);
	assert_non_null(strstr(err, "insn 1: "));
	free(err);
}

/* A jump and a call over more instructions than 16 bits can count. */
static void test_far_jumps_and_functions(void **state)
{
	enum { FAR = 40000 };
	struct ebpf_insn *p = calloc(FAR + 8, sizeof(*p));
	uint32_t n = 0;
	char *err;

	assert_non_null(p);
	p[n++] = (struct ebpf_insn){.opcode = 0x85, .src = 1, .imm = FAR + 2};
	p[n++] = (struct ebpf_insn){.opcode = 0x06, .imm = FAR};
	while (n < FAR + 2)
		p[n++] = (struct ebpf_insn){.opcode = 0xb7};
	p[n++] = (struct ebpf_insn){.opcode = 0x95};
	p[n++] = (struct ebpf_insn){.opcode = 0xb7};
	p[n++] = (struct ebpf_insn){.opcode = 0x95};
	if (check(EBPF_PROGRAM_RAW, p, n, &err))
		fail_msg("%s", err);
	p[1].imm = FAR + 1;
	assert_int_equal(check(EBPF_PROGRAM_RAW, p, n, &err), -EINVAL);
	assert_non_null(strstr(err, "jump out of range"));
	free(err);
	free(p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_raw_programs_may_have_dead_code),
		cmocka_unit_test(test_the_last_instruction_need_not_be_exit),
		cmocka_unit_test(test_functions_end),
		cmocka_unit_test(test_helpers_of_raw_programs),
		cmocka_unit_test(test_forms_that_raw_programs_alone_have),
		cmocka_unit_test(test_nothing_is_no_program),
		cmocka_unit_test(test_undecodable_instructions),
		cmocka_unit_test(test_far_jumps_and_functions),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
