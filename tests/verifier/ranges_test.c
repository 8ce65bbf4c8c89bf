/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Ranges hold what they must: after every operation all results on the numbers they held, after
 * every comparison all numbers for which it went that way. Exhaustively for intervals that lie
 * across the borders of both widths, signed and unsigned; and for random sets of 64-bit numbers.
 *
 * A set of numbers is summed up by its hull, the least that a range may hold of it. The hull of
 * an interval grows by one number at a time, so that a pair of intervals costs one step.
 *
 * XDPK_LONG=1 in the environment: all pairs of eight-bit intervals, and a hundred times more
 * random sets.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "concrete.h"

#define N(a) (sizeof(a) / sizeof((a)[0]))

struct hull {
	uint32_t n;     /* numbers; 0: the rest means nothing */
	struct range r; /* not synchronised */
};

static struct hull hull_of(uint64_t v)
{
	return (struct hull){1, range__const(v)};
}

static void span_merge(struct span *a, const struct span *b)
{
	a->umin = b->umin < a->umin ? b->umin : a->umin;
	a->umax = b->umax > a->umax ? b->umax : a->umax;
	a->smin = b->smin < a->smin ? b->smin : a->smin;
	a->smax = b->smax > a->smax ? b->smax : a->smax;
}

static void hull_merge(struct hull *a, const struct hull *b)
{
	uint64_t mask;

	if (!a->n || !b->n) {
		if (!a->n)
			*a = *b;
		return;
	}
	a->n += b->n;
	mask = a->r.bits.mask | b->r.bits.mask | (a->r.bits.value ^ b->r.bits.value);
	a->r.bits = (struct tnum){a->r.bits.value & ~mask, mask};
	span_merge(&a->r.w64, &b->r.w64);
	span_merge(&a->r.w32, &b->r.w32);
}

static void hull_add(struct hull *h, uint64_t v)
{
	struct hull one = hull_of(v);

	hull_merge(h, &one);
}

static struct range hull_range(const struct hull *h)
{
	struct range r = h->r;

	range__sync(&r);
	return r;
}

/* What an abstract step came to, for the message. */
struct step {
	const char *name;
	uint8_t op;
	bool is64, holds;
	struct range a, b;
};

static void check(
	const struct step *s, const char *which, const struct range *r, const struct hull *all)
{
	char a[256], b[256], result[256];

	if (!all->n || range__contains(r, &all->r))
		return;
	snprintf(a, sizeof(a), "%s", range__text(&s->a));
	snprintf(b, sizeof(b), "%s", range__text(&s->b));
	snprintf(result, sizeof(result), "%s", range__text(r));
	fail_msg("%s %u, %u bits, holds %d, of\n %s\nand\n %s\nleaves %s as\n %s\nwithout all of\n "
		 "%s",
		s->name, s->op, s->is64 ? 64 : 32, s->holds, a, b, which, result,
		range__text(&all->r));
}

static const uint8_t alu_ops[] = {ISA_ADD, ISA_SUB, ISA_MUL, ISA_DIV, ISA_SDIV, ISA_MOD, ISA_SMOD,
	ISA_OR, ISA_AND, ISA_XOR, ISA_LSH, ISA_RSH, ISA_ARSH, ISA_NEG};
static const uint8_t jump_ops[] = {ISA_JEQ, ISA_JNE, ISA_JGT, ISA_JGE, ISA_JLT, ISA_JLE, ISA_JSET,
	ISA_JSGT, ISA_JSGE, ISA_JSLT, ISA_JSLE};

static void check_alu(struct step *s, const struct hull *results)
{
	struct range r = s->a;

	range__alu(s->op, s->is64, &r, &s->b);
	check(s, "the result", &r, results);
}

/* a, b: the numbers of either for which the comparison went that way with one of the other's. */
static void check_assume(struct step *s, const struct hull *a, const struct hull *b)
{
	struct range ra = s->a, rb = s->b;

	range__assume(s->op, s->is64, s->holds, &ra, &rb);
	check(s, "the left one", &ra, a);
	check(s, "the right one", &rb, b);
}

/* All intervals of a window: those of `size` numbers that follow `base`. */
#define MOST 256
struct window {
	uint64_t base;
	uint32_t size;
};

static uint64_t number_in(struct window w, uint32_t i)
{
	return w.base + i;
}

