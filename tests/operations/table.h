/* SPDX-License-Identifier: BSD-3-Clause
 *
 * table.h -- programs that do what a table of operations tells them, many in one run, and write
 * into the table what came of it: a million take seconds, here and in the kernel.
 *
 * The table is the only value of an array map, which the host sees in place:
 *
 *	operation 0 │ operation 1 │ ...       `stride` bytes each: struct operation, and more
 *
 * In a program the table is map 1. Its code for one operation finds in
 *
 *	r6    the number of the operation     r8   the context
 *	r7    the operation
 *
 * and leaves the result in r0.
 */
#ifndef TESTS_OPERATIONS_TABLE_H
#define TESTS_OPERATIONS_TABLE_H

#include "ebpf-program.h"
#include "kernel.h"

#define OPERATIONS_A_RUN 64
#define MAX_EXITS        32

struct operation {
	uint64_t code;
	int64_t result;
	uint64_t args[5];
};

struct table {
	uint32_t stride;
	struct ebpf_map *map;
	int fd;
	uint8_t *ours, *theirs;
};

/* Both are zeros. */
void table__open(struct table *t, struct ebpf_instance *inst, uint32_t stride);
void table__close(struct table *t);
struct operation *table__operation(const struct table *t, uint8_t *side, uint32_t i);

/* Instructions one after the other. */
struct writer {
	struct bpf_insn *insns;
	size_t n, room;
	size_t done[MAX_EXITS]; /* jumps to the end of an operation */
	size_t n_done;
};

/* Gives the number of the instruction. */
size_t emit(struct writer *w, struct bpf_insn insn);
void emit_map(struct writer *w, uint8_t dst, uint8_t kind, int32_t index);
/* A jump's target is what comes next. */
void land(struct writer *w, size_t jump);
/* The operation is over. */
void emit_done(struct writer *w);

/* A program that does those of the operations whose bit is set in `codes`, by the code that
 * emit_operation() emits for each. w->n instructions. */
void table__write_program(const struct table *t, struct writer *w, uint32_t codes,
	void (*emit_operation)(struct writer *w, const void *user, uint32_t code),
	const void *user);

#define FIELD(name)           ((int16_t)offsetof(struct operation, name))
#define LOAD(size, d, s, at)  I(BPF_LDX | BPF_MEM | (size), d, s, at, 0)
#define STORE(size, d, at, s) I(BPF_STX | BPF_MEM | (size), d, s, at, 0)

#endif
