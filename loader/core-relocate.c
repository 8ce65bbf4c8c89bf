/* SPDX-License-Identifier: BSD-3-Clause
 *
 * core-relocate.c -- writes what CO-RE relocations ask into instructions. The place of the
 * value follows from the instruction: an immediate, an offset, or the 64 bits of an LDDW.
 */
#include <errno.h>
#include <inttypes.h>

#include "../vm/core/error.h"
#include "../vm/isa/isa.h"
#include "core-value.h"
#include "object-internal.h"

#define OPCODE_LDDW 0x18
#define SOURCE_REG  0x08 /* ALU: the operand is a register */

enum { CLASS_LD, CLASS_LDX, CLASS_ST, CLASS_STX, CLASS_ALU, CLASS_ALU64 = 7 };

/* `n` instruction words are left in the function. */
static int write_value(struct ebpf_insn *insn, uint32_t n, uint64_t value, char **errmsg)
{
	switch (insn->opcode & 7) {
	case CLASS_ALU:
	case CLASS_ALU64:
		if (insn->opcode & SOURCE_REG)
			break;
		if (value > UINT32_MAX && (int64_t)value != (int32_t)value)
			return error__set(errmsg, -ERANGE, "%" PRIu64 " is no immediate", value);
		insn->imm = (int32_t)value;
		return 0;
	case CLASS_LDX:
	case CLASS_ST:
	case CLASS_STX:
		if (value > INT16_MAX)
			return error__set(errmsg, -ERANGE, "%" PRIu64 " is no offset", value);
		insn->off = (int16_t)value;
		return 0;
	case CLASS_LD:
		if (insn->opcode != OPCODE_LDDW || insn->src != EBPF_LDDW_IMM || n < 2)
			break;
		insn[0].imm = (int32_t)value;
		insn[1].imm = (int32_t)(value >> 32);
		return 0;
	}
	return error__set(errmsg, -EINVAL, "instruction 0x%02x takes no value", insn->opcode);
}

static const char *name_root(const struct btf *btf, const struct ext_record *r)
{
	const struct btf_type *t = btf__type_by_id(btf, r->word[0]);

	return t && t->name_off ? btf_types__string(btf, t->name_off) : "(unnamed)";
}

int linker__relocate_core(struct linker *l, const struct placed_function *at, char **errmsg)
{
	const struct ebpf_object *obj = l->obj;
	const struct object_function *f = &obj->functions[at->function];
	const struct ext_record *r;
	uint32_t n;
	int err = 0;

	r = ext_table__range(&obj->ext.cores, f->section, f->insn, f->program.n_insns, &n);
	for (; n && !err; n--, r++) {
		uint32_t insn = r->insn - f->insn;
		uint64_t value;

		err = core_value(obj->btf, r, &value, errmsg);
		if (!err)
			err = write_value(&l->insns[at->insn + insn], f->program.n_insns - insn,
				value, errmsg);
		if (err)
			error__prefix(errmsg,
				"section %s, offset %#x: CO-RE relocation of kind %u to %s, access "
				"%s",
				f->program.section, r->insn * 8, r->word[2], name_root(obj->btf, r),
				btf_types__string(obj->btf, r->word[1]));
	}
	return err;
}
