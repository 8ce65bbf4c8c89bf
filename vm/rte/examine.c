/* SPDX-License-Identifier: BSD-3-Clause
 *
 * examine.c -- what a raw program may do, found before it is compiled.
 *
 * A program without loops has an order in which every jump leads forward, so that one pass along it
 * meets every instruction after all that may lead there, and knows what each register holds on
 * every path: a number or an address, and its range. The end of the memory is not known; how far
 * the program reads it is found out instead.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "../core/error.h"
#include "rte.h"

/* librte_bpf's verifier goes along every path; no program of more steps is given to it. */
#define MAX_STEPS (1u << 18)
/* Nobody has more memory than that for a program, and offsets are sums without overflow. */
#define MAX_MEMORY (1 << 30)

enum colour { WHITE, GREY, BLACK };

struct regs {
	struct raw_value r[EBPF_N_REGS];
};

struct examination {
	struct examined *x;
	struct regs **before; /* by instruction; NULL: nothing leads there so far */
	bool unproved;        /* is some access */
	bool takes_frame;     /* the stack's address is not for direct accesses alone */
	char **errmsg;
};

static int refuse(const struct examination *e, uint32_t insn, const char *why)
{
	return error__set(e->errmsg, -ENOTSUP, "instruction %u: %s", insn, why);
}

static int no_memory(char **errmsg)
{
	return error__set(errmsg, -ENOMEM, "no memory to compile the program");
}

/* Nothing is run twice. */
static int check_budget(const struct examination *e)
{
	uint64_t budget = e->x->req->view.limits.budget;

	if (!budget || e->x->n_order <= budget)
		return 0;
	return error__set(e->errmsg, -ENOTSUP,
		"a budget of %" PRIu64 " for %u instructions: librte_bpf counts none", budget,
		e->x->n_order);
}

/* Where it may go on: first by a jump, then behind it. */
static unsigned successors(const struct program *p, uint32_t insn, uint32_t next[2])
{
	const struct isa_insn *in = &p->insns[insn];
	unsigned n = 0;

	if (isa__is_jump(in->op))
		next[n++] = insn + 1 + (uint32_t)in->target;
	if (in->op != ISA_EXIT && in->op != ISA_JA)
		next[n++] = insn + in->words;
	return n;
}

static int check_supported(const struct examination *e, uint32_t insn)
{
	const struct isa_insn *in = &e->x->prog.insns[insn];

	if (in->op == ISA_CALL)
		return refuse(e, insn,
			in->src == EBPF_CALL_LOCAL ? "librte_bpf has no calls of functions"
						   : "librte_bpf has no calls of helpers");
	if (in->op == ISA_CALLX)
		return refuse(e, insn, "librte_bpf has no calls through registers");
	if (in->op == ISA_MAY_GOTO)
		return refuse(e, insn, "librte_bpf has no may_goto");
	return 0;
}

/* The reverse of the order in which instructions are left, by depth first: what follows an
 * instruction stands behind it, next to it if it can. */
static int find_order(struct examination *e)
{
	struct examined *x = e->x;
	uint32_t n = x->prog.view->n_insns, depth = 0, at = n, next[2];
	uint8_t *colour = arena__array(&x->arena, n, sizeof(*colour));
	uint8_t *taken = arena__array(&x->arena, n, sizeof(*taken));
	uint32_t *path = arena__array(&x->arena, n, sizeof(*path));

	x->order = arena__array(&x->arena, n, sizeof(*x->order));
	if (!colour || !taken || !path || !x->order)
		return no_memory(e->errmsg);
	path[depth++] = 0;
	while (depth) {
		uint32_t insn = path[depth - 1];
		unsigned n_next = successors(&x->prog, insn, next);
		int err = colour[insn] == WHITE ? check_supported(e, insn) : 0;

		if (err)
			return err;
		colour[insn] = GREY;
		if (taken[insn] == n_next) {
			colour[insn] = BLACK;
			x->order[--at] = insn;
			depth--;
			continue;
		}
		insn = next[taken[insn]++];
		if (colour[insn] == GREY)
			return refuse(e, path[depth - 1], "librte_bpf has no loops");
		if (colour[insn] == WHITE)
			path[depth++] = insn;
	}
	x->n_order = n - at;
	memmove(x->order, x->order + at, x->n_order * sizeof(*x->order));
	return 0;
}

