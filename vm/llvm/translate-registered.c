/* SPDX-License-Identifier: BSD-3-Clause
 *
 * translate-registered.c -- calls of helpers that the owner of the VM registered, with what their
 * types demand.
 */
#include <inttypes.h>
#include <stdio.h>

#include "translate.h"

static bool wants_memory(const struct raw_helper *helper)
{
	for (unsigned i = 0; i < 5; i++)
		if (helper->type.arg[i].check != EBPF_CHECK_NOTHING)
			return true;
	return false;
}

static const struct raw_helper *find(const struct compilation *c, uint32_t id)
{
	for (uint32_t i = 0; i < c->view->n_helpers; i++)
		if (c->view->helpers[i].id == id)
			return &c->view->helpers[i];
	return NULL;
}

bool compilation__checks_arguments(const struct compilation *c, uint32_t pc)
{
	const struct isa_insn *in = &c->insns[pc];
	const struct raw_helper *helper;

	if (in->op == ISA_CALL && in->src == EBPF_CALL_HELPER) {
		helper = find(c, (uint32_t)in->imm);
		return helper && wants_memory(helper);
	}
	for (uint32_t i = 0; in->op == ISA_CALLX && i < c->view->n_helpers; i++)
		if (wants_memory(&c->view->helpers[i]))
			return true;
	return false;
}

static LLVMValueRef check(struct function *f, const struct ebpf_helper_type *type, unsigned i)
{
	LLVMValueRef pc = LLVMConstInt(f->c->i32, f->pc, false);
	LLVMValueRef writes = LLVMConstInt(f->c->i1, type->arg[i].is_written, false);
	LLVMValueRef args[5] = {f->env, function__int(f, 1 + i), writes, pc};

	if (type->arg[i].check == EBPF_CHECK_STRING)
		return function__call_runtime(f, "ebpf_raw_check_string", f->c->i1, args, 4);
	args[2] = type->arg[i].check == EBPF_CHECK_MEM_LEN ? function__int(f, 2 + i)
							   : function__const(f, type->arg[i].size);
	args[3] = writes;
	args[4] = pc;
	return function__call_runtime(f, "ebpf_raw_check_memory", f->c->i1, args, 5);
}

static void check_argument(struct function *f, const struct ebpf_helper_type *type, unsigned i)
{
	LLVMBasicBlockRef some, none;
	LLVMValueRef given;

	if (type->arg[i].check == EBPF_CHECK_NOTHING)
		return;
	if (!type->arg[i].may_be_null) {
		function__fault_unless(f, check(f, type, i));
		return;
	}
	some = function__new_block(f, "");
	none = function__new_block(f, "");
	given = LLVMBuildICmp(f->b, LLVMIntNE, function__int(f, 1 + i), function__const(f, 0), "");
	LLVMBuildCondBr(f->b, given, some, none);
	LLVMPositionBuilderAtEnd(f->b, some);
	function__fault_unless(f, check(f, type, i));
	LLVMBuildBr(f->b, none);
	LLVMPositionBuilderAtEnd(f->b, none);
}

static void call(struct function *f, const struct raw_helper *helper)
{
	LLVMValueRef args[5];
	char name[32];

	for (unsigned i = 0; i < 5; i++)
		check_argument(f, &helper->type, i);
	for (unsigned i = 0; i < 5; i++)
		args[i] = function__int(f, 1 + i);
	snprintf(name, sizeof(name), "ebpf_helper.%" PRIu32, helper->id);
	function__set_int(f, 0, function__call_runtime(f, name, f->c->i64, args, 5));
}

static void fault_no_helper(struct function *f)
{
	LLVMValueRef args[] = {f->env, LLVMConstInt(f->c->i32, f->pc, false)};

	function__call_runtime(f, "ebpf_raw_no_helper", f->c->void_type, args, 2);
	function__fault_unless(f, LLVMConstNull(f->c->i1));
}

int function__call_registered(struct function *f)
{
	const struct raw_helper *helper = find(f->c, (uint32_t)f->in->imm);

	if (helper)
		call(f, helper);
	else
		fault_no_helper(f);
	return 0;
}

/* A switch over the helpers that are registered. */
int function__callx(struct function *f)
{
	const struct program_view *v = f->c->view;
	LLVMBasicBlockRef none = function__new_block(f, ""), next = function__new_block(f, "");
	LLVMValueRef choice;

	if (!f->c->is_raw)
		return function__refuse(f, "call through a register");
	choice = LLVMBuildSwitch(f->b, function__int(f, f->in->dst), none, v->n_helpers);
	for (uint32_t i = 0; i < v->n_helpers; i++) {
		LLVMBasicBlockRef block = function__new_block(f, "");

		LLVMAddCase(choice, function__const(f, v->helpers[i].id), block);
		LLVMPositionBuilderAtEnd(f->b, block);
		call(f, &v->helpers[i]);
		LLVMBuildBr(f->b, next);
	}
	LLVMPositionBuilderAtEnd(f->b, none);
	fault_no_helper(f);
	LLVMBuildBr(f->b, next);
	LLVMPositionBuilderAtEnd(f->b, next);
	return 0;
}
