/* SPDX-License-Identifier: BSD-3-Clause
 *
 * state.h -- what the machine may hold at one point of one path: registers and stack of every
 * frame.
 *
 *	state ─► frame 0 ─► regs[11]
 *	  │         │  └──► slots: the stack, 8 bytes each, slot 0 the highest
 *	  │         └ ... frame `top`, the one that executes
 *	  ├─► parent: the checkpoint that this path passed last
 *	  └─► trail:  the instructions that led here (precision.c)
 *
 * A state is either the current one, one that waits to be explored (a branch not taken yet),
 * or a checkpoint: a copy kept at an instruction so that later paths that arrive there with
 * nothing new can stop (prune.c).
 *
 * Pointers: `off` is the known part of the distance from the object's beginning (stack: from
 * the frame's top), `var` the unknown part, known to be zero for most. Registers that hold
 * the same unknown number carry the same id; so do packet pointers with the same unknown part
 * and results of the same map lookup.
 *
 * What a program acquires (a ring-buffer record, a socket) it must release on every path: the
 * state lists the references that are held, and every pointer that dies with one names it
 * (reference.c). A dynptr lies in two slots of the stack (dynptr.c).
 */
#ifndef VM_VERIFIER_STATE_H
#define VM_VERIFIER_STATE_H

#include "ebpf-vm.h"

#include "arena.h"
#include "range.h"

/* Linux's, whatever a raw program's stack is. STACK_SIZE is also the limit of a chain of
 * calls; a mask of slots is a uint64_t. */
#define STACK_SIZE  512
#define STACK_SLOTS (STACK_SIZE / 8)
#define MAX_FRAMES  8

enum reg_type {
	REG_UNSET,
	REG_SCALAR,
	REG_CTX,
	REG_PACKET,
	REG_PACKET_META,
	REG_PACKET_END,
	REG_STACK,
	REG_MAP,
	REG_MAP_VALUE,
	REG_FUNC,
	REG_MEM,         /* `size` bytes, whatever they belong to */
	REG_SOCK,        /* a struct bpf_sock */
	REG_SOCK_COMMON, /* the same, of which the protocol decides what is there */
	REG_XDP_SOCK,    /* a struct bpf_xdp_sock: what an XSKMAP holds */
	REG_OBJECT,      /* a struct of the kernel's: kernel-object.c */
	REG_DYNPTR, /* in a slot: a half of a dynptr; in a register: one that is not the frame's */
	REG_ITER,   /* in a slot: an open-coded iterator */
};

/* Of REG_OBJECT. */
enum kernel_object {
	OBJECT_UNTRUSTED, /* may not be what it is taken for */
	OBJECT_TASK,
	OBJECT_CGROUP,
	OBJECT_SOCK,
	OBJECT_CONNECTION,
	OBJECT_NEW_CONNECTION,
	OBJECT_XFRM_STATE,
	OBJECT_XDP_BUFF,
	OBJECT_FLOW,
};

/* Of REG_MEM. */
enum mem_flags {
	MEM_RDONLY = 1 << 0,
	MEM_RECORD = 1 << 1, /* what a ring buffer reserved */
	MEM_PACKET = 1 << 2, /* gone when the packet moves */
	MEM_SLICE = 1 << 3,  /* of a dynptr */
	MEM_KEY = 1 << 4,    /* of a map, as a callback gets it */
};

enum iter_state {
	ITER_ACTIVE,
	ITER_DRAINED, /* there is no next element, and never will be */
};

enum dynptr_kind {
	DYNPTR_LOCAL, /* over a map's value */
	DYNPTR_RINGBUF,
	DYNPTR_XDP,
};

/* A scalar's id with this bit: its value is that of the others with the id, plus `off`. */
#define ID_PLUS_OFF64 (1U << 31)
#define ID_PLUS_OFF32 (1U << 30) /* the sum's lower half, of values that fit one */
#define ID_PLUS_OFF   (ID_PLUS_OFF64 | ID_PLUS_OFF32)

/* `reach` of a packet pointer that was found to be at, or beyond, the packet's end. */
enum {
	REACH_AT_END = -1,
	REACH_BEYOND_END = -2,
};

struct reg {
	uint8_t type; /* enum reg_type */
	union {
		uint8_t frame; /* REG_STACK: whose stack */
		uint8_t flags; /* REG_MEM: enum mem_flags */
		uint8_t kind;  /* REG_DYNPTR: enum dynptr_kind; REG_ITER: enum iter_state */
	};
	bool maybe_null; /* a pointer, or 0 */
	bool precise;    /* checkpoints, REG_SCALAR: the proof rests on its value */
	union {
		uint32_t map;    /* REG_MAP, REG_MAP_VALUE: index; REG_FUNC: instruction */
		uint32_t size;   /* REG_MEM: bytes; REG_ITER: index of its family */
		uint32_t object; /* enum kernel_object */
	};
	uint32_t id;     /* 0: none */
	uint32_t ref;    /* the reference that it dies with; 0: none */
	uint32_t dynptr; /* REG_MEM: id of the dynptr that it goes with; 0: none */
	int32_t off;     /* pointers; scalars with ID_PLUS_OFF; REG_DYNPTR, REG_ITER: of the slot */
	int32_t reach;   /* REG_PACKET*: bytes from the base known to lie in the packet */
	/* REG_MEM, a slice: it may be a buffer on the stack instead, of frame - 1; 0: it may not.
	 */
	uint16_t buffer_frame, buffer_depth; /* bytes below the frame's top */
	struct range var; /* scalars: the value; pointers: unknown part of the distance */
};