/* All paths together, each counted as often as it can be taken. */
static int check_steps(struct examination *e)
{
	struct examined *x = e->x;
	uint32_t *steps = arena__array(&x->arena, x->prog.view->n_insns, sizeof(*steps)), next[2];

	if (!steps)
		return no_memory(e->errmsg);
	for (uint32_t i = x->n_order; i-- > 0;) {
		uint32_t insn = x->order[i];
		unsigned n = successors(&x->prog, insn, next);

		steps[insn] = 1;
		while (n--)
			steps[insn] += steps[next[n]];
		if (steps[insn] > MAX_STEPS)
			return refuse(e, insn,
				"more paths lead on from here than librte_bpf's verifier could "
				"walk");
	}
	return 0;
}

/* --- values ------------------------------------------------------------------------------ */

/* An address of which nothing is known is a number, here. */
static struct raw_value as_number(struct raw_value v)
{
	if (v.kind == FACT_ANY)
		v.kind = FACT_SCALAR;
	return v;
}

static struct raw_value anything(void)
{
	return as_number(raw_value__any());
}

/* --- accesses ---------------------------------------------------------------------------- */

/* It may touch [from, end), as counted from the stack's top. That a slot is read before it is
 * written librte_bpf's verifier notices where loads and stores are all of 8 bytes. */
static void note_stack(struct examined *x, int64_t from, int64_t end, bool notices)
{
	uint32_t depth = (uint32_t)(-from + 7) & ~7u;

	if (depth > x->stack)
		x->stack = depth;
	if (notices && from % 8 == 0 && end - from == 8)
		return;
	for (int64_t slot = (-end) / 8; slot <= (-from - 1) / 8; slot++)
		x->whole_slots &= ~(UINT64_C(1) << slot);
}

/* The bytes it may touch: a part of the stack, or of the memory if that is long enough. */
static bool prove_access(
	struct examined *x, const struct isa_insn *in, const struct raw_value *base)
{
	int64_t from = base->at.w64.smin, end = base->at.w64.smax;
	int64_t stack = program_view__stack_size(&x->req->view);

	if (from < -MAX_MEMORY || end > MAX_MEMORY)
		return false;
	from += in->off;
	end += in->off + in->size;
	if (base->kind == FACT_STACK && from >= -stack && from >= -RTE_STACK && end <= 0) {
		note_stack(x, from, end, !isa__is_atomic(in->op));
		return true;
	}
	if (base->kind != FACT_MEM || from < 0)
		return false;
	if ((uint64_t)end > x->memory)
		x->memory = (uint64_t)end;
	return true;
}

static int access(struct examination *e, uint32_t insn, const struct raw_value *base)
{
	struct known *k = &e->x->known[insn];

	k->proved = prove_access(e->x, &e->x->prog.insns[insn], base);
	if (k->proved)
		return 0;
	e->unproved = true;
	if (!(e->x->req->flags & COMPILE_CHECK_ACCESS))
		return 0;
	return refuse(e, insn,
		"nothing proves that the access stays in bounds, and librte_bpf checks nothing at "
		"run "
		"time");
}

/* --- the pass ---------------------------------------------------------------------------- */

static int flow(struct examination *e, uint32_t to, const struct regs *from)
{
	struct regs *at = e->before[to];

	if (at) {
		for (unsigned i = 0; i < EBPF_N_REGS; i++)
			at->r[i] = as_number(raw_value__join(&at->r[i], &from->r[i]));
		return 0;
	}
	at = e->before[to] = arena__alloc(&e->x->arena, sizeof(*at));
	if (!at)
		return no_memory(e->errmsg);
	*at = *from;
	return 0;
}

static int branch(struct examination *e, uint32_t insn, const struct regs *s)
{
	const struct isa_insn *in = &e->x->prog.insns[insn];
	struct known *k = &e->x->known[insn];
	bool numbers = raw_value__is_number(&k->dst) && raw_value__is_number(&k->src);
	int err = 0;

	k->decided = numbers ? (int8_t)range__decide(in->op, in->is64, &k->dst.at, &k->src.at) : -1;
	for (int holds = 1; holds >= 0 && !err; holds--) {
		struct range a = k->dst.at, b = k->src.at;
		struct regs then = *s;

		if (k->decided == !holds)
			continue;
		if (numbers && (in->use_imm || in->src != in->dst)) {
			range__assume(in->op, in->is64, holds, &a, &b);
			then.r[in->dst].at = a;
			if (!in->use_imm)
				then.r[in->src].at = b;
		}
		err = flow(e, insn + 1 + (holds ? (uint32_t)in->target : 0), &then);
	}
	return err;
}