/* Over one interval of a, per number of b. */
struct columns {
	struct window wa, wb;
	struct hull a;
	struct hull results[MOST]; /* of operations, or the numbers of a that compare */
};

static void columns_grow(struct columns *c, const struct step *s, bool compare, uint64_t x)
{
	hull_add(&c->a, x);
	for (uint32_t i = 0; i < c->wb.size; i++) {
		uint64_t y = number_in(c->wb, i);

		if (!compare)
			hull_add(&c->results[i], concrete__alu(s->op, s->is64, x, y));
		else if (concrete__compare(s->op, s->is64, x, y) == s->holds)
			hull_add(&c->results[i], x);
	}
}

static void check_decision(const struct step *s, uint32_t n, uint32_t held)
{
	int decided = range__decide(s->op, s->is64, &s->a, &s->b);

	if (decided >= 0 && held != (decided == s->holds ? n : 0))
		fail_msg("comparison %u of %u bits is decided as %d, but %u of %u are %d", s->op,
			s->is64 ? 64 : 32, decided, held, n, s->holds);
}

/* The interval of a that the columns are for, with every interval of b. */
static void check_columns(
	const struct columns *c, struct step *s, bool compare, const struct range (*ranges_b)[MOST])
{
	s->a = hull_range(&c->a);
	for (uint32_t first = 0; first < c->wb.size; first++) {
		struct hull results = {0}, right = {0};

		for (uint32_t last = first; last < c->wb.size; last++) {
			hull_merge(&results, &c->results[last]);
			if (compare && c->results[last].n)
				hull_add(&right, number_in(c->wb, last));
			s->b = ranges_b[first][last];
			if (!compare) {
				check_alu(s, &results);
				continue;
			}
			check_decision(s, c->a.n * (last - first + 1), results.n);
			check_assume(s, &results, &right);
		}
	}
}

static void check_windows(struct step *s, bool compare, struct window wa, struct window wb)
{
	static struct range ranges_b[MOST][MOST];
	static struct columns c;

	for (uint32_t first = 0; first < wb.size; first++) {
		struct hull h = {0};

		for (uint32_t last = first; last < wb.size; last++) {
			hull_add(&h, number_in(wb, last));
			ranges_b[first][last] = hull_range(&h);
		}
	}
	for (uint32_t first = 0; first < wa.size; first++) {
		memset(&c, 0, sizeof(c));
		c.wa = wa;
		c.wb = wb;
		for (uint32_t last = first; last < wa.size; last++) {
			columns_grow(&c, s, compare, number_in(wa, last));
			check_columns(&c, s, compare, ranges_b);
		}
	}
}

static void check_every_operation(struct window wa, struct window wb)
{
	for (size_t i = 0; i < 2 * N(alu_ops); i++) {
		struct step s = {.name = "operation", .op = alu_ops[i / 2], .is64 = i & 1};

		check_windows(&s, false, wa, wb);
	}
}

static void check_every_comparison(struct window wa, struct window wb)
{
	for (size_t i = 0; i < 4 * N(jump_ops); i++) {
		struct step s = {
			.name = "comparison", .op = jump_ops[i / 4], .is64 = i & 1, .holds = i & 2};

		check_windows(&s, true, wa, wb);
	}
}

static bool is_long(void)
{
	return getenv("XDPK_LONG") != NULL;
}

/* Across 0, the signs and the halves; `size` numbers around each. */
static uint64_t border(size_t i, uint32_t size)
{
	static const uint64_t borders[] = {
		0, INT32_MAX + 1ULL, UINT32_MAX + 1ULL, 3ULL << 31, 1ULL << 63};

	return borders[i] - size / 2;
}
#define N_BORDERS 5

static void test_operations_on_intervals(void **state)
{
	const struct window from_zero = {0, is_long() ? 256 : 32}, around = {(uint64_t)-16, 32};

	check_every_operation(from_zero, from_zero);
	check_every_operation(around, around);
	for (size_t i = 0; i < N_BORDERS * N_BORDERS; i++)
		check_every_operation((struct window){border(i / N_BORDERS, 10), 10},
			(struct window){border(i % N_BORDERS, 10), 10});
}

