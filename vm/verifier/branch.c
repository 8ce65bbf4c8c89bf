/* SPDX-License-Identifier: BSD-3-Clause
 *
 * branch.c -- jumps: which ways can be taken, and what each way teaches.
 */
#include "internal.h"

/* "pointer op end", where end is the packet's end, or its beginning for metadata. */
struct packet_compare {
	bool valid;
	uint8_t op;
	uint8_t type; /* of the pointer */
	uint32_t regno;
};

static bool is_packet_start(const struct reg *r)
{
	return r->type == REG_PACKET && !r->off && range__is_const(&r->var) && !r->id &&
	       !r->var.bits.value;
}

static bool is_limit_of(const struct reg *p, const struct reg *end)
{
	return (p->type == REG_PACKET && end->type == REG_PACKET_END) ||
	       (p->type == REG_PACKET_META && is_packet_start(end));
}

static struct packet_compare packet_compare(struct verifier *v, const struct isa_insn *in)
{
	const struct reg *dst = reg_at(v, in->dst), *src = reg_at(v, in->src);

	if (in->use_imm || !in->is64 || in->op < ISA_JGT || in->op > ISA_JLE)
		return (struct packet_compare){0};
	if (is_limit_of(dst, src))
		return (struct packet_compare){true, in->op, dst->type, in->dst};
	if (is_limit_of(src, dst))
		return (struct packet_compare){true, range__flip(in->op), src->type, in->src};
	return (struct packet_compare){0};
}

/* Is "pointer op end" decided by an earlier comparison? 1, 0, or -1. */
static int decide_packet(const struct packet_compare *c, const struct reg *p)
{
	if (p->type != REG_PACKET || p->reach >= 0)
		return -1;
	switch (c->op) {
	case ISA_JGT: return p->reach == REACH_BEYOND_END ? 1 : -1;
	case ISA_JLE: return p->reach == REACH_BEYOND_END ? 0 : -1;
	case ISA_JGE: return 1;
	default: return 0; /* ISA_JLT */
	}
}

/* pointer <= end, or with `below` pointer < end: what lies before it is in the packet, for
 * all pointers with the same unknown part. */
static void extend_reach(struct state *s, const struct reg *p, bool below)
{
	struct reg *r;
	int32_t reach = p->off + below;
	uint32_t id = p->id;
	uint8_t type = p->type;

	if (p->off < 0 || (p->off == 0 && below) || p->var.w64.umax > MAX_PACKET_OFF ||
		p->var.w64.umax + (uint64_t)p->off > MAX_PACKET_OFF)
		return;
	for (struct reg_walk w = {0}; (r = state__next_reg(s, &w));)
		if (r->type == type && r->id == id && r->reach < reach)
			r->reach = reach;
}

static void learn_packet(const struct packet_compare *c, struct state *s, bool holds)
{
	struct reg *p = &state__top(s)->regs[c->regno];
	bool greater = c->op == ISA_JGT || c->op == ISA_JGE;
	bool strict = c->op == ISA_JGT || c->op == ISA_JLT;

	if (greater != holds) /* less, or less or equal */
		extend_reach(s, p, strict == holds);
	else if (p->type == REG_PACKET)
		p->reach = strict == holds ? REACH_BEYOND_END : REACH_AT_END;
}

/* A pointer that cannot be 0 was compared with 0. Of XDP sockets Linux does not say so. */
static bool never_null(const struct reg *r)
{
	return !r->maybe_null &&
	       (r->type == REG_MAP_VALUE || r->type == REG_MAP || r->type == REG_MEM ||
		       r->type == REG_SOCK || r->type == REG_SOCK_COMMON);
}

/* A register compared with itself. */
static int decide_itself(uint8_t op, bool is64, const struct reg *r)
{
	switch (op) {
	case ISA_JEQ:
	case ISA_JGE:
	case ISA_JLE:
	case ISA_JSGE:
	case ISA_JSLE: return 1;
	case ISA_JSET: return (is64 ? r->var.w64.umin : r->var.w32.umin) ? 1 : -1;
	default: return 0;
	}
}

