/* SPDX-License-Identifier: BSD-3-Clause
 *
 * raw.c -- facts about a raw program: which addresses are certainly in its own stack.
 *
 * A raw program is never rejected, so its paths need not be told apart: one forward data flow
 * over what each register holds, until nothing changes. All that is tracked is an address in
 * the stack or in the memory that the program was given, and its offset; what is stored is not
 * (any store may hit the stack), and what a helper, a call or a load gives can be anything.
 */
#include <stdlib.h>
#include <string.h>

#include "internal.h"

#define BUDGET_PER_INSN 64

/* What a register holds; the join of different ones is FACT_ANY. */
struct value {
	uint8_t kind; /* FACT_SCALAR, FACT_STACK, FACT_MEM or FACT_ANY */
	bool own;     /* FACT_STACK: of the executing function's frame */
	bool exact; /* pointers: `off` is the offset from the frame's top, or the memory's start */
	int32_t off;
};

struct regs {
	struct value r[EBPF_N_REGS];
	bool reached;
};

struct raw {
	struct program prog;
	struct arena arena;
	struct regs *before; /* each instruction */
	uint32_t *todo;      /* a stack of instructions whose `before` changed */
	bool *queued;
	uint32_t n_todo;
};

static const struct value any = {.kind = FACT_ANY};
static const struct value scalar = {.kind = FACT_SCALAR};

static bool is_pointer(struct value v)
{
	return v.kind == FACT_STACK || v.kind == FACT_MEM;
}

static struct value join(struct value a, struct value b)
{
	if (a.kind != b.kind || a.own != b.own)
		return any;
	if (is_pointer(a) && (!a.exact || !b.exact || a.off != b.off)) {
		a.exact = false;
		a.off = 0;
	}
	return a;
}

static bool same(struct value a, struct value b)
{
	return a.kind == b.kind && a.own == b.own && a.exact == b.exact && a.off == b.off;
}

static void flow(struct raw *w, uint32_t to, const struct regs *from)
{
	struct regs *at = &w->before[to];
	bool changed = !at->reached;

	for (uint32_t i = 0; i < EBPF_N_REGS; i++) {
		struct value v = at->reached ? join(at->r[i], from->r[i]) : from->r[i];

		changed |= !same(v, at->r[i]);
		at->r[i] = v;
	}
	at->reached = true;
	if (changed && !w->queued[to]) {
		w->queued[to] = true;
		w->todo[w->n_todo++] = to;
	}
}

static struct value moved(struct value p, int64_t by)
{
	int64_t off = p.off + by;

	p.exact = p.exact && off == (int32_t)off;
	p.off = p.exact ? (int32_t)off : 0;
	return p;
}

static struct value alu(const struct isa_insn *in, const struct regs *s)
{
	struct value dst = s->r[in->dst], src = in->use_imm ? scalar : s->r[in->src];

	if (in->op == ISA_LDDW)
		return in->src == EBPF_LDDW_IMM ? scalar : any;
	if (in->op == ISA_MOV && in->is64)
		return src;
	if ((in->op == ISA_ADD || in->op == ISA_SUB) && in->is64) {
		if (is_pointer(dst) && in->use_imm)
			return moved(dst, in->op == ISA_ADD ? in->imm : -in->imm);
		if (is_pointer(dst) && src.kind == FACT_SCALAR)
			return (struct value){.kind = dst.kind, .own = dst.own};
		if (is_pointer(src) && dst.kind == FACT_SCALAR && in->op == ISA_ADD)
			return (struct value){.kind = src.kind, .own = src.own};
	}
	if (in->op == ISA_MOV || in->op == ISA_MOVSX)
		return src.kind == FACT_SCALAR ? scalar : any;
	return dst.kind == FACT_SCALAR && src.kind == FACT_SCALAR ? scalar : any;
}

/* r0-r5 after a call */
static void clobber(struct regs *s)
{
	for (uint32_t i = 0; i <= 5; i++)
		s->r[i] = any;
}

static void enter(struct raw *w, uint32_t target, const struct regs *caller)
{
	struct regs s = {.reached = true};

	for (uint32_t i = 0; i < EBPF_N_REGS; i++)
		s.r[i] = any;
	for (uint32_t i = 1; i <= 5; i++) {
		s.r[i] = caller->r[i];
		s.r[i].own = false;
	}
	s.r[EBPF_REG_FRAME] = (struct value){FACT_STACK, true, true, 0};
	flow(w, target, &s);
}

