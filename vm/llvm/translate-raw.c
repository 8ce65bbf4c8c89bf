/* SPDX-License-Identifier: BSD-3-Clause
 *
 * translate-raw.c -- what raw programs have besides: checks of what facts do not prove, and a
 * budget of instructions. raw.c has the functions that are called for it.
 *
 * The budget is a variable of the function, so that a loop keeps it in a register; it is env's
 * while another function runs. A run of instructions without a jump is paid for where it begins.
 */
#include <errno.h>
#include <stdlib.h>

#include "translate.h"

bool compilation__needs_check(const struct compilation *c, uint32_t pc)
{
	const struct isa_insn *in = &c->insns[pc];
	unsigned base = in->op == ISA_LOAD || in->op == ISA_LOADSX ? in->src : in->dst;
	int stack_size = (int)program_view__stack_size(c->view);

	if (!(c->req->flags & COMPILE_CHECK_ACCESS) ||
		(compilation__fact(c, pc)->flags & FACT_IN_BOUNDS))
		return false;
	return base != EBPF_REG_FRAME || in->off < -stack_size || in->off + in->size > 0;
}

static LLVMValueRef add_global(struct compilation *c, const char *name, LLVMValueRef value)
{
	LLVMValueRef g = LLVMAddGlobal(c->module, LLVMTypeOf(value), name);

	LLVMSetInitializer(g, value);
	LLVMSetGlobalConstant(g, true);
	return g;
}

int compilation__add_raw_globals(struct compilation *c)
{
	const struct program_view *v = c->view;
	LLVMValueRef *maps = malloc(v->n_maps * sizeof(*maps) + 1);
	LLVMTypeRef jit[] = {c->ptr, c->i64}, kernel[] = {c->ptr, c->i64, c->i64, c->i64, c->ptr};

	if (!maps)
		return error__set(c->errmsg, -ENOMEM, "%s: no memory to compile it", v->name);
	for (uint32_t i = 0; i < v->n_maps; i++)
		maps[i] = compilation__map_descriptor(c, i);
	add_global(c, "ebpf_raw_maps", LLVMConstArray2(c->ptr, maps, v->n_maps));
	free(maps);
	add_global(c, "ebpf_raw_n_maps", LLVMConstInt(c->i32, v->n_maps, false));
	add_global(
		c, "ebpf_raw_stack_size", LLVMConstInt(c->i32, program_view__stack_size(v), false));
	add_global(c, "ebpf_raw_frames", LLVMConstInt(c->i32, program_view__frames(v), false));
	add_global(c, "ebpf_raw_budget", LLVMConstInt(c->i64, v->limits.budget, false));
	if (c->is_ptx)
		LLVMAddFunction(
			c->module, "ebpf_kernel", LLVMFunctionType(c->void_type, kernel, 5, false));
	else
		LLVMAddFunction(c->module, "ebpf_jit", LLVMFunctionType(c->i64, jit, 2, false));
	return 0;
}

void function__enter_raw(struct function *f)
{
	struct compilation *c = f->c;
	LLVMValueRef args[] = {f->env, c->publishes_frames ? f->frame : LLVMConstNull(c->ptr)};

	function__call_runtime(f, "ebpf_raw_enter", c->void_type, args, 2);
	if (!c->view->limits.budget)
		return;
	f->budget = function__slot(f, c->i64, "budget");
	function__take_over_budget(f);
}

LLVMValueRef function__checked_address(struct function *f, unsigned reg)
{
	struct compilation *c = f->c;
	bool writes = f->in->op != ISA_LOAD && f->in->op != ISA_LOADSX;
	LLVMValueRef off = function__const(f, (uint64_t)(int64_t)f->in->off);
	LLVMValueRef at = LLVMBuildAdd(f->b, function__int(f, reg), off, "");
	LLVMValueRef args[] = {f->env, at, function__const(f, f->in->size),
		LLVMConstInt(c->i1, writes, false), LLVMConstInt(c->i32, f->pc, false)};

	if (f->copy && f->copy[f->pc].access && !f->slow)
		return function__fast_address(f, reg);
	function__fault_unless(f, function__call_runtime(f, "ebpf_raw_check", c->i1, args, 5));
	return LLVMBuildIntToPtr(f->b, at, c->ptr, "");
}

static LLVMValueRef left_in_env(struct function *f)
{
	return function__offset(f, f->env, function__const(f, offsetof(struct ebpf_env, budget)));
}

void function__hand_over_budget(struct function *f)
{
	if (f->budget)
		LLVMBuildStore(
			f->b, LLVMBuildLoad2(f->b, f->c->i64, f->budget, ""), left_in_env(f));
}

void function__take_over_budget(struct function *f)
{
	if (f->budget)
		LLVMBuildStore(
			f->b, LLVMBuildLoad2(f->b, f->c->i64, left_in_env(f), ""), f->budget);
}

/* How many instructions follow each other from here on, up to where a block starts. */
static uint32_t run_length(const struct function *f)
{
	uint32_t n = 0, pc = f->pc;

	do
		n += f->c->insns[pc].words > 0;
	while (++pc < f->self->end && !f->blocks[pc]);
	return n;
}

void function__take_of_budget(struct function *f)
{
	LLVMBasicBlockRef over = function__new_block(f, ""), next = function__new_block(f, "");
	LLVMValueRef left = LLVMBuildLoad2(f->b, f->c->i64, f->budget, "");
	LLVMValueRef price = function__const(f, run_length(f));
	LLVMValueRef args[] = {f->env, LLVMConstInt(f->c->i32, f->pc, false)};

	LLVMBuildStore(f->b, LLVMBuildSub(f->b, left, price, ""), f->budget);
	LLVMBuildCondBr(f->b, LLVMBuildICmp(f->b, LLVMIntULT, left, price, ""), over, next);
	LLVMPositionBuilderAtEnd(f->b, over);
	function__call_runtime(f, "ebpf_raw_over_budget", f->c->void_type, args, 2);
	function__fault_unless(f, LLVMConstNull(f->c->i1));
	LLVMBuildBr(f->b, next);
	LLVMPositionBuilderAtEnd(f->b, next);
}
