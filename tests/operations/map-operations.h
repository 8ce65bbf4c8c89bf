/* SPDX-License-Identifier: BSD-3-Clause
 *
 * map-operations.h -- what programs do to maps, as operations of a table (table.h). Map 0 of the
 * program is the map in question, or holds it.
 */
#ifndef TESTS_OPERATIONS_MAP_OPERATIONS_H
#define TESTS_OPERATIONS_MAP_OPERATIONS_H

#include "pair.h"
#include "table.h"

enum map_operation {
	OP_LOOKUP, /* copies the value out */
	OP_ADD,    /* looks up and adds args[1] to the first 8 bytes, atomically */
	OP_UPDATE, /* args[0]: flags */
	OP_DELETE,
	OP_PUSH,
	OP_POP,
	OP_PEEK,
	OP_REDIRECT, /* to entry args[1] */
	N_OPS,
};

#define OP_BIT(op)  (1u << OP_##op)
#define OPS_READ    OP_BIT(LOOKUP)
#define OPS_WRITE   (OP_BIT(UPDATE) | OP_BIT(DELETE))
#define OPS_KEYLESS (OP_BIT(PUSH) | OP_BIT(POP) | OP_BIT(PEEK))

#define OPERATION_NO_VALUE (-2) /* result of a lookup that finds nothing */
#define OPERATION_NO_INNER (-3) /* ... not even the map */

/* An operation of its table has behind it the key, the value, and where maps are in maps the key
 * of the map in question. */
struct map_table {
	struct table table;
	uint32_t key_size, value_size;
	uint32_t key_at, value_at, outer_at; /* bytes from the beginning of an operation */
	uint32_t ops;                        /* that the program can do: OP_BIT()s */
	bool inner;                          /* in a map that map 0 holds */
	bool blind;                          /* what a lookup gives cannot be read */
};

/* For a map of the shape, or if `outer` is not NULL for maps of the shape in one of that. */
void map_table__open(struct map_table *t, struct ebpf_instance *inst, const struct shape *shape,
	uint32_t ops, const struct shape *outer);
/* The program's instructions: their number. */
size_t map_table__program(const struct map_table *t, struct bpf_insn *insns, size_t room);

#endif
