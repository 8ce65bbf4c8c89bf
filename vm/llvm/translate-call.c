/* SPDX-License-Identifier: BSD-3-Clause
 *
 * translate-call.c -- calls of helpers and of the program's own functions, and exit.
 *
 * Nothing lets the program's stack escape: a helper's argument that points there goes through
 * a temporary, copied in before the call and back after it if the helper writes. Where the
 * helper is inlined, the copies dissolve.
 */
#include <errno.h>
#include <linux/bpf.h>
#include <stddef.h>
#include <stdio.h>

#include "../runtime/helpers.h"
#include "../verifier/offload.h"
#include "translate.h"

struct argument {
	LLVMValueRef value;
	LLVMValueRef original; /* what the temporary was copied from, or NULL */
	uint32_t size;
};

/* How an argument is passed: numbers as they are. */
enum passing {
	POINTER = 1 << 0,
	COPIED = 1 << 1,  /* memory that the helper may only borrow */
	WRITTEN = 1 << 2, /* ... and writes */
	NULLABLE = 1 << 3,
};

/* Dynptrs and iterators are on the stack, as is what a callback gets: their helpers are inlined, so
 * that it does not escape. */
static const uint8_t passings[UINT8_MAX + 1] = {
	[ARG_CTX] = POINTER,
	[ARG_MAP] = POINTER,
	[ARG_MAP_KEY] = POINTER | COPIED,
	[ARG_MAP_VALUE] = POINTER | COPIED,
	[ARG_UNINIT_MAP_VALUE] = POINTER | COPIED | WRITTEN,
	[ARG_MEM] = POINTER | COPIED,
	[ARG_MEM_OR_NULL] = POINTER | COPIED | NULLABLE,
	[ARG_UNINIT_MEM] = POINTER | COPIED | WRITTEN,
	[ARG_UNINIT_MEM_OR_NULL] = POINTER | COPIED | WRITTEN | NULLABLE,
	[ARG_BUFFER_OR_NULL] = POINTER,
	[ARG_INOUT_U32] = POINTER | COPIED | WRITTEN,
	[ARG_OUT_U64] = POINTER | COPIED | WRITTEN,
	[ARG_OUT2] = POINTER | COPIED | WRITTEN,
	[ARG_OUT4] = POINTER | COPIED | WRITTEN,
	[ARG_OUT8] = POINTER | COPIED | WRITTEN,
	[ARG_HEADER20] = POINTER | COPIED,
	[ARG_HEADER40] = POINTER | COPIED,
	[ARG_CONST_STRING] = POINTER,
	[ARG_CALLBACK] = POINTER,
	[ARG_CALLBACK_CTX] = POINTER,
	[ARG_SPIN_LOCK] = POINTER,
	[ARG_RECORD] = POINTER,
	[ARG_SOCK] = POINTER,
	[ARG_SOCK_RELEASED] = POINTER,
	[ARG_OBJECT] = POINTER,
	[ARG_OBJECT_RELEASED] = POINTER,
	[ARG_DYNPTR_UNINIT] = POINTER,
	[ARG_DYNPTR] = POINTER,
	[ARG_DYNPTR_RELEASED] = POINTER,
	[ARG_ITER_UNINIT] = POINTER,
	[ARG_ITER] = POINTER,
	[ARG_ITER_DESTROYED] = POINTER,
};

static bool gives_pointer(const struct helper_proto *proto)
{
	return proto->ret != RET_SCALAR && proto->ret != RET_NOTHING;
}

/* The map of the call, or what it is like, is known. */
static bool is_map_call(const struct function *f)
{
	const struct program_view *v = f->c->view;

	return (f->fact->flags & FACT_CONST_MAP) && f->fact->map < v->n_maps + v->n_templates;
}

/* How many bytes the helper may touch at its argument. */
static uint32_t touched(const struct function *f, const struct helper_proto *proto, unsigned i)
{
	const struct rt_geometry *geo;

	if (f->fact->arg_size[i] || !is_map_call(f))
		return f->fact->arg_size[i];
	geo = &f->c->view->maps[f->fact->map].geo;
	return proto->args[i] == ARG_MAP_KEY ? geo->key_size
	       : proto->args[i] == ARG_MAP_VALUE || proto->args[i] == ARG_UNINIT_MAP_VALUE
		       ? geo->value_size
		       : 0;
}

static bool may_be_stack(const struct function *f, const struct helper_proto *proto, unsigned i)
{
	uint8_t kind = f->fact->regs[1 + i];

	if (proto->flags & HELPER_KEEPS_MEMORY) /* of a map, then */
		return false;
	return kind == FACT_STACK ||
	       (kind == FACT_POINTER && !(passings[proto->args[i]] & NULLABLE));
}