enum slot_byte {
	BYTE_UNSET,
	BYTE_MISC, /* written, value unknown */
	BYTE_ZERO,
	BYTE_SPILL, /* part of the register in `spilled`, whose low end is byte 0 */
	/* What only helpers may touch, all 8 bytes of a slot; `spilled` tells which it is. */
	BYTE_DYNPTR,
	BYTE_ITER,
};

struct slot {
	struct reg spilled;
	uint8_t bytes[8]; /* enum slot_byte, by address */
};

struct frame {
	struct reg regs[EBPF_N_REGS];
	uint32_t func;      /* index of the function */
	uint32_t call_insn; /* the call that made it; frame 0: none */
	bool callback;      /* made by a helper, which call_insn calls */
	uint32_t n_refs;    /* callback: references that were held before it */
	uint32_t rounds;    /* of the callback, so far, that the frame's helper calls */
	uint32_t n_slots;   /* allocated; further down nothing was written */
	struct slot *slots;
};

/* Something acquired and not yet released. */
struct reference {
	uint32_t id, insn;
};

/* The spin lock that is held. */
struct lock {
	bool held;
	uint32_t map, id; /* of the pointer to the map's value */
};

/* What kernel functions begin and end. */
enum section {
	SECTION_RCU,
	SECTION_NO_PREEMPT,
	N_SECTIONS,
};

struct state {
	struct frame *frames[MAX_FRAMES];
	uint32_t top;
	uint32_t n_refs;
	struct reference *refs;
	struct lock lock;
	uint32_t sections[N_SECTIONS]; /* begun and not yet ended */
	uint32_t insn;                 /* checkpoint: where; pending: where to go on */
	struct state *parent;
	struct step *trail;
	uint32_t steps;         /* of the trail since the parent */
	uint32_t rounds, gotos; /* of loops that end by themselves (loop.c); of may_goto's */
	/* Slots, a bit each: read after this checkpoint before they were written; written
	 * between the parent and this state. */
	uint64_t read[MAX_FRAMES], written[MAX_FRAMES];

	/* Checkpoints */
	struct state *next; /* at the same instruction; pending: on the stack */
	uint32_t branches;  /* paths that passed here and have not ended */
	uint32_t hits, misses;
	bool evicted; /* out of the list, kept for its branches or its component */
	/* loop.c */
	uint32_t number; /* in order of creation */
	uint32_t low, first_edge;
	bool incomplete;
	struct state *next_incomplete;
};

static inline struct frame *state__top(const struct state *s)
{
	return s->frames[s->top];
}

static inline bool reg__is_scalar(const struct reg *r)
{
	return r->type == REG_SCALAR;
}

static inline bool reg__is_pointer(const struct reg *r)
{
	return r->type > REG_SCALAR;
}

static inline bool reg__is_packet(const struct reg *r)
{
	return r->type == REG_PACKET || r->type == REG_PACKET_META;
}

static inline bool reg__is_const(const struct reg *r)
{
	return r->type == REG_SCALAR && range__is_const(&r->var);
}

static inline bool reg__is_zero(const struct reg *r)
{
	return reg__is_const(r) && r->var.bits.value == 0;
}

static inline bool reg__is_sock(const struct reg *r)
{
	return r->type == REG_SOCK || r->type == REG_SOCK_COMMON || r->type == REG_XDP_SOCK;
}

void reg__unset(struct reg *r);
void reg__set_unknown(struct reg *r);
void reg__set_const(struct reg *r, uint64_t value);
/* A pointer at offset 0, nothing unknown about it. */
void reg__set_pointer(struct reg *r, enum reg_type type);
/* Everything but ids and precision is equal. */
bool reg__same_but_ids(const struct reg *a, const struct reg *b);

/* Slot of a stack offset (-512..-1) and the byte within. */
static inline uint32_t slot__index(int64_t off)
{
	return (uint32_t)(-off - 1) / 8;
}

static inline uint32_t slot__byte(int64_t off)
{
	return (uint32_t)(off + STACK_SIZE) % 8;
}

static inline bool slot__is_spill(const struct slot *s)
{
	return s->bytes[0] == BYTE_SPILL;
}

static inline bool slot__is_spilled_scalar(const struct slot *s)
{
	return slot__is_spill(s) && s->spilled.type == REG_SCALAR;
}

/* Does the slot hold something that only helpers may touch? */
static inline bool slot__is_special(const struct slot *s)
{
	return s->bytes[0] > BYTE_SPILL;
}

static inline bool slot__is_dynptr(const struct slot *s)
{
	return s->bytes[0] == BYTE_DYNPTR;
}

/* Bytes that the spilled register fills, from byte 0 on. */
uint32_t slot__spill_size(const struct slot *s);

/* Walks all registers and spilled registers of all frames:
 * for (struct reg_walk w = {0}; (r = state__next_reg(s, &w));) */
struct reg_walk {
	uint32_t frame, index;       /* the next one; EBPF_N_REGS + slot for spilled ones */
	uint32_t at_frame, at_index; /* the one returned last */
};

struct reg *state__next_reg(const struct state *s, struct reg_walk *w);

/* All return NULL or -ENOMEM without memory. */
struct frame *frame__new(struct arena *a, uint32_t func, uint32_t call_insn);
void frame__free(struct arena *a, struct frame *f);
int frame__need_slots(struct arena *a, struct frame *f, uint32_t n);
struct state *state__copy(struct arena *a, const struct state *s);
void state__free(struct arena *a, struct state *s);

#endif
