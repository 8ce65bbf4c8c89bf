/* SPDX-License-Identifier: BSD-3-Clause */
#include "raw-value.h"

struct raw_value raw_value__any(void)
{
	return (struct raw_value){.kind = FACT_ANY, .at = range__unknown()};
}

struct raw_value raw_value__const(uint64_t value)
{
	return (struct raw_value){.kind = FACT_SCALAR, .at = range__const(value)};
}

struct raw_value raw_value__loaded(const struct isa_insn *in)
{
	struct raw_value v = raw_value__any();

	if (in->op == ISA_LOADSX)
		range__sign_extend(&v.at, in->size, 64);
	else
		range__zero_extend(&v.at, in->size);
	return v;
}

/* --- arithmetic -------------------------------------------------------------------------- */

/* Is an address that it is added to in the same object still, or outside of all? */
static bool is_offset(const struct raw_value *v)
{
	return v->kind == FACT_SCALAR ||
	       (v->kind == FACT_ANY && !v->plus_len && v->at.w64.smin >= -RAW_MAX_OFFSET &&
		       v->at.w64.smax <= RAW_MAX_OFFSET);
}

static struct raw_value number(bool of_addresses)
{
	return (struct raw_value){
		.kind = of_addresses ? FACT_ANY : FACT_SCALAR, .at = range__unknown()};
}

/* The kind of dst + src or dst - src. */
static struct raw_value kind_of_sum(
	uint8_t op, const struct raw_value *dst, const struct raw_value *src)
{
	bool is_pointer = !raw_value__is_number(dst), by_pointer = !raw_value__is_number(src);

	if (!is_pointer && !by_pointer)
		return number(dst->kind == FACT_ANY || src->kind == FACT_ANY);
	if (is_pointer && by_pointer)
		return number(op == ISA_ADD || dst->kind != FACT_MEM || src->kind != FACT_MEM);
	if (is_pointer && is_offset(src))
		return (struct raw_value){.kind = dst->kind, .own = dst->own};
	if (by_pointer && op == ISA_ADD && is_offset(dst))
		return (struct raw_value){.kind = src->kind, .own = src->own};
	return number(true);
}

/* 64 bits wide: what addresses survive. */
static struct raw_value sum(uint8_t op, struct raw_value dst, const struct raw_value *src)
{
	struct raw_value v = kind_of_sum(op, &dst, src);
	int lengths = dst.plus_len + (op == ISA_ADD ? src->plus_len : -src->plus_len);
	bool of_address = !raw_value__is_number(&dst) || !raw_value__is_number(src);

	v.at = range__unknown();
	if ((v.kind == FACT_ANY && of_address) || lengths < 0 || lengths > 1)
		return v;
	range__alu(op, true, &dst.at, &src->at);
	v.plus_len = lengths;
	v.at = dst.at;
	return v;
}

/* As an operand of what only numbers survive. */
static struct raw_value plain(struct raw_value v)
{
	return raw_value__is_number(&v) && !v.plus_len ? v : number(v.kind != FACT_SCALAR);
}

/* A remainder is below the divisor, unless that is 0. */
static void divide(const struct isa_insn *in, struct range *at, const struct range *by)
{
	const struct range zero = range__const(0);
	struct range divisor = *by;

	*at = range__unknown();
	if (!in->is64)
		range__zero_extend(at, 4);
	if (in->op == ISA_MOD && range__decide(ISA_JNE, in->is64, by, &zero) == 1)
		range__assume(ISA_JLT, in->is64, true, at, &divisor);
}

struct raw_value raw_value__alu(
	const struct isa_insn *in, struct raw_value dst, struct raw_value src)
{
	bool is_unary =
		in->op == ISA_NEG || in->op == ISA_LE || in->op == ISA_BE || in->op == ISA_BSWAP;

	if (in->is64 && in->op == ISA_MOV)
		return src;
	if (in->is64 && (in->op == ISA_ADD || in->op == ISA_SUB))
		return sum(in->op, dst, &src);
	src = plain(src);
	dst = in->op == ISA_MOV || in->op == ISA_MOVSX ? src : plain(dst);
	if (!is_unary && src.kind == FACT_ANY)
		dst.kind = FACT_ANY;
	switch (in->op) {
	case ISA_MOV: range__zero_extend(&dst.at, 4); break;
	case ISA_MOVSX: range__sign_extend(&dst.at, in->size, in->is64 ? 64 : 32); break;
	case ISA_LE:
	case ISA_BE:
	case ISA_BSWAP:
		if (isa__swaps_bytes(in->op))
			range__swap_bytes(&dst.at, in->size);
		else
			range__zero_extend(&dst.at, in->size);
		break;
	case ISA_DIV:
	case ISA_MOD:
	case ISA_SDIV:
	case ISA_SMOD: divide(in, &dst.at, &src.at); break;
	default: range__alu(in->op, in->is64, &dst.at, &src.at);
	}
	return dst;
}

/* --- different paths --------------------------------------------------------------------- */

bool raw_value__equal(const struct raw_value *a, const struct raw_value *b)
{
	return a->kind == b->kind && a->own == b->own && a->plus_len == b->plus_len &&
	       range__equal(&a->at, &b->at);
}

static void span__join(struct span *a, const struct span *b)
{
	a->umin = b->umin < a->umin ? b->umin : a->umin;
	a->umax = b->umax > a->umax ? b->umax : a->umax;
	a->smin = b->smin < a->smin ? b->smin : a->smin;
	a->smax = b->smax > a->smax ? b->smax : a->smax;
}

static struct range range__join(struct range a, const struct range *b)
{
	uint64_t unknown = a.bits.mask | b->bits.mask | (a.bits.value ^ b->bits.value);

	if (range__contains(&a, b))
		return a;
	a.bits = (struct tnum){a.bits.value & ~unknown, unknown};
	span__join(&a.w64, &b->w64);
	span__join(&a.w32, &b->w32);
	range__sync(&a);
	return a;
}

struct raw_value raw_value__join(const struct raw_value *a, const struct raw_value *b)
{
	struct raw_value v = *a;

	if (a->kind != b->kind && raw_value__is_number(a) && raw_value__is_number(b))
		v.kind = FACT_ANY;
	else if (a->kind != b->kind || a->own != b->own)
		return raw_value__any();
	v.plus_len = a->plus_len && b->plus_len;
	v.at = a->plus_len == b->plus_len ? range__join(a->at, &b->at) : range__unknown();
	return v;
}

/* The greatest number of as many bits. */
static uint64_t ones(uint64_t v)
{
	return v ? UINT64_MAX >> __builtin_clzll(v) : 0;
}

static void span__widen(struct span *s, const struct span *was)
{
	if (s->umin < was->umin)
		s->umin = 0;
	if (s->umax > was->umax)
		s->umax = ones(s->umax);
	if (s->smin < was->smin)
		s->smin = s->smin < 0 ? ~(int64_t)ones(~(uint64_t)s->smin) : 0;
	if (s->smax > was->smax)
		s->smax = s->smax < 0 ? -1 : (int64_t)ones((uint64_t)s->smax);
}

void raw_value__widen(struct raw_value *v, const struct raw_value *was)
{
	span__widen(&v->at.w64, &was->at.w64);
	span__widen(&v->at.w32, &was->at.w32);
	range__sync(&v->at);
}
