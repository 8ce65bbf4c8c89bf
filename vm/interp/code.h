/* SPDX-License-Identifier: BSD-3-Clause
 *
 * code.h -- the interpreter's own form of a program, and the state of a run.
 *
 * Every instruction word becomes one 16-byte operation, so that an operation's index is its
 * instruction's. Of a VM with a secret they are combined with it (core/secret.h), and read by a
 * loop of their own. It holds the address of the code that does it (execute.c). What it does is one
 * number besides, made of its isa_op and a variant: which width, which kind of second operand. The
 * last operation is one that stops the program.
 *
 * Frames of the program's stack lie one after the other, a gap behind each: an access beyond
 * the end of a frame hits no other.
 */
#ifndef VM_INTERP_CODE_H
#define VM_INTERP_CODE_H

#include <stdatomic.h>
#include <string.h>

#include "../core/secret.h"
#include "../isa/isa.h"
#include "../runtime/dynptr.h"
#include "../runtime/helpers.h"
#include "interp.h"

struct interp_op {
	const void *place; /* in the loop */
	union {
		struct {
			uint8_t dst, src;
			int16_t off; /* of memory; conditional jumps: from the next operation */
			/* other jumps, local calls: from the next operation; helpers: which of the
			 * code's */
			int32_t imm;
		};
		uint64_t value; /* the second word of LDDW: what it loads */
	};
};

#define INTERP_VARIANT_BITS    4
#define INTERP_OP(op, variant) ((op) << INTERP_VARIANT_BITS | (variant))

enum interp_variant {
	VARIANT_ONLY = 0,
	/* arithmetic and comparisons: width, second operand */
	VARIANT_REG32 = 0,
	VARIANT_IMM32,
	VARIANT_REG64,
	VARIANT_IMM64,
	/* memory, byte orders: bytes */
	VARIANT_SIZE1 = 0,
	VARIANT_SIZE2,
	VARIANT_SIZE4,
	VARIANT_SIZE8,
	VARIANT_FRAME1, /* at a constant place in the frame */
	VARIANT_FRAME2,
	VARIANT_FRAME4,
	VARIANT_FRAME8,
	VARIANT_IMM_SIZE1, /* stores of a number */
	VARIANT_IMM_SIZE2,
	VARIANT_IMM_SIZE4,
	VARIANT_IMM_SIZE8,
	VARIANT_IMM_FRAME1,
	VARIANT_IMM_FRAME2,
	VARIANT_IMM_FRAME4,
	VARIANT_IMM_FRAME8,
	/* atomics: bytes, which are VARIANT_SIZEn; do they give what was there? */
	VARIANT_FETCH4 = 6,
	VARIANT_FETCH8,
	/* sign extension */
	VARIANT_FROM1_TO4 = 0,
	VARIANT_FROM2_TO4,
	VARIANT_FROM1_TO8 = 4,
	VARIANT_FROM2_TO8,
	VARIANT_FROM4_TO8,
	/* calls */
	VARIANT_HELPER = 0,
	VARIANT_LOCAL,
	VARIANT_LOOKUP,  /* bpf_map_lookup_elem(), the most frequent of all */
	VARIANT_UNKNOWN, /* a helper that does not exist */
};

#define VARIANT_ALU(is64, use_imm) ((is64) << 1 | (use_imm))
#define VARIANT_SIZE(size)         ((size) == 8 ? 3 : (size) >> 1)
/* What is added to it */
#define VARIANT_FRAME (VARIANT_FRAME1 - VARIANT_SIZE1)
#define VARIANT_IMM   (VARIANT_IMM_SIZE1 - VARIANT_SIZE1)
#define VARIANT_FETCH (VARIANT_FETCH4 - VARIANT_SIZE4)
#define VARIANT_TO8   (VARIANT_FROM1_TO8 - VARIANT_FROM1_TO4)

/* What is no instruction's: to stop; to count, and do then what is to be done. */
#define INTERP_STOP  INTERP_OP(ISA_N_OPS, 0)
#define INTERP_COUNT INTERP_OP(ISA_N_OPS, 1)
#define INTERP_N_OPS INTERP_OP(ISA_N_OPS, 2)

/* Where in the loop is the code of an operation? By INTERP_OP(); NULL if there is none. Hidden: in
 * the loop over those that are combined with a secret. */
const void *const *interp__places(bool hidden);

