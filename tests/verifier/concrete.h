/* SPDX-License-Identifier: BSD-3-Clause
 *
 * concrete.h -- what instructions compute, on plain numbers (RFC 9669): the measure of the
 * verifier's abstract ones.
 */
#ifndef TESTS_VERIFIER_CONCRETE_H
#define TESTS_VERIFIER_CONCRETE_H

#include "verifier/range.h"

/* op: an enum isa_op of arithmetic with two operands, or ISA_NEG. */
uint64_t concrete__alu(uint8_t op, bool is64, uint64_t x, uint64_t y);
/* op: a conditional jump's. */
bool concrete__compare(uint8_t op, bool is64, uint64_t x, uint64_t y);
/* The low `size` bytes; the upper half is zero for width 32. */
uint64_t concrete__sign_extend(uint64_t v, unsigned size, unsigned width);
uint64_t concrete__zero_extend(uint64_t v, unsigned size);
uint64_t concrete__swap_bytes(uint64_t v, unsigned size);

static inline bool tnum__holds(struct tnum t, uint64_t v)
{
	return (v & ~t.mask) == t.value;
}

bool range__holds(const struct range *r, uint64_t v);
/* "bits 10/f u 3..9 s 3..9 u32 3..9 s32 3..9", in a buffer of the thread. */
const char *range__text(const struct range *r);

/* A repeatable source of numbers, and of those that are near a border of some kind. */
struct numbers {
	uint64_t state;
};
uint64_t numbers__next(struct numbers *n);
uint64_t numbers__interesting(struct numbers *n);

#endif
