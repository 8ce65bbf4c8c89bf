/* SPDX-License-Identifier: BSD-3-Clause
 *
 * decode.c -- from an instruction's bits to its row in the table, and to struct isa_insn.
 *
 * The opcode selects a run of rows; the row whose fixed fields all match is the instruction.
 * A field that is no operand and does not match any row is a reserved field in use.
 */
#include <errno.h>
#include <string.h>

#include "table.h"

#define MODE_MASK 0xe0
#define MODE_ABS  0x20
#define MODE_IND  0x40
#define FETCH     0x01

const struct isa_form_desc isa_forms[] = {
#define FORM(name, fields, template) {fields, template},
#include "forms.def"
#undef FORM
};

const struct isa_row isa_rows[] = {
#define I(opcode, src, off, imm, op, size, form, mnemonic) \
	{opcode, src, off, imm, ISA_##op, size, FORM_##form, mnemonic},
#include "instructions.def"
#undef I
};

const size_t isa_n_rows = sizeof(isa_rows) / sizeof(isa_rows[0]);

/* The same rows' opcodes, close together for the search. */
static const uint8_t opcodes[] = {
#define I(opcode, src, off, imm, op, size, form, mnemonic) opcode,
#include "instructions.def"
#undef I
};

static bool row__matches(const struct isa_row *row, const struct ebpf_insn *p)
{
	unsigned fields = isa_forms[row->form].fields;

	return (fields & FIELD_DST || p->dst == 0) && (fields & FIELD_SRC || p->src == row->src) &&
	       (fields & FIELD_OFF || p->off == row->off) &&
	       (fields & FIELD_IMM || p->imm == row->imm);
}

static bool second_word__matches(const struct isa_row *row, const struct ebpf_insn *p)
{
	return !p->opcode && !p->dst && !p->src && !p->off &&
	       (isa_forms[row->form].fields & FIELD_NEXT || !p->imm);
}

/* What can be wrong with the operands of an instruction that is in the table. */
static const char *row__check(const struct isa_row *row, const struct ebpf_insn *p, size_t n)
{
	if (p->dst >= EBPF_N_REGS || p->src >= EBPF_N_REGS)
		return "register number above 10";
	if (row->op == ISA_LDDW && n < 2)
		return "64-bit immediate lacks its second word";
	if (row->op == ISA_LDDW && !second_word__matches(row, p + 1))
		return "reserved field used in the second word";
	return NULL;
}

const struct isa_row *isa_row__of(const struct ebpf_insn *p, size_t n, const char **why)
{
	const uint8_t *found = memchr(opcodes, p->opcode, sizeof(opcodes));
	const struct isa_row *row;
	unsigned mode = p->opcode & MODE_MASK;

	if (!found) {
		bool packet_access = (p->opcode & 7) == CLASS_LD && (p->opcode & 0x18) != 0x18 &&
				     (mode == MODE_ABS || mode == MODE_IND);

		*why = packet_access ? "legacy packet access" : "unknown opcode";
		return NULL;
	}
	for (row = isa_rows + (found - opcodes); row < isa_rows + isa_n_rows; row++) {
		if (row->opcode != p->opcode)
			break;
		if (row__matches(row, p)) {
			*why = row__check(row, p, n);
			return *why ? NULL : row;
		}
	}
	*why = "reserved field used";
	return NULL;
}

int isa__decode(const struct ebpf_insn *p, size_t n, struct isa_insn *out, const char **why)
{
	const struct isa_row *row = isa_row__of(p, n, why);
	unsigned class = p->opcode & 7;

	if (!row)
		return -EINVAL;
	*out = (struct isa_insn){
		.op = row->op,
		.dst = p->dst,
		.src = p->src,
		.size = row->size,
		.is64 = class == CLASS_ALU64 || class == CLASS_JMP,
		.use_imm = isa_forms[row->form].fields & FIELD_IMM,
		.fetch = isa__is_atomic(row->op) && row->imm & FETCH,
		.words = row->op == ISA_LDDW ? 2 : 1,
		.off = p->off,
		.imm = p->imm,
	};
	if (row->op == ISA_LDDW)
		out->imm = (int64_t)((uint64_t)(uint32_t)p[1].imm << 32 | (uint32_t)p->imm);
	if (row->form == FORM_JUMP || row->form == FORM_COMPARE_IMM ||
		row->form == FORM_COMPARE_SRC)
		out->target = p->off;
	else if (row->form == FORM_JUMP32 || row->form == FORM_CALL_LOCAL || row->form == FORM_CODE)
		out->target = p->imm;
	return 0;
}
