/* SPDX-License-Identifier: BSD-3-Clause
 *
 * compare.c -- comparisons of ranges: which way a jump goes, and what either way teaches.
 */
#include "range.h"

static const struct span *span_of(const struct range *r, bool is64)
{
	return is64 ? &r->w64 : &r->w32;
}

static struct tnum bits_of(const struct range *r, bool is64)
{
	return is64 ? r->bits : tnum__low(r->bits, 32);
}

static bool is_const(const struct range *r, bool is64)
{
	return is64 ? range__is_const(r) : range__is_const32(r);
}

static bool span__disjoint(const struct span *a, const struct span *b)
{
	return a->umin > b->umax || a->umax < b->umin || a->smin > b->smax || a->smax < b->smin;
}

/* 1: equal, 0: different, -1: not known */
static int decide_equal(bool is64, const struct range *a, const struct range *b)
{
	struct tnum ta = bits_of(a, is64), tb = bits_of(b, is64);

	if (tnum__is_const(ta) && tnum__is_const(tb))
		return ta.value == tb.value;
	if (!tnum__overlap(ta, tb) || span__disjoint(span_of(a, is64), span_of(b, is64)))
		return 0;
	if (is64 && span__disjoint(&a->w32, &b->w32))
		return 0;
	return -1;
}

static int decide_set(bool is64, const struct range *a, const struct range *b)
{
	struct tnum t;
	uint64_t v;

	if (!is_const(b, is64)) {
		const struct range *other = a;

		a = b;
		b = other;
	}
	if (!is_const(b, is64))
		return -1;
	t = bits_of(a, is64);
	v = bits_of(b, is64).value;
	if (t.value & v)
		return 1;
	return ((t.value | t.mask) & v) ? -1 : 0;
}

static int not_if_known(int known)
{
	return known < 0 ? known : !known;
}

int range__decide(uint8_t op, bool is64, const struct range *a, const struct range *b)
{
	const struct span *x = span_of(a, is64), *y = span_of(b, is64);

	switch (op) {
	case ISA_JEQ: return decide_equal(is64, a, b);
	case ISA_JNE: return not_if_known(decide_equal(is64, a, b));
	case ISA_JSET: return decide_set(is64, a, b);
	case ISA_JGT: return x->umin > y->umax ? 1 : x->umax <= y->umin ? 0 : -1;
	case ISA_JGE: return x->umin >= y->umax ? 1 : x->umax < y->umin ? 0 : -1;
	case ISA_JLT: return x->umax < y->umin ? 1 : x->umin >= y->umax ? 0 : -1;
	case ISA_JLE: return x->umax <= y->umin ? 1 : x->umin > y->umax ? 0 : -1;
	case ISA_JSGT: return x->smin > y->smax ? 1 : x->smax <= y->smin ? 0 : -1;
	case ISA_JSGE: return x->smin >= y->smax ? 1 : x->smax < y->smin ? 0 : -1;
	case ISA_JSLT: return x->smax < y->smin ? 1 : x->smin >= y->smax ? 0 : -1;
	case ISA_JSLE: return x->smax <= y->smin ? 1 : x->smin > y->smax ? 0 : -1;
	default: return -1;
	}
}

uint8_t range__flip(uint8_t op)
{
	switch (op) {
	case ISA_JGT: return ISA_JLT;
	case ISA_JGE: return ISA_JLE;
	case ISA_JLT: return ISA_JGT;
	case ISA_JLE: return ISA_JGE;
	case ISA_JSGT: return ISA_JSLT;
	case ISA_JSGE: return ISA_JSLE;
	case ISA_JSLT: return ISA_JSGT;
	case ISA_JSLE: return ISA_JSGE;
	default: return op;
	}
}

static uint8_t negate(uint8_t op)
{
	switch (op) {
	case ISA_JEQ: return ISA_JNE;
	case ISA_JNE: return ISA_JEQ;
	case ISA_JGT: return ISA_JLE;
	case ISA_JGE: return ISA_JLT;
	case ISA_JLT: return ISA_JGE;
	case ISA_JLE: return ISA_JGT;
	case ISA_JSGT: return ISA_JSLE;
	case ISA_JSGE: return ISA_JSLT;
	case ISA_JSLT: return ISA_JSGE;
	default: return ISA_JSGT; /* ISA_JSLE */
	}
}