/* 1, 0, or -1. src: the register, or the immediate as one. */
static int decide(struct verifier *v, const struct isa_insn *in, const struct reg *src,
	const struct packet_compare *packet)
{
	const struct reg *dst = reg_at(v, in->dst);

	if (packet->valid)
		return decide_packet(packet, reg_at(v, packet->regno));
	if (dst == src && reg__is_scalar(dst))
		return decide_itself(in->op, in->is64, dst);
	if (reg__is_scalar(dst) && reg__is_scalar(src))
		return range__decide(in->op, in->is64, &dst->var, &src->var);
	if (in->is64 && (in->op == ISA_JEQ || in->op == ISA_JNE) &&
		((never_null(dst) && reg__is_zero(src)) || (never_null(src) && reg__is_zero(dst))))
		return in->op == ISA_JNE;
	return -1;
}

/* Which value a pointer with a lock points to matters still: `id` says so. */
static void make_not_null(const struct verifier *v, struct reg *r)
{
	r->maybe_null = false;
	if (!lock__is_in(v, r))
		r->id = 0;
}

/* All pointers from the same call are NULL, or are not. Where nothing came of acquiring it, there
 * is nothing to release. */
static void resolve_null(const struct verifier *v, struct state *s, uint32_t id, bool null)
{
	struct reg *r;

	if (null)
		reference__drop(s, id);
	for (struct reg_walk w = {0}; (r = state__next_reg(s, &w));) {
		if (!r->maybe_null || r->id != id)
			continue;
		if (null)
			reg__set_const(r, 0);
		else
			make_not_null(v, r);
	}
}

/* Registers with the number `known`, or a constant away from it, learn what it learnt. */
static void sync_linked(struct state *s, const struct reg *known)
{
	struct reg is = *known, *r;
	struct range delta;
	uint32_t id = is.id & ~ID_PLUS_OFF;

	for (struct reg_walk w = {0}; id && (r = state__next_reg(s, &w));) {
		uint32_t own_id = r->id;
		int32_t own_off = r->off;

		if (r->type != REG_SCALAR || (own_id & ~ID_PLUS_OFF) != id ||
			((own_id ^ is.id) & ID_PLUS_OFF) == ID_PLUS_OFF) /* sums of two widths */
			continue;
		if (!((own_id | is.id) & ID_PLUS_OFF) || own_off == is.off) {
			*r = is;
			r->id = own_id;
			r->off = own_off;
			continue;
		}
		delta = range__const((uint64_t)((int64_t)own_off - is.off));
		r->var = is.var;
		range__alu(ISA_ADD, !((own_id | is.id) & ID_PLUS_OFF32), &r->var, &delta);
	}
}

/* Which registers share the number of `r`: a jump that narrows one narrows all, so the proof
 * may rest on any of them. */
static void collect_linked(struct verifier *v, const struct reg *of, struct linked *out)
{
	uint32_t id = of->id & ~ID_PLUS_OFF;
	struct reg *r;

	for (struct reg_walk w = {0}; id && (r = state__next_reg(v->cur, &w));) {
		if (r->type != REG_SCALAR || (r->id & ~ID_PLUS_OFF) != id)
			continue;
		if (out->n == MAX_LINKED) { /* beyond what is recorded: no relation any more */
			r->id = 0;
			r->off = 0;
			continue;
		}
		out->reg[out->n].frame = (uint8_t)w.at_frame;
		out->reg[out->n++].index = (uint8_t)w.at_index;
	}
}

