/* SPDX-License-Identifier: BSD-3-Clause
 *
 * tnum.c -- arithmetic on partly known numbers.
 */
#include "tnum.h"

static struct tnum make(uint64_t value, uint64_t mask)
{
	return (struct tnum){value & ~mask, mask};
}

struct tnum tnum__range(uint64_t min, uint64_t max)
{
	uint64_t differ = min ^ max, below;

	if (!differ)
		return tnum__const(min);
	/* All bits up to the highest that differs are unknown. */
	below = UINT64_MAX >> __builtin_clzll(differ);
	return make(min, below);
}

struct tnum tnum__add(struct tnum a, struct tnum b)
{
	/* The carries that can differ show in the difference of the extreme sums. */
	uint64_t least = a.value + b.value;
	uint64_t most = least + a.mask + b.mask;

	return make(least, (least ^ most) | a.mask | b.mask);
}

struct tnum tnum__sub(struct tnum a, struct tnum b)
{
	uint64_t diff = a.value - b.value;
	uint64_t most = diff + a.mask, least = diff - b.mask;

	return make(diff, (most ^ least) | a.mask | b.mask);
}

struct tnum tnum__and(struct tnum a, struct tnum b)
{
	uint64_t maybe = (a.value | a.mask) & (b.value | b.mask);
	uint64_t ones = a.value & b.value;

	return make(ones, maybe & ~ones);
}

struct tnum tnum__or(struct tnum a, struct tnum b)
{
	uint64_t ones = a.value | b.value;

	return make(ones, (a.mask | b.mask) & ~ones);
}

struct tnum tnum__xor(struct tnum a, struct tnum b)
{
	return make(a.value ^ b.value, a.mask | b.mask);
}

/* Long multiplication: known bits of a add multiples of b, unknown ones may or may not, which
 * the accumulated uncertainty expresses. */
struct tnum tnum__mul(struct tnum a, struct tnum b)
{
	struct tnum sum = {0, 0};
	uint64_t known = a.value * b.value;

	for (; a.value | a.mask; a = tnum__shr(a, 1), b = tnum__shl(b, 1)) {
		if (a.value & 1)
			sum = tnum__add(sum, make(0, b.mask));
		else if (a.mask & 1)
			sum = tnum__add(sum, make(0, b.value | b.mask));
	}
	return tnum__add(tnum__const(known), sum);
}

struct tnum tnum__shl(struct tnum a, unsigned n)
{
	return make(a.value << n, a.mask << n);
}

struct tnum tnum__shr(struct tnum a, unsigned n)
{
	return make(a.value >> n, a.mask >> n);
}

struct tnum tnum__sar(struct tnum a, unsigned n, unsigned width)
{
	if (width == 32)
		return make((uint32_t)((int32_t)a.value >> n), (uint32_t)((int32_t)a.mask >> n));
	return make((uint64_t)((int64_t)a.value >> n), (uint64_t)((int64_t)a.mask >> n));
}

struct tnum tnum__intersect(struct tnum a, struct tnum b)
{
	return make(a.value | b.value, a.mask & b.mask);
}

bool tnum__overlap(struct tnum a, struct tnum b)
{
	uint64_t both_known = ~a.mask & ~b.mask;

	return (a.value & both_known) == (b.value & both_known);
}

bool tnum__contains(struct tnum a, struct tnum b)
{
	return !(b.mask & ~a.mask) && (b.value & ~a.mask) == a.value;
}

bool tnum__next(struct tnum t, uint64_t than, uint64_t *next)
{
	uint64_t from = than + 1, differ = (from ^ t.value) & ~t.mask, top, grow;

	if (than >= (t.value | t.mask))
		return false;
	if (!differ) {
		*next = from;
		return true;
	}
	/* Below the highest known bit that `from` lacks, the smallest number of t will do. */
	top = 1ULL << (63 - __builtin_clzll(differ));
	if (!(t.value & top)) {
		/* `from` has a bit that t has not: the lowest unknown zero above it grows. */
		grow = t.mask & ~from & ~(top | (top - 1));
		if (!grow)
			return false;
		top = grow & -grow;
	}
	*next = (from & ~(top | (top - 1))) | top | (t.value & (top - 1));
	return true;
}

struct tnum tnum__low(struct tnum a, unsigned width)
{
	uint64_t keep = width == 64 ? UINT64_MAX : (1ULL << width) - 1;

	return (struct tnum){a.value & keep, a.mask & keep};
}

struct tnum tnum__with_low32(struct tnum a, struct tnum low)
{
	const uint64_t high = ~(uint64_t)UINT32_MAX;

	return (struct tnum){
		(a.value & high) | (uint32_t)low.value, (a.mask & high) | (uint32_t)low.mask};
}
