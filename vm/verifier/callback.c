/* SPDX-License-Identifier: BSD-3-Clause
 *
 * callback.c -- functions of the program that a helper calls, never or any number of times.
 *
 * At the helper's call the path goes on behind it, as if all calls of the function were over; and
 * a branch enters the function. Where that returns, the path is back before the helper's call,
 * which is examined again: with what the function did to its caller's stack, another round or
 * the end may follow. That is a loop that ends by itself (loop.c).
 *
 *	caller ─► call helper ─► goes on
 *	            ▲    │ branch
 *	            └─ function
 */
#include <linux/bpf.h>

#include "call.h"

/* What r1 to r5 hold in the function. */
enum source {
	NOTHING,
	NUMBER,
	KEY, /* of the helper's map */
	VALUE,
	DYNPTR,  /* over what the ring buffer holds */
	FROM_R1, /* of the helper's call, and so on */
	FROM_R2,
	FROM_R3,
};

static const struct callback_kind {
	uint32_t helper;
	uint8_t args[5]; /* enum source */
} kinds[] = {
	{BPF_FUNC_for_each_map_elem, {FROM_R1, KEY, VALUE, FROM_R3}},
	{BPF_FUNC_loop, {NUMBER, FROM_R3}},
	{BPF_FUNC_user_ringbuf_drain, {DYNPTR, FROM_R3}},
};

static const struct callback_kind *kind_of(uint32_t helper)
{
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (kinds[i].helper == helper)
			return &kinds[i];
	return NULL;
}

bool callback__is_called_by(const struct isa_insn *in)
{
	return in->op == ISA_CALL && in->src == EBPF_CALL_HELPER && kind_of((uint32_t)in->imm);
}

uint16_t callback__args_from(const struct isa_insn *in, uint16_t regs)
{
	const struct callback_kind *kind = kind_of((uint32_t)in->imm);
	uint16_t from = 0;

	for (uint32_t i = 0; i < 5; i++)
		if (regs >> (i + 1) & 1 && kind->args[i] >= FROM_R1)
			from |= (uint16_t)(1U << (kind->args[i] - FROM_R1 + 1));
	return from;
}

int callback__check_arg(struct verifier *v, struct call *c, uint32_t arg)
{
	const struct reg *r = reg_at(v, arg + 1);
	const struct func_info *func;

	if (r->type != REG_FUNC)
		return reject(v, "R%u type=%s expected=func", arg + 1, reg_type__name(r));
	if (r->off || !range__is_const(&r->var) || r->var.bits.value)
		return reject(v, "dereference of modified func ptr R%u off=%d disallowed", arg + 1,
			r->off);
	func = &v->prog.funcs[v->prog.info[r->map].func];
	if (!r->map || func_info__is_global(func))
		return reject(v, "callback function not static");
	c->callback = r->map;
	return 0;
}

static void set_arg(struct verifier *v, enum source source, const struct frame *caller,
	uint32_t map, struct reg *arg)
{
	switch (source) {
	case NOTHING: reg__unset(arg); break;
	case NUMBER: reg__set_unknown(arg); break;
	case VALUE:
		reg__set_pointer(arg, REG_MAP_VALUE);
		arg->map = map;
		break;
	case DYNPTR: dynptr__set_argument(v, arg); break;
	case KEY:
		reg__set_pointer(arg, REG_MEM);
		arg->size = v->view->maps[map].geo.key_size;
		arg->flags = MEM_RDONLY | MEM_KEY;
		break;
	default: *arg = caller->regs[source - FROM_R1 + 1];
	}
}

/* May the function run once more? bpf_loop() calls it no more often than r1 says. */
static bool runs_again(struct verifier *v, const struct callback_kind *kind)
{
	if (kind->helper != BPF_FUNC_loop)
		return true;
	precision__need(v, 1);
	return state__top(v->cur)->rounds < reg_at(v, 1)->var.w64.umax;
}

int callback__enter(struct verifier *v, const struct call *c)
{
	const struct callback_kind *kind = kind_of(c->proto->id);
	struct frame *caller, *callee = NULL;
	struct state *round;
	int err;

	if (!runs_again(v, kind)) {
		state__top(v->cur)->rounds = 0;
		return 0;
	}
	err = prune__push(v, c->callback, &round);
	if (err)
		return err;
	caller = state__top(round);
	err = call__enter(v, round, c->callback, &callee);
	if (err)
		return err;
	for (uint32_t i = 0; i < 5; i++)
		set_arg(v, kind->args[i], caller, c->map, &callee->regs[i + 1]);
	callee->callback = true;
	callee->n_refs = round->n_refs;
	caller->rounds++;
	round->rounds++;
	state__top(v->cur)->rounds = 0;
	return 0;
}

int callback__return(struct verifier *v, uint32_t *next)
{
	const struct reg *r0 = reg_at(v, 0);
	const struct span *value = &r0->var.w64;
	int err;

	if (!reg__is_scalar(r0))
		return reject(
			v, "R0 type=%s expected=scalar at callback return", reg_type__name(r0));
	precision__need(v, 0);
	if (value->smin < 0 || value->smax > 1)
		return reject(v,
			"at callback return R0 is in [%lld, %lld] and should have been in [0, 1]",
			(long long)value->smin, (long long)value->smax);
	err = reference__check_callback(v);
	if (err)
		return err;
	*next = state__top(v->cur)->call_insn;
	call__leave(v, v->cur);
	loop__widen(v, *next, NULL, v->cur);
	return 0;
}
