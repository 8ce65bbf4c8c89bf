/* SPDX-License-Identifier: BSD-3-Clause
 *
 * raw.c -- facts about a raw program: which accesses are certainly in its stack, or in the memory
 * that it was given.
 *
 * A raw program is never rejected, so its paths need not be told apart: one forward data flow over
 * what each register holds, until nothing changes. It is kept where paths meet, and followed from
 * there to the next such place. How much memory there is nobody knows before the program runs; what
 * its own comparisons say of that is kept like a register's value. What is stored is not tracked
 * (any store may hit the stack), and what a helper, a call or a load gives can be anything.
 *
 * Facts are written whenever an instruction is passed: each time it is with all that was known
 * before, and more, so that the last time counts.
 */
#include <stdlib.h>
#include <string.h>

#include "internal.h"
#include "raw-value.h"

#define BUDGET_PER_INSN 128
#define MOST_MEMORY     ((size_t)512 << 20)
/* Changes at the head of a loop: from so many on bounds move in leaps; to where there are none. */
#define CHANGES_TO_WIDEN  16
#define CHANGES_TO_FORGET 80

enum { MEM_LEN = EBPF_N_REGS, N_VALUES };

struct regs {
	struct raw_value r[N_VALUES]; /* MEM_LEN: how long the memory is */
};

/* Where paths meet: a function begins, or a jump leads. */
struct meeting {
	struct regs *before; /* NULL: nothing leads there so far */
	bool is_one, is_head, queued;
	uint8_t changes;
};

struct raw {
	struct program prog;
	struct arena arena;
	struct meeting *meetings; /* by instruction */
	uint32_t *todo;           /* a stack of those that changed */
	uint32_t n_todo;
	uint64_t budget;
	struct ebpf_fact *facts;
};

static bool merge(struct meeting *m, const struct regs *from)
{
	bool changed = false;

	for (uint32_t i = 0; i < N_VALUES; i++) {
		struct raw_value *at = &m->before->r[i], v = raw_value__join(at, &from->r[i]);

		if (raw_value__equal(at, &v))
			continue;
		if (m->is_head && m->changes >= CHANGES_TO_FORGET)
			v.at = range__unknown();
		else if (m->is_head && m->changes >= CHANGES_TO_WIDEN)
			raw_value__widen(&v, at);
		*at = v;
		changed = true;
	}
	return changed;
}

static int flow(struct raw *w, uint32_t to, const struct regs *from)
{
	struct meeting *m = &w->meetings[to];

	if (m->before) {
		if (!merge(m, from))
			return 0;
		m->changes += m->changes < UINT8_MAX;
	} else {
		m->before = arena__alloc(&w->arena, sizeof(*from));
		if (!m->before)
			return -ENOMEM;
		*m->before = *from;
	}
	if (!m->queued)
		w->todo[w->n_todo++] = to;
	m->queued = true;
	return 0;
}

/* --- comparisons ------------------------------------------------------------------------- */

/* As a number, or as so many bytes from the memory's start. */
static struct range whole(const struct regs *s, const struct raw_value *v)
{
	struct range at = v->at;

	if (v->plus_len)
		range__alu(ISA_ADD, true, &at, &s->r[MEM_LEN].at);
	return at;
}

/* Is it an address that is not below the memory, and so one that compares as its offset does? */
static bool is_upwards(const struct raw_value *v)
{
	return v->kind == FACT_MEM && v->at.w64.smin >= 0 && v->at.w64.smax <= RAW_MAX_OFFSET;
}

static bool are_comparable(
	const struct isa_insn *in, const struct raw_value *a, const struct raw_value *b)
{
	if (raw_value__is_number(a) && raw_value__is_number(b))
		return true;
	return in->is64 && is_upwards(a) && is_upwards(b) && in->op != ISA_JSET &&
	       in->op != ISA_JSGT && in->op != ISA_JSGE && in->op != ISA_JSLT && in->op != ISA_JSLE;
}

/* whole() of the register turns out to be `found`. */
static void learn(struct regs *s, uint32_t regno, const struct range *found)
{
	struct raw_value *v = &s->r[regno];
	struct range len = *found;

	if (!v->plus_len) {
		v->at = *found;
	} else if (range__is_const(&v->at)) {
		range__alu(ISA_SUB, true, &len, &v->at);
		range__assume(ISA_JEQ, true, true, &s->r[MEM_LEN].at, &len);
	}
}

static struct raw_value operand(const struct isa_insn *in, const struct regs *s)
{
	return in->use_imm ? raw_value__const((uint64_t)in->imm) : s->r[in->src];
}

