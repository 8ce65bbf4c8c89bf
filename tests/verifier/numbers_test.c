/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Abstract numbers hold every concrete result: tnums exhaustively on four bits, ranges along
 * random computations that are done on concrete numbers beside them.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "verifier/range.h"

#define N(a) (sizeof(a) / sizeof((a)[0]))

static bool holds(struct tnum t, uint64_t v)
{
	return (v & ~t.mask) == t.value;
}

/* Tnum number i of the 81 that four bits have, `shift` bits up. */
static struct tnum small_tnum(unsigned i, unsigned shift)
{
	struct tnum t = {0, 0};

	for (unsigned bit = 0; bit < 4; bit++, i /= 3) {
		if (i % 3 == 2)
			t.mask |= 1ULL << (bit + shift);
		else
			t.value |= (uint64_t)(i % 3) << (bit + shift);
	}
	return t;
}

static const struct {
	const char *name;
	struct tnum (*op)(struct tnum a, struct tnum b);
	uint8_t concrete;
} binary[] = {
	{"add", tnum__add, '+'},
	{"sub", tnum__sub, '-'},
	{"mul", tnum__mul, '*'},
	{"and", tnum__and, '&'},
	{"or", tnum__or, '|'},
	{"xor", tnum__xor, '^'},
};

static uint64_t concrete(uint8_t op, uint64_t x, uint64_t y)
{
	switch (op) {
	case '+': return x + y;
	case '-': return x - y;
	case '*': return x * y;
	case '&': return x & y;
	case '|': return x | y;
	default: return x ^ y;
	}
}

static void check_pair(struct tnum a, struct tnum b, unsigned shift)
{
	struct tnum r[N(binary)], both = tnum__intersect(a, b);
	bool contains = true;

	for (size_t i = 0; i < N(binary); i++) {
		r[i] = binary[i].op(a, b);
		assert_int_equal(r[i].value & r[i].mask, 0);
	}
	for (uint64_t x = 0; x < 16; x++) {
		uint64_t p = x << shift;

		contains &= !holds(b, p) || holds(a, p);
		if (holds(a, p) && holds(b, p)) {
			assert_true(tnum__overlap(a, b));
			assert_true(holds(both, p));
		}
		for (uint64_t y = 0; holds(a, p) && y < 16; y++) {
			uint64_t q = y << shift;

			for (size_t i = 0; holds(b, q) && i < N(binary); i++)
				if (!holds(r[i], concrete(binary[i].concrete, p, q)))
					fail_msg("%s of %llx and %llx is outside", binary[i].name,
						(unsigned long long)p, (unsigned long long)q);
		}
	}
	assert_int_equal(contains, tnum__contains(a, b));
}

static void test_tnum_pairs(void **state)
{
	static const unsigned shifts[] = {0, 30, 60};

	for (size_t s = 0; s < N(shifts); s++)
		for (unsigned i = 0; i < 81; i++)
			for (unsigned j = 0; j < 81; j++)
				check_pair(small_tnum(i, shifts[s]), small_tnum(j, shifts[s]),
					shifts[s]);
}

static void test_tnum_shifts_and_widths(void **state)
{
	for (unsigned i = 0; i < 81; i++) {
		struct tnum t = small_tnum(i, 28);

		for (uint64_t x = 0; x < 16; x++) {
			uint64_t v = x << 28;

			if (!holds(t, v))
				continue;
			assert_true(holds(tnum__low(t, 30), v & 0x3fffffff));
			assert_true(holds(tnum__low(t, 32), (uint32_t)v));
			for (unsigned n = 0; n < 64; n++) {
				assert_true(holds(tnum__shl(t, n), v << n));
				assert_true(holds(tnum__shr(t, n), v >> n));
				assert_true(holds(tnum__sar(tnum__shl(t, 32), n, 64),
					(uint64_t)((int64_t)(v << 32) >> n)));
				if (n < 32)
					assert_true(holds(tnum__sar(tnum__low(t, 32), n, 32),
						(uint32_t)((int32_t)v >> n)));
			}
		}
	}
}

static void test_tnum_range(void **state)
{
	for (uint64_t min = 0; min < 40; min++)
		for (uint64_t max = min; max < 40; max++)
			for (uint64_t v = min; v <= max; v++)
				assert_true(holds(tnum__range(min, max), v));
	assert_int_equal(tnum__range(0, UINT64_MAX).mask, UINT64_MAX);
}

