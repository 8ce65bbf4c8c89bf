/* SPDX-License-Identifier: BSD-3-Clause
 *
 * The instruction table against itself: whatever decodes is written as text that assembles
 * to the same bits; whatever has a reserved field in use does not decode.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "isa/table.h"

/* An instruction of the row with operands that fill their fields. */
static void instance(const struct isa_row *row, int32_t imm, int16_t off, struct ebpf_insn *w)
{
	unsigned fields = isa_forms[row->form].fields;

	w[0] = (struct ebpf_insn){
		.opcode = row->opcode,
		.dst = fields & FIELD_DST ? 3 : 0,
		.src = fields & FIELD_SRC ? 7 : row->src,
		.off = fields & FIELD_OFF ? off : row->off,
		.imm = fields & FIELD_IMM ? imm : row->imm,
	};
	w[1] = (struct ebpf_insn){.imm = fields & FIELD_NEXT ? imm ^ 0x5a5a5a5a : 0};
}

static uint32_t words_of(const struct isa_row *row)
{
	return row->op == ISA_LDDW ? 2 : 1;
}

static void assert_round_trip(const struct isa_row *row, const struct ebpf_insn *w)
{
	char text[128], *err = NULL;
	struct ebpf_insn *back = NULL;
	struct isa_insn insn;
	const char *why;
	uint32_t n = 0;

	if (isa__decode(w, words_of(row), &insn, &why))
		fail_msg("%s does not decode: %s", row->mnemonic, why);
	assert_int_equal(insn.op, row->op);
	assert_int_equal(insn.words, words_of(row));
	assert_true(isa__disassemble(w, words_of(row), 0, text, sizeof(text)) < (int)sizeof(text));
	if (isa__assemble(text, &back, &n, &err))
		fail_msg("\"%s\" does not assemble: %s", text, err);
	assert_int_equal(n, words_of(row));
	if (memcmp(back, w, n * sizeof(*w)))
		fail_msg("\"%s\" assembles to something else", text);
	free(back);
}

static void test_every_instruction_survives_text(void **state)
{
	static const int32_t imms[] = {0, 1, -1, 4095, -4096, INT32_MAX, INT32_MIN, 0x12345678};
	static const int16_t offs[] = {0, 1, -1, INT16_MAX, INT16_MIN, 0x1234};
	struct ebpf_insn w[2];
	size_t r, i, o;

	for (r = 0; r < isa_n_rows; r++) {
		for (i = 0; i < sizeof(imms) / sizeof(imms[0]); i++) {
			for (o = 0; o < sizeof(offs) / sizeof(offs[0]); o++) {
				instance(&isa_rows[r], imms[i], offs[o], w);
				assert_round_trip(&isa_rows[r], w);
			}
		}
	}
	print_message("%zu rows\n", isa_n_rows);
}

static void test_every_register_survives_text(void **state)
{
	struct ebpf_insn w[2];
	unsigned dst, src;
	size_t r;

	for (r = 0; r < isa_n_rows; r++) {
		unsigned fields = isa_forms[isa_rows[r].form].fields;

		for (dst = 0; dst < (fields & FIELD_DST ? EBPF_N_REGS : 1); dst++) {
			for (src = 0; src < (fields & FIELD_SRC ? EBPF_N_REGS : 1); src++) {
				instance(&isa_rows[r], 5, 6, w);
				w[0].dst = dst;
				if (fields & FIELD_SRC)
					w[0].src = src;
				assert_round_trip(&isa_rows[r], w);
			}
		}
	}
}

/* Every field that is not an operand is reserved: a bit more in it, and there is no such
 * instruction, or another one. */
