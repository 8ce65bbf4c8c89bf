/* SPDX-License-Identifier: BSD-3-Clause
 *
 * range.c -- keeping the views of a number consistent, and arithmetic on them.
 *
 * Every function that works on a span takes its width, 32 or 64: UMAX(width) and the like are
 * the bounds of that width, and sext() turns a width's unsigned number into its signed one.
 */
#include <limits.h>

#include "range.h"

#define UMAX(width) ((width) == 64 ? UINT64_MAX : (uint64_t)UINT32_MAX)
#define SMAX(width) ((width) == 64 ? INT64_MAX : (int64_t)INT32_MAX)
#define SMIN(width) ((width) == 64 ? INT64_MIN : (int64_t)INT32_MIN)

static inline uint64_t umax64(uint64_t a, uint64_t b)
{
	return a > b ? a : b;
}

static inline uint64_t umin64(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

static inline int64_t smax64(int64_t a, int64_t b)
{
	return a > b ? a : b;
}

static inline int64_t smin64(int64_t a, int64_t b)
{
	return a < b ? a : b;
}

static inline int64_t sext(uint64_t v, unsigned width)
{
	return width == 64 ? (int64_t)v : (int32_t)v;
}

static inline uint64_t zext(int64_t v, unsigned width)
{
	return width == 64 ? (uint64_t)v : (uint32_t)v;
}

static struct span span__full(unsigned width)
{
	return (struct span){0, UMAX(width), SMIN(width), SMAX(width)};
}

static void span__meet_unsigned(struct span *s, uint64_t min, uint64_t max)
{
	s->umin = umax64(s->umin, min);
	s->umax = umin64(s->umax, max);
}

static void span__meet_signed(struct span *s, int64_t min, int64_t max)
{
	s->smin = smax64(s->smin, min);
	s->smax = smin64(s->smax, max);
}

static void span__meet_bits(struct span *s, struct tnum t, unsigned width)
{
	uint64_t sign = 1ULL << (width - 1);

	span__meet_unsigned(s, t.value, t.value | t.mask);
	span__meet_signed(
		s, sext(t.value | (t.mask & sign), width), sext(t.value | (t.mask & ~sign), width));
}

/* Signed and unsigned bounds of one width sharpen each other where they speak of one
 * uninterrupted interval, or overlap in one end only. */
static void span__deduce(struct span *s, unsigned width)
{
	uint64_t low, high;

	if (sext(s->umin, width) <= sext(s->umax, width))
		span__meet_signed(s, sext(s->umin, width), sext(s->umax, width));
	low = zext(s->smin, width);
	high = zext(s->smax, width);
	if (low <= high) {
		span__meet_unsigned(s, low, high);
	} else if (s->umax < low) {
		s->smin = 0;
		s->umax = umin64(s->umax, high);
	} else if (high < s->umin) {
		s->smax = -1;
		s->umin = umax64(s->umin, low);
	}
}

/* The low half, where 64-bit bounds leave the high half fixed or crossing zero once. */
static void deduce_low(struct span *w32, uint64_t min, uint64_t max)
{
	uint32_t low = (uint32_t)min, high = (uint32_t)max;

	if (min >> 32 == max >> 32) {
		if (low <= high)
			span__meet_unsigned(w32, low, high);
		if ((int32_t)low <= (int32_t)high)
			span__meet_signed(w32, (int32_t)low, (int32_t)high);
	} else if ((uint32_t)(min >> 32) + 1 == (uint32_t)(max >> 32)) {
		if ((int32_t)low < 0 && (int32_t)high >= 0)
			span__meet_signed(w32, (int32_t)low, (int32_t)high);
	}
}

static void range__deduce(struct range *r)
{
	const uint64_t high = ~(uint64_t)UINT32_MAX;
	struct span *d = &r->w32, *q = &r->w64;

	deduce_low(d, q->umin, q->umax);
	deduce_low(d, (uint64_t)q->smin, (uint64_t)q->smax);
	span__deduce(d, 32);
	span__deduce(q, 64);

	span__meet_unsigned(q, (q->umin & high) | d->umin, (q->umax & high) | d->umax);
	span__meet_signed(q, (int64_t)(((uint64_t)q->smin & high) | d->umin),
		(int64_t)(((uint64_t)q->smax & high) | d->umax));
	if (d->smin >= 0 && q->smin >= INT32_MIN && q->smax <= INT32_MAX) {
		/* The 64-bit number is its own low half, sign-extended. */
		span__meet_signed(q, d->smin, d->smax);
		span__meet_unsigned(q, (uint64_t)d->smin, (uint64_t)d->smax);
	}
}

static void range__meet_bits(struct range *r)
{
	span__meet_bits(&r->w64, r->bits, 64);
	span__meet_bits(&r->w32, tnum__low(r->bits, 32), 32);
}

/* Where bits and bounds have one number in common, it is that one. */
static void range__meet_single(struct range *r)
{
	uint64_t first = r->w64.umin, second;

	if (range__is_const(r))
		return;
	if ((first & ~r->bits.mask) != r->bits.value &&
		(!tnum__next(r->bits, first, &first) || first > r->w64.umax))
		return;
	if (!tnum__next(r->bits, first, &second) || second > r->w64.umax)
		*r = range__const(first);
}

void range__sync(struct range *r)
{
	struct range same = range__const(r->bits.value);
	struct tnum low;

	if (range__is_const(r) && range__equal(r, &same))
		return; /* most numbers of a loop, and nothing to find out */
	range__meet_bits(r);
	for (int i = 0; i < 3; i++)
		range__deduce(r);
	r->bits = tnum__intersect(r->bits, tnum__range(r->w64.umin, r->w64.umax));
	low = tnum__intersect(tnum__low(r->bits, 32), tnum__range(r->w32.umin, r->w32.umax));
	r->bits = tnum__with_low32(r->bits, low);
	range__meet_bits(r);
	range__meet_single(r);
}

struct range range__unknown(void)
{
	return (struct range){TNUM_UNKNOWN, span__full(64), span__full(32)};
}

struct range range__const(uint64_t v)
{
	return (struct range){
		.bits = tnum__const(v),
		.w64 = {v, v, (int64_t)v, (int64_t)v},
		.w32 = {(uint32_t)v, (uint32_t)v, (int32_t)v, (int32_t)v},
	};
}

static bool span__contains(const struct span *a, const struct span *b)
{
	return a->umin <= b->umin && b->umax <= a->umax && a->smin <= b->smin && b->smax <= a->smax;
}

bool range__contains(const struct range *a, const struct range *b)
{
	return span__contains(&a->w64, &b->w64) && span__contains(&a->w32, &b->w32) &&
	       tnum__contains(a->bits, b->bits);
}

static bool span__equal(const struct span *a, const struct span *b)
{
	return a->umin == b->umin && a->umax == b->umax && a->smin == b->smin && a->smax == b->smax;
}

bool range__equal(const struct range *a, const struct range *b)
{
	return a->bits.value == b->bits.value && a->bits.mask == b->bits.mask &&
	       span__equal(&a->w64, &b->w64) && span__equal(&a->w32, &b->w32);
}

/* The low 32 bits, the rest zero. */
static void range__zero_high(struct range *r)
{
	r->bits = tnum__low(r->bits, 32);
	r->w64.umin = r->w32.umin;
	r->w64.umax = r->w32.umax;
	if (r->w32.smin >= 0) {
		r->w64.smin = r->w32.smin;
		r->w64.smax = r->w32.smax;
	} else {
		r->w64.smin = 0;
		r->w64.smax = UINT32_MAX;
	}
}

static bool add_signed(int64_t a, int64_t b, unsigned width, int64_t *sum)
{
	return __builtin_add_overflow(a, b, sum) || *sum < SMIN(width) || *sum > SMAX(width);
}

static bool sub_signed(int64_t a, int64_t b, unsigned width, int64_t *diff)
{
	return __builtin_sub_overflow(a, b, diff) || *diff < SMIN(width) || *diff > SMAX(width);
}

static bool mul_signed(int64_t a, int64_t b, unsigned width, int64_t *prod)
{
	return __builtin_mul_overflow(a, b, prod) || *prod < SMIN(width) || *prod > SMAX(width);
}

/* Sum modulo 2^width; true if it wrapped. */
static bool add_unsigned(uint64_t a, uint64_t b, unsigned width, uint64_t *sum)
{
	bool wrapped = __builtin_add_overflow(a, b, sum) || *sum > UMAX(width);

	*sum &= UMAX(width);
	return wrapped;
}

static void span__add(struct span *d, const struct span *s, unsigned width)
{
	bool min_wraps, max_wraps;
	int64_t smin, smax;

	if (add_signed(d->smin, s->smin, width, &smin) ||
		add_signed(d->smax, s->smax, width, &smax)) {
		smin = SMIN(width);
		smax = SMAX(width);
	}
	d->smin = smin;
	d->smax = smax;
	/* All sums wrapping is as good as none. */
	min_wraps = add_unsigned(d->umin, s->umin, width, &d->umin);
	max_wraps = add_unsigned(d->umax, s->umax, width, &d->umax);
	if (min_wraps != max_wraps) {
		d->umin = 0;
		d->umax = UMAX(width);
	}
}

static void span__sub(struct span *d, const struct span *s, unsigned width)
{
	bool min_wraps = d->umin < s->umax, max_wraps = d->umax < s->umin;
	int64_t smin, smax;

	if (sub_signed(d->smin, s->smax, width, &smin) ||
		sub_signed(d->smax, s->smin, width, &smax)) {
		smin = SMIN(width);
		smax = SMAX(width);
	}
	d->smin = smin;
	d->smax = smax;
	d->umin = (d->umin - s->umax) & UMAX(width);
	d->umax = (d->umax - s->umin) & UMAX(width);
	if (min_wraps != max_wraps) {
		d->umin = 0;
		d->umax = UMAX(width);
	}
}

static void span__mul(struct span *d, const struct span *s, unsigned width)
{
	int64_t p[4];
	uint64_t umax;

	if (mul_signed(d->smin, s->smin, width, &p[0]) ||
		mul_signed(d->smin, s->smax, width, &p[1]) ||
		mul_signed(d->smax, s->smin, width, &p[2]) ||
		mul_signed(d->smax, s->smax, width, &p[3])) {
		d->smin = SMIN(width);
		d->smax = SMAX(width);
	} else {
		d->smin = smin64(smin64(p[0], p[1]), smin64(p[2], p[3]));
		d->smax = smax64(smax64(p[0], p[1]), smax64(p[2], p[3]));
	}
	if (__builtin_mul_overflow(d->umax, s->umax, &umax) || umax > UMAX(width)) {
		d->umin = 0;
		d->umax = UMAX(width);
	} else {
		d->umin *= s->umin;
		d->umax = umax;
	}
}

/* Signed bounds of and, or, xor: the unsigned ones where these do not cross the sign. */
static void span__signed_as_unsigned(struct span *d, unsigned width)
{
	if (sext(d->umin, width) <= sext(d->umax, width)) {
		d->smin = sext(d->umin, width);
		d->smax = sext(d->umax, width);
	} else {
		d->smin = SMIN(width);
		d->smax = SMAX(width);
	}
}

/* bits: of the result, low `width` */
static void span__bitwise(
	uint8_t op, struct span *d, const struct span *s, struct tnum bits, unsigned width)
{
	if (op == ISA_AND) {
		d->umin = bits.value;
		d->umax = umin64(d->umax, s->umax);
	} else {
		d->umin = op == ISA_OR ? umax64(d->umin, s->umin) : bits.value;
		d->umax = bits.value | bits.mask;
	}
	span__signed_as_unsigned(d, width);
}

static void span__shl(struct span *d, unsigned n, unsigned width)
{
	d->smin = SMIN(width);
	d->smax = SMAX(width);
	if (n >= width || d->umax > 1ULL << (width - 1 - n)) {
		d->umin = 0;
		d->umax = UMAX(width);
	} else {
		d->umin <<= n;
		d->umax <<= n;
	}
}

static void shift_left(struct range *d, unsigned n, bool is64)
{
	struct span w32 = d->w32;

	d->bits = tnum__shl(is64 ? d->bits : tnum__low(d->bits, 32), n);
	span__shl(&d->w32, n, 32);
	if (!is64)
		return;
	span__shl(&d->w64, n, 64);
	if (n == 32) { /* with a later shift right: the sign extension of older compilers */
		d->w64.smin = w32.smin * (1LL << 32);
		d->w64.smax = w32.smax * (1LL << 32);
	}
}

static void shift_right(struct range *d, unsigned n, bool is64)
{
	struct span *s = is64 ? &d->w64 : &d->w32, was = *s;

	d->bits = tnum__shr(is64 ? d->bits : tnum__low(d->bits, 32), n);
	d->w32 = span__full(32);
	*s = span__full(is64 ? 64 : 32);
	s->umin = was.umin >> n;
	s->umax = was.umax >> n;
}

static void shift_arithmetic(struct range *d, unsigned n, bool is64)
{
	struct span *s = is64 ? &d->w64 : &d->w32, was = *s;

	d->bits = tnum__sar(is64 ? d->bits : tnum__low(d->bits, 32), n, is64 ? 64 : 32);
	d->w32 = span__full(32);
	*s = span__full(is64 ? 64 : 32);
	s->smin = was.smin >> n;
	s->smax = was.smax >> n;
}

static void shift(uint8_t op, bool is64, struct range *d, unsigned n)
{
	if (op == ISA_LSH)
		shift_left(d, n, is64);
	else if (op == ISA_RSH)
		shift_right(d, n, is64);
	else
		shift_arithmetic(d, n, is64);
}

void range__alu(uint8_t op, bool is64, struct range *d, const struct range *src)
{
	struct range s = *src, zero = range__const(0);

	switch (op) {
	case ISA_NEG:
		s = *d;
		*d = zero;
		/* fall through */
	case ISA_SUB:
		span__sub(&d->w32, &s.w32, 32);
		span__sub(&d->w64, &s.w64, 64);
		d->bits = tnum__sub(d->bits, s.bits);
		break;
	case ISA_ADD:
		span__add(&d->w32, &s.w32, 32);
		span__add(&d->w64, &s.w64, 64);
		d->bits = tnum__add(d->bits, s.bits);
		break;
	case ISA_MUL:
		span__mul(&d->w32, &s.w32, 32);
		span__mul(&d->w64, &s.w64, 64);
		d->bits = tnum__mul(d->bits, s.bits);
		break;
	case ISA_AND:
	case ISA_OR:
	case ISA_XOR:
		d->bits = op == ISA_AND  ? tnum__and(d->bits, s.bits)
			  : op == ISA_OR ? tnum__or(d->bits, s.bits)
					 : tnum__xor(d->bits, s.bits);
		span__bitwise(op, &d->w32, &s.w32, tnum__low(d->bits, 32), 32);
		span__bitwise(op, &d->w64, &s.w64, d->bits, 64);
		break;
	case ISA_LSH:
	case ISA_RSH:
	case ISA_ARSH:
		if (range__is_const(&s) && s.bits.value < (is64 ? 64 : 32)) {
			shift(op, is64, d, (unsigned)s.bits.value);
			break;
		}
		/* fall through */
	default: /* division, and shifts by an unknown number: nothing is known, as in Linux */
		*d = range__unknown();
		return;
	}
	if (!is64)
		range__zero_high(d);
	range__sync(d);
}

void range__set_low32(struct range *r, uint32_t value)
{
	r->bits = tnum__with_low32(r->bits, tnum__const(value));
	r->w32 = (struct span){value, value, (int32_t)value, (int32_t)value};
	range__sync(r);
}

void range__zero_extend(struct range *r, unsigned size)
{
	uint64_t keep;

	if (size >= 8)
		return;
	keep = (1ULL << (size * 8)) - 1;
	r->bits = tnum__low(r->bits, size * 8);
	if ((r->w64.umin & ~keep) == (r->w64.umax & ~keep)) {
		r->w64.umin &= keep;
		r->w64.umax &= keep;
	} else {
		r->w64.umin = 0;
		r->w64.umax = keep;
	}
	r->w64.smin = (int64_t)r->w64.umin;
	r->w64.smax = (int64_t)r->w64.umax;
	if (size < 4)
		r->w32 = span__full(32);
	range__sync(r);
}

/* Sign-extends the low `size` bytes within `s`, the span of the wider number; false if they
 * are not in one run of values. */
static bool span__sign_extend(struct span *s, unsigned size)
{
	unsigned up = 64 - size * 8;
	int64_t a = s->smin, b = s->smax;

	if (a >> (size * 8) != b >> (size * 8))
		return false;
	a = (int64_t)((uint64_t)a << up) >> up;
	b = (int64_t)((uint64_t)b << up) >> up;
	s->smin = smin64(a, b);
	s->smax = smax64(a, b);
	return (a >= 0) == (b >= 0);
}

void range__sign_extend(struct range *r, unsigned size, unsigned width)
{
	struct span s = width == 64 ? r->w64 : r->w32;
	unsigned up = 64 - size * 8;
	struct range out = range__unknown();
	int64_t v;

	if (size * 8 >= width) {
		if (width == 32)
			range__zero_extend(r, 4);
		return;
	}
	if (width == 64 ? range__is_const(r) : range__is_const32(r)) {
		v = (int64_t)(r->bits.value << up) >> up;
		*r = range__const(zext(v, width));
		return;
	}
	if (!span__sign_extend(&s, size)) {
		s.smin = -(1LL << (size * 8 - 1));
		s.smax = (1LL << (size * 8 - 1)) - 1;
	}
	if (width == 64) {
		out.w64.smin = s.smin;
		out.w64.smax = s.smax;
	}
	if (width == 32 || size <= 4) {
		out.w32.smin = s.smin;
		out.w32.smax = s.smax;
	}
	if ((s.smin >= 0) == (s.smax >= 0))
		out.bits = width == 64 ? tnum__range((uint64_t)s.smin, (uint64_t)s.smax)
				       : tnum__range((uint32_t)s.smin, (uint32_t)s.smax);
	*r = out;
	if (width == 32) {
		span__deduce(&r->w32, 32);
		range__zero_high(r);
	}
	range__sync(r);
}

void range__swap_bytes(struct range *r, unsigned size)
{
	struct range out = range__unknown();
	unsigned up = 64 - size * 8;

	out.bits.value = __builtin_bswap64(r->bits.value << up);
	out.bits.mask = __builtin_bswap64(r->bits.mask << up);
	*r = out;
	range__sync(r);
}

unsigned range__bytes(const struct range *r)
{
	unsigned bits = r->w64.umax ? 64 - (unsigned)__builtin_clzll(r->w64.umax) : 0;

	return bits ? (bits + 7) / 8 : 1;
}
