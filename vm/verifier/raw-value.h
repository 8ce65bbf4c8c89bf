/* SPDX-License-Identifier: BSD-3-Clause
 *
 * raw-value.h -- what a register of a raw program holds: a number, or an address made of one.
 *
 * Nothing of a raw program is rejected: what is done to an address other than to move it gives a
 * number of which nothing is known, that may be an address.
 */
#ifndef VM_VERIFIER_RAW_VALUE_H
#define VM_VERIFIER_RAW_VALUE_H

#include "facts.h"
#include "range.h"

/* What offsets are that accesses can be proved at, and indexes that leave an address in its object:
 * nobody has more memory for a program, and sums of a few stay far from overflow. */
#define RAW_MAX_OFFSET (1 << 30)

struct raw_value {
	/* FACT_SCALAR: a number that was made of no address; FACT_ANY: a number; FACT_STACK,
	 * FACT_MEM: an address so many bytes from the frame's top, or from the start of the
	 * program's memory. */
	uint8_t kind;
	bool own;      /* FACT_STACK: of the executing function's frame */
	bool plus_len; /* the length of the program's memory is to be added */
	struct range at;
};

static inline bool raw_value__is_number(const struct raw_value *v)
{
	return v->kind == FACT_SCALAR || v->kind == FACT_ANY;
}

struct raw_value raw_value__any(void);
struct raw_value raw_value__const(uint64_t value);
/* What a load gives, or an atomic. */
struct raw_value raw_value__loaded(const struct isa_insn *in);
/* What an instruction of arithmetic, LDDW aside, makes of its destination and its other operand. */
struct raw_value raw_value__alu(
	const struct isa_insn *in, struct raw_value dst, struct raw_value src);

bool raw_value__equal(const struct raw_value *a, const struct raw_value *b);
/* What is true of both. */
struct raw_value raw_value__join(const struct raw_value *a, const struct raw_value *b);
/* `v` has grown out of `was` and may be about to grow on, round after round of a loop: its bounds
 * move on to where they stay for long. */
void raw_value__widen(struct raw_value *v, const struct raw_value *was);

#endif