static void step(struct raw *w, uint32_t insn)
{
	const struct isa_insn *in = &w->prog.insns[insn];
	struct regs s = w->before[insn];

	if (in->op == ISA_EXIT)
		return;
	if (isa__is_jump(in->op)) {
		flow(w, insn + 1 + (uint32_t)in->target, &s);
		if (in->op == ISA_JA)
			return;
	} else if (in->op == ISA_CALL || in->op == ISA_CALLX) {
		if (in->op == ISA_CALL && in->src == EBPF_CALL_LOCAL)
			enter(w, insn + 1 + (uint32_t)in->target, &s);
		clobber(&s);
	} else if (in->op == ISA_LOAD || in->op == ISA_LOADSX) {
		s.r[in->dst] = any;
	} else if (isa__is_atomic(in->op)) {
		uint16_t reads, writes;

		insn__uses(&w->prog, insn, &reads, &writes);
		for (uint32_t i = 0; i < EBPF_N_REGS; i++)
			if (writes >> i & 1)
				s.r[i] = any;
	} else if (isa__is_alu(in->op) || in->op == ISA_LDDW) {
		s.r[in->dst] = alu(in, &s);
	}
	flow(w, insn + in->words, &s);
}

/* The register whose address a load, store or atomic uses; NO_REG for other instructions. */
static uint32_t address_reg(const struct isa_insn *in)
{
	if (in->op == ISA_LOAD || in->op == ISA_LOADSX)
		return in->src;
	return in->op == ISA_STORE || isa__is_atomic(in->op) ? in->dst : NO_REG;
}

static void describe_access(
	const struct isa_insn *in, const struct regs *s, int64_t stack_size, struct ebpf_fact *f)
{
	uint32_t regno = address_reg(in);
	int64_t off;

	if (regno == NO_REG)
		return;
	f->access = s->r[regno].kind;
	off = (int64_t)s->r[regno].off + in->off;
	if (s->r[regno].kind != FACT_STACK || !s->r[regno].exact || off < -stack_size ||
		off + in->size > 0)
		return;
	f->flags |= FACT_IN_BOUNDS;
	if (s->r[regno].own) {
		f->flags |= FACT_CONST_OFF;
		f->offset = (int32_t)off;
	}
}

static void describe(struct raw *w, uint32_t insn, struct ebpf_facts *facts)
{
	const struct isa_insn *in = &w->prog.insns[insn];
	const struct regs *s = &w->before[insn];
	struct ebpf_fact *f = &facts->insn[insn];

	*f = (struct ebpf_fact){.map = FACT_NO_MAP};
	if (!s->reached)
		return;
	f->flags = FACT_REACHED;
	if (isa__is_jump(in->op) && in->op != ISA_JA)
		f->flags |= FACT_TAKEN | FACT_FALLS;
	for (uint32_t i = 0; i < EBPF_N_REGS; i++)
		f->regs[i] = s->r[i].kind;
	f->result = isa__is_alu(in->op) || in->op == ISA_LDDW ? alu(in, s).kind : FACT_ANY;
	describe_access(in, s, program_view__stack_size(w->prog.view), f);
	if (!w->prog.info[insn].func && f->flags & FACT_CONST_OFF &&
		(uint32_t)-f->offset > facts->stack_depth)
		facts->stack_depth = (uint32_t)-f->offset;
}

static int analyse(struct raw *w, const struct program_view *view, struct ebpf_facts *facts)
{
	uint32_t n = view->n_insns;
	uint64_t budget = (uint64_t)n * BUDGET_PER_INSN;
	struct regs entry = {.reached = true};
	int err = program__init(&w->prog, view, &w->arena, NULL);

	if (err)
		return err;
	w->before = arena__array(&w->arena, n, sizeof(*w->before));
	w->todo = arena__array(&w->arena, n, sizeof(*w->todo));
	w->queued = arena__array(&w->arena, n, sizeof(*w->queued));
	if (!w->before || !w->todo || !w->queued)
		return -ENOMEM;
	for (uint32_t i = 0; i < EBPF_N_REGS; i++)
		entry.r[i] = any;
	entry.r[1] = (struct value){.kind = FACT_MEM, .exact = true};
	entry.r[2] = scalar;
	entry.r[EBPF_REG_FRAME] = (struct value){FACT_STACK, true, true, 0};
	flow(w, 0, &entry);
	while (w->n_todo) {
		uint32_t insn = w->todo[--w->n_todo];

		if (!budget--)
			return -E2BIG;
		w->queued[insn] = false;
		step(w, insn);
	}
	facts->insn = arena__array(&w->arena, n, sizeof(*facts->insn));
	if (!facts->insn)
		return -ENOMEM;
	for (uint32_t i = 0; i < n; i++)
		describe(w, i, facts);
	return 0;
}

int verifier__analyse_raw(const struct program_view *view, struct ebpf_facts *facts)
{
	struct ebpf_facts found = {.n_insns = view->n_insns};
	struct raw w = {0};
	int err = analyse(&w, view, &found);

	memset(facts, 0, sizeof(*facts));
	if (!err) {
		*facts = found;
		facts->insn = malloc(view->n_insns * sizeof(*facts->insn));
		if (facts->insn)
			memcpy(facts->insn, found.insn, view->n_insns * sizeof(*facts->insn));
		else
			err = -ENOMEM;
	}
	arena__release(&w.arena);
	return err;
}
