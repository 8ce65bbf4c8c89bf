/* SPDX-License-Identifier: BSD-3-Clause
 *
 * lower.h -- what the parts of the lowering share: the instruction at hand, and what it may use.
 *
 * A register that is not read any more behind the instruction is free for it. Where there is none,
 * one that the instruction does not name is saved below the program's stack and restored behind it.
 */
#ifndef VM_RTE_LOWER_H
#define VM_RTE_LOWER_H

#include <linux/bpf.h>

#include "rte.h"

#define MAX_SCRATCH 3

struct jump {
	uint32_t at; /* in the output */
	uint32_t target;
};

struct lowering {
	const struct examined *x;
	const struct lowering_opts *opts;
	struct lowered *out;
	uint32_t *at; /* by instruction: where its first one is in the output; the exit is last */
	struct jump *jumps;
	uint32_t n_jumps, room_jumps;
	bool no_memory;
	uint32_t slots; /* below the stack, in use for saved registers */
	char **errmsg;

	/* the instruction */
	uint32_t insn;
	const struct isa_insn *in;
	const struct known *known;
	uint16_t live;  /* registers that are read behind it */
	uint16_t named; /* that it reads or writes, and its scratch registers */
	uint8_t saved[MAX_SCRATCH];
	uint32_t n_saved;
};

/* lower.c */
void emit(struct lowering *l, uint8_t opcode, unsigned dst, unsigned src, int off, int32_t imm);
/* As the program has it. */
void emit_same(struct lowering *l);
void emit_lddw(struct lowering *l, unsigned dst, uint64_t value);
/* Leads to where the program's instruction `target` has become. */
void emit_jump(struct lowering *l, uint8_t opcode, unsigned dst, unsigned src, int32_t imm,
	uint32_t target);
unsigned scratch(struct lowering *l);
/* Restores what was saved for scratch registers. */
void restore(struct lowering *l);
/* The offset from r10 of a place for a register. */
int save_slot(struct lowering *l, unsigned slot);

/* lower-insn.c: the instruction, without what it goes on with if it does not jump. */
int lower__insn(struct lowering *l);

#endif
