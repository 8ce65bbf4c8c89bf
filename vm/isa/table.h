/* SPDX-License-Identifier: BSD-3-Clause
 *
 * table.h -- instructions.def and forms.def as C tables, for the files of this folder.
 */
#ifndef VM_ISA_TABLE_H
#define VM_ISA_TABLE_H

#include "isa.h"

/* Instruction classes, the low three bits of an opcode */
enum {
	CLASS_LD = 0,
	CLASS_ST = 2,
	CLASS_JMP = 5,
	CLASS_ALU64 = 7,
};

enum isa_form {
#define FORM(name, fields, template) FORM_##name,
#include "forms.def"
#undef FORM
};

/* The fields of an instruction that are operands. The others have the row's values; the
 * second word is all zero but for its immediate. */
enum isa_field {
	FIELD_DST = 1 << 0,
	FIELD_SRC = 1 << 1,
	FIELD_OFF = 1 << 2,
	FIELD_IMM = 1 << 3,
	FIELD_NEXT = 1 << 4, /* the second word's immediate */
};

struct isa_form_desc {
	uint8_t fields;
	const char *template;
};

struct isa_row {
	uint8_t opcode, src;
	int16_t off;
	int32_t imm;
	uint8_t op, size, form;
	const char *mnemonic;
};

extern const struct isa_form_desc isa_forms[];
extern const struct isa_row isa_rows[];
extern const size_t isa_n_rows;

/* The row of the instruction at p, or NULL with *why as for isa__decode(). */
const struct isa_row *isa_row__of(const struct ebpf_insn *p, size_t n, const char **why);

#endif