/* Goes where it may jump to; *s is what holds behind it, if the answer is true. */
static int branch(struct raw *w, uint32_t insn, struct regs *s, bool *falls)
{
	const struct isa_insn *in = &w->prog.insns[insn];
	struct raw_value src = operand(in, s);
	struct range a = whole(s, &s->r[in->dst]), b = whole(s, &src);
	bool comparable = isa__is_cond_jump(in->op) && are_comparable(in, &s->r[in->dst], &src);
	int decided = comparable ? range__decide(in->op, in->is64, &a, &b) : -1;
	struct regs taken = *s, *to[] = {s, &taken};

	for (int holds = 0; holds < 2; holds++) {
		struct range x = a, y = b;

		if (!comparable || decided >= 0 || (!in->use_imm && in->src == in->dst))
			continue;
		range__assume(in->op, in->is64, holds, &x, &y);
		learn(to[holds], in->dst, &x);
		if (!in->use_imm)
			learn(to[holds], in->src, &y);
	}
	*falls = decided != 1;
	w->facts[insn].flags |= (decided != 0 ? FACT_TAKEN : 0) | (*falls ? FACT_FALLS : 0);
	return decided != 0 ? flow(w, insn + 1 + (uint32_t)in->target, &taken) : 0;
}

/* --- instructions ------------------------------------------------------------------------ */

static int enter(struct raw *w, uint32_t target, const struct regs *caller)
{
	struct regs s = *caller;

	for (uint32_t i = 0; i < EBPF_N_REGS; i++) {
		if (i < 1 || i > 5)
			s.r[i] = raw_value__any();
		s.r[i].own = false;
	}
	s.r[EBPF_REG_FRAME] =
		(struct raw_value){.kind = FACT_STACK, .own = true, .at = range__const(0)};
	return flow(w, target, &s);
}

static int call(struct raw *w, uint32_t insn, struct regs *s)
{
	const struct isa_insn *in = &w->prog.insns[insn];
	int err = 0;

	if (in->op == ISA_CALL && in->src == EBPF_CALL_LOCAL)
		err = enter(w, insn + 1 + (uint32_t)in->target, s);
	for (uint32_t i = 0; i <= 5; i++)
		s->r[i] = raw_value__any();
	return err;
}

static struct raw_value result(const struct isa_insn *in, const struct regs *s)
{
	if (in->op != ISA_LDDW)
		return raw_value__alu(in, s->r[in->dst], operand(in, s));
	return in->src == EBPF_LDDW_IMM ? raw_value__const((uint64_t)in->imm) : raw_value__any();
}

static void load(const struct raw *w, uint32_t insn, struct regs *s)
{
	uint16_t reads, writes;

	insn__uses(&w->prog, insn, &reads, &writes);
	for (uint32_t i = 0; i < EBPF_N_REGS; i++)
		if (writes >> i & 1)
			s->r[i] = raw_value__loaded(&w->prog.insns[insn]);
}

/* --- facts ------------------------------------------------------------------------------- */

/* The register whose address a load, store or atomic uses; NO_REG for other instructions. */
static uint32_t address_reg(const struct isa_insn *in)
{
	if (in->op == ISA_LOAD || in->op == ISA_LOADSX)
		return in->src;
	return in->op == ISA_STORE || isa__is_atomic(in->op) ? in->dst : NO_REG;
}

static bool is_in_bounds(const struct isa_insn *in, const struct raw_value *base,
	uint64_t stack_size, uint64_t mem_len)
{
	int64_t from = base->at.w64.smin, end = base->at.w64.smax;

	if (from < -RAW_MAX_OFFSET || end > RAW_MAX_OFFSET)
		return false;
	from += in->off;
	end += in->off + in->size;
	if (base->kind == FACT_STACK)
		return !base->plus_len && end <= 0 && (uint64_t)-from <= stack_size;
	if (base->kind != FACT_MEM)
		return false;
	return base->plus_len ? end <= 0 && (uint64_t)-from <= mem_len
			      : from >= 0 && (uint64_t)end <= mem_len;
}

static void describe(struct raw *w, uint32_t insn, const struct regs *s)
{
	const struct isa_insn *in = &w->prog.insns[insn];
	const struct raw_value *base;
	uint32_t regno = address_reg(in);
	struct ebpf_fact *f = &w->facts[insn];

	*f = (struct ebpf_fact){.flags = FACT_REACHED, .map = FACT_NO_MAP};
	for (uint32_t i = 0; i < EBPF_N_REGS; i++)
		f->regs[i] = s->r[i].kind;
	f->result = isa__is_alu(in->op) || in->op == ISA_LDDW ? result(in, s).kind : FACT_ANY;
	if (regno == NO_REG)
		return;
	base = &s->r[regno];
	f->access = base->kind;
	if (!is_in_bounds(
		    in, base, program_view__stack_size(w->prog.view), s->r[MEM_LEN].at.w64.umin))
		return;
	f->flags |= FACT_IN_BOUNDS;
	if (base->own && range__is_const(&base->at)) {
		f->flags |= FACT_CONST_OFF;
		f->offset = (int32_t)base->at.w64.smin + in->off;
	}
}

