/* SPDX-License-Identifier: BSD-3-Clause
 *
 * translate-jump.c -- branches. A branch that goes one way on all paths is no branch.
 * Pointers are compared as pointers.
 */
#include "translate.h"

static const LLVMIntPredicate predicates[] = {
	[ISA_JEQ] = LLVMIntEQ,
	[ISA_JNE] = LLVMIntNE,
	[ISA_JGT] = LLVMIntUGT,
	[ISA_JGE] = LLVMIntUGE,
	[ISA_JLT] = LLVMIntULT,
	[ISA_JLE] = LLVMIntULE,
	[ISA_JSGT] = LLVMIntSGT,
	[ISA_JSGE] = LLVMIntSGE,
	[ISA_JSLT] = LLVMIntSLT,
	[ISA_JSLE] = LLVMIntSLE,
	[ISA_JSET] = LLVMIntNE,
};

static bool compares_pointers(const struct function *f)
{
	const struct isa_insn *in = f->in;

	return in->is64 && in->op != ISA_JSET && function__holds_pointer(f, in->dst) &&
	       (in->use_imm ? in->imm == 0 : function__holds_pointer(f, in->src));
}

static bool points_to_packet(const struct function *f, unsigned reg)
{
	uint8_t kind = f->fact->regs[reg];

	return kind == FACT_PACKET || kind == FACT_PACKET_END || kind == FACT_PACKET_META;
}

static bool compares_bounds(const struct function *f)
{
	return !f->in->use_imm && points_to_packet(f, f->in->dst) &&
	       points_to_packet(f, f->in->src);
}

/* No round is left. Otherwise there is one less. */
static LLVMValueRef rounds_used_up(struct function *f)
{
	LLVMValueRef left = LLVMBuildLoad2(f->b, f->c->i64, f->rounds, "");
	LLVMValueRef none = LLVMBuildIsNull(f->b, left, "");
	LLVMValueRef less = LLVMBuildSub(f->b, left, function__const(f, 1), "");

	LLVMBuildStore(f->b, LLVMBuildSelect(f->b, none, left, less, ""), f->rounds);
	return none;
}

static LLVMValueRef condition(struct function *f)
{
	const struct isa_insn *in = f->in;
	LLVMIntPredicate predicate = predicates[in->op];
	LLVMValueRef x, y;

	if (in->op == ISA_MAY_GOTO)
		return rounds_used_up(f);
	if (compares_pointers(f)) {
		y = in->use_imm ? LLVMConstNull(f->c->ptr) : function__ptr(f, in->src);
		x = LLVMBuildICmp(f->b, predicate, function__ptr(f, in->dst), y, "");
		if (compares_bounds(f))
			compilation__mark_bounds(f->c, x);
		return x;
	}
	x = function__int(f, in->dst);
	y = function__operand(f);
	if (!in->is64) {
		x = LLVMBuildTrunc(f->b, x, f->c->i32, "");
		y = LLVMBuildTrunc(f->b, y, f->c->i32, "");
	}
	if (in->op == ISA_JSET) {
		x = LLVMBuildAnd(f->b, x, y, "");
		y = LLVMConstNull(LLVMTypeOf(x));
	}
	return LLVMBuildICmp(f->b, predicate, x, y, "");
}

int function__jump(struct function *f)
{
	LLVMBasicBlockRef taken = function__block(f, (uint32_t)(f->pc + 1 + f->in->target));
	LLVMBasicBlockRef falls = f->pc + 1 < f->self->end ? function__block(f, f->pc + 1) : NULL;
	uint8_t ways = f->fact->flags & (FACT_TAKEN | FACT_FALLS);

	if (f->in->op == ISA_JA || ways == FACT_TAKEN) {
		LLVMBuildBr(f->b, taken);
		return 0;
	}
	if (!falls)
		return function__refuse(f, "falls off the end of its function");
	if (ways == FACT_FALLS)
		LLVMBuildBr(f->b, falls);
	else
		LLVMBuildCondBr(f->b, condition(f), taken, falls);
	return 0;
}
