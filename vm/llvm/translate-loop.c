/* SPDX-License-Identifier: BSD-3-Clause
 *
 * translate-loop.c -- loops of raw programs that check their accesses.
 *
 * What a loop accesses is most likely the memory that the program was given, in order. So a loop is
 * translated twice. In the fast copy an access is compared with that memory alone, by numbers that
 * do not change, and where it lies elsewhere the access is left to the slow copy, which does it
 * with the whole check and goes on to the loop's end. So the fast copy calls nothing, and nothing
 * in it writes what it compares with.
 *
 * A loop is here what lies between a jump backwards and where it leads; those that overlap are one.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "translate.h"

static bool is_reached(const struct function *f, uint32_t pc)
{
	return f->c->insns[pc].words && compilation__fact(f->c, pc)->flags & FACT_REACHED;
}

static bool is_checked(const struct function *f, uint32_t pc)
{
	uint8_t op = f->c->insns[pc].op;

	return (op == ISA_LOAD || op == ISA_LOADSX || op == ISA_STORE || isa__is_atomic(op)) &&
	       is_reached(f, pc) && compilation__needs_check(f->c, pc);
}

/* The loop that ends with `last` begins at `first`: gets the number of one that it overlaps. */
static void add_loop(struct loop_copy *copy, uint32_t first, uint32_t last)
{
	uint32_t number = last + 1;

	for (uint32_t pc = first; pc <= last; pc++)
		copy[pc].loop = number;
	for (uint32_t pc = first; pc-- && copy[pc].loop && copy[pc].loop > first;)
		copy[pc].loop = number;
}

static int find_loops(struct function *f)
{
	const struct bpf_function *self = f->self;
	bool any = false;

	if (!f->c->is_raw || f->c->is_ptx || f->way)
		return 0;
	for (uint32_t pc = self->start; pc < self->end; pc++)
		any |= is_checked(f, pc);
	if (!any)
		return 0;
	f->copy = calloc(f->c->view->n_insns, sizeof(*f->copy));
	if (!f->copy)
		return error__set(
			f->c->errmsg, -ENOMEM, "%s: no memory to compile it", f->c->view->name);
	for (uint32_t pc = self->start; pc < self->end; pc++) {
		const struct isa_insn *in = &f->c->insns[pc];

		if (is_reached(f, pc) && isa__is_jump(in->op) && in->target < 0)
			add_loop(f->copy, pc + 1 + (uint32_t)in->target, pc);
	}
	return 0;
}

LLVMBasicBlockRef function__block(const struct function *f, uint32_t pc)
{
	if (f->slow && f->copy[pc].loop == f->copy[f->pc].loop)
		return f->copy[pc].start;
	return f->blocks[pc];
}

static LLVMValueRef env_field(struct function *f, size_t offset, LLVMTypeRef type)
{
	return LLVMBuildLoad2(
		f->b, type, function__offset(f, f->env, function__const(f, offset)), "");
}

static void know_memory(struct function *f)
{
	f->mem = env_field(f, offsetof(struct ebpf_env, mem), f->c->ptr);
	f->mem_len = env_field(f, offsetof(struct ebpf_env, mem_len), f->c->i64);
}

int function__copy_loops(struct function *f)
{
	const struct bpf_function *self = f->self;
	int err = find_loops(f);

	if (err || !f->copy)
		return err;
	know_memory(f);
	for (uint32_t pc = self->start; pc < self->end; pc++) {
		if (!f->copy[pc].loop)
			continue;
		if (f->blocks[pc])
			f->copy[pc].start = function__new_block(f, "");
		if (is_checked(f, pc) && compilation__fact(f->c, pc)->access != FACT_STACK)
			f->copy[pc].access = function__new_block(f, "");
	}
	return 0;
}

/* At how many places an access of the size may begin. */
static LLVMValueRef places_in_memory(struct function *f, uint32_t size)
{
	static const char name[] = "llvm.usub.sat";
	unsigned id = LLVMLookupIntrinsicID(name, sizeof(name) - 1);
	LLVMValueRef args[] = {f->mem_len, function__const(f, size - 1)};

	return LLVMBuildCall2(f->b, LLVMIntrinsicGetType(f->c->context, id, &f->c->i64, 1),
		LLVMGetIntrinsicDeclaration(f->c->module, id, &f->c->i64, 1), args, 2, "");
}

LLVMValueRef function__fast_address(struct function *f, unsigned reg)
{
	bool is_pointer = f->fact->regs[reg] == FACT_MEM;
	LLVMValueRef off = function__const(f, (uint64_t)(int64_t)f->in->off), at, distance, places;
	LLVMBasicBlockRef next = function__new_block(f, "");

	at = LLVMBuildAdd(f->b, function__int(f, reg), off, "");
	distance = LLVMBuildSub(f->b, at, LLVMBuildPtrToInt(f->b, f->mem, f->c->i64, ""), "");
	places = places_in_memory(f, f->in->size);
	LLVMBuildCondBr(f->b, LLVMBuildICmp(f->b, LLVMIntULT, distance, places, ""), next,
		f->copy[f->pc].access);
	LLVMPositionBuilderAtEnd(f->b, next);
	return is_pointer ? function__offset(f, function__ptr(f, reg), off)
			  : function__offset(f, f->mem, distance);
}
