/* SPDX-License-Identifier: BSD-3-Clause
 *
 * model.h -- the generator's own: the program being written and what its registers hold.
 *
 * In every function r6 is the context and stays it. Slot i of the stack is the eight bytes at
 * r10 - 8 * (i + 1).
 */
#ifndef TESTS_FUZZ_MODEL_H
#define TESTS_FUZZ_MODEL_H

#include <linux/bpf.h>

#include "generate.h"
#include "runtime/helpers.h"

#define GENERATED_MAX_FUNCS 4

#ifndef BPF_MEMSX
#define BPF_MEMSX 0x80 /* younger than Debian 12's kernel headers */
#endif

enum kind {
	NOTHING,
	SCALAR,
	CONTEXT,
	PACKET,
	PACKET_META,
	PACKET_END,
	VALUE,       /* into a value of a map, not NULL */
	CONST_VALUE, /* into a frozen one */
	WRITE_VALUE, /* into one that may only be written */
	STACK,       /* a slot of a caller */
	INNER_MAP,   /* out of a map of maps, `range`; not NULL */
};

struct value {
	uint8_t kind;
	uint16_t id;    /* pointers with the same id differ by constants only; 0 is ctx->data */
	int16_t off;    /* bytes from the id's base, or into the map's value */
	uint16_t range; /* bytes from the base that may be touched */
	bool odd;       /* the base's alignment is not known */
	bool slice;     /* of a dynptr: gone when that or the packet is changed */
};

#define KINDS_READ   (1 << PACKET | 1 << PACKET_META | 1 << VALUE | 1 << CONST_VALUE | 1 << STACK)
#define KINDS_WRITE  ((KINDS_READ & ~(1 << CONST_VALUE)) | 1 << WRITE_VALUE)
#define KINDS_ATOMIC (1 << VALUE | 1 << STACK)

#define CONTEXT_REG 6
#define N_SLOTS     12
#define FREE_SLOTS  6  /* those from here on are the buffers of helper arguments */
#define KEY_SLOT    6  /* 8 bytes */
#define VALUE_SLOT  11 /* 40 bytes: slots 11 to 7 */
#define VALUE_BYTES 40
/* Beyond these, what only helpers know: 8 bytes, 8, and twice 16. */
#define ITER_SLOT     12
#define HELD_SLOT     13
#define DYNPTR_SLOT   15
#define DYNPTR_2_SLOT 17

struct state {
	struct value regs[10];
	struct value slots[N_SLOTS];
	uint16_t locked;         /* registers that must keep what they hold */
	bool in_loop;            /* nothing may change its kind, r0..r5 aside */
	uint8_t depth;           /* blocks around */
	uint8_t open;            /* what must be closed before the program ends */
	uint8_t dynptrs;         /* that were made, a bit each */
	uint8_t sections;        /* of sections.c, a bit each */
	bool iterating, holding; /* ITER_SLOT, HELD_SLOT is in use */
	bool no_calls;           /* a lock is held */
	bool no_context;         /* a function that a helper calls: r6 is something else */
	bool ended;              /* an exit was written: nothing can follow */
};

enum {
	WRONG_BOUNDS,   /* behind a packet's or a value's end */
	WRONG_REGISTER, /* one that may hold nothing, or a pointer */
	WRONG_STACK,    /* bytes that may not have been written, or not aligned */
	WRONG_NULL,     /* a lookup's result that was not compared with NULL */
	WRONG_STALE,    /* a packet pointer from before the packet moved */
	WRONG_RANGE,    /* a pointer moved by any number */
	WRONG_WRITE,    /* of what is read-only */
	WRONG_CONTEXT,  /* a field that does not exist */
	WRONG_NUMBER,   /* a shift or divisor without a meaning */
	WRONG_HELPER,
	WRONG_LOOP,
	WRONG_CLOSE, /* what is open stays open, or is closed twice */
	N_WRONG
};

/* What functions are for. */
enum role {
	ROLE_CALLED,   /* f(ctx, number, `arg`) */
	ROLE_LOOP,     /* of bpf_loop: f(index, `arg`) */
	ROLE_FOR_EACH, /* of bpf_for_each_map_elem: f(map, key, value, `arg`) */
	N_ROLES
};

