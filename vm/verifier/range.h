/* SPDX-License-Identifier: BSD-3-Clause
 *
 * range.h -- what is known of a 64-bit number: its bits, its signed and unsigned bounds, and
 * the same bounds of its low 32 bits.
 *
 * The bounds of the low half are kept as 64-bit quantities of 32-bit value, so that one code
 * serves both widths. range__sync() lets each view sharpen the others; all other functions
 * leave synchronised ranges. The abstract operations are as precise as those of Linux and no
 * more, so that both accept the same programs.
 */
#ifndef VM_VERIFIER_RANGE_H
#define VM_VERIFIER_RANGE_H

#include "../isa/isa.h"
#include "tnum.h"

struct span {
	uint64_t umin, umax;
	int64_t smin, smax;
};

struct range {
	struct tnum bits;
	struct span w64, w32;
};

struct range range__unknown(void);
struct range range__const(uint64_t value);
static inline bool range__is_const(const struct range *r)
{
	return tnum__is_const(r->bits);
}
/* Are the low 32 bits one value? */
static inline bool range__is_const32(const struct range *r)
{
	return !(uint32_t)r->bits.mask;
}
void range__sync(struct range *r);
/* Is everything that b may be also allowed by a? */
bool range__contains(const struct range *a, const struct range *b);
bool range__equal(const struct range *a, const struct range *b);

/* *dst = *dst op *src. op: an enum isa_op of arithmetic with two operands, or ISA_NEG. */
void range__alu(uint8_t op, bool is64, struct range *dst, const struct range *src);
/* The low 32 bits turn out to be `value`. */
void range__set_low32(struct range *r, uint32_t value);
/* The low `size` bytes, zero-extended or sign-extended to `width` bits (32 or 64; the upper
 * half is zero for 32). */
void range__zero_extend(struct range *r, unsigned size);
void range__sign_extend(struct range *r, unsigned size, unsigned width);
/* The low `size` bytes (2, 4, 8) in reverse order, the rest zero. */
void range__swap_bytes(struct range *r, unsigned size);
/* Bytes that the value needs at most: 1..8. */
unsigned range__bytes(const struct range *r);

/* Is `a op b` always true (1), never (0), or not known (-1)? op: a conditional jump's. */
int range__decide(uint8_t op, bool is64, const struct range *a, const struct range *b);
/* Narrows both by knowing that `a op b` is `holds`. A contradiction gives unknown ranges. */
void range__assume(uint8_t op, bool is64, bool holds, struct range *a, struct range *b);
/* The comparison with operands exchanged: a op b == b flip(op) a. */
uint8_t range__flip(uint8_t op);

#endif
