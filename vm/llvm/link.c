/* SPDX-License-Identifier: BSD-3-Clause
 *
 * link.c -- the program's module is joined by the driver of the request and by what both call
 * of the runtime.
 *
 * The runtime's bitcode is read lazily and its functions and tables are link-once, so that only
 * what is used is ever read. Afterwards everything but the doors of the image is internal.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <llvm-c/BitReader.h>
#include <llvm-c/Linker.h>

#include "compile.h"

extern const unsigned char runtime_bitcode[], runtime_ptx_bitcode[];
extern const unsigned long runtime_bitcode_size, runtime_ptx_bitcode_size;

/* Programs beyond this are called by the driver, not inlined: the call is then nothing beside
 * the program, and its code would be compiled twice. */
#define MAX_INLINED_INSNS 4096
#define MAX_MAP_TYPES     64

static int link_error(struct compilation *c, const char *what)
{
	return error__set(c->errmsg, -EINVAL, "%s: %s: %s", c->view->name, what,
		c->diagnostic ? c->diagnostic : "LLVM does not say why");
}

static LLVMModuleRef read_module(
	struct compilation *c, const void *bitcode, size_t size, bool lazily)
{
	/* Copied, because the reader wants a NUL behind it. */
	LLVMMemoryBufferRef buf =
		LLVMCreateMemoryBufferWithMemoryRangeCopy(bitcode, size, "bitcode");
	LLVMModuleRef module = NULL;
	LLVMBool failed;

	if (lazily) /* takes the buffer */
		return LLVMGetBitcodeModuleInContext2(c->context, buf, &module) ? NULL : module;
	failed = LLVMParseBitcodeInContext2(c->context, buf, &module);
	LLVMDisposeMemoryBuffer(buf);
	return failed ? NULL : module;
}

/* As the machine's own: another target description makes the linker complain. */
static void adopt(struct compilation *c, LLVMModuleRef module)
{
	LLVMSetTarget(module, LLVMGetTarget(c->module));
	LLVMSetDataLayout(module, LLVMGetDataLayoutStr(c->module));
}

static int link_driver(struct compilation *c)
{
	LLVMModuleRef driver;
	LLVMValueRef door;

	if (!c->req->driver_bitcode)
		return 0;
	driver = read_module(c, c->req->driver_bitcode, c->req->driver_bitcode_size, false);
	if (!driver)
		return link_error(c, "the driver's bitcode cannot be read");
	adopt(c, driver);
	if (LLVMLinkModules2(c->module, driver))
		return link_error(c, "the driver's bitcode cannot be linked");
	door = LLVMGetNamedFunction(c->module, "ebpf_driver");
	if (!door || LLVMIsDeclaration(door))
		return error__set(c->errmsg, -EINVAL, "%s: the driver %s has no ebpf_driver",
			c->view->name, c->req->driver_name);
	return 0;
}

/* llvm-extract, where it was run, made what was static hidden. */
static void link_if_used(LLVMValueRef global)
{
	bool is_static = LLVMGetVisibility(global) == LLVMHiddenVisibility ||
			 LLVMGetLinkage(global) == LLVMInternalLinkage;

	if (LLVMIsDeclaration(global) || LLVMGetLinkage(global) == LLVMAppendingLinkage)
		return;
	LLVMSetVisibility(global, LLVMDefaultVisibility);
	LLVMSetLinkage(global, is_static ? LLVMInternalLinkage : LLVMLinkOnceODRLinkage);
}

static bool has_map_of_type(const struct compilation *c, uint32_t type)
{
	for (uint32_t i = 0; i < c->view->n_maps + c->view->n_templates; i++)
		if (c->view->maps[i].geo.type == type)
			return true;
	return false;
}

