/* SPDX-License-Identifier: BSD-3-Clause
 *
 * counter-value.c -- arithmetic of values that may depend on counters.
 *
 * The low k bits of a sum, difference, product, and of bits combined, depend on nothing but the low
 * k bits of the operands. A sum remains one as long as what is added to it is clean, and all its
 * counter's bits are kept.
 */
#include "counter-value.h"

#define MIN(a, b) ((a) < (b) ? (a) : (b))

struct counter_value counter_value__any(uint8_t clean, uint8_t zeros)
{
	return (struct counter_value){.kind = COUNTER_ANY, .clean = clean, .zeros = zeros};
}

static uint8_t trailing_zeros(uint64_t n)
{
	return n ? (uint8_t)__builtin_ctzll(n) : 64;
}

struct counter_value counter_value__named(uint32_t name, int64_t off)
{
	return (struct counter_value){.kind = COUNTER_NAMED,
		.clean = 64,
		.zeros = name == NAME_ZERO ? trailing_zeros((uint64_t)off) : 0,
		.name = name,
		.off = off};
}

bool counter_value__is_const(const struct counter_value *v)
{
	return v->kind == COUNTER_NAMED && v->name == NAME_ZERO;
}

static bool is_same_place(const struct counter_value *a, const struct counter_value *b)
{
	return a->name == b->name && a->off == b->off && a->size == b->size && a->maps == b->maps;
}

bool counter_value__equal(const struct counter_value *a, const struct counter_value *b)
{
	return a->kind == b->kind && a->clean == b->clean && a->zeros == b->zeros &&
	       (a->kind == COUNTER_ANY || is_same_place(a, b));
}

struct counter_value counter_value__join(
	const struct counter_value *a, const struct counter_value *b, uint32_t name)
{
	struct counter_value joined = *a;
	bool same_kind = a->kind == b->kind && a->size == b->size;

	if (!same_kind || a->kind == COUNTER_ANY || (a->name == b->name && a->off != b->off))
		joined = counter_value__any(0, 0);
	joined.name = joined.kind == COUNTER_ANY ? 0 : name;
	joined.maps |= joined.kind == COUNTER_SUM ? b->maps : 0;
	joined.clean = MIN(a->clean, b->clean);
	joined.zeros =
		a->kind == COUNTER_SUM && joined.kind != COUNTER_SUM ? 0 : MIN(a->zeros, b->zeros);
	return joined;
}

struct counter_value counter_value__cut(const struct counter_value *v, unsigned bits)
{
	if (v->kind == COUNTER_SUM && v->size * 8u <= bits)
		return *v;
	if (counter_value__is_const(v) && bits < 64)
		return counter_value__named(
			NAME_ZERO, v->off & (int64_t)((UINT64_C(1) << bits) - 1));
	return counter_value__any(v->clean >= bits ? 64 : v->clean,
		v->kind == COUNTER_SUM || v->zeros > bits ? 0 : v->zeros);
}

/* --- operations ---------------------------------------------------------------------------- */

/* The number of a value's low bits that are certainly 0; of a sum it is not what it was of what was
 * added. */
static uint8_t zeros_of(const struct counter_value *v)
{
	return v->kind == COUNTER_SUM ? 0 : v->zeros;
}

static struct counter_value mixed(
	const struct counter_value *a, const struct counter_value *b, uint8_t zeros)
{
	return counter_value__any(MIN(a->clean, b->clean), zeros);
}

