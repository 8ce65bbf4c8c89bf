/* SPDX-License-Identifier: BSD-3-Clause
 *
 * ptx.c -- what is different in a module that becomes PTX.
 *
 * All of the runtime is inlined, also what is cold elsewhere: a function that is called gets the
 * environment and the context in memory, and memory of its own is far away from a GPU's thread.
 * The driver, or for raw programs raw-kernel.c, is the entry, by its calling convention. The memory
 * of maps is the module's own: a global for each, of a size that is known, as per-CPU values have
 * one slot in a kernel. And there is nobody to resolve what is left undefined, so that nothing may
 * be.
 *
 * What is left of a cleared frame when all else is optimised is cleared by stores as wide as there
 * are: LLVM would have a thread loop over it byte by byte.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>

#include "compile.h"

#define KERNEL_CALL 71 /* llvm::CallingConv::PTX_Kernel: LLVM's C API has no name for it */
#define ONE_SLOT    1

#define WIDEST_STORE  16
#define LONGEST_CLEAR 4096 /* bytes; what is longer remains a loop */

void compilation__inline_always(struct compilation *c, LLVMValueRef fn)
{
	unsigned never = LLVMGetEnumAttributeKindForName("noinline", 8),
		 always = LLVMGetEnumAttributeKindForName("alwaysinline", 12);

	LLVMRemoveEnumAttributeAtIndex(fn, LLVMAttributeFunctionIndex, never);
	LLVMAddAttributeAtIndex(
		fn, LLVMAttributeFunctionIndex, LLVMCreateEnumAttribute(c->context, always, 0));
}

void compilation__mark_kernel(struct compilation *c)
{
	const char *entry = c->is_raw ? "ebpf_kernel" : "ebpf_driver";

	LLVMSetFunctionCallConv(LLVMGetNamedFunction(c->module, entry), KERNEL_CALL);
}

/* "ebpf_map_N": a dot is no part of names there. */
LLVMValueRef compilation__kernel_memory(struct compilation *c, uint32_t map)
{
	uint64_t bytes = rt_map__bytes(&c->view->maps[map].geo, ONE_SLOT);
	LLVMTypeRef type = LLVMArrayType2(c->i8, bytes);
	LLVMValueRef memory;
	char name[32];

	snprintf(name, sizeof(name), "ebpf_map_%" PRIu32, map);
	memory = LLVMAddGlobalInAddressSpace(c->module, type, name, GPU_GLOBAL_MEMORY);
	LLVMSetInitializer(memory, LLVMConstNull(type));
	LLVMSetExternallyInitialized(memory, true); /* the host writes it */
	LLVMSetAlignment(memory, 64);
	return LLVMConstAddrSpaceCast(memory, c->ptr);
}

static int refuse(struct compilation *c, LLVMValueRef needed)
{
	size_t length;

	return error__set(c->errmsg, -ENOTSUP, "%s: it needs %s, which GPUs do not have",
		c->view->name, LLVMGetValueName2(needed, &length));
}

int compilation__check_kernel(struct compilation *c)
{
	for (LLVMValueRef f = LLVMGetFirstFunction(c->module); f; f = LLVMGetNextFunction(f))
		if (LLVMIsDeclaration(f) && !LLVMGetIntrinsicID(f) && LLVMGetFirstUse(f))
			return refuse(c, f);
	for (LLVMValueRef g = LLVMGetFirstGlobal(c->module); g; g = LLVMGetNextGlobal(g))
		if (LLVMIsDeclaration(g) && LLVMGetFirstUse(g))
			return refuse(c, g);
	return 0;
}

/* --- cleared memory ------------------------------------------------------------------------ */

static uint64_t alignment_of(LLVMValueRef clear)
{
	unsigned kind = LLVMGetEnumAttributeKindForName("align", 5);
	LLVMAttributeRef align = LLVMGetCallSiteEnumAttribute(clear, 1, kind);

	return align ? LLVMGetEnumAttributeValue(align) : 1;
}

static bool is_clear(LLVMValueRef insn)
{
	LLVMValueRef called = LLVMIsACallInst(insn) ? LLVMGetCalledValue(insn) : NULL, length;

	if (!called || !LLVMIsAFunction(called) ||
		LLVMGetIntrinsicID(called) != LLVMLookupIntrinsicID("llvm.memset", 11))
		return false;
	length = LLVMIsAConstantInt(LLVMGetOperand(insn, 2));
	return length && LLVMConstIntGetZExtValue(length) <= LONGEST_CLEAR &&
	       LLVMIsNull(LLVMGetOperand(insn, 1)) && alignment_of(insn) >= sizeof(uint64_t);
}

static LLVMTypeRef type_of_store(const struct compilation *c, uint64_t size)
{
	return size == WIDEST_STORE ? LLVMVectorType(c->i64, 2)
				    : LLVMIntTypeInContext(c->context, (unsigned)size * 8);
}

static void widen(const struct compilation *c, LLVMBuilderRef b, LLVMValueRef clear)
{
	uint64_t length = LLVMConstIntGetZExtValue(LLVMGetOperand(clear, 2));
	uint64_t size = alignment_of(clear);

	if (size > WIDEST_STORE)
		size = WIDEST_STORE;
	LLVMPositionBuilderBefore(b, clear);
	for (uint64_t at = 0; at < length; at += size) {
		LLVMValueRef offset = LLVMConstInt(c->i64, at, false), place, store;

		while (size > length - at)
			size /= 2;
		place = LLVMBuildInBoundsGEP2(b, c->i8, LLVMGetOperand(clear, 0), &offset, 1, "");
		store = LLVMBuildStore(b, LLVMConstNull(type_of_store(c, size)), place);
		LLVMSetAlignment(store, (unsigned)size);
	}
	LLVMInstructionEraseFromParent(clear);
}

void compilation__widen_clears(struct compilation *c)
{
	LLVMBuilderRef b = LLVMCreateBuilderInContext(c->context);

	for (LLVMValueRef f = LLVMGetFirstFunction(c->module); f; f = LLVMGetNextFunction(f)) {
		LLVMBasicBlockRef block = LLVMGetFirstBasicBlock(f);

		for (; block; block = LLVMGetNextBasicBlock(block)) {
			LLVMValueRef insn = LLVMGetFirstInstruction(block), next;

			for (; insn; insn = next) {
				next = LLVMGetNextInstruction(insn);
				if (is_clear(insn))
					widen(c, b, insn);
			}
		}
	}
	LLVMDisposeBuilder(b);
}
