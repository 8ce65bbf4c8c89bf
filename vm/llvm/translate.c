/* SPDX-License-Identifier: BSD-3-Clause
 *
 * translate.c -- from bytecode and facts to IR: functions and blocks.
 *
 * Each function of the program is a function of the module with a frame of its own. What the
 * facts say is never reached is not emitted.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "../runtime/uapi.h"
#include "translate.h"

static const struct ebpf_fact nothing_known = {
	.flags = FACT_REACHED | FACT_TAKEN | FACT_FALLS,
	.access = FACT_ANY,
	.result = FACT_ANY,
	.regs = {FACT_ANY, FACT_ANY, FACT_ANY, FACT_ANY, FACT_ANY, FACT_ANY, FACT_ANY, FACT_ANY,
		FACT_ANY, FACT_ANY, FACT_STACK},
	.map = FACT_NO_MAP,
};

static int no_memory(const struct compilation *c)
{
	return error__set(c->errmsg, -ENOMEM, "%s: no memory to compile it", c->view->name);
}

const struct ebpf_fact *compilation__fact(const struct compilation *c, uint32_t pc)
{
	return c->facts ? &c->facts[pc] : &nothing_known;
}

LLVMTypeRef compilation__int_type(const struct compilation *c, unsigned bytes)
{
	switch (bytes) {
	case 1: return c->i8;
	case 2: return c->i16;
	case 4: return c->i32;
	default: return c->i64;
	}
}

static int translate_insn(struct function *f)
{
	uint8_t op = f->in->op;

	if (f->way && function__scout(f))
		return 0;
	if (isa__is_alu(op))
		return function__alu(f);
	if (op == ISA_LDDW)
		return function__lddw(f);
	if (op == ISA_LOAD || op == ISA_LOADSX || op == ISA_STORE || isa__is_atomic(op))
		return function__memory(f);
	if (isa__is_jump(op))
		return function__jump(f);
	return function__call(f);
}

/* A block starts where a reached jump leads. */
static int find_blocks(struct function *f)
{
	const struct bpf_function *self = f->self;
	bool *leads = calloc(self->end - self->start + 1, sizeof(*leads));

	if (!leads)
		return no_memory(f->c);
	leads[0] = true;
	for (f->pc = self->start; f->pc < self->end; f->pc++) {
		const struct isa_insn *in = &f->c->insns[f->pc];
		int64_t target = (int64_t)f->pc + 1 + in->target;

		if (!in->words || !isa__is_jump(in->op) ||
			!(compilation__fact(f->c, f->pc)->flags & FACT_REACHED))
			continue;
		if (target < self->start || target >= self->end) {
			free(leads);
			return function__refuse(f, "jump out of its function");
		}
		leads[target - self->start] = true;
		leads[f->pc + 1 - self->start] = true;
	}
	for (uint32_t i = 0; i < self->end - self->start; i++)
		if (leads[i])
			f->blocks[i + self->start] = function__new_block(f, "");
	free(leads);
	return 0;
}

static bool is_open(const struct function *f)
{
	return !LLVMGetBasicBlockTerminator(LLVMGetInsertBlock(f->b));
}

static void begin_block(struct function *f, LLVMBasicBlockRef block)
{
	if (!block)
		return;
	if (is_open(f))
		LLVMBuildBr(f->b, block);
	LLVMPositionBuilderAtEnd(f->b, block);
}

static int translate_at(struct function *f)
{
	f->in = &f->c->insns[f->pc];
	f->fact = compilation__fact(f->c, f->pc);
	begin_block(f, f->slow ? f->copy[f->pc].start : f->blocks[f->pc]);
	if (!f->in->words || !(f->fact->flags & FACT_REACHED))
		return 0;
	if (is_open(f) && f->blocks[f->pc] && f->budget)
		function__take_of_budget(f);
	if (f->slow)
		begin_block(f, f->copy[f->pc].access);
	if (!is_open(f))
		return 0;
	function__set_line(f);
	return translate_insn(f);
}

static int translate_body(struct function *f)
{
	int err = 0;

	LLVMBuildBr(f->b, f->blocks[f->self->start]);
	for (f->pc = f->self->start; !err && f->pc < f->self->end; f->pc++)
		err = translate_at(f);
	f->slow = true;
	for (f->pc = f->self->start; !err && f->copy && f->pc < f->self->end; f->pc++)
		if (f->copy[f->pc].loop)
			err = translate_at(f);
	return err;
}

