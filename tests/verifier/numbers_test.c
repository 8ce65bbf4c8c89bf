/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Ranges along random computations, which are done on concrete numbers beside them.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "concrete.h"

#define N(a) (sizeof(a) / sizeof((a)[0]))

/* A computation on a few numbers, abstract and concrete. */
struct pair {
	struct range r;
	uint64_t v;
};

static struct numbers numbers = {88172645463325252ULL};

static void check_holds(const struct pair *p, const char *after)
{
	if (!range__holds(&p->r, p->v))
		fail_msg("%llx is outside its range after %s: %s", (unsigned long long)p->v, after,
			range__text(&p->r));
}

static void step_alu(struct pair *a, const struct pair *b)
{
	static const uint8_t ops[] = {ISA_ADD, ISA_SUB, ISA_MUL, ISA_AND, ISA_AND, ISA_OR, ISA_XOR,
		ISA_LSH, ISA_RSH, ISA_RSH, ISA_ARSH, ISA_NEG};
	uint64_t r = numbers__next(&numbers);
	uint8_t op = ops[r % N(ops)];
	bool is64 = r >> 20 & 1;
	struct pair src = *b;

	if (r >> 21 & 1) {
		src.v = numbers__interesting(&numbers);
		src.r = range__const(src.v);
	}
	if (op == ISA_LSH || op == ISA_RSH || op == ISA_ARSH) {
		src.v &= is64 ? 63 : 31;
		src.r = range__const(src.v);
	}
	range__alu(op, is64, &a->r, &src.r);
	a->v = concrete__alu(op, is64, a->v, src.v);
	check_holds(a, "arithmetic");
}

static void step_width(struct pair *a)
{
	static const unsigned sizes[] = {1, 2, 4, 8};
	uint64_t r = numbers__next(&numbers);
	unsigned size = sizes[r % 4], width = r >> 10 & 1 ? 64 : 32;

	switch (r >> 20 & 3) {
	case 0:
		range__zero_extend(&a->r, size);
		a->v = concrete__zero_extend(a->v, size);
		check_holds(a, "zero extension");
		break;
	case 1:
		if (size == 8)
			return;
		range__sign_extend(&a->r, size, width);
		a->v = concrete__sign_extend(a->v, size, width);
		check_holds(a, "sign extension");
		break;
	case 2:
		if (size == 1)
			return;
		range__swap_bytes(&a->r, size);
		a->v = concrete__swap_bytes(a->v, size);
		check_holds(a, "byte swap");
		break;
	default: assert_true(range__bytes(&a->r) == 8 || a->v >> range__bytes(&a->r) * 8 == 0);
	}
}

static void step_compare(struct pair *a, struct pair *b)
{
	uint64_t r = numbers__next(&numbers);
	uint8_t op = (uint8_t)(ISA_JEQ + r % (ISA_JSLE - ISA_JEQ + 1));
	bool is64 = r >> 20 & 1, outcome;
	struct pair imm, *src = b;
	int decided;

	if (r >> 21 & 1) {
		imm.v = r >> 22 & 1 ? numbers__interesting(&numbers) : a->v + (r >> 30) % 3 - 1;
		imm.r = range__const(imm.v);
		src = &imm;
	}
	outcome = concrete__compare(op, is64, a->v, src->v);
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
			p[i].v = numbers__interesting(&numbers);
		}
		for (int step = 0; step < 12; step++) {
			int which = numbers__next(&numbers) & 1;

			switch (numbers__next(&numbers) % 4) {
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
		cmocka_unit_test(test_ranges_along_random_computations),
		cmocka_unit_test(test_containment_is_an_order),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
