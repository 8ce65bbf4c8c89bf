/* SPDX-License-Identifier: BSD-3-Clause
 *
 * alu.c -- arithmetic: numbers, pointers plus and minus numbers, moves, LDDW.
 */
#include <linux/bpf.h>
#include <stdlib.h>

#include "internal.h"

/* Would the pointer's distance from its object stay within sane limits? */
static int check_sane_offset(struct verifier *v, uint32_t regno, const struct reg *r,
	const struct range *var, int64_t off)
{
	int64_t smin = var->w64.smin;

	if (range__is_const(var) && llabs((int64_t)var->bits.value) >= MAX_VAR_OFF)
		return reject(v, "math between %s pointer and %lld is not allowed",
			reg_type__name(r), (long long)var->bits.value);
	if (off >= MAX_VAR_OFF || off <= -MAX_VAR_OFF)
		return reject(v, "%s pointer offset %lld is not allowed", reg_type__name(r),
			(long long)off);
	if (smin == INT64_MIN)
		return reject(v,
			"R%u: math between %s pointer and register with unbounded min value is not "
			"allowed",
			regno, reg_type__name(r));
	if (smin >= MAX_VAR_OFF || smin <= -MAX_VAR_OFF)
		return reject(v, "value %lld makes %s pointer be out of bounds", (long long)smin,
			reg_type__name(r));
	return 0;
}

static int check_pointer_kind(
	struct verifier *v, const struct isa_insn *in, uint32_t regno, const struct range *n)
{
	const struct reg *p = reg_at(v, regno);

	if (p->maybe_null)
		return reject(v, "R%u pointer arithmetic on %s prohibited, null-check it first",
			regno, reg_type__name(p));
	switch (p->type) {
	case REG_CTX:
	case REG_MAP_VALUE:
	case REG_STACK:
	case REG_PACKET:
	case REG_PACKET_META:
	case REG_MEM:
	case REG_OBJECT:
	case REG_DYNPTR:
	case REG_FUNC: return 0;
	case REG_MAP:
		if (in->op == ISA_ADD && range__is_const(n) && !n->bits.value)
			return 0;
		/* fall through */
	default:
		return reject(
			v, "R%u pointer arithmetic on %s prohibited", regno, reg_type__name(p));
	}
}

/* A packet pointer moved by an unknown number is another pointer: new id, no proven reach. */
static void move_by_unknown(struct verifier *v, struct reg *p, bool backwards, int64_t smin)
{
	if (!reg__is_packet(p))
		return;
	p->id = new_id(v);
	if (!backwards || smin < 0)
		p->reach = 0;
}

/* dst = pointer op number; op is + or -, and number in n. */
static int pointer_plus(struct verifier *v, const struct isa_insn *in, uint32_t pointer_regno,
	const struct range *n)
{
	struct reg p = *reg_at(v, pointer_regno);
	bool minus = in->op == ISA_SUB;
	int64_t smin = n->w64.smin, off;
	int err = check_pointer_kind(v, in, pointer_regno, n);

	if (!err)
		err = check_sane_offset(v, in->dst, &p, n, p.off);
	if (err)
		return err;
	if (minus && pointer_regno != in->dst)
		return reject(v, "R%u tried to subtract pointer from scalar", in->dst);
	if (minus && p.type == REG_STACK)
		return reject(v, "R%u subtraction from stack pointer prohibited", in->dst);
	off = minus ? p.off - smin : p.off + smin;
	if (range__is_const(n) && off == (int32_t)off) {
		p.off = (int32_t)off;
	} else {
		range__alu(in->op, true, &p.var, n);
		move_by_unknown(v, &p, minus, smin);
	}
	err = check_sane_offset(v, in->dst, &p, &p.var, p.off);
	if (err)
		return err;
	*reg_at(v, in->dst) = p;
	return 0;
}

static int check_pointer_op(struct verifier *v, const struct isa_insn *in, uint32_t regno)
{
	switch (in->op) {
	case ISA_ADD:
	case ISA_SUB: return 0;
	case ISA_AND:
	case ISA_OR:
	case ISA_XOR: return reject(v, "R%u bitwise operator on pointer prohibited", regno);
	default: return reject(v, "R%u pointer arithmetic with this operator prohibited", regno);
	}
}