static void test_comparisons_of_intervals(void **state)
{
	const struct window from_zero = {0, is_long() ? 256 : 24}, around = {(uint64_t)-12, 24};

	check_every_comparison(from_zero, from_zero);
	check_every_comparison(around, around);
	for (size_t i = 0; i < N_BORDERS * N_BORDERS; i++)
		check_every_comparison((struct window){border(i / N_BORDERS, 8), 8},
			(struct window){border(i % N_BORDERS, 8), 8});
}

/* Operations on one number, over every interval of eight bits around every border. */
struct unary {
	const char *name;
	void (*apply)(struct range *r, unsigned size, unsigned width);
	uint64_t (*concrete)(uint64_t v, unsigned size, unsigned width);
};

static void apply_zero_extend(struct range *r, unsigned size, unsigned width)
{
	range__zero_extend(r, size);
}

static void apply_swap(struct range *r, unsigned size, unsigned width)
{
	range__swap_bytes(r, size);
}

static uint64_t zero_extended(uint64_t v, unsigned size, unsigned width)
{
	return concrete__zero_extend(v, size);
}

static uint64_t swapped(uint64_t v, unsigned size, unsigned width)
{
	return concrete__swap_bytes(v, size);
}

static const struct unary unary[] = {
	{"zero extension", apply_zero_extend, zero_extended},
	{"sign extension", range__sign_extend, concrete__sign_extend},
	{"byte swap", apply_swap, swapped},
};

static bool exists(const struct unary *u, unsigned size, unsigned width)
{
	if (u->apply == range__sign_extend)
		return size * 8 < width;
	return width == 64 && (u->apply == apply_zero_extend || size > 1);
}

static void check_unary(const struct unary *u, const struct hull *h, const struct hull *results,
	unsigned size, unsigned width)
{
	struct step s = {.name = u->name, .op = (uint8_t)size, .is64 = width == 64};
	struct range r = s.a = hull_range(h);

	u->apply(&r, size, width);
	check(&s, "the result", &r, results);
}

static void check_unary_on_intervals(
	const struct unary *u, struct window w, unsigned size, unsigned width)
{
	for (uint32_t first = 0; first < w.size; first++) {
		struct hull h = {0}, results = {0};

		for (uint32_t last = first; last < w.size; last++) {
			uint64_t v = number_in(w, last);

			hull_add(&h, v);
			hull_add(&results, u->concrete(v, size, width));
			check_unary(u, &h, &results, size, width);
			if (range__bytes(&h.r) < 8)
				assert_int_equal(h.r.w64.umax >> range__bytes(&h.r) * 8, 0);
		}
	}
}

static void test_extensions_and_swaps(void **state)
{
	static const uint64_t more[] = {0x80, 0x8000, 0xff, 0xffff, 0x10000};

	for (size_t i = 0; i < N(unary); i++)
		for (unsigned size = 1; size <= 8; size *= 2)
			for (unsigned width = 32; width <= 64; width *= 2)
				for (size_t b = 0; b < N_BORDERS + N(more); b++) {
					uint64_t base = b < N_BORDERS ? border(b, 256)
								      : more[b - N_BORDERS] - 32;
					struct window w = {base, b < N_BORDERS ? 256 : 64};

					if (exists(&unary[i], size, width))
						check_unary_on_intervals(&unary[i], w, size, width);
				}
}

static struct numbers numbers = {88172645463325252ULL};

/* A few numbers near each other, or far. */
#define POINTS 6
struct points {
	uint64_t v[POINTS];
	uint32_t n;
	struct range r;
};

/* The hull, with some of what it says forgotten. */
static struct range relaxed(const struct hull *h)
{
	struct range r = h->r, any = range__unknown();
	uint64_t how = numbers__next(&numbers), grow = numbers__next(&numbers) >> how % 64;

	if (how >> 8 & 1)
		r.bits = any.bits;
	else if (how >> 9 & 1)
		r.bits = (struct tnum){r.bits.value & ~grow, r.bits.mask | grow};
	if (how >> 10 & 1)
		r.w64 = any.w64;
	else if (how >> 11 & 1)
		r.w64.umax = r.w64.umax + grow < grow ? UINT64_MAX : r.w64.umax + grow;
	else if (how >> 12 & 1)
		r.w64.smin = INT64_MIN;
	if (how >> 13 & 1)
		r.w32 = any.w32;
	else if (how >> 14 & 1)
		r.w32.umin = 0;
	else if (how >> 15 & 1)
		r.w32.smax = INT32_MAX;
	range__sync(&r);
	return r;
}

