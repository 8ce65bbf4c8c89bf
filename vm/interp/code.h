/* SPDX-License-Identifier: BSD-3-Clause
 *
 * code.h -- the interpreter's own form of a program, and the state of a run.
 *
 * Every instruction word becomes one 16-byte operation, so that an operation's index is its
 * instruction's. What an operation does is one number, made of its isa_op and a variant: which
 * width, which kind of second operand. The last operation is one that stops the program.
 *
 * Frames of the program's stack lie one after the other, a gap behind each: an access beyond
 * the end of a frame hits no other.
 */
#ifndef VM_INTERP_CODE_H
#define VM_INTERP_CODE_H

#include "../isa/isa.h"
#include "../runtime/dynptr.h"
#include "../runtime/helpers.h"
#include "interp.h"

struct interp_op {
	uint16_t code; /* INTERP_OP() */
	uint8_t dst, src;
	int32_t off; /* of memory; or how far to jump from the next operation */
	int64_t imm; /* LDDW: what it loads; helper calls: the struct interp_helper */
};

#define INTERP_VARIANT_BITS    3
#define INTERP_OP(op, variant) ((op) << INTERP_VARIANT_BITS | (variant))

/* Variants: of arithmetic and conditional jumps, of sizes, of stores, of atomics. */
#define VARIANT_ALU(is64, use_imm)   ((is64) << 1 | (use_imm))
#define VARIANT_SIZE(size)           ((size) == 8 ? 3 : (size) >> 1)
#define VARIANT_STORE(size, use_imm) (VARIANT_SIZE(size) << 1 | (use_imm))
#define VARIANT_ATOMIC(size, fetch)  (((size) == 8) << 1 | (fetch))
#define VARIANT_EXTEND(size, is64)   (VARIANT_SIZE(size) << 1 | (is64))

#define INTERP_STOP INTERP_OP(ISA_N_OPS, 0)

/* A helper that the program may call. */
struct interp_helper {
	ebpf_helper_fn registered;        /* the user's, or NULL: */
	const struct helper_proto *proto; /* the machine's */
	helper_call_fn call;
	bool grants; /* it gives memory that is no map's, takes it, or calls back */
};

struct interp_code {
	struct interp_binding binding;
	const struct ctx_table *ctx_table;
	bool raw;
	uint16_t packet_place, packet_end_place; /* in the machine's context */
	uint64_t *hits;
	struct interp_helper *helpers; /* one per call of a helper */
	uint32_t n_ops;
	struct interp_op ops[];
};

/* False if there is none of this number. */
bool interp_helper__find(const struct interp_code *code, uint64_t id, struct interp_helper *h);

/* Frame tops are aligned; a frame's place is a power of two, greater than the frame. */
#define FRAME_TOP   ((EBPF_STACK_SIZE + 15) & ~15)
#define FRAME_PLACE (1u << (32 - __builtin_clz(FRAME_TOP)))

struct interp_frame {
	uint64_t saved[4];           /* the caller's r6..r9 */
	const struct interp_op *ret; /* NULL: to the helper that called back */
};

#define INTERP_INNER_MAPS 32
#define INTERP_GRANTS     128 /* more than fit a program's stack and registers */
#define INTERP_DYNPTRS    (EBPF_STACK_SIZE / sizeof(struct rt_dynptr))

/* Memory that a helper has given to the program for a while. */
struct interp_grant {
	uint64_t address, size;
	bool writable;
};

/* A dynptr as a helper left it. */
struct interp_dynptr {
	uint64_t address;
	struct rt_dynptr is;
};

/* The function that the helper now being called calls back. */
struct interp_callback {
	const struct interp_op *function;
	const struct rt_map *map; /* of which it gets keys and values, or NULL */
};

struct interp_run {
	const struct interp_code *code;
	struct ebpf_env *env;
	uint8_t *ctx;
	uint64_t r[EBPF_N_REGS];
	/* Memory the program may touch: frames in use, the packet or the raw memory, the value
	 * that the last lookup gave. Elsewhere see interp_memory__find(). */
	uint64_t stack_len;
	uint64_t memory, memory_len;
	uint64_t value, value_len;
	/* Maps that came out of maps of maps, the last of them. */
	const struct rt_map *inner[INTERP_INNER_MAPS];
	uint32_t n_inner; /* counts on */
	struct interp_grant grants[INTERP_GRANTS];
	uint32_t n_grants;
	struct interp_dynptr dynptrs[INTERP_DYNPTRS];
	uint32_t n_dynptrs;
	struct interp_callback callback;
	uint64_t left;                /* of the budget */
	enum ebpf_fault_reason fault; /* not NONE: the run is over */
	uint32_t depth;
	struct interp_frame frames[EBPF_MAX_FRAMES];
	uint32_t rounds[EBPF_MAX_FRAMES]; /* that may_goto still lets a frame make */
	_Alignas(16) uint8_t stack[EBPF_MAX_FRAMES * FRAME_PLACE];
};

#endif