/* --- the flow ---------------------------------------------------------------------------- */

/* From one meeting to where the next ones are. */
static int follow(struct raw *w, uint32_t insn)
{
	struct regs s = *w->meetings[insn].before;
	bool goes_on = true;
	int err = 0;

	while (!err) {
		const struct isa_insn *in = &w->prog.insns[insn];

		if (!w->budget--)
			return -E2BIG;
		describe(w, insn, &s);
		if (in->op == ISA_EXIT)
			return 0;
		if (in->op == ISA_JA)
			return flow(w, insn + 1 + (uint32_t)in->target, &s);
		if (isa__is_jump(in->op))
			err = branch(w, insn, &s, &goes_on);
		else if (in->op == ISA_CALL || in->op == ISA_CALLX)
			err = call(w, insn, &s);
		else if (isa__is_alu(in->op) || in->op == ISA_LDDW)
			s.r[in->dst] = result(in, &s);
		else
			load(w, insn, &s);
		insn += in->words;
		if (!err && !goes_on)
			return 0;
		if (!err && w->meetings[insn].is_one)
			return flow(w, insn, &s);
	}
	return err;
}

static void find_meetings(struct raw *w)
{
	const struct program *p = &w->prog;

	for (uint32_t i = 0; i < p->n_funcs; i++) /* functions may call themselves */
		w->meetings[p->funcs[i].start].is_one = w->meetings[p->funcs[i].start].is_head =
			true;
	for (uint32_t i = 0; i < p->view->n_insns; i++) {
		const struct isa_insn *in = &p->insns[i];
		struct meeting *m = &w->meetings[i];

		m->is_one |= p->info[i].target;
		if (in->words && isa__is_jump(in->op) && in->target < 0)
			w->meetings[i + 1 + (uint32_t)in->target].is_head = true;
	}
}

/* Registers that nobody has set are zero. */
static int start(struct raw *w)
{
	struct regs s;

	for (uint32_t i = 0; i < N_VALUES; i++)
		s.r[i] = raw_value__const(0);
	s.r[MEM_LEN].at = range__unknown();
	s.r[1].kind = FACT_MEM;
	s.r[2].plus_len = true;
	s.r[EBPF_REG_FRAME].kind = FACT_STACK;
	s.r[EBPF_REG_FRAME].own = true;
	return flow(w, 0, &s);
}

static int analyse(struct raw *w, const struct program_view *view)
{
	uint32_t n = view->n_insns;
	int err = program__init(&w->prog, view, &w->arena, NULL);

	if (err)
		return err;
	w->budget = (uint64_t)n * BUDGET_PER_INSN;
	w->meetings = arena__array(&w->arena, n, sizeof(*w->meetings));
	w->todo = arena__array(&w->arena, n, sizeof(*w->todo));
	if (!w->meetings || !w->todo)
		return -ENOMEM;
	find_meetings(w);
	err = start(w);
	while (!err && w->n_todo) {
		uint32_t insn = w->todo[--w->n_todo];

		w->meetings[insn].queued = false;
		err = follow(w, insn);
	}
	return err;
}

static uint32_t stack_depth(const struct raw *w)
{
	uint32_t depth = 0;

	for (uint32_t i = 0; i < w->prog.view->n_insns; i++) {
		const struct ebpf_fact *f = &w->facts[i];

		if (!w->prog.info[i].func && f->flags & FACT_CONST_OFF &&
			(uint32_t)-f->offset > depth)
			depth = (uint32_t)-f->offset;
	}
	return depth;
}

int verifier__analyse_raw(const struct program_view *view, struct ebpf_facts *facts)
{
	struct raw w = {.arena.limit = MOST_MEMORY};
	int err = -ENOMEM;

	*facts = (struct ebpf_facts){0};
	w.facts = calloc(view->n_insns, sizeof(*w.facts));
	if (w.facts) {
		for (uint32_t i = 0; i < view->n_insns; i++)
			w.facts[i].map = FACT_NO_MAP;
		err = analyse(&w, view);
	}
	if (err)
		free(w.facts);
	else
		*facts = (struct ebpf_facts){
			.n_insns = view->n_insns, .insn = w.facts, .stack_depth = stack_depth(&w)};
	arena__release(&w.arena);
	return err;
}
