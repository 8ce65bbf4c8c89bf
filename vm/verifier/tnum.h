/* SPDX-License-Identifier: BSD-3-Clause
 *
 * tnum.h -- numbers of which some bits are known: `mask` has the unknown bits, `value` the
 * others; value & mask is 0. Every operation gives a number that holds every concrete
 * result ("Sound, Precise, and Fast Abstract Interpretation with Tristate Numbers", CGO 2022).
 */
#ifndef VM_VERIFIER_TNUM_H
#define VM_VERIFIER_TNUM_H

#include <stdbool.h>
#include <stdint.h>

struct tnum {
	uint64_t value, mask;
};

#define TNUM_UNKNOWN ((struct tnum){0, UINT64_MAX})

static inline struct tnum tnum__const(uint64_t value)
{
	return (struct tnum){value, 0};
}

static inline bool tnum__is_const(struct tnum t)
{
	return t.mask == 0;
}

/* The smallest tnum that holds all of [min, max]. */
struct tnum tnum__range(uint64_t min, uint64_t max);
struct tnum tnum__add(struct tnum a, struct tnum b);
struct tnum tnum__sub(struct tnum a, struct tnum b);
struct tnum tnum__mul(struct tnum a, struct tnum b);
struct tnum tnum__and(struct tnum a, struct tnum b);
struct tnum tnum__or(struct tnum a, struct tnum b);
struct tnum tnum__xor(struct tnum a, struct tnum b);
struct tnum tnum__shl(struct tnum a, unsigned n);
struct tnum tnum__shr(struct tnum a, unsigned n);
/* Arithmetic shift of a number of `width` bits, 32 or 64. */
struct tnum tnum__sar(struct tnum a, unsigned n, unsigned width);
/* What is known when both hold; sensible only if they can both hold. */
struct tnum tnum__intersect(struct tnum a, struct tnum b);
/* Can both hold? */
bool tnum__overlap(struct tnum a, struct tnum b);
/* Is every number of b one of a? */
bool tnum__contains(struct tnum a, struct tnum b);
/* The smallest number of t that is greater than `than`; false if there is none. */
bool tnum__next(struct tnum t, uint64_t than, uint64_t *next);
/* The low `width` bits. */
struct tnum tnum__low(struct tnum a, unsigned width);
/* a with its low 32 bits replaced by those of `low`. */
struct tnum tnum__with_low32(struct tnum a, struct tnum low);

#endif
