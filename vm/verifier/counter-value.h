/* SPDX-License-Identifier: BSD-3-Clause
 *
 * counter-value.h -- what a register or a slot of the stack has to do with counters: numbers, where
 * they are known, sums of a counter and something else, and the like.
 *
 * The lowest bits of a counter that no addition changes are like any other number's: `clean` says
 * how many bits of a value depend on nothing else. What depends on no counter at all has 64.
 */
#ifndef VM_VERIFIER_COUNTER_VALUE_H
#define VM_VERIFIER_COUNTER_VALUE_H

#include "../isa/isa.h"

enum counter_kind {
	COUNTER_ANY,   /* some number or pointer */
	COUNTER_NAMED, /* what is called `name`, plus `off` */
	COUNTER_SUM,   /* the counter at the address `name` + `off`, plus something clean */
};

/* Names: what is 0, the function's frame pointer and what its registers hold at first; then what an
 * instruction made, which is called by its number; then, by theirs, the first bytes of maps'
 * values.
 */
enum {
	NAME_ZERO,
	NAME_FRAME,
	NAME_REG,
	NAME_INSN = NAME_REG + EBPF_N_REGS,
};

struct counter_value {
	uint8_t kind;  /* enum counter_kind */
	uint8_t clean; /* low bits that depend on no counter */
	uint8_t zeros; /* low bits that are 0; of a sum: of what was added */
	uint8_t size;  /* of a sum's counter, bytes */
	uint32_t name;
	int64_t off;
	uint64_t maps; /* of a sum: where the counter is, fact_map__bit() */
};

struct counter_value counter_value__any(uint8_t clean, uint8_t zeros);
struct counter_value counter_value__named(uint32_t name, int64_t off);
bool counter_value__is_const(const struct counter_value *v);
static inline bool counter_value__is_clean(const struct counter_value *v)
{
	return v->clean == 64;
}
bool counter_value__equal(const struct counter_value *a, const struct counter_value *b);
/* What is true of both, which are called `name` from there on if they have names. */
struct counter_value counter_value__join(
	const struct counter_value *a, const struct counter_value *b, uint32_t name);
/* The lower `bits` of it, and zeros before them. */
struct counter_value counter_value__cut(const struct counter_value *v, unsigned bits);
/* What an ALU instruction makes of its destination `a` and its other operand. */
struct counter_value counter_value__alu(
	const struct isa_insn *in, const struct counter_value *a, const struct counter_value *b);
/* May a comparison of the two decide anything? */
bool counter_value__may_compare(
	const struct isa_insn *in, const struct counter_value *a, const struct counter_value *b);

#endif
