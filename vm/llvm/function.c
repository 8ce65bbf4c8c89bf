/* SPDX-License-Identifier: BSD-3-Clause
 *
 * function.c -- what the translator builds everything from: registers, addresses, calls of
 * the runtime, temporaries.
 */
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "translate.h"

bool function__holds_pointer(const struct function *f, unsigned reg)
{
	return fact_kind__is_pointer(f->fact->regs[reg]);
}

LLVMValueRef function__int(struct function *f, unsigned reg)
{
	if (function__holds_pointer(f, reg))
		return LLVMBuildPtrToInt(f->b, function__ptr(f, reg), f->c->i64, "");
	return LLVMBuildLoad2(f->b, f->c->i64, f->ints[reg], "");
}

LLVMValueRef function__ptr(struct function *f, unsigned reg)
{
	if (!function__holds_pointer(f, reg))
		return LLVMBuildIntToPtr(f->b, function__int(f, reg), f->c->ptr, "");
	return LLVMBuildLoad2(f->b, f->c->ptr, f->ptrs[reg], "");
}

void function__set_int(struct function *f, unsigned reg, LLVMValueRef value)
{
	LLVMBuildStore(f->b, value, f->ints[reg]);
	LLVMBuildStore(f->b, LLVMBuildIntToPtr(f->b, value, f->c->ptr, ""), f->ptrs[reg]);
}

void function__set_ptr(struct function *f, unsigned reg, LLVMValueRef value)
{
	LLVMBuildStore(f->b, value, f->ptrs[reg]);
	LLVMBuildStore(f->b, LLVMBuildPtrToInt(f->b, value, f->c->i64, ""), f->ints[reg]);
}

LLVMValueRef function__const(const struct function *f, uint64_t value)
{
	return LLVMConstInt(f->c->i64, value, false);
}

LLVMValueRef function__operand(struct function *f)
{
	return f->in->use_imm ? function__const(f, (uint64_t)f->in->imm)
			      : function__int(f, f->in->src);
}

LLVMValueRef function__offset(struct function *f, LLVMValueRef ptr, LLVMValueRef bytes)
{
	return LLVMBuildGEP2(f->b, f->c->i8, ptr, &bytes, 1, "");
}

LLVMBasicBlockRef function__new_block(struct function *f, const char *name)
{
	return LLVMAppendBasicBlockInContext(f->c->context, f->fn, name);
}

LLVMValueRef function__call_runtime(
	struct function *f, const char *name, LLVMTypeRef ret, LLVMValueRef *args, unsigned n_args)
{
	LLVMValueRef fn = LLVMGetNamedFunction(f->c->module, name);
	LLVMTypeRef params[8], type;

	for (unsigned i = 0; i < n_args; i++)
		params[i] = LLVMTypeOf(args[i]);
	type = LLVMFunctionType(ret, params, n_args, false);
	if (!fn)
		fn = LLVMAddFunction(f->c->module, name, type);
	return LLVMBuildCall2(f->b, type, fn, args, n_args, "");
}

void function__fault_unless(struct function *f, LLVMValueRef ok)
{
	LLVMBasicBlockRef next = function__new_block(f, "");

	if (!f->fault)
		f->fault = function__new_block(f, "fault");
	LLVMBuildCondBr(f->b, ok, next, f->fault);
	LLVMPositionBuilderAtEnd(f->b, next);
}

LLVMValueRef function__slot(struct function *f, LLVMTypeRef type, const char *name)
{
	LLVMBuilderRef b = LLVMCreateBuilderInContext(f->c->context);
	LLVMValueRef v, last = LLVMGetBasicBlockTerminator(f->slots);

	if (last)
		LLVMPositionBuilderBefore(b, last);
	else
		LLVMPositionBuilderAtEnd(b, f->slots);
	v = LLVMBuildAlloca(b, type, name);
	LLVMDisposeBuilder(b);
	return v;
}

static void mark_lifetime(struct function *f, const char *intrinsic, LLVMValueRef p, uint32_t size)
{
	unsigned id = LLVMLookupIntrinsicID(intrinsic, strlen(intrinsic));
	LLVMValueRef args[] = {function__const(f, size), p};

	LLVMBuildCall2(f->b, LLVMIntrinsicGetType(f->c->context, id, &f->c->ptr, 1),
		LLVMGetIntrinsicDeclaration(f->c->module, id, &f->c->ptr, 1), args, 2, "");
}

LLVMValueRef function__temporary(struct function *f, uint32_t size)
{
	LLVMValueRef v = function__slot(f, LLVMArrayType2(f->c->i8, size), "temporary");

	LLVMSetAlignment(v, 8);
	mark_lifetime(f, "llvm.lifetime.start", v, size);
	return v;
}

void function__end_temporary(struct function *f, LLVMValueRef temporary, uint32_t size)
{
	mark_lifetime(f, "llvm.lifetime.end", temporary, size);
}

int function__refuse(const struct function *f, const char *what)
{
	return error__set(
		f->c->errmsg, -ENOTSUP, "%s: insn %" PRIu32 ": %s", f->c->view->name, f->pc, what);
}