static void test_reserved_fields_are_refused(void **state)
{
	struct ebpf_insn good[2], w[2];
	struct isa_insn insn;
	const char *why;
	size_t r;
	int bit;

	for (r = 0; r < isa_n_rows; r++) {
		const struct isa_row *row = &isa_rows[r];
		unsigned operands = isa_forms[row->form].fields;

		instance(row, 0, 0, good);
		for (bit = 8; bit < (row->op == ISA_LDDW ? 128 : 64); bit++) {
			static const uint8_t field_of_byte[16] = {0, FIELD_DST, FIELD_OFF,
				FIELD_OFF, FIELD_IMM, FIELD_IMM, FIELD_IMM, FIELD_IMM, 0, 0, 0, 0,
				FIELD_NEXT, FIELD_NEXT, FIELD_NEXT, FIELD_NEXT};
			unsigned field = field_of_byte[bit / 8];

			if (bit / 8 == 1)
				field = bit % 8 < 4 ? FIELD_DST : FIELD_SRC;
			if (operands & field)
				continue;
			memcpy(w, good, sizeof(w));
			((uint8_t *)w)[bit / 8] ^= 1 << bit % 8;
			if (!isa__decode(w, 2, &insn, &why)) {
				assert_ptr_not_equal(isa_row__of(w, 2, &why), row);
				continue;
			}
			assert_non_null(strstr(why, bit < 64 ? "reserved" : "second word"));
		}
	}
}

/* All 256 opcodes with fields zero: in the table, legacy packet access, or unknown. */
static void test_unknown_opcodes_are_refused(void **state)
{
	int opcode, known = 0, legacy = 0;

	for (opcode = 0; opcode < 256; opcode++) {
		struct ebpf_insn w[2] = {{.opcode = opcode}};
		struct isa_insn insn;
		const char *why;

		if (!isa__decode(w, 2, &insn, &why))
			known++;
		else if (!strcmp(why, "legacy packet access"))
			legacy++;
		else
			assert_true(!strcmp(why, "unknown opcode") ||
				    !strcmp(why, "reserved field used"));
	}
	/* ALU, neg, lddw, loads, sign-extending ones, two kinds of store, atomics, jumps without
	 * and with a condition, may_goto, calls and exit; le, be and bswap do not exist without a
	 * width. */
	assert_int_equal(legacy, 6);
	assert_int_equal(known, 48 + 2 + 1 + 4 + 3 + 4 + 4 + 2 + 2 + 44 + 1 + 3);
}

static void test_rows_of_an_opcode_stand_together(void **state)
{
	bool seen[256] = {false};
	size_t r;

	for (r = 0; r < isa_n_rows; r++) {
		if (!r || isa_rows[r].opcode != isa_rows[r - 1].opcode)
			assert_false(seen[isa_rows[r].opcode]);
		seen[isa_rows[r].opcode] = true;
	}
}

static void test_cut_lddw_is_refused(void **state)
{
	struct ebpf_insn w = {.opcode = 0x18};
	struct isa_insn insn;
	const char *why;

	assert_int_not_equal(isa__decode(&w, 1, &insn, &why), 0);
	assert_string_equal(why, "64-bit immediate lacks its second word");
}

static void assert_same(const char *text, const char *canonical)
{
	struct ebpf_insn *insns;
	char buf[128], *err;
	uint32_t n;

	if (isa__assemble(text, &insns, &n, &err))
		fail_msg("\"%s\": %s", text, err);
	isa__disassemble(insns, n, 0, buf, sizeof(buf));
	assert_string_equal(buf, canonical);
	free(insns);
}