struct writer {
	const uint8_t *next, *end;
	struct generated_program *out;
	uint8_t mistake; /* the kind that this program is to have */
	uint32_t mistakes_left;
	uint16_t last_id;
	uint32_t func; /* being written; it calls only those after it */
	uint32_t n_funcs;
	struct {
		uint8_t role;
		uint8_t arg; /* its kind: SCALAR, STACK or VALUE */
		uint8_t map; /* ROLE_FOR_EACH */
		bool moves_packet, called;
	} funcs[GENERATED_MAX_FUNCS];
	struct {
		uint32_t insn, func;
	} calls[64];
	uint32_t n_calls;
};

/* A number below n. 0 when the bytes have run out. */
uint32_t draw(struct writer *w, uint32_t n);
int32_t draw_imm(struct writer *w);
/* Now and then true, in programs that are to be wrong in this way. */
bool mistake(struct writer *w, uint8_t kind);
static inline bool exhausted(const struct writer *w)
{
	return w->next >= w->end || w->out->n_insns > GENERATED_MAX_INSNS - 160;
}

/* Writes one instruction and returns its index. */
uint32_t emit(struct writer *w, uint8_t opcode, uint8_t dst, uint8_t src, int16_t off, int32_t imm);
void emit_map(struct writer *w, uint8_t dst, uint32_t map);
void emit_map_value(struct writer *w, uint8_t dst, uint32_t map, int32_t off);
/* The jump at `insn` goes to what is written next. */
void land(struct writer *w, uint32_t insn);
static inline void emit_exit(struct writer *w)
{
	emit(w, BPF_JMP | BPF_EXIT, 0, 0, 0, 0);
}

/* A register that holds `kind`, or -1. */
int find(struct writer *w, const struct state *s, uint8_t kind);
/* A register that may be written, any kind before; the caller sets what it holds. */
int target(struct writer *w, const struct state *s);
/* A register that holds a scalar, made if there is none. */
int scalar(struct writer *w, struct state *s);
/* A pointer of one of `kinds` (bits) with `size` bytes at [reg + *off], or -1. */
int pointer(struct writer *w, const struct state *s, uint32_t kinds, uint32_t size, bool aligned,
	int32_t *off);
void set_scalar(struct state *s, int reg);
/* What holds after either of two paths. */
void join(struct state *s, const struct state *other);
/* What a call destroys: r0..r5. */
void clobber(struct state *s);
/* What a helper destroys that moves the packet. */
void forget_packet(struct state *s);
void forget_slices(struct state *s);
/* Pointers with this id. */
void forget_id(struct state *s, uint16_t id);

static inline int16_t slot_offset(int slot)
{
	return -8 * (slot + 1);
}

/* generate.c */
void write_block(struct writer *w, struct state *s, uint32_t most);
void write_exit(struct writer *w, struct state *s);

/* Calls a helper of the given prototype, if its arguments can be had: *map, *size are those of
 * the call that say what its result points to. r0 is left to the caller. */
bool write_call_of(struct writer *w, struct state *s, const struct helper_proto *proto,
	uint32_t *map, uint32_t *size);
/* Does it begin or end a section? */
bool is_section(uint32_t helper);
/* Without arguments, or with those that are there already. */
void emit_call(struct writer *w, struct state *s, uint32_t helper);
void emit_stack_address(struct writer *w, uint8_t dst, int slot);
/* Calls function `func`, or takes its address into `dst`. */
void emit_local(struct writer *w, uint8_t dst, uint32_t func);

/* statements.c, branches.c, calls.c, helper-calls.c, sections.c: each
 * writes one statement, or nothing where
 * the model allows none. */
void write_alu(struct writer *w, struct state *s);
void write_copy(struct writer *w, struct state *s);
void write_context_load(struct writer *w, struct state *s);
void write_load(struct writer *w, struct state *s);
void write_store(struct writer *w, struct state *s);
void write_atomic(struct writer *w, struct state *s);
void write_stack_write(struct writer *w, struct state *s);
void write_stack_read(struct writer *w, struct state *s);
void write_pointer_move(struct writer *w, struct state *s);
void write_pointer_difference(struct writer *w, struct state *s);
void write_const_value(struct writer *w, struct state *s);
void write_packet_check(struct writer *w, struct state *s);
void write_branch(struct writer *w, struct state *s);
void write_loop(struct writer *w, struct state *s);
void write_helper_call(struct writer *w, struct state *s);
void write_local_call(struct writer *w, struct state *s);
void write_callback(struct writer *w, struct state *s);
void write_iterator(struct writer *w, struct state *s);
void write_may_goto(struct writer *w, struct state *s);
void write_held(struct writer *w, struct state *s);
void write_record_dynptr(struct writer *w, struct state *s);
void write_section(struct writer *w, struct state *s);
void write_locked(struct writer *w, struct state *s);

#endif