/* Blocks that nothing reaches, and the end of what cannot fall off its end. */
static void close_blocks(struct function *f)
{
	for (LLVMBasicBlockRef block = LLVMGetFirstBasicBlock(f->fn); block;
		block = LLVMGetNextBasicBlock(block)) {
		if (LLVMGetBasicBlockTerminator(block))
			continue;
		LLVMPositionBuilderAtEnd(f->b, block);
		if (block == f->fault) {
			function__call_runtime(f, "ebpf_raw_leave", f->c->void_type, &f->env, 1);
			LLVMBuildRet(f->b, function__const(f, UINT64_MAX));
		} else {
			LLVMBuildRet(f->b, LLVMConstNull(LLVMGetReturnType(f->self->type)));
		}
	}
}

/* Slots, the zeroed frame, the parameters. Zeroing costs nothing where the frame ends up in
 * registers, and otherwise keeps a program from reading what others left on the stack. */
static void begin(struct function *f)
{
	struct compilation *c = f->c;
	uint32_t stack_size = program_view__stack_size(c->view);
	LLVMValueRef top;

	f->slots = function__new_block(f, "slots");
	LLVMPositionBuilderAtEnd(f->b, f->slots);
	f->frame = function__slot(f, LLVMArrayType2(c->i8, stack_size), "frame");
	LLVMSetAlignment(f->frame, 16);
	for (unsigned i = 0; i < EBPF_N_REGS; i++) {
		f->ints[i] = function__slot(f, c->i64, "");
		f->ptrs[i] = function__slot(f, c->ptr, "");
	}
	f->rounds = function__slot(f, c->i64, "rounds");
	LLVMBuildStore(f->b, function__const(f, RT_MAX_LOOPS), f->rounds);
	LLVMBuildMemSet(f->b, f->frame, LLVMConstNull(c->i8), function__const(f, stack_size), 16);
	for (unsigned i = 0; i < EBPF_REG_FRAME; i++) {
		if (i < 1 || i > 5)
			function__set_int(f, i, function__const(f, 0));
		else if (f->self->pointer_param[i])
			function__set_ptr(f, i, LLVMGetParam(f->fn, i));
		else
			function__set_int(f, i, LLVMGetParam(f->fn, i));
	}
	top = function__offset(f, f->frame, function__const(f, stack_size));
	function__set_ptr(f, EBPF_REG_FRAME, top);
	if (c->is_raw)
		function__enter_raw(f);
}

int compilation__translate_function(
	struct compilation *c, const struct bpf_function *self, LLVMValueRef fn)
{
	struct function f = {.c = c, .self = self, .fn = fn, .blocks = c->blocks};
	int err;

	f.way = fn == self->scout ? LLVMGetParam(fn, 6) : NULL;
	f.b = LLVMCreateBuilderInContext(c->context);
	f.env = LLVMGetParam(f.fn, 0);
	f.fact = &nothing_known;
	if (!f.way)
		compilation__describe(c, fn, self->name, self->start, f.b);
	begin(&f);
	err = find_blocks(&f);
	if (!err)
		err = function__copy_loops(&f);
	if (!err)
		err = translate_body(&f);
	if (!err)
		close_blocks(&f);
	LLVMDisposeBuilder(f.b);
	free(f.copy);
	return err;
}

static int decode(struct compilation *c)
{
	const struct program_view *v = c->view;
	const char *why;

	c->insns = calloc(v->n_insns, sizeof(*c->insns));
	if (!c->insns)
		return no_memory(c);
	for (uint32_t pc = 0; pc < v->n_insns; pc += c->insns[pc].words) {
		const struct isa_insn *in = &c->insns[pc];

		if (isa__decode(&v->insns[pc], v->n_insns - pc, &c->insns[pc], &why))
			return error__set(
				c->errmsg, -EINVAL, "%s: insn %" PRIu32 ": %s", v->name, pc, why);
		if ((in->op == ISA_LOAD || in->op == ISA_LOADSX || in->op == ISA_STORE ||
			    isa__is_atomic(in->op)) &&
			compilation__needs_check(c, pc))
			c->publishes_frames = true;
		if (compilation__checks_arguments(c, pc))
			c->publishes_frames = true;
	}
	return 0;
}

static const char *function_name(const struct program_view *v, uint32_t start)
{
	for (uint32_t i = 0; i < v->n_funcs; i++)
		if (v->funcs[i].insn == start)
			return v->funcs[i].name;
	return "";
}