/* A helper that the program may call. */
struct interp_helper {
	ebpf_helper_fn registered; /* the user's, or NULL */
	const struct ebpf_helper_type *type;
	const struct helper_proto *proto; /* the machine's, otherwise */
	helper_call_fn call;
	bool grants; /* it gives memory that is no map's, takes it, or calls back */
	/* The program's map that it is most likely called with, or NULL; and what
	 * interp_map__has_plain_values() says of it. */
	const struct rt_map *likely_map;
	bool likely_plain;
};

/* The value of an array that has one: a section of variables, most likely. */
struct interp_section {
	uint64_t address, size;
	bool readable, writable;
};

#define INTERP_CTX_WORDS 8 /* more are found by search */

struct interp_code {
	struct interp_binding binding;
	const struct ctx_table *ctx_table;
	const struct ctx_field *ctx_words[INTERP_CTX_WORDS]; /* its fields, 4 bytes wide each */
	bool raw;
	uint16_t packet_place, packet_end_place; /* in the machine's context */
	uint64_t *hits;
	bool counts;                   /* hits, or what is left of the budget */
	struct interp_helper *helpers; /* one per call of a helper */
	uint16_t *kinds; /* INTERP_OP() of each operation; NULL if there is a secret */
	struct interp_section *sections;
	uint32_t n_sections;
	/* Of a frame: its size; from its lowest place to its top; from one frame to the next, as a
	 * shift. And what is cleared of it, from its top down, when it is entered. */
	uint32_t stack_size, frame_top, frame_shift;
	uint32_t frame_lines, frame_bytes;
	uint32_t max_frames;
	size_t stack_bytes;             /* places for them all */
	_Atomic(uint8_t *) spare_stack; /* stack.c */
	uint32_t n_ops;
	struct interp_op ops[];
};

/* Are its values memory that programs read and write? */
bool interp_map__has_plain_values(const struct rt_map *map);

/* False if there is none of this number. */
bool interp_helper__find(const struct interp_code *code, uint64_t id, struct interp_helper *h);

/* The operation at `o`, which is combined with the secret. */
static inline struct interp_op interp_op__plain(const struct interp_op *o, uint64_t secret)
{
	struct interp_op plain;
	uint64_t words[2];

	memcpy(words, o, sizeof(words));
	words[0] ^= secret__key(secret, &o->place);
	words[1] ^= secret__key(secret, &o->value);
	memcpy(&plain, words, sizeof(plain));
	return plain;
}

/* frame.c: which operations access the frame where it is certain to be. */
void interp_frame__settle(struct interp_code *code);

/* stack.c: stacks of so many bytes a run has on its thread's; larger ones come from here. False and
 * NULL: there is no memory. */
#define INTERP_THREAD_STACK (16u << 10)
bool interp_stack__prepare(struct interp_code *code);
uint8_t *interp_stack__take(struct interp_code *code);
void interp_stack__give_back(struct interp_code *code, uint8_t *stack);

/* A frame is cleared in lines; its place is a power of two, greater than the frame. */
#define FRAME_LINE 64

struct interp_frame {
	uint64_t saved[4];            /* r6..r9 while it calls */
	const struct interp_op *call; /* NULL: of the helper that calls back */
	uint32_t cleared;             /* bytes below its top; the program sees no others */
	uint32_t rounds;              /* that may_goto still lets it make */
};

/* Memory that the program may touch: accesses of 1, 2, 4 and 8 bytes may begin at so many places
 * from its base on. */
struct interp_window {
	uint64_t base;
	uint64_t places[4]; /* the first is the size */
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
	/* Where most accesses are: the packet or the raw memory, the frame, the value that the
	 * last lookup gave. Elsewhere see interp_memory__find(). */
	struct interp_window memory, frame, value;
	uint64_t taken;               /* of the budget */
	enum ebpf_fault_reason fault; /* not NONE: the run is over */
	uint32_t depth;
	uint32_t n_inner, n_grants, n_dynptrs; /* inner maps: counts on */
	struct interp_callback callback;
	/* Maps that came out of maps of maps, the last of them. */
	const struct rt_map *inner[INTERP_INNER_MAPS];
	struct interp_grant grants[INTERP_GRANTS];
	struct interp_dynptr dynptrs[INTERP_DYNPTRS];
	struct interp_frame frames[EBPF_MAX_FRAMES];
	uint8_t *stack; /* a place for each frame */
};

static inline uint8_t *interp_frame__top(const struct interp_run *run, uint32_t depth)
{
	return run->stack + ((size_t)depth << run->code->frame_shift) + run->code->frame_top;
}

#endif
