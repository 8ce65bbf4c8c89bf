/* SPDX-License-Identifier: BSD-3-Clause
 *
 * frame.c -- what can be settled about accesses of the frame before a run.
 *
 * Where no instruction writes r10 it is the top of the frame, always; so an access at a constant
 * place from r10 is in the frame or not, whatever the run.
 *
 * A frame is zeros when it is entered. Most programs use a few bytes of it, at the top, and only
 * those are cleared then: all that accesses at constant places need, and what addresses made of a
 * register and a small negative constant look like. That they are addresses is a guess: whatever
 * else a program touches is cleared when it does.
 */
#include "code.h"

static bool writes_frame_pointer(uint16_t kind, const struct interp_op *op)
{
	uint8_t what = kind >> INTERP_VARIANT_BITS;

	if (isa__is_atomic(what))
		return op->src == EBPF_REG_FRAME;
	return (isa__is_alu(what) || what == ISA_LDDW || what == ISA_LOAD || what == ISA_LOADSX) &&
	       op->dst == EBPF_REG_FRAME;
}

/* Bytes from the lowest that is accessed to the frame's top; 0: that is no access of it. */
static uint32_t accessed(uint16_t kind, const struct interp_op *op, int stack_size)
{
	uint8_t what = kind >> INTERP_VARIANT_BITS, base = what == ISA_STORE ? op->dst : op->src;
	int size = 1 << (kind & 3);

	if ((what != ISA_LOAD && what != ISA_LOADSX && what != ISA_STORE) ||
		base != EBPF_REG_FRAME || op->off < -stack_size || op->off + size > 0)
		return 0;
	return -op->off;
}

static uint32_t addressed(uint16_t kind, const struct interp_op *op, int stack_size)
{
	if (kind != INTERP_OP(ISA_ADD, VARIANT_IMM64) || op->imm >= 0 || op->imm < -stack_size)
		return 0;
	return -op->imm;
}

void interp_frame__settle(struct interp_code *code)
{
	uint32_t i, bytes = 0, size = program_view__stack_size(code->binding.view);
	bool fixed = true;

	code->stack_size = size;
	code->frame_top = (size + FRAME_LINE - 1) / FRAME_LINE * FRAME_LINE;
	code->frame_shift = 32 - (uint32_t)__builtin_clz(code->frame_top);

	for (i = 0; i < code->n_ops; i++)
		fixed = fixed && !writes_frame_pointer(code->kinds[i], &code->ops[i]);
	for (i = 0; i < code->n_ops; i++) {
		uint32_t direct = fixed ? accessed(code->kinds[i], &code->ops[i], size) : 0;
		uint32_t used = direct ? direct : addressed(code->kinds[i], &code->ops[i], size);

		if (direct)
			code->kinds[i] += VARIANT_FRAME;
		if (bytes < used)
			bytes = used;
	}
	code->frame_lines = (bytes + FRAME_LINE - 1) / FRAME_LINE;
	bytes = code->frame_lines * FRAME_LINE;
	code->frame_bytes = bytes < size ? bytes : size;
}