static void copy(struct function *f, LLVMValueRef to, LLVMValueRef from, uint32_t size)
{
	LLVMBuildMemCpy(f->b, to, 1, from, 1, function__const(f, size));
}

static struct argument memory_argument(
	struct function *f, const struct helper_proto *proto, unsigned i)
{
	struct argument a = {.value = function__ptr(f, 1 + i), .size = touched(f, proto, i)};

	if (!a.size || !may_be_stack(f, proto, i))
		return a;
	a.original = a.value;
	a.value = function__temporary(f, a.size);
	copy(f, a.value, a.original, a.size);
	return a;
}

/* A map that came out of another one: of its geometry the type is known, and with it the function
 * that does what the program asks for. */
static LLVMValueRef inner_map(struct function *f, unsigned i)
{
	LLVMTypeRef i32 = f->c->i32;
	LLVMValueRef map = function__ptr(f, 1 + i), known, at, type, args[1];
	unsigned id = LLVMLookupIntrinsicID("llvm.assume", sizeof("llvm.assume") - 1);

	known = LLVMConstInt(i32, f->c->view->maps[f->fact->map].geo.type, false);
	at = LLVMConstInt(f->c->i64, offsetof(struct rt_map, geo.type), false);
	type = LLVMBuildLoad2(f->b, i32, LLVMBuildGEP2(f->b, f->c->i8, map, &at, 1, ""), "");
	args[0] = LLVMBuildICmp(f->b, LLVMIntEQ, type, known, "");
	LLVMBuildCall2(f->b, LLVMIntrinsicGetType(f->c->context, id, NULL, 0),
		LLVMGetIntrinsicDeclaration(f->c->module, id, NULL, 0), args, 1, "");
	return map;
}

static struct argument argument(struct function *f, const struct helper_proto *proto, unsigned i)
{
	uint8_t kind = proto->args[i];

	if (passings[kind] & COPIED)
		return memory_argument(f, proto, i);
	if (kind == ARG_MAP && is_map_call(f) && f->fact->map < f->c->view->n_maps)
		return (struct argument){.value = compilation__map_descriptor(f->c, f->fact->map)};
	if (kind == ARG_MAP && is_map_call(f))
		return (struct argument){.value = inner_map(f, i)};
	if (passings[kind] & POINTER)
		return (struct argument){.value = function__ptr(f, 1 + i)};
	if (f->fact->regs[1 + i] == FACT_UNSET) /* what an earlier call left there may be stack */
		return (struct argument){.value = function__const(f, 0)};
	return (struct argument){.value = function__int(f, 1 + i)};
}

static void end_argument(struct function *f, const struct argument *a, uint8_t kind)
{
	if (!a->original)
		return;
	if (passings[kind] & WRITTEN)
		copy(f, a->original, a->value, a->size);
	function__end_temporary(f, a->value, a->size);
}

/* The entry function's caller follows the call; any other function does so itself and
 * returns what comes of it. */
static void leave_by_tail_call(struct function *f, LLVMValueRef succeeded)
{
	LLVMBasicBlockRef leave = function__new_block(f, ""), stay = function__new_block(f, "");
	LLVMValueRef result = LLVMConstNull(LLVMGetReturnType(f->self->type));

	f->c->tail_calls = true;
	LLVMBuildCondBr(f->b, LLVMBuildICmp(f->b, LLVMIntNE, succeeded, function__const(f, 0), ""),
		leave, stay);
	LLVMPositionBuilderAtEnd(f->b, leave);
	if (f->self != &f->c->funcs[0]) {
		result = function__call_runtime(f, TAIL_CALL_FOLLOW, f->c->i64, &f->env, 1);
		if (f->self->returns_pointer)
			result = LLVMBuildIntToPtr(f->b, result, f->c->ptr, "");
	}
	LLVMBuildRet(f->b, result);
	LLVMPositionBuilderAtEnd(f->b, stay);
}

/* The helper is not called in a kernel; what it would give if it failed is as good a result as any,
 * since none of the packet's counts. */
static void give_back(struct function *f, const struct helper_proto *proto)
{
	function__call_runtime(f, "rt_note__again", f->c->void_type, &f->env, 1);
	if (gives_pointer(proto))
		function__set_ptr(f, 0, LLVMConstNull(f->c->ptr));
	else
		function__set_int(f, 0, function__const(f, (uint64_t)-ENOMEM));
}