/* Where a call, or the address of a callback, leads; -1 for other instructions. */
static int64_t function_start(const struct compilation *c, uint32_t pc)
{
	const struct isa_insn *in = &c->insns[pc];

	if (in->words && in->op == ISA_CALL && in->src == EBPF_CALL_LOCAL)
		return (int64_t)pc + 1 + in->target;
	if (in->words && in->op == ISA_LDDW && in->src == EBPF_LDDW_CODE && !c->is_raw)
		return (int64_t)pc + 1 + (int32_t)in->imm;
	return -1;
}

/* A function starts where a call leads, and ends where the next one starts. */
static int find_functions(struct compilation *c)
{
	uint32_t n = c->view->n_insns;
	bool *starts = calloc(n, sizeof(*starts));

	if (!starts)
		return no_memory(c);
	starts[0] = true;
	for (uint32_t pc = 0; pc < n; pc++) {
		int64_t target = function_start(c, pc);

		if (target >= 0 && target < n)
			starts[target] = true;
	}
	for (uint32_t pc = 0; pc < n; pc++)
		c->n_funcs += starts[pc];
	c->funcs = calloc(c->n_funcs, sizeof(*c->funcs));
	for (uint32_t pc = 0, i = 0; c->funcs && pc < n; pc++) {
		if (starts[pc]) {
			c->funcs[i].name = function_name(c->view, pc);
			c->funcs[i++].start = pc;
		}
		c->funcs[i - 1].end = pc + 1;
	}
	free(starts);
	return c->funcs ? 0 : no_memory(c);
}

/* A parameter is a pointer if it is one at every call; so is the result if it is one at
 * every exit. */
static void declare_function(struct compilation *c, struct bpf_function *fn)
{
	LLVMTypeRef params[6] = {c->ptr};
	bool exits = false, all_pointers = true;
	char name[128];

	for (unsigned i = 1; i <= 5; i++) {
		fn->pointer_param[i] =
			fact_kind__is_pointer(compilation__fact(c, fn->start)->regs[i]);
		params[i] = fn->pointer_param[i] ? c->ptr : c->i64;
	}
	for (uint32_t pc = fn->start; pc < fn->end; pc++) {
		const struct ebpf_fact *fact = compilation__fact(c, pc);

		if (!c->insns[pc].words || c->insns[pc].op != ISA_EXIT ||
			!(fact->flags & FACT_REACHED))
			continue;
		exits = true;
		all_pointers &= fact_kind__is_pointer(fact->regs[0]);
	}
	/* A raw function may have to return UINT64_MAX. */
	fn->returns_pointer = exits && all_pointers && !c->is_raw;
	fn->type = LLVMFunctionType(fn->returns_pointer ? c->ptr : c->i64, params, 6, false);
	snprintf(name, sizeof(name), "bpf.%" PRIu32 ".%s", fn->start, fn->name);
	fn->fn = LLVMAddFunction(c->module, name, fn->type);
	LLVMSetLinkage(fn->fn, LLVMInternalLinkage);
}

static LLVMValueRef as(LLVMBuilderRef b, LLVMValueRef v, LLVMTypeRef type)
{
	LLVMTypeKind from = LLVMGetTypeKind(LLVMTypeOf(v)), to = LLVMGetTypeKind(type);

	if (from == to)
		return v;
	return to == LLVMPointerTypeKind ? LLVMBuildIntToPtr(b, v, type, "")
					 : LLVMBuildPtrToInt(b, v, type, "");
}

static LLVMValueRef field(
	struct compilation *c, LLVMBuilderRef b, LLVMValueRef ptr, size_t offset, LLVMTypeRef type)
{
	LLVMValueRef at = LLVMConstInt(c->i64, offset, false);

	return LLVMBuildLoad2(b, type, LLVMBuildGEP2(b, c->i8, ptr, &at, 1, ""), "");
}

/* ebpf_program_entry(env, ctx) of a program with tail calls: the program alone, then the
 * others. */