static void draw_points(struct points *p)
{
	uint64_t how = numbers__next(&numbers), v = numbers__interesting(&numbers);
	struct hull h = {0};
	struct step s = {.name = "synchronisation"};

	p->n = 1 + (uint32_t)(how % POINTS);
	for (uint32_t i = 0; i < p->n; i++) {
		p->v[i] = v;
		hull_add(&h, v);
		v = how >> (8 + i) & 1 ? numbers__interesting(&numbers)
				       : v + numbers__next(&numbers) % 300;
	}
	p->r = relaxed(&h);
	s.a = h.r;
	s.b = h.r;
	check(&s, "it", &p->r, &h);
}

static void check_random_alu(const struct points *a, const struct points *b)
{
	for (size_t i = 0; i < 2 * N(alu_ops); i++) {
		struct step s = {"operation", alu_ops[i / 2], i & 1, false, a->r, b->r};
		struct hull results = {0};

		for (uint32_t k = 0; k < a->n * b->n; k++)
			hull_add(&results,
				concrete__alu(s.op, s.is64, a->v[k / b->n], b->v[k % b->n]));
		check_alu(&s, &results);
	}
}

static void check_random_comparisons(const struct points *a, const struct points *b)
{
	for (size_t i = 0; i < 4 * N(jump_ops); i++) {
		struct step s = {"comparison", jump_ops[i / 4], i & 1, i & 2, a->r, b->r};
		struct hull left = {0}, right = {0};
		uint32_t held = 0;

		for (uint32_t k = 0; k < a->n * b->n; k++) {
			uint64_t x = a->v[k / b->n], y = b->v[k % b->n];

			if (concrete__compare(s.op, s.is64, x, y) != s.holds)
				continue;
			held++;
			hull_add(&left, x);
			hull_add(&right, y);
		}
		check_decision(&s, a->n * b->n, held);
		check_assume(&s, &left, &right);
	}
}

static void check_random_unary(const struct points *a)
{
	for (size_t i = 0; i < N(unary) * 8; i++) {
		const struct unary *u = &unary[i / 8];
		unsigned size = 1U << (i & 3), width = i & 4 ? 64 : 32;
		struct step s = {.name = u->name, .op = (uint8_t)size, .is64 = i & 4, .a = a->r};
		struct hull results = {0};
		struct range r = a->r;

		if (!exists(u, size, width))
			continue;
		for (uint32_t k = 0; k < a->n; k++)
			hull_add(&results, u->concrete(a->v[k], size, width));
		u->apply(&r, size, width);
		check(&s, "the result", &r, &results);
	}
}

/* The low half of those numbers of a that have the first one's. */
static void check_random_low_half(const struct points *a)
{
	struct step s = {.name = "low half", .a = a->r};
	struct range r = a->r;
	struct hull same = {0};

	for (uint32_t k = 0; k < a->n; k++)
		if ((uint32_t)a->v[k] == (uint32_t)a->v[0])
			hull_add(&same, a->v[k]);
	range__set_low32(&r, (uint32_t)a->v[0]);
	check(&s, "it", &r, &same);
}

/* What contains a range holds its numbers. */
static void check_random_containment(const struct points *a, const struct points *b)
{
	assert_true(range__contains(&a->r, &a->r));
	assert_true(range__equal(&a->r, &a->r));
	if (!range__contains(&a->r, &b->r))
		return;
	for (uint32_t k = 0; k < b->n; k++)
		assert_true(range__holds(&a->r, b->v[k]));
}

static void test_random_sets(void **state)
{
	for (uint32_t run = is_long() ? 10000000 : 100000; run; run--) {
		struct points a, b;

		draw_points(&a);
		draw_points(&b);
		check_random_alu(&a, &b);
		check_random_comparisons(&a, &b);
		check_random_unary(&a);
		check_random_low_half(&a);
		check_random_containment(&a, &b);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_operations_on_intervals),
		cmocka_unit_test(test_comparisons_of_intervals),
		cmocka_unit_test(test_extensions_and_swaps),
		cmocka_unit_test(test_random_sets),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