static void test_tnum_next(void **state)
{
	for (unsigned i = 0; i < 81; i++) {
		struct tnum t = small_tnum(i, 1);

		for (uint64_t than = 0; than < 40; than++) {
			uint64_t next = 0, expected = than + 1;

			while (expected < 40 && !holds(t, expected))
				expected++;
			assert_int_equal(tnum__next(t, than, &next), expected < 40);
			if (expected < 40)
				assert_int_equal(next, expected);
		}
	}
}

/* A computation on a few numbers, abstract and concrete. */
struct pair {
	struct range r;
	uint64_t v;
};

static uint64_t random_state = 88172645463325252ULL;

static uint64_t random64(void)
{
	random_state ^= random_state << 13;
	random_state ^= random_state >> 7;
	random_state ^= random_state << 17;
	return random_state;
}

static uint64_t interesting(void)
{
	static const uint64_t edges[] = {0, 1, 2, 7, 8, 31, 32, 63, 64, 127, 128, 255, 256, 0x7fff,
		0x8000, 0xffff, 0x10000, 0x7fffffff, 0x80000000, 0xffffffff, 0x100000000, INT64_MAX,
		1ULL << 63, UINT64_MAX, UINT64_MAX - 1, UINT64_MAX - 255};
	uint64_t r = random64();

	if (r % 4)
		return edges[(r >> 8) % N(edges)];
	return random64() >> (r >> 8) % 64;
}

static bool in_span(const struct span *s, uint64_t u, int64_t i)
{
	return s->umin <= u && u <= s->umax && s->smin <= i && i <= s->smax;
}

static void check_holds(const struct pair *p, const char *after)
{
	if (!holds(p->r.bits, p->v) || !in_span(&p->r.w64, p->v, (int64_t)p->v) ||
		!in_span(&p->r.w32, (uint32_t)p->v, (int32_t)p->v))
		fail_msg("%llx is outside its range after %s: bits %llx/%llx u %llx..%llx s "
			 "%llx..%llx",
			(unsigned long long)p->v, after, (unsigned long long)p->r.bits.value,
			(unsigned long long)p->r.bits.mask, (unsigned long long)p->r.w64.umin,
			(unsigned long long)p->r.w64.umax, (unsigned long long)p->r.w64.smin,
			(unsigned long long)p->r.w64.smax);
}

static uint64_t concrete_alu(uint8_t op, bool is64, uint64_t x, uint64_t y)
{
	unsigned n = y & (is64 ? 63 : 31);
	uint64_t r;

	switch (op) {
	case ISA_ADD: r = x + y; break;
	case ISA_SUB: r = x - y; break;
	case ISA_MUL: r = x * y; break;
	case ISA_AND: r = x & y; break;
	case ISA_OR: r = x | y; break;
	case ISA_XOR: r = x ^ y; break;
	case ISA_LSH: r = is64 ? x << n : (uint32_t)x << n; break;
	case ISA_RSH: r = is64 ? x >> n : (uint32_t)x >> n; break;
	case ISA_ARSH: r = is64 ? (uint64_t)((int64_t)x >> n) : (uint64_t)((int32_t)x >> n); break;
	default: r = -x; break; /* ISA_NEG */
	}
	return is64 ? r : (uint32_t)r;
}

static void step_alu(struct pair *a, const struct pair *b)
{
	static const uint8_t ops[] = {ISA_ADD, ISA_SUB, ISA_MUL, ISA_AND, ISA_AND, ISA_OR, ISA_XOR,
		ISA_LSH, ISA_RSH, ISA_RSH, ISA_ARSH, ISA_NEG};
	uint64_t r = random64();
	uint8_t op = ops[r % N(ops)];
	bool is64 = r >> 20 & 1;
	struct pair src = *b;

	if (r >> 21 & 1) {
		src.v = interesting();
		src.r = range__const(src.v);
	}
	if (op == ISA_LSH || op == ISA_RSH || op == ISA_ARSH) {
		src.v &= is64 ? 63 : 31;
		src.r = range__const(src.v);
	}
	range__alu(op, is64, &a->r, &src.r);
	a->v = concrete_alu(op, is64, a->v, src.v);
	check_holds(a, "arithmetic");
}