static void make_chain(struct compilation *c, LLVMTypeRef type, LLVMValueRef alone)
{
	LLVMValueRef fn = LLVMAddFunction(c->module, "ebpf_program_entry", type), args[2], result;
	LLVMBuilderRef b = LLVMCreateBuilderInContext(c->context);
	LLVMBasicBlockRef first = LLVMAppendBasicBlockInContext(c->context, fn, ""),
			  others = LLVMAppendBasicBlockInContext(c->context, fn, ""),
			  end = LLVMAppendBasicBlockInContext(c->context, fn, "");
	LLVMTypeRef follow = LLVMFunctionType(c->i64, &c->ptr, 1, false);
	LLVMValueRef follow_fn = LLVMGetNamedFunction(c->module, TAIL_CALL_FOLLOW);

	if (!follow_fn)
		follow_fn = LLVMAddFunction(c->module, TAIL_CALL_FOLLOW, follow);
	LLVMGetParams(fn, args);
	LLVMPositionBuilderAtEnd(b, first);
	result = LLVMBuildCall2(b, type, alone, args, 2, "");
	LLVMBuildCondBr(b,
		LLVMBuildIsNull(
			b, field(c, b, args[0], offsetof(struct ebpf_env, next), c->ptr), ""),
		end, others);
	LLVMPositionBuilderAtEnd(b, others);
	LLVMBuildRet(b, LLVMBuildCall2(b, follow, follow_fn, args, 1, ""));
	LLVMPositionBuilderAtEnd(b, end);
	LLVMBuildRet(b, result);
	LLVMDisposeBuilder(b);
}

/* ebpf_program_entry(env, ctx): what the driver inlines. */
static void translate_entry(struct compilation *c)
{
	const struct bpf_function *main = &c->funcs[0];
	LLVMTypeRef params[] = {c->ptr, c->ptr},
		    entry_type = LLVMFunctionType(c->i64, params, 2, false);
	LLVMValueRef fn = LLVMAddFunction(
		c->module, c->tail_calls ? PROGRAM_ALONE : "ebpf_program_entry", entry_type);
	LLVMBuilderRef b = LLVMCreateBuilderInContext(c->context);
	LLVMValueRef ctx = LLVMGetParam(fn, 1), args[6] = {LLVMGetParam(fn, 0)};

	compilation__describe(c, fn, "ebpf_program_entry", main->start, b);
	LLVMPositionBuilderAtEnd(b, LLVMAppendBasicBlockInContext(c->context, fn, ""));
	for (unsigned i = 1; i <= 5; i++)
		args[i] = LLVMConstNull(main->pointer_param[i] ? c->ptr : c->i64);
	if (c->is_raw) {
		LLVMTypeRef start_params[] = {c->ptr, c->ptr, c->i64};
		LLVMTypeRef type = LLVMFunctionType(c->void_type, start_params, 3, false);
		LLVMValueRef mem = field(c, b, ctx, offsetof(struct ebpf_raw_ctx, mem), c->ptr);
		LLVMValueRef len = field(c, b, ctx, offsetof(struct ebpf_raw_ctx, len), c->i64);
		LLVMValueRef start_args[] = {args[0], mem, len};

		/* What r2 says is what accesses are checked by, or proved. */
		start_args[2] = len = LLVMBuildSelect(
			b, LLVMBuildIsNull(b, mem, ""), LLVMConstNull(c->i64), len, "");
		args[1] = as(b, mem, LLVMTypeOf(args[1]));
		args[2] = len;
		LLVMBuildCall2(b, type, LLVMAddFunction(c->module, "ebpf_raw_start", type),
			start_args, 3, "");
	} else {
		args[1] = as(b, ctx, LLVMTypeOf(args[1]));
	}
	LLVMBuildRet(b, as(b, LLVMBuildCall2(b, main->type, main->fn, args, 6, ""), c->i64));
	LLVMDisposeBuilder(b);
	if (c->tail_calls)
		make_chain(c, entry_type, fn);
}

static int translate_functions(struct compilation *c)
{
	int err = 0;

	for (uint32_t i = 0; i < c->n_funcs; i++)
		declare_function(c, &c->funcs[i]);
	for (uint32_t i = 0; !err && i < c->n_funcs; i++)
		err = compilation__translate_function(c, &c->funcs[i], c->funcs[i].fn);
	return err;
}

int compilation__translate(struct compilation *c)
{
	int err = decode(c);

	compilation__open_lines(c);
	if (!err)
		err = find_functions(c);
	if (!err) {
		c->maps = calloc(c->view->n_maps + c->view->n_templates + 1, sizeof(*c->maps));
		c->blocks = calloc(c->view->n_insns, sizeof(*c->blocks));
		err = c->maps && c->blocks ? translate_functions(c) : no_memory(c);
	}
	if (err)
		return err;
	translate_entry(c);
	err = compilation__scout(c);
	compilation__inline_lookups(c);
	return !err && c->is_raw ? compilation__add_raw_globals(c) : err;
}