static void span__equalise(struct span *a, struct span *b)
{
	if (b->umin > a->umin)
		a->umin = b->umin;
	if (b->umax < a->umax)
		a->umax = b->umax;
	if (b->smin > a->smin)
		a->smin = b->smin;
	if (b->smax < a->smax)
		a->smax = b->smax;
	*b = *a;
}

static void assume_equal(bool is64, struct range *a, struct range *b)
{
	struct tnum both;

	span__equalise(is64 ? &a->w64 : &a->w32, is64 ? &b->w64 : &b->w32);
	both = tnum__intersect(bits_of(a, is64), bits_of(b, is64));
	a->bits = is64 ? both : tnum__with_low32(a->bits, both);
	b->bits = is64 ? both : tnum__with_low32(b->bits, both);
}

static void assume_different(bool is64, struct range *a, const struct range *b)
{
	struct span *s = is64 ? &a->w64 : &a->w32;
	const struct span *v = span_of(b, is64);

	if (s->umin == v->umin)
		s->umin++;
	if (s->umax == v->umin)
		s->umax--;
	if (s->smin == v->smin)
		s->smin++;
	if (s->smax == v->smin)
		s->smax--;
}

static void assume_set(bool is64, bool set, struct range *a, uint64_t v)
{
	struct tnum t = bits_of(a, is64);

	if (!set) {
		/* The bounds are forgotten, as in Linux: on a branch that cannot be taken they
		 * could contradict the bits. */
		*a = (struct range){a->bits, range__unknown().w64, range__unknown().w32};
		t = tnum__and(t, tnum__const(~v));
	} else if (!(v & (v - 1))) {
		t = tnum__or(t, tnum__const(v));
	}
	a->bits = is64 ? t : tnum__with_low32(a->bits, t);
}

/* a op b holds, op one of < <= signed or not */
static void assume_less(uint8_t op, struct span *a, struct span *b)
{
	uint64_t u = op == ISA_JLT;
	int64_t s = op == ISA_JSLT;

	if (op == ISA_JLT || op == ISA_JLE) {
		if (b->umax - u < a->umax)
			a->umax = b->umax - u;
		if (a->umin + u > b->umin)
			b->umin = a->umin + u;
	} else {
		if (b->smax - s < a->smax)
			a->smax = b->smax - s;
		if (a->smin + s > b->smin)
			b->smin = a->smin + s;
	}
}

static bool span__empty(const struct span *s)
{
	return s->umin > s->umax || s->smin > s->smax;
}

static void settle(struct range *r)
{
	range__sync(r);
	if (span__empty(&r->w64) || span__empty(&r->w32))
		*r = range__unknown();
}

void range__assume(uint8_t op, bool is64, bool holds, struct range *a, struct range *b)
{
	/* A jump that is decided teaches nothing the other way, and could wrap a bound here. */
	if (range__decide(op, is64, a, b) == !holds)
		return;
	if (op == ISA_JSET) {
		if (is_const(b, is64))
			assume_set(is64, holds, a, bits_of(b, is64).value);
		else if (is_const(a, is64))
			assume_set(is64, holds, b, bits_of(a, is64).value);
	} else {
		if (!holds)
			op = negate(op);
		if (op == ISA_JEQ) {
			assume_equal(is64, a, b);
		} else if (op == ISA_JNE) {
			if (is_const(b, is64))
				assume_different(is64, a, b);
			else if (is_const(a, is64))
				assume_different(is64, b, a);
		} else if (op == ISA_JLT || op == ISA_JLE || op == ISA_JSLT || op == ISA_JSLE) {
			assume_less(op, is64 ? &a->w64 : &a->w32, is64 ? &b->w64 : &b->w32);
		} else {
			assume_less(range__flip(op), is64 ? &b->w64 : &b->w32,
				is64 ? &a->w64 : &a->w32);
		}
	}
	settle(a);
	settle(b);
}