/* At least one operand is a pointer. */
static int pointer_alu(struct verifier *v, const struct isa_insn *in, const struct reg *src)
{
	struct reg *dst = reg_at(v, in->dst);
	bool src_is_pointer = reg__is_pointer(src), dst_is_pointer = reg__is_pointer(dst);
	struct range n = src_is_pointer ? dst->var : src->var;
	uint32_t pointer_regno = dst_is_pointer ? in->dst : in->src;
	int err;

	if (dst_is_pointer && src_is_pointer) {
		if (in->op != ISA_SUB)
			return reject(v,
				"R%u pointer with R%u pointer: only subtraction is allowed",
				in->dst, in->src);
		reg__set_unknown(dst); /* the distance of two pointers, or of nothing */
		return 0;
	}
	if (!in->use_imm)
		precision__need(v, dst_is_pointer ? in->src : in->dst);
	if (!in->is64) {
		if (in->op != ISA_SUB)
			return reject(v, "R%u 32-bit pointer arithmetic prohibited", in->dst);
		reg__set_unknown(dst);
		return 0;
	}
	err = check_pointer_op(v, in, pointer_regno);
	return err ? err : pointer_plus(v, in, pointer_regno, &n);
}

/* After dst op= src, where dst was `before`: does dst still have a relation to registers with its
 * id? Only adding a constant leaves one, and only once; in 32 bits, to values of 32 bits. */
static void relate(const struct isa_insn *in, struct reg *dst, const struct range *before,
	const struct range *src)
{
	uint64_t value = src->bits.value;
	int64_t off = (int64_t)(in->op == ISA_SUB ? -value : value);
	bool keeps = (in->op == ISA_ADD || in->op == ISA_SUB) && range__is_const(src) && dst->id &&
		     !(dst->id & ID_PLUS_OFF);

	if (!in->is64)
		off = (int32_t)off;
	if (keeps && off == (int32_t)off && (in->is64 || before->w64.umax <= UINT32_MAX)) {
		dst->id |= in->is64 ? ID_PLUS_OFF64 : ID_PLUS_OFF32;
		dst->off = (int32_t)off;
	} else {
		dst->id = 0;
		dst->off = 0;
	}
}

/* Immediates that are defined by RFC 9669 but that Linux refuses. */
static int check_imm(struct verifier *v, const struct isa_insn *in)
{
	bool shift = in->op == ISA_LSH || in->op == ISA_RSH || in->op == ISA_ARSH;
	bool divide =
		in->op == ISA_DIV || in->op == ISA_SDIV || in->op == ISA_MOD || in->op == ISA_SMOD;

	if (shift && (uint64_t)in->imm >= (in->is64 ? 64 : 32))
		return reject(v, "invalid shift %lld", (long long)in->imm);
	if (divide && !in->imm)
		return reject(v, "div by zero");
	return 0;
}

/* A mask of all ones or none, as comparisons without jumps make, is two cases: in the current
 * state it is all ones, and a branch examines the instruction again with zero. */
static int split_mask(struct verifier *v, const struct isa_insn *in, struct reg *dst)
{
	const struct span *q = &dst->var.w64, *d = &dst->var.w32;
	bool whole = q->smin == -1 && q->smax == 0;
	struct state *other;
	struct reg *zero;
	int err;

	if (!whole && (d->smin != -1 || d->smax != 0))
		return 0;
	err = prune__push(v, v->insn, &other);
	if (err)
		return err;
	zero = &state__top(other)->regs[in->dst];
	if (whole) {
		reg__set_const(zero, 0);
		reg__set_const(dst, UINT64_MAX);
	} else {
		range__set_low32(&zero->var, 0);
		range__set_low32(&dst->var, UINT32_MAX);
	}
	return 0;
}

static int check_binary(struct verifier *v, const struct isa_insn *in)
{
	struct reg *dst = reg_at(v, in->dst);
	struct reg src;
	struct range value;
	int err = in->use_imm ? check_imm(v, in) : 0;

	if (err)
		return err;
	if (in->use_imm) {
		reg__set_const(&src, (uint64_t)in->imm);
	} else {
		src = *reg_at(v, in->src);
	}
	if (reg__is_pointer(dst) || reg__is_pointer(&src))
		return pointer_alu(v, in, &src);
	if ((in->op == ISA_AND || in->op == ISA_OR) && range__is_const(&src.var))
		err = split_mask(v, in, dst);
	if (err)
		return err;
	value = dst->var;
	range__alu(in->op, in->is64, &value, &src.var);
	relate(in, dst, &dst->var, &src.var);
	dst->var = value;
	return 0;
}

