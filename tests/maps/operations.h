/* SPDX-License-Identifier: BSD-3-Clause
 *
 * operations.h -- programs that do to a map what a table of operations tells them, many in one
 * run, and write into the table what came of it.
 *
 * The table is the only value of an array map, which the host sees in place:
 *
 *	operation 0 │ operation 1 │ ...       `stride` bytes each: struct operation, key, value,
 *	                                      and for maps of maps the key of the map in question
 *
 * Map 0 of a program is the map in question, map 1 the table.
 */
#ifndef TESTS_MAPS_OPERATIONS_H
#define TESTS_MAPS_OPERATIONS_H

#include "pair.h"

#define OPERATIONS_A_RUN 64

enum operation_code {
	OP_LOOKUP, /* copies the value out */
	OP_ADD,    /* looks up and adds `arg` to the first 8 bytes, atomically */
	OP_UPDATE,
	OP_DELETE,
	OP_PUSH,
	OP_POP,
	OP_PEEK,
	OP_REDIRECT, /* entry `arg` of the map */
	N_OPS,
};

#define OP_BIT(op)         (1u << OP_##op)
#define OPS_READ           OP_BIT(LOOKUP)
#define OPS_WRITE          (OP_BIT(UPDATE) | OP_BIT(DELETE))
#define OPS_KEYED          (OPS_READ | OPS_WRITE)
#define OPS_KEYLESS        (OP_BIT(PUSH) | OP_BIT(POP) | OP_BIT(PEEK))
#define OPERATION_NO_VALUE (-2) /* result of a lookup that finds nothing */
#define OPERATION_NO_INNER (-3) /* ... not even the map */

struct operation {
	uint64_t code;
	uint64_t flags, arg;
	int64_t result;
};

struct table {
	uint32_t key_size, value_size;
	uint32_t value_at, outer_at, stride; /* bytes from the beginning of an operation */
	uint32_t ops;                        /* that the program can do: OP_BIT()s */
	bool inner;                          /* in a map that map 0 holds */
	bool blind;                          /* what a lookup gives cannot be read */
	struct ebpf_map *map;
	int fd;
	uint8_t *ours, *theirs;
};

/* For a map of the shape, or with `outer` (which may be NULL) for maps of the shape in one of that;
 * both tables are zeros. */
void table__open(struct table *t, struct ebpf_instance *inst, const struct shape *shape,
	uint32_t ops, const struct shape *outer);
void table__close(struct table *t);
struct operation *table__operation(const struct table *t, uint8_t *side, uint32_t i);
uint8_t *operation__key(struct operation *op);
uint8_t *table__value(const struct table *t, struct operation *op);

/* The program's instructions: their number. */
size_t table__program(const struct table *t, struct bpf_insn *insns, size_t room);

#endif