static void note_redirect(struct function *f)
{
	LLVMValueRef args[] = {f->env, compilation__map_descriptor(f->c, f->fact->map),
		LLVMConstInt(f->c->i32, f->fact->map, false), function__int(f, 2),
		function__int(f, 3)};

	function__set_int(
		f, 0, function__call_runtime(f, "rt_note__redirect_map", f->c->i64, args, 5));
}

/* Does a kernel do something else than to call the helper? */
static bool translate_kernel_call(struct function *f, const struct helper_proto *proto)
{
	switch (offload__call(proto->id)) {
	case OFFLOAD_NOTES: note_redirect(f); return true;
	case OFFLOAD_AGAIN: give_back(f, proto); return true;
	default: return false;
	}
}

static int translate_helper(struct function *f)
{
	const struct helper_proto *proto = helper__find((uint32_t)f->in->imm);
	struct argument args[5];
	LLVMValueRef values[6] = {f->env}, result;
	char name[64];

	if (!proto)
		return function__refuse(f, "call of a helper that is not implemented");
	if (f->c->req->flags & COMPILE_KERNEL && translate_kernel_call(f, proto))
		return 0;
	if (proto->id == BPF_FUNC_map_lookup_elem && is_map_call(f) &&
		function__lookup(f, f->fact->map, function__ptr(f, 2)))
		return 0;
	for (unsigned i = 0; i < proto->n_args; i++) {
		args[i] = argument(f, proto, i);
		values[1 + i] = args[i].value;
	}
	snprintf(name, sizeof(name), "helper_%s", proto->name + sizeof("bpf_") - 1);
	result = function__call_runtime(
		f, name, gives_pointer(proto) ? f->c->ptr : f->c->i64, values, 1 + proto->n_args);
	for (unsigned i = 0; i < proto->n_args; i++)
		end_argument(f, &args[i], proto->args[i]);
	if (proto->flags & HELPER_TAIL_CALL)
		leave_by_tail_call(f, result);
	else if (gives_pointer(proto))
		function__set_ptr(f, 0, result);
	else
		function__set_int(f, 0, result);
	return 0;
}

static struct bpf_function *callee(const struct function *f)
{
	int64_t target = (int64_t)f->pc + 1 + f->in->target;

	for (uint32_t i = 0; i < f->c->n_funcs; i++)
		if (f->c->funcs[i].start == target)
			return &f->c->funcs[i];
	return NULL;
}

/* 0 as `ok` of a run-time check in raw programs: too deep, or the callee stopped. */
static void check_raw_call(struct function *f, const char *check)
{
	LLVMValueRef args[] = {f->env, LLVMConstInt(f->c->i32, f->pc, false)};

	function__fault_unless(f, function__call_runtime(f, check, f->c->i1, args, 2));
}

static int translate_local_call(struct function *f)
{
	struct bpf_function *to = callee(f);
	LLVMValueRef args[7] = {f->env}, result;

	if (!to)
		return function__refuse(f, "call of no function");
	for (unsigned i = 1; i <= 5; i++) {
		if (f->fact->regs[i] == FACT_UNSET)
			args[i] = LLVMConstNull(to->pointer_param[i] ? f->c->ptr : f->c->i64);
		else
			args[i] = to->pointer_param[i] ? function__ptr(f, i) : function__int(f, i);
	}
	if (f->c->is_raw) {
		check_raw_call(f, "ebpf_raw_may_call");
		function__hand_over_budget(f);
	}
	if (f->way) {
		compilation__declare_scout(f->c, to);
		args[6] = f->way;
		result = LLVMBuildCall2(f->b, to->scout_type, to->scout, args, 7, "");
		function__end_with_callee(f);
	} else {
		result = LLVMBuildCall2(f->b, to->type, to->fn, args, 6, "");
	}
	if (f->c->is_raw) {
		check_raw_call(f, "ebpf_raw_goes_on");
		function__take_over_budget(f);
	}
	if (to->returns_pointer)
		function__set_ptr(f, 0, result);
	else
		function__set_int(f, 0, result);
	return 0;
}

static int translate_exit(struct function *f)
{
	if (f->c->is_raw) {
		function__hand_over_budget(f);
		function__call_runtime(f, "ebpf_raw_leave", f->c->void_type, &f->env, 1);
	}
	LLVMBuildRet(f->b, f->self->returns_pointer ? function__ptr(f, 0) : function__int(f, 0));
	return 0;
}

int function__call(struct function *f)
{
	switch (f->in->op) {
	case ISA_EXIT: return translate_exit(f);
	case ISA_CALLX: return function__callx(f);
	default: break;
	}
	switch (f->in->src) {
	case EBPF_CALL_LOCAL: return translate_local_call(f);
	default: return f->c->is_raw ? function__call_registered(f) : translate_helper(f);
	}
}
