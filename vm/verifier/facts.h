/* SPDX-License-Identifier: BSD-3-Clause
 *
 * facts.h -- what the verifier knows about every instruction, for the backends.
 *
 * A fact is the join over all paths, frames and call sites on which the instruction was
 * examined. "Before" means on entry to the instruction. Facts exist only after a complete,
 * successful analysis: a rejected program has none.
 *
 * Who may rely on it: the compiler (pointer arithmetic by GEP, accesses without checks, dead
 * code). The interpreter does not: it checks at run time, and so is an oracle for facts.
 */
#ifndef VM_VERIFIER_FACTS_H
#define VM_VERIFIER_FACTS_H

#include <stdint.h>

/* What a register holds, joined. The order matters to nobody. */
enum fact_kind {
	FACT_UNSET, /* never written on some path, or read by nobody from here on */
	FACT_SCALAR,
	FACT_CTX,
	FACT_PACKET,      /* derived from ctx->data */
	FACT_PACKET_META, /* derived from ctx->data_meta */
	FACT_PACKET_END,
	FACT_STACK,     /* own frame's or a caller's */
	FACT_MAP,       /* a map itself (LDDW) */
	FACT_MAP_VALUE, /* into a value of a map, NULL possible */
	FACT_MEM,       /* other memory with a size: a record, a slice of a dynptr, a socket */
	FACT_FUNC,      /* address of a function of the program */
	FACT_POINTER,   /* a pointer on all paths, bases differ */
	FACT_ANY,       /* a pointer on some, a scalar on others */
};

enum fact_flags {
	FACT_REACHED = 1 << 0,
	FACT_TAKEN = 1 << 1,     /* conditional jump: taken on some path */
	FACT_FALLS = 1 << 2,     /* conditional jump: not taken on some path */
	FACT_IN_BOUNDS = 1 << 3, /* memory access: proved inside its object */
	FACT_CONST_MAP = 1 << 4, /* helper call: `map` is the map of its map argument, always */
	FACT_CONST_OFF = 1 << 5, /* access to the executing function's own frame: `offset` from
				    its top, always */
};

#define FACT_NO_MAP UINT32_MAX

struct ebpf_fact {
	uint8_t flags;
	uint8_t access;     /* enum fact_kind of the address of a load, store or atomic */
	uint8_t result;     /* enum fact_kind of the destination (r0 for calls) after it */
	uint8_t regs[11];   /* enum fact_kind before it, r0..r10 */
	uint16_t ctx_field; /* access FACT_CTX: index into the context table's fields */
	uint32_t map;       /* FACT_CONST_MAP, or access FACT_MAP_VALUE with one map always; else
			       FACT_NO_MAP */
	int32_t offset;     /* with FACT_CONST_OFF */
	/* Access FACT_MAP_VALUE: all that it touches is in bytes [value_from, value_end) of a
	 * value. */
	uint32_t value_from, value_end;
	/* The maps whose values are accessed, or are memory arguments: a bit each (fact_map__bit).
	 */
	uint64_t value_maps;
	/* Helper call: for each argument r1..r5 that is memory, how many bytes the helper may
	 * touch there (its greatest value over all paths); 0 if not memory. */
	uint32_t arg_size[5];
};

/* One bit for all from the 64th on. */
static inline uint64_t fact_map__bit(uint32_t map)
{
	return UINT64_C(1) << (map < 63 ? map : 63);
}

struct ebpf_facts {
	uint32_t n_insns;
	struct ebpf_fact *insn; /* n_insns of them; second words of LDDW are not REACHED */
	uint32_t packet_end;    /* no access touches a byte of the packet so far behind ctx->data,
				   as that is at the time; but for helpers that take offsets */
	uint32_t stack_depth;   /* deepest use of the entry function's own frame, bytes, as Linux
				   counts it */
};

#endif
