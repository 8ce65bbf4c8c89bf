/* SPDX-License-Identifier: BSD-3-Clause
 *
 * counter-walk.c -- the ways of a program, for the rules of counters.c.
 *
 * Each function is gone over by itself, until nothing new is learnt: at each instruction, for each
 * register and each word of the stack, what all ways there have in common (counter-value.h). An
 * address is the same as another one if both are called the same, and as far behind: what an
 * instruction made has a name, and when it makes it anew, who was called so before is no longer.
 * Where ways meet, what had one name on one of them and another on the other gets a new one, and
 * all that had these two names with it. What has no name gets one when it is used as an address.
 *
 * Which bits of which counters change is found out by going over it all again, beginning with none:
 * each time there can only be more.
 */
#include <linux/bpf.h>
#include <string.h>

#include "counters.h"
#include "ebpf-offload.h"

/* The names of what is one thing or another where ways meet there. */
static uint32_t first_meeting(const struct counters *c, uint32_t insn)
{
	const struct program_view *v = c->e->prog.view;

	return NAME_INSN + v->n_insns + v->n_maps + insn * (uint32_t)N_VALUES;
}

/* The state at hand comes to that instruction, too. */
static int flow_to(struct counters *c, uint32_t insn)
{
	struct counter_state *there = c->before[insn], joined;

	if (!there) {
		there = c->before[insn] = arena__alloc(&c->e->arena, sizeof(*there));
		if (!there)
			return examination__no_memory(c->e);
		*there = c->at;
		c->again = true;
		return 0;
	}
	joined = counter_state__join(there, &c->at, first_meeting(c, insn));
	c->again |= !counter_state__equal(there, &joined);
	*there = joined;
	return 0;
}

/* The same, and where it goes on otherwise: in one of the two the lookup has found something. */
static int branch(struct counters *c, const struct isa_insn *in)
{
	const struct counter_value *v = &c->at.regs[in->dst];
	const struct ebpf_fact *f = examination__fact(c->e);
	uint32_t missed = c->at.missed;
	bool found = v->kind == COUNTER_NAMED && v->name == missed && !v->off && in->use_imm &&
		     !in->imm && in->is64;
	int err = 0;

	if (found && in->op == ISA_JNE)
		c->at.missed = 0;
	if (in->op == ISA_JA || f->flags & FACT_TAKEN)
		err = flow_to(c, (uint32_t)((int64_t)c->e->insn + 1 + in->target));
	c->at.missed = found && in->op == ISA_JEQ ? 0 : missed;
	return err;
}

/* In order of address: a way back is gone again with the next round. */
static int check_function(struct counters *c, const struct func_info *func)
{
	const struct program *p = &c->e->prog;
	bool open = true;
	int err = 0;

	for (unsigned i = 0; i < N_VALUES; i++)
		*value_at(&c->at, i) = counter_value__any(64, 0);
	for (unsigned i = 0; i < EBPF_N_REGS; i++)
		c->at.regs[i] = counter_value__named(NAME_REG + i, 0);
	c->at.regs[EBPF_REG_FRAME] = counter_value__named(NAME_FRAME, 0);
	c->at.missed = 0;
	for (uint32_t i = c->e->insn = func->start; !err && i < func->end; i = ++c->e->insn) {
		const struct isa_insn *in = &p->insns[i];
		const struct ebpf_fact *f = examination__fact(c->e);

		if (!in->words || !(f->flags & FACT_REACHED))
			continue;
		if (p->info[i].target && open)
			err = flow_to(c, i);
		if (p->info[i].target && c->before[i]) {
			c->at = *c->before[i];
			open = true;
		}
		if (err || !open)
			continue;
		c->ends = in->op == ISA_EXIT || in->op == ISA_JA ||
			  (isa__is_cond_jump(in->op) && !(f->flags & FACT_FALLS));
		err = counters__check_insn(c, in);
		if (!err && isa__is_jump(in->op))
			err = branch(c, in);
		open = !c->ends;
	}
	return err;
}

static void see_call(struct counters *c, const struct isa_insn *in, const struct ebpf_fact *f)
{
	uint64_t maps = f->flags & FACT_CONST_MAP ? fact_map__bit(f->map) : UINT64_MAX;

	if (in->src == EBPF_CALL_LOCAL)
		return;
	if (in->imm == BPF_FUNC_map_lookup_elem)
		c->looked_up |= maps;
	else if (offload__call((uint32_t)in->imm) == OFFLOAD_AGAIN)
		c->inserted |= maps;
}

/* Every change of a value is to be a counter: of those there is one for each place. */
static int list_changes(struct counters *c)
{
	struct examination *e = c->e;
	uint32_t n = 0;

	for (uint32_t i = 0; i < e->prog.view->n_insns; i++)
		n += e->facts->insn[i].access == FACT_MAP_VALUE;
	c->list = arena__array(&e->arena, n + 1, sizeof(*c->list));
	c->before = arena__array(&e->arena, e->prog.view->n_insns, sizeof(struct counter_state *));
	c->returned = arena__alloc(&e->arena, e->prog.n_funcs);
	if (!c->list || !c->before || !c->returned)
		return examination__no_memory(e);
	memset(c->returned, NEVER, e->prog.n_funcs);
	for (uint32_t i = 0; i < e->prog.view->n_insns; i++) {
		const struct isa_insn *in = &e->prog.insns[i];

		if (!in->words || !(e->facts->insn[i].flags & FACT_REACHED))
			continue;
		if ((in->op == ISA_STORE || isa__is_atomic(in->op)) &&
			e->facts->insn[i].access == FACT_MAP_VALUE)
			counters__find(c, &e->facts->insn[i], in->size);
		else if (in->op == ISA_CALL)
			see_call(c, in, &e->facts->insn[i]);
	}
	return 0;
}

int examination__check_changes(struct examination *e)
{
	struct counters c = {.e = e};
	int err = list_changes(&c);

	do {
		c.again = false;
		for (c.func = 0; !err && c.func < e->prog.n_funcs; c.func++)
			err = check_function(&c, &e->prog.funcs[c.func]);
	} while (!err && c.again);
	if (err || c.returned[0] != NEVER)
		return err;
	e->insn = c.insertion;
	return examination__refuse(e, "every packet comes to what kernels leave to the CPU");
}
