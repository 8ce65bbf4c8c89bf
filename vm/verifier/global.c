/* SPDX-License-Identifier: BSD-3-Clause
 *
 * global.c -- global functions, which are examined once, on their own.
 *
 * All that a global function may know of its arguments are their types, so it is examined as if
 * it were an entry, with any arguments of these types; and a call of it is a check of what is
 * passed, and gives some number. Functions that no path calls are not examined.
 */
#include "call.h"

/* The packet may move in such a function, and in what it calls. Fills func_info.moves_packet. */
void global__find_moves(struct program *p)
{
	bool changed = true;

	while (changed) {
		changed = false;
		for (uint32_t i = 0; i < p->view->n_insns; i++) {
			const struct isa_insn *in = &p->insns[i];
			struct func_info *f = &p->funcs[p->info[i].func];
			const struct helper_proto *proto = NULL;
			uint32_t callee;

			if (f->moves_packet || !in->words)
				continue;
			if (program__callee(p, i, &callee))
				f->moves_packet = p->funcs[p->info[callee].func].moves_packet;
			else if (in->op == ISA_CALL)
				proto = known_helper__find((uint32_t)in->imm);
			if (proto && proto->flags & (HELPER_MOVES_PACKET | HELPER_TAIL_CALL))
				f->moves_packet = true;
			changed |= f->moves_packet;
		}
	}
}

static int check_type(struct verifier *v, const struct ebpf_func *f)
{
	if (f->n_args > 5)
		return reject(v, "global function %s has more than 5 arguments", f->name);
	if (!f->returns_scalar)
		return reject(v, "global function %s does not return a number", f->name);
	for (uint32_t i = 0; i < f->n_args; i++)
		if (f->args[i].kind == EBPF_ARG_OTHER)
			return reject(v,
				"global function %s: argument %u has a type that it cannot have",
				f->name, i + 1);
	return 0;
}

/* Memory that the function may read and write, or NULL. */
static int check_memory(struct verifier *v, uint32_t regno, const struct ebpf_func_arg *arg)
{
	struct reg *r = reg_at(v, regno), as_passed = *r;
	int err;

	if (arg->nullable && reg__is_zero(r)) {
		precision__need(v, regno);
		return 0;
	}
	if (arg->nullable)
		r->maybe_null = false; /* for the moment */
	err = mem__check_region(v, regno, arg->size, false);
	if (!err)
		err = mem__check_region(v, regno, arg->size, true);
	r->maybe_null = as_passed.maybe_null;
	return err;
}

static int check_argument(struct verifier *v, const struct ebpf_func_arg *arg, uint32_t regno)
{
	const struct reg *r = reg_at(v, regno);
	struct call c = {.map = FACT_NO_MAP};

	switch (arg->kind) {
	case EBPF_ARG_SCALAR:
		return reg__is_scalar(r)
			       ? 0
			       : reject(v, "R%u type=%s expected=scalar", regno, reg_type__name(r));
	case EBPF_ARG_CTX: return argument__check_ctx(v, &c, regno - 1);
	case EBPF_ARG_DYNPTR: return dynptr__check_init(v, &c, regno - 1);
	default: return check_memory(v, regno, arg);
	}
}

int global__call(struct verifier *v, struct func_info *func)
{
	const struct ebpf_func *f = func->type;
	int err = check_type(v, f);

	if (!err && v->cur->lock.held)
		err = reject(v, "calls of global functions are not allowed while holding a lock");
	for (uint32_t i = 0; !err && i < f->n_args; i++)
		err = check_argument(v, &f->args[i], i + 1);
	if (err)
		return err;
	func->called = true;
	if (func->moves_packet)
		call__forget_packet(v->cur);
	call__unset_caller_saved(v);
	reg__set_unknown(reg_at(v, 0));
	facts__result(v, v->insn, reg_at(v, 0));
	return 0;
}

bool global__next(struct verifier *v, uint32_t *func)
{
	for (uint32_t i = 1; i < v->prog.n_funcs; i++) {
		struct func_info *f = &v->prog.funcs[i];

		if (!f->called || f->examined)
			continue;
		f->examined = true;
		*func = i;
		return true;
	}
	return false;
}

static void set_argument(struct verifier *v, const struct ebpf_func_arg *arg, struct reg *r)
{
	switch (arg->kind) {
	case EBPF_ARG_SCALAR: reg__set_unknown(r); break;
	case EBPF_ARG_CTX: reg__set_pointer(r, REG_CTX); break;
	case EBPF_ARG_DYNPTR: dynptr__set_argument(v, r); break;
	default:
		reg__set_pointer(r, REG_MEM);
		r->size = arg->size;
		r->maybe_null = arg->nullable;
		r->id = arg->nullable ? new_id(v) : 0;
	}
}

void global__enter(struct verifier *v, const struct func_info *func, struct frame *frame)
{
	for (uint32_t i = 0; i < func->type->n_args; i++)
		set_argument(v, &func->type->args[i], &frame->regs[i + 1]);
}

int global__check_result(struct verifier *v)
{
	const struct reg *r0 = reg_at(v, 0);

	if (!state__top(v->cur)->func || reg__is_scalar(r0))
		return 0;
	return reject(
		v, "at the exit of a global function R0 is no number, but %s", reg_type__name(r0));
}