/* The table of map types leads to all that any map can do: two thirds of a small program's time. */
static void drop_other_types(struct compilation *c, LLVMModuleRef runtime)
{
	LLVMValueRef table = LLVMGetNamedGlobal(runtime, "rt_map_types"), kept[MAX_MAP_TYPES];
	uint32_t n = (uint32_t)LLVMGetArrayLength2(LLVMGlobalGetValueType(table));

	if (n > MAX_MAP_TYPES)
		return;
	for (uint32_t i = 0; i < n; i++)
		kept[i] = has_map_of_type(c, i) ? LLVMGetOperand(LLVMGetInitializer(table), i)
						: LLVMConstNull(c->ptr);
	LLVMSetInitializer(table, LLVMConstArray2(c->ptr, kept, n));
}

static int link_runtime(struct compilation *c)
{
	LLVMModuleRef runtime =
		c->is_ptx ? read_module(c, runtime_ptx_bitcode, runtime_ptx_bitcode_size, true)
			  : read_module(c, runtime_bitcode, runtime_bitcode_size, true);

	if (!runtime)
		return link_error(c, "the runtime's bitcode cannot be read");
	adopt(c, runtime);
	drop_other_types(c, runtime);
	for (LLVMValueRef f = LLVMGetFirstFunction(runtime); f; f = LLVMGetNextFunction(f)) {
		link_if_used(f);
		if (c->is_ptx && !LLVMIsDeclaration(f))
			compilation__inline_always(c, f);
	}
	for (LLVMValueRef g = LLVMGetFirstGlobal(runtime); g; g = LLVMGetNextGlobal(g))
		link_if_used(g);
	if (LLVMLinkModules2(c->module, runtime))
		return link_error(c, "the runtime's bitcode cannot be linked");
	return 0;
}

static bool is_door(LLVMValueRef f)
{
	static const char *const doors[] = {"ebpf_entry", "ebpf_driver", "ebpf_jit", "ebpf_kernel"};
	size_t len;
	const char *name = LLVMGetValueName2(f, &len);

	for (size_t i = 0; i < sizeof(doors) / sizeof(doors[0]); i++)
		if (strcmp(name, doors[i]) == 0)
			return true;
	return false;
}

static void add_attribute(struct compilation *c, LLVMValueRef f, const char *name)
{
	unsigned kind = LLVMGetEnumAttributeKindForName(name, strlen(name));

	LLVMAddAttributeAtIndex(
		f, LLVMAttributeFunctionIndex, LLVMCreateEnumAttribute(c->context, kind, 0));
}

/* The bitcode was compiled for any x86-64; functions for different CPUs are not inlined into
 * each other. What is not defined here is called through the GOT. */
static void prepare_function(struct compilation *c, LLVMValueRef f)
{
	static const char *const cpu[] = {"target-cpu", "target-features", "tune-cpu"};

	if (LLVMIsDeclaration(f)) {
		if (!LLVMGetIntrinsicID(f))
			add_attribute(c, f, "nonlazybind");
		return;
	}
	for (size_t i = 0; i < sizeof(cpu) / sizeof(cpu[0]); i++)
		LLVMRemoveStringAttributeAtIndex(
			f, LLVMAttributeFunctionIndex, cpu[i], (unsigned)strlen(cpu[i]));
	add_attribute(c, f, "nounwind");
	LLVMSetVisibility(f, LLVMDefaultVisibility);
	LLVMSetLinkage(f, is_door(f) ? LLVMExternalLinkage : LLVMInternalLinkage);
}

static void prepare_globals(struct compilation *c)
{
	for (LLVMValueRef g = LLVMGetFirstGlobal(c->module); g; g = LLVMGetNextGlobal(g))
		if (!LLVMIsDeclaration(g) && LLVMGetLinkage(g) != LLVMAppendingLinkage &&
			!LLVMIsExternallyInitialized(g)) /* a kernel's map */
			LLVMSetLinkage(g, LLVMInternalLinkage);
}

