/* SPDX-License-Identifier: BSD-3-Clause
 *
 * counters.h -- between the rules of counters (counters.c) and the walk over a program's ways that
 * asks them at each instruction (counter-walk.c).
 */
#ifndef VM_VERIFIER_COUNTERS_H
#define VM_VERIFIER_COUNTERS_H

#include "counter-state.h"
#include "examination.h"

/* Where in a map's values something is added. */
struct counter {
	uint64_t maps;      /* one of them: fact_map__bit() */
	uint32_t from, end; /* bytes [from, end) of a value */
	uint8_t size;       /* of the access */
	uint8_t zeros;      /* low bits that no addition changes */
};

struct counters {
	struct examination *e;
	struct counter *list;
	uint32_t n;
	struct counter_state *
		*before;         /* by instruction to which a jump leads; NULL: not reached yet */
	struct counter_state at; /* before the instruction at hand, and then after it */
	uint32_t func;           /* that it is in */
	uint8_t *returned;       /* by function: clean bits of what it returns, or NEVER */
	uint64_t inserted;       /* the maps that it inserts into, and looks things up in: */
	uint64_t looked_up;      /* fact_map__bit() */
	uint32_t insertion;      /* an instruction that inserts */
	bool ends;               /* the way ends behind the instruction at hand */
	bool again;              /* something new was learnt */
};

#define NEVER UINT8_MAX

/* The counter of a change of a value: a new one if there is none yet. */
struct counter *counters__find(struct counters *c, const struct ebpf_fact *f, uint8_t size);
/* What the instruction at hand does to the state at hand: 0, or why this is no kernel. */
int counters__check_insn(struct counters *c, const struct isa_insn *in);

#endif
