/* SPDX-License-Identifier: BSD-3-Clause
 *
 * counter-state.h -- what is known of registers and stack at an instruction, as far as counters are
 * concerned.
 */
#ifndef VM_VERIFIER_COUNTER_STATE_H
#define VM_VERIFIER_COUNTER_STATE_H

#include "counter-value.h"

#define N_SLOTS (512 / 8)

struct counter_state {
	struct counter_value regs[EBPF_N_REGS];
	struct counter_value slots[N_SLOTS]; /* the lowest address first */
	/* What a lookup is called that may have found nothing, of a map that the program itself
	 * inserts into; MISSED: several; 0: none. */
	uint32_t missed;
};

#define MISSED UINT32_MAX

#define N_VALUES (EBPF_N_REGS + N_SLOTS)

static inline struct counter_value *value_at(struct counter_state *s, uint32_t i)
{
	return i < EBPF_N_REGS ? &s->regs[i] : &s->slots[i - EBPF_N_REGS];
}

/* What is true of both. `meeting` is the first of the N_VALUES names for what has two of them. */
struct counter_state counter_state__join(
	struct counter_state *a, struct counter_state *b, uint32_t meeting);
bool counter_state__equal(struct counter_state *a, struct counter_state *b);

#endif