/* neg and the byte swaps */
static void check_unary(struct verifier *v, const struct isa_insn *in)
{
	struct reg *dst = reg_at(v, in->dst);

	if (reg__is_pointer(dst)) {
		reg__set_unknown(dst);
		return;
	}
	if (in->op == ISA_NEG)
		range__alu(ISA_NEG, in->is64, &dst->var, &dst->var);
	else if (isa__swaps_bytes(in->op))
		range__swap_bytes(&dst->var, (unsigned)in->imm / 8);
	else
		range__zero_extend(&dst->var, (unsigned)in->imm / 8);
	dst->id = 0;
	dst->off = 0;
}

/* A move of a number that may change on the way: movsx, or mov of 32 bits. */
static void move_extended(struct verifier *v, const struct isa_insn *in)
{
	struct reg *dst = reg_at(v, in->dst), *src = reg_at(v, in->src);
	bool sx = in->op == ISA_MOVSX;
	uint64_t unchanged_below = sx ? 1ULL << (in->size * 8 - 1) : 1ULL << 32;
	bool changes = src->var.w64.umax >= unchanged_below;

	if (!changes)
		give_id(v, src);
	*dst = *src;
	if (changes) {
		dst->id = 0;
		dst->off = 0;
	}
	if (sx)
		range__sign_extend(&dst->var, in->size, in->is64 ? 64 : 32);
	else
		range__zero_extend(&dst->var, 4);
}

static void check_move(struct verifier *v, const struct isa_insn *in)
{
	struct reg *dst = reg_at(v, in->dst), *src = reg_at(v, in->src);

	if (in->use_imm) {
		reg__set_const(dst, in->is64 ? (uint64_t)in->imm : (uint32_t)in->imm);
	} else if (in->op == ISA_MOV && in->is64) {
		if (reg__is_scalar(src))
			give_id(v, src);
		*dst = *src;
	} else if (reg__is_scalar(src)) {
		move_extended(v, in);
	} else { /* a part of an address: some number */
		reg__set_unknown(dst);
		if (!in->is64)
			range__zero_extend(&dst->var, 4);
	}
}

static void check_lddw(struct verifier *v, const struct isa_insn *in)
{
	struct reg *dst = reg_at(v, in->dst);

	switch (in->src) {
	case EBPF_LDDW_MAP_IDX:
		reg__set_pointer(dst, REG_MAP);
		dst->map = (uint32_t)in->imm;
		break;
	case EBPF_LDDW_MAP_IDX_VALUE:
		reg__set_pointer(dst, REG_MAP_VALUE);
		dst->map = (uint32_t)in->imm;
		dst->off = (int32_t)(in->imm >> 32);
		break;
	case EBPF_LDDW_CODE:
		reg__set_pointer(dst, REG_FUNC);
		dst->map = v->insn + 1 + (uint32_t)in->imm;
		break;
	default: reg__set_const(dst, (uint64_t)in->imm);
	}
}

int alu__check(struct verifier *v, const struct isa_insn *in)
{
	bool moves = in->op == ISA_MOV || in->op == ISA_MOVSX || in->op == ISA_LDDW;
	bool unary =
		in->op == ISA_NEG || in->op == ISA_BE || in->op == ISA_LE || in->op == ISA_BSWAP;
	int err = 0;

	if (!in->use_imm && !unary && in->op != ISA_LDDW)
		err = check_readable(v, in->src);
	if (!err && !moves)
		err = check_readable(v, in->dst);
	if (err)
		return err;
	if (in->op == ISA_LDDW)
		check_lddw(v, in);
	else if (moves)
		check_move(v, in);
	else if (unary)
		check_unary(v, in);
	else
		err = check_binary(v, in);
	if (!err)
		facts__result(v, v->insn, reg_at(v, in->dst));
	return err;
}
