/* SPDX-License-Identifier: BSD-3-Clause
 *
 * offsets.c -- a packet's bounds, compared as offsets.
 *
 * A program asks whether data + 14 > data_end. A driver that opens packets makes data_end of data
 * and a length. Once the program is inlined there both are in sight, and it is cheaper to ask
 * whether 14 > length; sometimes the driver knows. LLVM must not do so by itself, as addresses
 * could wrap; pointers into packets cannot, for the verifier keeps them near their packet. (Telling
 * LLVM as much of every such pointer makes it compare offsets also where it then has to compute
 * lengths first: a checksum's loop takes 8% more instructions.)
 */
#include "compile.h"

#define MAX_STEPS 16 /* from a pointer back to what it was computed from */

static const char mark[] = "xdpk.packet";

static unsigned mark_kind(const struct compilation *c)
{
	return LLVMGetMDKindIDInContext(c->context, mark, sizeof(mark) - 1);
}

void compilation__mark_bounds(struct compilation *c, LLVMValueRef comparison)
{
	if (LLVMIsAInstruction(comparison))
		LLVMSetMetadata(comparison, mark_kind(c), LLVMMDNodeInContext(c->context, NULL, 0));
}

/* Is it a pointer plus so many bytes? */
static bool is_sum(struct compilation *c, LLVMValueRef v)
{
	return LLVMIsAGetElementPtrInst(v) && LLVMGetNumOperands(v) == 2 &&
	       LLVMGetGEPSourceElementType(v) == c->i8 &&
	       LLVMTypeOf(LLVMGetOperand(v, 1)) == c->i64;
}

/* What both pointers were computed from; NULL if they have nothing in common. */
static LLVMValueRef common_base(struct compilation *c, LLVMValueRef x, LLVMValueRef y)
{
	LLVMValueRef bases[MAX_STEPS];
	unsigned n = 0;

	for (bases[n++] = x; n < MAX_STEPS && is_sum(c, x); bases[n++] = x)
		x = LLVMGetOperand(x, 0);
	for (unsigned steps = 0; steps < MAX_STEPS; steps++) {
		for (unsigned i = 0; i < n; i++)
			if (bases[i] == y)
				return y;
		if (!is_sum(c, y))
			break;
		y = LLVMGetOperand(y, 0);
	}
	return NULL;
}

static LLVMValueRef distance(
	struct compilation *c, LLVMBuilderRef b, LLVMValueRef from, LLVMValueRef pointer)
{
	LLVMValueRef sum = LLVMConstNull(c->i64);

	for (; pointer != from; pointer = LLVMGetOperand(pointer, 0))
		sum = LLVMBuildAdd(b, sum, LLVMGetOperand(pointer, 1), "");
	return sum;
}

/* A pointer may lie before the other's base. */
static LLVMIntPredicate as_signed(LLVMIntPredicate predicate)
{
	switch (predicate) {
	case LLVMIntUGT: return LLVMIntSGT;
	case LLVMIntUGE: return LLVMIntSGE;
	case LLVMIntULT: return LLVMIntSLT;
	case LLVMIntULE: return LLVMIntSLE;
	default: return predicate;
	}
}

static void compare_offsets(struct compilation *c, LLVMBuilderRef b, LLVMValueRef comparison)
{
	LLVMValueRef x = LLVMGetOperand(comparison, 0), y = LLVMGetOperand(comparison, 1);
	LLVMValueRef base = common_base(c, x, y);

	if (!base)
		return;
	LLVMPositionBuilderBefore(b, comparison);
	x = distance(c, b, base, x);
	y = distance(c, b, base, y);
	LLVMReplaceAllUsesWith(comparison,
		LLVMBuildICmp(b, as_signed(LLVMGetICmpPredicate(comparison)), x, y, ""));
	LLVMInstructionEraseFromParent(comparison);
}

void compilation__compare_offsets(struct compilation *c)
{
	LLVMBuilderRef b = LLVMCreateBuilderInContext(c->context);
	unsigned kind = mark_kind(c);
	LLVMValueRef fn, insn, next;
	LLVMBasicBlockRef block;

	for (fn = LLVMGetFirstFunction(c->module); fn; fn = LLVMGetNextFunction(fn)) {
		for (block = LLVMGetFirstBasicBlock(fn); block;
			block = LLVMGetNextBasicBlock(block)) {
			for (insn = LLVMGetFirstInstruction(block); insn; insn = next) {
				next = LLVMGetNextInstruction(insn);
				if (LLVMIsAICmpInst(insn) && LLVMGetMetadata(insn, kind))
					compare_offsets(c, b, insn);
			}
		}
	}
	LLVMDisposeBuilder(b);
}