static void add_call_attribute(struct compilation *c, LLVMValueRef call, const char *name)
{
	unsigned kind = LLVMGetEnumAttributeKindForName(name, strlen(name));

	LLVMAddCallSiteAttribute(
		call, LLVMAttributeFunctionIndex, LLVMCreateEnumAttribute(c->context, kind, 0));
}

void compilation__inline_program(struct compilation *c)
{
	LLVMValueRef program = LLVMGetNamedFunction(c->module, "ebpf_program_entry");

	if (!c->req->driver_bitcode || c->view->n_insns > MAX_INLINED_INSNS)
		return;
	add_attribute(c, c->funcs[0].fn, "alwaysinline");
	for (LLVMUseRef use = LLVMGetFirstUse(program); use; use = LLVMGetNextUse(use)) {
		LLVMValueRef call = LLVMGetUser(use);

		if (LLVMIsACallInst(call) && LLVMGetCalledValue(call) == program)
			add_call_attribute(c, call, "alwaysinline");
	}
}

static void make_answer(struct compilation *c, const char *question, bool answer)
{
	LLVMTypeRef type = LLVMFunctionType(c->i32, &c->ptr, 1, false);
	LLVMValueRef fn = LLVMAddFunction(c->module, question, type);
	LLVMBuilderRef b = LLVMCreateBuilderInContext(c->context);

	LLVMPositionBuilderAtEnd(b, LLVMAppendBasicBlockInContext(c->context, fn, ""));
	LLVMBuildRet(b, LLVMConstInt(c->i32, answer, false));
	LLVMDisposeBuilder(b);
}

/* What drivers and the runtime ask of the program (ebpf-env.h), known here. A kernel gets no packet
 * in fragments. */
static void answer_questions(struct compilation *c)
{
	make_answer(c, "ebpf_program_has_frags",
		c->view->has_frags && !(c->req->flags & COMPILE_KERNEL));
	make_answer(c, "ebpf_program_redirects",
		c->tail_calls || LLVMGetNamedFunction(c->module, "helper_redirect") ||
			LLVMGetNamedFunction(c->module, "helper_redirect_map"));
}

/* ebpf_entry(env, ctx): the same program without a driver, and no door of kernels. */
static void make_entry(struct compilation *c)
{
	LLVMValueRef program = LLVMGetNamedFunction(c->module, "ebpf_program_entry");
	LLVMValueRef alone = LLVMGetNamedFunction(c->module, PROGRAM_ALONE), args[2], call;
	LLVMTypeRef type = LLVMGlobalGetValueType(program);
	LLVMValueRef entry = LLVMAddFunction(c->module, "ebpf_entry", type);
	LLVMBuilderRef b = LLVMCreateBuilderInContext(c->context);

	compilation__describe(c, entry, "ebpf_entry", 0, b);
	LLVMPositionBuilderAtEnd(b, LLVMAppendBasicBlockInContext(c->context, entry, ""));
	LLVMGetParams(entry, args);
	call = LLVMBuildCall2(b, type, alone ? alone : program, args, 2, "");
	LLVMSetTailCall(call, true);
	LLVMBuildRet(b, call);
	LLVMDisposeBuilder(b);
}

int compilation__link(struct compilation *c)
{
	LLVMValueRef one = LLVMConstInt(c->i32, 1, false);
	int err;

	answer_questions(c);
	err = link_driver(c);
	if (!err)
		err = link_runtime(c);
	if (err)
		return err;
	if (!(c->req->flags & COMPILE_KERNEL))
		make_entry(c);
	for (LLVMValueRef f = LLVMGetFirstFunction(c->module); f; f = LLVMGetNextFunction(f))
		prepare_function(c, f);
	prepare_globals(c);
	compilation__close_lines(c);
	if (c->is_ptx)
		compilation__mark_kernel(c);
	/* So that memcpy and its like, called by the code generator, go through the GOT too. */
	LLVMAddModuleFlag(c->module, LLVMModuleFlagBehaviorWarning, "RtLibUseGOT", 11,
		LLVMValueAsMetadata(one));
	return 0;
}