static uint64_t sign_extended(uint64_t v, unsigned size, unsigned width)
{
	unsigned up = 64 - size * 8;
	uint64_t x = (uint64_t)((int64_t)(v << up) >> up);

	return width == 64 ? x : (uint32_t)x;
}

static void step_width(struct pair *a)
{
	static const unsigned sizes[] = {1, 2, 4, 8};
	uint64_t r = random64();
	unsigned size = sizes[r % 4], width = r >> 10 & 1 ? 64 : 32;

	switch (r >> 20 & 3) {
	case 0:
		range__zero_extend(&a->r, size);
		a->v &= size == 8 ? UINT64_MAX : (1ULL << size * 8) - 1;
		check_holds(a, "zero extension");
		break;
	case 1:
		if (size == 8)
			return;
		range__sign_extend(&a->r, size, width);
		a->v = size == 4 && width == 32 ? (uint32_t)a->v : sign_extended(a->v, size, width);
		check_holds(a, "sign extension");
		break;
	case 2:
		if (size == 1)
			return;
		range__swap_bytes(&a->r, size);
		a->v = __builtin_bswap64(a->v << (64 - size * 8));
		check_holds(a, "byte swap");
		break;
	default: assert_true(range__bytes(&a->r) == 8 || a->v >> range__bytes(&a->r) * 8 == 0);
	}
}

static bool concrete_compare(uint8_t op, bool is64, uint64_t x, uint64_t y)
{
	int64_t i = is64 ? (int64_t)x : (int32_t)x, j = is64 ? (int64_t)y : (int32_t)y;

	if (!is64) {
		x = (uint32_t)x;
		y = (uint32_t)y;
	}
	switch (op) {
	case ISA_JEQ: return x == y;
	case ISA_JNE: return x != y;
	case ISA_JGT: return x > y;
	case ISA_JGE: return x >= y;
	case ISA_JLT: return x < y;
	case ISA_JLE: return x <= y;
	case ISA_JSET: return (x & y) != 0;
	case ISA_JSGT: return i > j;
	case ISA_JSGE: return i >= j;
	case ISA_JSLT: return i < j;
	default: return i <= j;
	}
}

static void step_compare(struct pair *a, struct pair *b)
{
	uint64_t r = random64();
	uint8_t op = (uint8_t)(ISA_JEQ + r % (ISA_JSLE - ISA_JEQ + 1));
	bool is64 = r >> 20 & 1, outcome;
	struct pair imm, *src = b;
	int decided;

	if (r >> 21 & 1) {
		imm.v = r >> 22 & 1 ? interesting() : a->v + (r >> 30) % 3 - 1;
		imm.r = range__const(imm.v);
		src = &imm;
	}
	outcome = concrete_compare(op, is64, a->v, src->v);
	decided = range__decide(op, is64, &a->r, &src->r);
	assert_true(decided < 0 || decided == outcome);
	range__assume(op, is64, outcome, &a->r, &src->r);
	check_holds(a, "a comparison");
	check_holds(src, "a comparison");
}

static void test_ranges_along_random_computations(void **state)
{
	for (int run = 0; run < 200000; run++) {
		struct pair p[2];

		for (int i = 0; i < 2; i++) {
			p[i].r = range__unknown();
			p[i].v = interesting();
		}
		for (int step = 0; step < 12; step++) {
			int which = random64() & 1;

			switch (random64() % 4) {
			case 0: step_alu(&p[which], &p[!which]); break;
			case 1: step_width(&p[which]); break;
			default: step_compare(&p[which], &p[!which]); break;
			}
		}
	}
}

static void test_containment_is_an_order(void **state)
{
	struct range any = range__unknown(), five = range__const(5), bound = range__unknown();
	struct range limit = range__const(10);

	range__assume(ISA_JLT, true, true, &bound, &limit);
	assert_true(range__contains(&any, &bound));
	assert_true(range__contains(&bound, &five));
	assert_false(range__contains(&bound, &limit));
	assert_false(range__contains(&five, &bound));
	assert_int_equal(bound.w64.umax, 9);
	assert_int_equal(bound.w32.umax, 9);
	assert_int_equal(bound.bits.mask, 15);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_tnum_pairs),
		cmocka_unit_test(test_tnum_shifts_and_widths),
		cmocka_unit_test(test_tnum_range),
		cmocka_unit_test(test_tnum_next),
		cmocka_unit_test(test_ranges_along_random_computations),
		cmocka_unit_test(test_containment_is_an_order),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
