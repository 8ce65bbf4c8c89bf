/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Every tnum of eight bits, every pair of them, every operation: the result holds all results
 * on the numbers that they hold, and but for multiplication nothing that could be left out.
 *
 * What a set of results has in common (struct common) is its best tnum. That of a tnum with an
 * unknown bit follows from those of the two tnums that have the bit: so the 3^16 pairs of eight
 * bits cost one step each, though they hold 4^16 pairs of numbers together.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "concrete.h"

#define N(a)     (sizeof(a) / sizeof((a)[0]))
#define MOST     8 /* bits */
#define N_VALUES (1 << MOST)

struct common {
	uint64_t ands, ors;
};

static struct common merge(struct common a, struct common b)
{
	return (struct common){a.ands & b.ands, a.ors | b.ors};
}

static struct tnum best(struct common c)
{
	return (struct tnum){c.ands, c.ands ^ c.ors};
}

static void check(const char *name, struct tnum r, struct common c, bool exact)
{
	struct tnum b = best(c);

	if (r.value & r.mask)
		fail_msg("%s: value and mask share bits", name);
	if (!tnum__contains(r, b) || (exact && !tnum__contains(b, r)))
		fail_msg("%s gives %llx/%llx, but of all results the best is %llx/%llx", name,
			(unsigned long long)r.value, (unsigned long long)r.mask,
			(unsigned long long)b.value, (unsigned long long)b.mask);
}

/* Operations on two. */
struct binary {
	const char *name;
	struct tnum (*op)(struct tnum a, struct tnum b);
	uint8_t concrete;
	bool exact;
};

static const struct binary binary[] = {
	{"add", tnum__add, ISA_ADD, true},
	{"sub", tnum__sub, ISA_SUB, true},
	{"mul", tnum__mul, ISA_MUL, false},
	{"and", tnum__and, ISA_AND, true},
	{"or", tnum__or, ISA_OR, true},
	{"xor", tnum__xor, ISA_XOR, true},
};

/* The numbers are `bits` wide and lie `shift` bits up. */
struct width {
	unsigned bits, shift;
};

/* In what bits b has from `bit` down, all tnums. results[y] is of all of a with b + y. */
static void check_all_b(const struct binary *o, struct width w, struct tnum a, struct tnum b,
	const struct common *results, unsigned bit)
{
	static struct common merged[MOST][N_VALUES / 2];
	uint32_t half = bit ? 1U << (bit - 1) : 0;
	uint64_t unknown = (uint64_t)half << w.shift;

	if (!bit) {
		check(o->name, o->op(a, b), *results, o->exact);
		return;
	}
	for (uint32_t y = 0; y < half; y++)
		merged[bit - 1][y] = merge(results[y], results[half + y]);
	check_all_b(o, w, a, b, results, bit - 1);
	check_all_b(o, w, a, (struct tnum){b.value | unknown, b.mask}, results + half, bit - 1);
	check_all_b(o, w, a, (struct tnum){b.value, b.mask | unknown}, merged[bit - 1], bit - 1);
}

/* The same for a: results[x][y] is of a + x and y. */
static void check_all_a(const struct binary *o, struct width w, struct tnum a,
	const struct common (*results)[N_VALUES], unsigned bit)
{
	static struct common merged[N_VALUES][N_VALUES]; /* level `bit` from half on */
	uint32_t half = bit ? 1U << (bit - 1) : 0;
	uint64_t unknown = (uint64_t)half << w.shift;

	if (!bit) {
		check_all_b(o, w, a, tnum__const(0), *results, w.bits);
		return;
	}
	for (uint32_t x = 0; x < half; x++)
		for (uint32_t y = 0; y < 1U << w.bits; y++)
			merged[half + x][y] = merge(results[x][y], results[half + x][y]);
	check_all_a(o, w, a, results, bit - 1);
	check_all_a(o, w, (struct tnum){a.value | unknown, a.mask}, results + half, bit - 1);
	check_all_a(o, w, (struct tnum){a.value, a.mask | unknown}, merged + half, bit - 1);
}

static void check_pairs(struct width w)
{
	static struct common results[N_VALUES][N_VALUES];

	for (size_t i = 0; i < N(binary); i++) {
		for (uint64_t x = 0; x < 1U << w.bits; x++)
			for (uint64_t y = 0; y < 1U << w.bits; y++) {
				uint64_t r = concrete__alu(
					binary[i].concrete, true, x << w.shift, y << w.shift);

				results[x][y] = (struct common){r, r};
			}
		check_all_a(&binary[i], w, tnum__const(0), results, w.bits);
	}
}

static void test_every_pair_of_eight_bits(void **state)
{
	check_pairs((struct width){8, 0});
}

static void test_pairs_over_the_borders_of_words(void **state)
{
	check_pairs((struct width){6, 29});
	check_pairs((struct width){6, 58});
}

/* Operations on one: number i of the 3^bits tnums. */
static struct tnum tnum_number(unsigned i, struct width w)
{
	struct tnum t = {0, 0};

	for (unsigned bit = 0; bit < w.bits; bit++, i /= 3) {
		if (i % 3 == 2)
			t.mask |= 1ULL << (bit + w.shift);
		else
			t.value |= (uint64_t)(i % 3) << (bit + w.shift);
	}
	return t;
}