static void test_spellings(void **state)
{
	assert_same("mov %r0,0xffffffff", "mov %r0, -1");
	assert_same("\tmov32   %r0 , -0x10 # why", "mov32 %r0, -16");
	assert_same("ldxdw %r0, [ %r1 + 0x10 ]", "ldxdw %r0, [%r1+16]");
	assert_same("swap16 %r4", "bswap16 %r4");
	assert_same("call helper 5", "call 5");
	assert_same("call 0x1f", "call 31");
	assert_same("call %r2", "call %r2");
	assert_same("callx %r2", "call %r2");
	assert_same("call runtime 3", "call kfunc 3");
	assert_same("gotol +70000", "ja32 +70000  # to 70001");
	assert_same("f: call local f", "call local -1  # to 0");
	assert_same("ja end\nmov %r0, 1\nend: exit", "ja +1  # to 2");
	assert_same("jeq %r1, 1, exit\nlddw %r0, 0x95\nexit\nexit", "jeq %r1, 1, +2  # to 3");
	assert_same("lddw %r1, -2", "lddw %r1, 0xfffffffffffffffe");
	assert_same("lddw %r1, map_val(map_by_fd(3)) + 8", "lddw %r1, map_val(map_by_fd(3))+8");
	assert_same("lddw %r1, code_addr(f)\nexit\nf: exit", "lddw %r1, code_addr(+2)  # to 3");
}

static void test_bad_text_is_refused_by_line(void **state)
{
	static const char *const bad[][2] = {
		{"mov %r0, 1\nfrob %r1", "line 2: unknown instruction: frob"},
		{"mov %r11, 1", "line 1: operands do not fit"},
		{"mov %r0", "line 1: operands do not fit"},
		{"mov %r0, 1, 2", "line 1: operands do not fit"},
		{"mov %r0, 0x100000000", "line 1: 0x100000000 is out of range"},
		{"mov %r0, -2147483649", "line 1: -2147483649 is out of range"},
		{"lddw %r0, 0x10000000000000000", "line 1: 0x10000000000000000 is out of range"},
		{"ldxw %r0, [%r1+32768]", "line 1: +32768 is out of range"},
		{"ja +32768", "line 1: +32768 is out of range"},
		{"ja nowhere", "line 1: no label nowhere"},
		{"ja exit\nmov %r0, 1", "line 1: no label exit"},
		{"a:\na:\nexit", "line 2: label a is defined twice"},
		{"# nothing", "the text has no instructions"},
		{"lock add %r1, %r2", "line 1: operands do not fit"},
		{"mov %r0, 1x", "line 1: operands do not fit"},
	};
	size_t i;

	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct ebpf_insn *insns;
		char *err = NULL;
		uint32_t n;

		assert_int_equal(isa__assemble(bad[i][0], &insns, &n, &err), -EINVAL);
		if (strncmp(err, bad[i][1], strlen(bad[i][1])))
			fail_msg("\"%s\", not \"%s\"", err, bad[i][1]);
		free(err);
	}
}

static void test_far_label_wants_ja32(void **state)
{
	enum { N_MOVS = 40000 };
	static char text[N_MOVS * 12 + 32];
	size_t i, len;
	char *err;
	struct ebpf_insn *insns;
	uint32_t n;

	len = sprintf(text, "ja   end\n");
	for (i = 0; i < N_MOVS; i++)
		len = stpcpy(text + len, "mov %r0, 1\n") - text;
	sprintf(text + len, "end:exit\n");
	assert_int_equal(isa__assemble(text, &insns, &n, &err), -EINVAL);
	assert_non_null(strstr(err, "use ja32"));
	free(err);
	memcpy(text, "ja32 end", 8);
	assert_int_equal(isa__assemble(text, &insns, &n, &err), 0);
	assert_int_equal(insns[0].imm, N_MOVS);
	free(insns);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_instruction_survives_text),
		cmocka_unit_test(test_every_register_survives_text),
		cmocka_unit_test(test_reserved_fields_are_refused),
		cmocka_unit_test(test_unknown_opcodes_are_refused),
		cmocka_unit_test(test_rows_of_an_opcode_stand_together),
		cmocka_unit_test(test_cut_lddw_is_refused),
		cmocka_unit_test(test_spellings),
		cmocka_unit_test(test_bad_text_is_refused_by_line),
		cmocka_unit_test(test_far_label_wants_ja32),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