static int note_linked(struct verifier *v, const struct reg *dst, const struct reg *src)
{
	struct linked all = {0}, *kept;

	if (reg__is_scalar(dst))
		collect_linked(v, dst, &all);
	if (reg__is_scalar(src) && (src->id & ~ID_PLUS_OFF) != (dst->id & ~ID_PLUS_OFF))
		collect_linked(v, src, &all);
	if (all.n < 2)
		return 0;
	kept = arena__alloc(&v->arena, sizeof(*kept));
	if (!kept)
		return -ENOMEM;
	*kept = all;
	v->cur->trail->linked = kept;
	return 0;
}

/* Equal to a pointer that is not NULL, so it is none either. */
static void learn_not_null(
	const struct verifier *v, const struct isa_insn *in, struct frame *f, bool holds)
{
	struct reg *dst = &f->regs[in->dst], *src = &f->regs[in->src], *r;

	if (!in->is64 || !reg__is_pointer(dst) || !reg__is_pointer(src) ||
		dst->maybe_null == src->maybe_null ||
		!(holds ? in->op == ISA_JEQ : in->op == ISA_JNE))
		return;
	r = dst->maybe_null ? dst : src;
	make_not_null(v, r);
}

/* What the state `s` learns when the comparison is `holds`. */
static void learn(struct verifier *v, const struct isa_insn *in, struct state *s,
	const struct packet_compare *packet, bool holds)
{
	struct frame *f = state__top(s);
	struct reg *dst = &f->regs[in->dst], imm, *src = &imm;

	if (in->use_imm)
		reg__set_const(&imm, (uint64_t)in->imm);
	else
		src = &f->regs[in->src];
	if (packet->valid) {
		learn_packet(packet, s, holds);
	} else if (reg__is_scalar(dst) && reg__is_scalar(src)) {
		/* By copies: both operands may be one register. */
		struct range a = dst->var, b = src->var;

		range__assume(in->op, in->is64, holds, &a, &b);
		src->var = b;
		dst->var = a;
		if (!in->use_imm)
			sync_linked(s, src);
		sync_linked(s, dst);
	} else if (dst->maybe_null && in->use_imm && !in->imm && in->is64 &&
		   (in->op == ISA_JEQ || in->op == ISA_JNE)) {
		resolve_null(v, s, dst->id, (in->op == ISA_JEQ) == holds);
	} else if (!in->use_imm) {
		learn_not_null(v, in, f, holds);
	}
}

static int check_operands(struct verifier *v, const struct isa_insn *in)
{
	int err = check_readable(v, in->dst);

	return err || in->use_imm ? err : check_readable(v, in->src);
}

/* The outcome came from what the scalars are: the proof rests on them. */
static void need_operands(struct verifier *v, const struct isa_insn *in)
{
	precision__need(v, in->dst);
	if (!in->use_imm)
		precision__need(v, in->src);
}

int branch__check(struct verifier *v, const struct isa_insn *in, uint32_t *next)
{
	uint32_t target = v->insn + 1 + (uint32_t)in->target;
	struct packet_compare packet;
	struct state *other;
	struct reg imm;
	int err, taken;

	if (in->op == ISA_MAY_GOTO)
		return loop__may_goto(v, next);
	if (in->op == ISA_JA) {
		*next = target;
		return 0;
	}
	err = check_operands(v, in);
	if (err)
		return err;
	reg__set_const(&imm, (uint64_t)in->imm);
	packet = packet_compare(v, in);
	taken = decide(v, in, in->use_imm ? &imm : reg_at(v, in->src), &packet);
	if (taken >= 0) {
		facts__branch(v, taken);
		*next = taken ? target : v->insn + 1;
		need_operands(v, in);
		return 0;
	}
	facts__branch(v, true);
	facts__branch(v, false);
	err = note_linked(v, reg_at(v, in->dst), in->use_imm ? &imm : reg_at(v, in->src));
	if (err)
		return err;
	err = prune__push(v, target, &other);
	if (err)
		return err;
	learn(v, in, other, &packet, true);
	learn(v, in, v->cur, &packet, false);
	*next = v->insn + 1;
	return 0;
}