#define N_TNUMS 6561 /* 3^8 */

/* Its numbers, one after the other: from value on, last is value | mask. */
static uint64_t next_number(struct tnum t, uint64_t v)
{
	return (((v | ~t.mask) + 1) & t.mask) | t.value;
}

static void check_shifts(struct tnum t, unsigned n)
{
	struct common shl = {UINT64_MAX, 0}, shr = shl, sar = shl, sar32 = shl;
	uint64_t v = t.value;

	do {
		shl = merge(shl, (struct common){v << n, v << n});
		shr = merge(shr, (struct common){v >> n, v >> n});
		uint64_t wide = concrete__alu(ISA_ARSH, true, v, n);
		uint64_t low = concrete__alu(ISA_ARSH, false, v, n);

		sar = merge(sar, (struct common){wide, wide});
		sar32 = merge(sar32, (struct common){low, low});
		v = next_number(t, v);
	} while (v != t.value);
	check("shl", tnum__shl(t, n), shl, true);
	check("shr", tnum__shr(t, n), shr, true);
	check("sar", tnum__sar(t, n, 64), sar, true);
	if (n < 32)
		check("sar32", tnum__sar(tnum__low(t, 32), n, 32), sar32, true);
}

static void test_shifts_of_every_eight_bits(void **state)
{
	static const unsigned shifts[] = {0, 24, 56};

	for (size_t s = 0; s < N(shifts); s++)
		for (unsigned i = 0; i < N_TNUMS; i++)
			for (unsigned n = 0; n < 64; n += 1 + n % 3)
				check_shifts(tnum_number(i, (struct width){8, shifts[s]}), n);
}

static void test_low_halves(void **state)
{
	for (unsigned i = 0; i < N_TNUMS; i++) {
		struct tnum t = tnum_number(i, (struct width){8, 28}), low = tnum__low(t, 32);
		struct tnum other = tnum_number(N_TNUMS - 1 - i, (struct width){8, 28});
		struct tnum mixed = tnum__with_low32(other, low);

		for (unsigned width = 1; width <= 64; width++) {
			uint64_t keep = UINT64_MAX >> (64 - width);

			assert_int_equal(tnum__low(t, width).value, t.value & keep);
			assert_int_equal(tnum__low(t, width).mask, t.mask & keep);
		}
		assert_int_equal((uint32_t)mixed.mask, low.mask);
		assert_int_equal((uint32_t)mixed.value, low.value);
		assert_int_equal(mixed.mask >> 32, other.mask >> 32);
		assert_int_equal(mixed.value >> 32, other.value >> 32);
	}
}

static void test_every_interval_of_eight_bits(void **state)
{
	for (uint64_t min = 0; min < 256; min++) {
		struct common c = {UINT64_MAX, 0};

		for (uint64_t max = min; max < 256; max++) {
			c = merge(c, (struct common){max, max});
			check("range", tnum__range(min, max), c, true);
			check("range", tnum__range(min << 32, max << 32),
				(struct common){
					c.ands << 32, c.ors << 32 | (max > min ? UINT32_MAX : 0)},
				true);
		}
	}
	assert_int_equal(tnum__range(0, UINT64_MAX).mask, UINT64_MAX);
	assert_int_equal(tnum__range(1ULL << 63, UINT64_MAX).mask, INT64_MAX);
}

/* As sets: a bit for each of the 32 numbers of five bits. */
static uint32_t set_of(struct tnum t)
{
	uint32_t set = 0;

	for (unsigned v = 0; v < 32; v++)
		set |= (uint32_t)tnum__holds(t, v) << v;
	return set;
}

static void test_subsets_and_intersections(void **state)
{
	struct tnum tnums[243];
	uint32_t sets[243];

	for (unsigned i = 0; i < 243; i++) {
		tnums[i] = tnum_number(i, (struct width){5, 0});
		sets[i] = set_of(tnums[i]);
	}
	for (unsigned i = 0; i < 243; i++)
		for (unsigned j = 0; j < 243; j++) {
			uint32_t both = sets[i] & sets[j];

			assert_int_equal(tnum__contains(tnums[i], tnums[j]), both == sets[j]);
			assert_int_equal(tnum__overlap(tnums[i], tnums[j]), both != 0);
			if (both)
				assert_int_equal(set_of(tnum__intersect(tnums[i], tnums[j])), both);
		}
}

static void test_the_next_number(void **state)
{
	for (unsigned i = 0; i < N_TNUMS; i++) {
		struct tnum t = tnum_number(i, (struct width){8, 0});
		uint64_t next, expected = UINT64_MAX;

		for (int than = 256; than >= 0; than--) {
			bool found = tnum__next(t, (uint64_t)than, &next);

			assert_int_equal(found, expected != UINT64_MAX);
			if (found)
				assert_int_equal(next, expected);
			if (tnum__holds(t, (uint64_t)than))
				expected = (uint64_t)than;
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_pair_of_eight_bits),
		cmocka_unit_test(test_pairs_over_the_borders_of_words),
		cmocka_unit_test(test_shifts_of_every_eight_bits),
		cmocka_unit_test(test_low_halves),
		cmocka_unit_test(test_every_interval_of_eight_bits),
		cmocka_unit_test(test_subsets_and_intersections),
		cmocka_unit_test(test_the_next_number),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
