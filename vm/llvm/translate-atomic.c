/* SPDX-License-Identifier: BSD-3-Clause
 *
 * translate-atomic.c -- atomics at an address that is checked.
 *
 * GPUs have them for memory that threads share; a thread's own is none of it, and LLVM ends the
 * process over one there. Where an address may be either, the thread looks.
 */
#include <string.h>

#include "translate.h"

struct operands {
	LLVMValueRef value, expected; /* of the access's size; expected: of cmpxchg */
};

static LLVMValueRef operand(struct function *f, unsigned reg)
{
	LLVMValueRef v = function__int(f, reg);

	return f->in->size == 8
		       ? v
		       : LLVMBuildTrunc(f->b, v, compilation__int_type(f->c, f->in->size), "");
}

static LLVMAtomicRMWBinOp atomic_op(uint8_t op)
{
	switch (op) {
	case ISA_ATOMIC_ADD: return LLVMAtomicRMWBinOpAdd;
	case ISA_ATOMIC_OR: return LLVMAtomicRMWBinOpOr;
	case ISA_ATOMIC_AND: return LLVMAtomicRMWBinOpAnd;
	case ISA_ATOMIC_XOR: return LLVMAtomicRMWBinOpXor;
	default: return LLVMAtomicRMWBinOpXchg;
	}
}

static LLVMValueRef shared(struct function *f, LLVMValueRef ptr, const struct operands *o)
{
	LLVMAtomicOrdering order = f->in->fetch ? LLVMAtomicOrderingSequentiallyConsistent
						: LLVMAtomicOrderingMonotonic;

	if (f->in->op != ISA_ATOMIC_CMPXCHG)
		return LLVMBuildAtomicRMW(f->b, atomic_op(f->in->op), ptr, o->value, order, false);
	return LLVMBuildExtractValue(f->b,
		LLVMBuildAtomicCmpXchg(f->b, ptr, o->expected, o->value, order, order, false), 0,
		"");
}

/* In memory that no other thread sees. */
static LLVMValueRef alone(struct function *f, LLVMValueRef ptr, const struct operands *o)
{
	LLVMTypeRef type = compilation__int_type(f->c, f->in->size);
	LLVMValueRef old = LLVMBuildLoad2(f->b, type, ptr, ""), v = o->value;

	switch (f->in->op) {
	case ISA_ATOMIC_ADD: v = LLVMBuildAdd(f->b, old, v, ""); break;
	case ISA_ATOMIC_OR: v = LLVMBuildOr(f->b, old, v, ""); break;
	case ISA_ATOMIC_AND: v = LLVMBuildAnd(f->b, old, v, ""); break;
	case ISA_ATOMIC_XOR: v = LLVMBuildXor(f->b, old, v, ""); break;
	case ISA_ATOMIC_CMPXCHG:
		v = LLVMBuildSelect(
			f->b, LLVMBuildICmp(f->b, LLVMIntEQ, old, o->expected, ""), v, old, "");
		break;
	default: break;
	}
	LLVMBuildStore(f->b, v, ptr);
	return old;
}

static LLVMValueRef is_own(struct function *f, LLVMValueRef ptr)
{
	static const char name[] = "llvm.nvvm.isspacep.local";
	unsigned id = LLVMLookupIntrinsicID(name, strlen(name));
	LLVMValueRef fn = LLVMGetIntrinsicDeclaration(f->c->module, id, NULL, 0);

	return LLVMBuildCall2(
		f->b, LLVMIntrinsicGetType(f->c->context, id, NULL, 0), fn, &ptr, 1, "");
}

static LLVMValueRef on_gpu(struct function *f, LLVMValueRef ptr, const struct operands *o)
{
	LLVMBasicBlockRef own = function__new_block(f, ""), other = function__new_block(f, ""),
			  end = function__new_block(f, ""), from[] = {own, other};
	LLVMTypeRef global = LLVMPointerTypeInContext(f->c->context, GPU_GLOBAL_MEMORY);
	LLVMValueRef old[2], result;

	LLVMBuildCondBr(f->b, is_own(f, ptr), own, other);
	LLVMPositionBuilderAtEnd(f->b, own);
	old[0] = alone(f, ptr, o);
	LLVMBuildBr(f->b, end);
	LLVMPositionBuilderAtEnd(f->b, other);
	old[1] = shared(f, LLVMBuildAddrSpaceCast(f->b, ptr, global, ""), o);
	LLVMBuildBr(f->b, end);
	LLVMPositionBuilderAtEnd(f->b, end);
	result = LLVMBuildPhi(f->b, LLVMTypeOf(old[0]), "");
	LLVMAddIncoming(result, old, from, 2);
	return result;
}

LLVMValueRef function__atomic(struct function *f, LLVMValueRef ptr)
{
	struct operands o = {.value = operand(f, f->in->src)};

	if (f->in->op == ISA_ATOMIC_CMPXCHG)
		o.expected = operand(f, 0);
	if (!f->c->is_ptx)
		return shared(f, ptr, &o);
	return f->fact->access == FACT_STACK ? alone(f, ptr, &o) : on_gpu(f, ptr, &o);
}