static int step(struct examination *e, uint32_t insn)
{
	const struct isa_insn *in = &e->x->prog.insns[insn];
	struct known *k = &e->x->known[insn];
	struct regs *s = e->before[insn];
	int err = 0;

	k->dst = s->r[in->dst];
	k->src = in->use_imm ? raw_value__const((uint64_t)in->imm) : s->r[in->src];
	if (in->op == ISA_EXIT)
		return 0;
	if (isa__is_cond_jump(in->op))
		return branch(e, insn, s);
	if (in->op == ISA_LDDW) {
		s->r[in->dst] = in->src == EBPF_LDDW_IMM ? k->src : anything();
	} else if (isa__is_alu(in->op)) {
		s->r[in->dst] = as_number(raw_value__alu(in, k->dst, k->src));
		e->takes_frame |= !in->use_imm && in->src == EBPF_REG_FRAME;
	} else if (in->op == ISA_LOAD || in->op == ISA_LOADSX) {
		err = access(e, insn, &k->src);
		s->r[in->dst] = as_number(raw_value__loaded(in));
	} else if (in->op == ISA_STORE) {
		err = access(e, insn, &k->dst);
	} else if (isa__is_atomic(in->op)) {
		uint16_t reads, writes;

		err = access(e, insn, &k->dst);
		insn__uses(&e->x->prog, insn, &reads, &writes);
		for (unsigned i = 0; i < EBPF_N_REGS; i++)
			if (writes >> i & 1)
				s->r[i] = as_number(raw_value__loaded(in));
	}
	return err ? err : flow(e, insn + (in->op == ISA_JA ? 1 + in->target : in->words), s);
}

/* Registers that nobody has set are zero. */
static int enter(struct examination *e)
{
	struct regs s;

	for (unsigned i = 0; i < EBPF_N_REGS; i++)
		s.r[i] = raw_value__const(0);
	s.r[1].kind = FACT_MEM;
	s.r[2] = anything();
	s.r[EBPF_REG_FRAME].kind = FACT_STACK;
	return flow(e, 0, &s);
}

/* Along the order, without what turns out never to run. */
static int find_values(struct examination *e)
{
	struct examined *x = e->x;
	uint32_t n = 0;
	int err;

	e->before = arena__array(&x->arena, x->prog.view->n_insns, sizeof(*e->before));
	x->known = arena__array(&x->arena, x->prog.view->n_insns, sizeof(*x->known));
	if (!e->before || !x->known)
		return no_memory(e->errmsg);
	err = enter(e);
	for (uint32_t i = 0; i < x->n_order && !err; i++) {
		uint32_t insn = x->order[i];

		if (!e->before[insn])
			continue;
		x->order[n++] = insn;
		err = step(e, insn);
		arena__free(&x->arena, e->before[insn], sizeof(struct regs));
	}
	x->n_order = n;
	if (e->unproved && e->takes_frame)
		note_stack(x, -RTE_STACK, 0, false); /* who knows where */
	return err;
}

int examined__make(struct examined *x, const struct compile_request *req, char **errmsg)
{
	struct examination e = {.x = x, .errmsg = errmsg};
	int err;

	*x = (struct examined){.req = req, .whole_slots = UINT64_MAX};
	if (req->view.type != EBPF_PROGRAM_RAW)
		return error__set(errmsg, -ENOTSUP,
			"%s: the rte backend has raw programs only: librte_bpf follows no pointer "
			"out of a context",
			req->view.name);
	err = program__init(&x->prog, &req->view, &x->arena, errmsg);
	if (err)
		return err;
	program__find_live(&x->prog);
	err = find_order(&e);
	if (!err)
		err = check_steps(&e);
	if (!err)
		err = find_values(&e);
	return err ? err : check_budget(&e);
}

void examined__release(struct examined *x)
{
	arena__release(&x->arena);
}