static struct counter_value add(
	const struct isa_insn *in, const struct counter_value *a, const struct counter_value *b)
{
	const struct counter_value *sum = a->kind == COUNTER_SUM ? a : b;
	const struct counter_value *other = sum == a ? b : a;
	bool subtracts = in->op == ISA_SUB;
	struct counter_value v = *sum;

	if (sum->kind == COUNTER_SUM && counter_value__is_clean(other) &&
		!(subtracts && sum == b)) {
		v.zeros = MIN(sum->zeros, other->zeros);
		return v;
	}
	if (a->kind == COUNTER_NAMED && counter_value__is_const(b))
		return counter_value__named(a->name,
			(int64_t)((uint64_t)a->off +
				  (uint64_t)(subtracts ? -(uint64_t)b->off : (uint64_t)b->off)));
	if (b->kind == COUNTER_NAMED && counter_value__is_const(a) && !subtracts)
		return add(in, b, a);
	return mixed(a, b, MIN(zeros_of(a), zeros_of(b)));
}

static struct counter_value and (const struct counter_value *a, const struct counter_value *b)
{
	const struct counter_value *mask = counter_value__is_const(b) ? b : a;
	const struct counter_value *other = mask == b ? a : b;
	uint8_t zeros = zeros_of(a) > zeros_of(b) ? zeros_of(a) : zeros_of(b);

	if (counter_value__is_const(mask) &&
		(other->clean == 64 || !((uint64_t)mask->off >> other->clean)))
		return counter_value__any(64, zeros);
	return mixed(a, b, zeros);
}

static struct counter_value shift_left(
	const struct counter_value *a, const struct counter_value *by)
{
	uint64_t n = (uint64_t)by->off;

	if (!counter_value__is_const(by) || n > 63)
		return counter_value__any(
			counter_value__is_clean(a) && counter_value__is_clean(by) ? 64 : 0, 0);
	return counter_value__any(
		(uint8_t)MIN(a->clean + n, 64), (uint8_t)MIN(zeros_of(a) + n, 64));
}

static struct counter_value shift_right(
	const struct counter_value *a, const struct counter_value *by)
{
	uint64_t n = (uint64_t)by->off;

	if (counter_value__is_clean(a) && counter_value__is_clean(by))
		return counter_value__any(64, 0);
	if (!counter_value__is_const(by) || n >= a->clean)
		return counter_value__any(0, 0);
	return counter_value__any((uint8_t)(a->clean - n), 0);
}

static struct counter_value sign_extended(const struct counter_value *v, unsigned bits)
{
	struct counter_value cut = counter_value__cut(v, bits);

	return cut.kind == COUNTER_NAMED ? counter_value__any(64, 0) : cut;
}

static struct counter_value operate(
	const struct isa_insn *in, const struct counter_value *a, const struct counter_value *b)
{
	switch (in->op) {
	case ISA_MOV: return *b;
	case ISA_MOVSX: return sign_extended(b, in->size * 8u);
	case ISA_ADD:
	case ISA_SUB: return add(in, a, b);
	case ISA_AND: return and(a, b);
	case ISA_OR:
	case ISA_XOR: return mixed(a, b, MIN(zeros_of(a), zeros_of(b)));
	case ISA_MUL: return mixed(a, b, (uint8_t)MIN(zeros_of(a) + zeros_of(b), 64));
	case ISA_LSH: return shift_left(a, b);
	case ISA_RSH:
	case ISA_ARSH: return shift_right(a, b);
	default:
		return counter_value__any(
			counter_value__is_clean(a) && counter_value__is_clean(b) ? 64 : 0, 0);
	}
}

struct counter_value counter_value__alu(
	const struct isa_insn *in, const struct counter_value *a, const struct counter_value *b)
{
	struct counter_value low_a = *a, low_b = *b, v;

	if (in->is64)
		return operate(in, a, b);
	if (in->op == ISA_RSH || in->op == ISA_ARSH || in->op > ISA_MOV)
		low_a = counter_value__cut(a, 32);
	v = operate(in, &low_a, &low_b);
	return counter_value__cut(&v, 32);
}

bool counter_value__may_compare(
	const struct isa_insn *in, const struct counter_value *a, const struct counter_value *b)
{
	struct counter_value both = in->op == ISA_JSET ? and(a, b) : mixed(a, b, 0);

	return both.clean == 64 || (!in->is64 && both.clean >= 32);
}
