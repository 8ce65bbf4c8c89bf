/* SPDX-License-Identifier: BSD-3-Clause
 *
 * call.c -- calls of the program's own functions, and returns.
 *
 * A static function of the program is examined in place at every call, in a frame of its own.
 */
#include "internal.h"

void call__unset_caller_saved(struct verifier *v)
{
	for (uint32_t i = 0; i <= 5; i++)
		reg__unset(reg_at(v, i));
}

void call__forget_packet(struct state *s)
{
	struct reg *r;

	for (struct reg_walk w = {0}; (r = state__next_reg(s, &w));)
		if (reg__is_packet(r) || r->type == REG_PACKET_END ||
			(r->type == REG_MEM && r->flags & MEM_PACKET))
			reg__set_unknown(r);
}

int call__enter(struct verifier *v, struct state *s, uint32_t func, struct frame **callee)
{
	if (s->top + 1 >= MAX_FRAMES)
		return reject(v, "the call stack of %u frames is too deep", s->top + 2);
	*callee = frame__new(&v->arena, v->prog.info[func].func, v->insn);
	if (!*callee)
		return -ENOMEM;
	s->frames[++s->top] = *callee;
	(*callee)->regs[EBPF_REG_FRAME].frame = (uint8_t)s->top;
	s->written[s->top] = UINT64_MAX; /* nothing below was there before */
	return 0;
}

void call__forget_buffers(struct state *s)
{
	struct reg *r;

	for (struct reg_walk w = {0}; (r = state__next_reg(s, &w));)
		if (r->type == REG_MEM && r->buffer_frame == s->top + 1)
			reg__set_unknown(r);
}

void call__leave(struct verifier *v, struct state *s)
{
	call__forget_buffers(s);
	frame__free(&v->arena, state__top(s));
	s->frames[s->top--] = NULL;
}

static int enter_local(struct verifier *v, uint32_t func)
{
	struct frame *caller = state__top(v->cur), *callee = NULL;
	int err = call__enter(v, v->cur, func, &callee);

	if (err)
		return err;
	for (uint32_t i = 1; i <= 5; i++)
		callee->regs[i] = caller->regs[i];
	for (uint32_t i = 0; i <= 5; i++)
		reg__unset(&caller->regs[i]);
	return 0;
}

/* The program ends, whatever functions it is in. */
static int check_throw(struct verifier *v, uint32_t *next)
{
	for (uint32_t f = 1; f <= v->cur->top; f++)
		if (v->cur->frames[f]->callback)
			return reject(v, "bpf_throw cannot be called from a callback");
	*next = NO_INSN;
	return reference__check_none(v, "bpf_throw");
}

int call__check(struct verifier *v, const struct isa_insn *in, uint32_t *next)
{
	struct func_info *func;
	uint32_t target;

	if (in->src != EBPF_CALL_LOCAL) {
		int err = helper_call__check(v, in);

		return !err && in->imm == KFUNC_throw ? check_throw(v, next) : err;
	}
	target = v->insn + 1 + (uint32_t)in->target;
	func = &v->prog.funcs[v->prog.info[target].func];
	if (func_info__is_global(func))
		return global__call(v, func);
	*next = target;
	return enter_local(v, target);
}

int call__return(struct verifier *v, uint32_t *next)
{
	struct state *s = v->cur;
	struct frame *callee = state__top(s);
	struct reg r0;

	if (!s->top) {
		int err = reference__check_none(v, "exit");

		*next = NO_INSN;
		if (!err)
			err = check_readable(v, 0);
		return err ? err : global__check_result(v);
	}
	if (callee->callback)
		return callback__return(v, next);
	call__forget_buffers(s);
	r0 = callee->regs[0];
	if (r0.type == REG_STACK)
		return reject(v, "cannot return stack pointer to the caller");
	*next = callee->call_insn + 1;
	facts__result(v, callee->call_insn, &r0);
	call__leave(v, s);
	*reg_at(v, 0) = r0;
	return 0;
}
