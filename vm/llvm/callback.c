/* SPDX-License-Identifier: BSD-3-Clause
 *
 * callback.c -- functions of the program that helpers call back.
 *
 * A function takes numbers as i64 and pointers as pointers, as its facts have them; a helper calls
 * it with five pointers (helper_callback_fn). The adapter between the two is inlined with the
 * helper, and its conversions dissolve.
 */
#include "compile.h"

static LLVMValueRef make_adapter(struct compilation *c, const struct bpf_function *to)
{
	LLVMTypeRef params[] = {c->ptr, c->ptr, c->ptr, c->ptr, c->ptr, c->ptr};
	LLVMTypeRef type = LLVMFunctionType(c->i64, params, 6, false);
	LLVMValueRef fn = LLVMAddFunction(c->module, "callback", type), args[6], result;
	LLVMBuilderRef b = LLVMCreateBuilderInContext(c->context);

	LLVMSetLinkage(fn, LLVMInternalLinkage);
	LLVMPositionBuilderAtEnd(b, LLVMAppendBasicBlockInContext(c->context, fn, ""));
	LLVMGetParams(fn, args);
	for (unsigned i = 1; i <= 5; i++)
		if (!to->pointer_param[i])
			args[i] = LLVMBuildPtrToInt(b, args[i], c->i64, "");
	result = LLVMBuildCall2(b, to->type, to->fn, args, 6, "");
	if (to->returns_pointer)
		result = LLVMBuildPtrToInt(b, result, c->i64, "");
	LLVMBuildRet(b, result);
	LLVMDisposeBuilder(b);
	return fn;
}

LLVMValueRef compilation__callback(struct compilation *c, int64_t start)
{
	for (uint32_t i = 0; i < c->n_funcs; i++) {
		struct bpf_function *to = &c->funcs[i];

		if (to->start != start)
			continue;
		if (!to->callback)
			to->callback = make_adapter(c, to);
		return to->callback;
	}
	return NULL;
}
