/* SPDX-License-Identifier: BSD-3-Clause
 *
 * internal.h -- what the parts of the verifier share: one run's context.
 *
 * Every check returns 0 or a negative errno. -EACCES: rejected, and `reason` says why;
 * -ENOMEM; -E2BIG: too complex. After an error the run is over.
 */
#ifndef VM_VERIFIER_INTERNAL_H
#define VM_VERIFIER_INTERNAL_H

#include <errno.h>
#include <stdarg.h>

#include "../core/view.h"
#include "../isa/isa.h"
#include "../runtime/helpers.h"
#include "map-use.h"
#include "state.h"
#include "verifier.h"

#define MAX_PACKET_OFF 0xffff
#define MAX_VAR_OFF    (1 << 29)
#define MAX_PENDING    8192 /* branches not taken yet, on one path */

enum loop_kind {
	LOOP_NONE,
	LOOP_MAY_GOTO,
	LOOP_CALLBACK, /* a call of a helper that calls a function */
	LOOP_ITER,     /* a call for an iterator's next element */
};

/* What is known of an instruction before the analysis. */
struct insn_info {
	uint32_t func;     /* index into program.funcs */
	bool prune;        /* states are compared here */
	uint8_t loop;      /* enum loop_kind: the instruction makes a loop that ends by itself */
	bool target;       /* a jump leads here */
	bool fastcall;     /* a spill or a fill around a call that spares the register */
	bool writes_frame; /* it would write r10 */
	uint8_t address;   /* enum reg_type of its address, of a load or store examined before */
	uint16_t live;     /* registers that may be read from here on before they are written */
	uint16_t reads, writes; /* registers, by the instruction itself */
};

struct func_info {
	uint32_t start, end;          /* instruction words */
	uint32_t stack_depth;         /* bytes below its r10, as far as the analysis has come */
	const struct ebpf_func *type; /* NULL: nothing is known of it */
	bool tail_calls;              /* as far as the analysis has come */
	/* global.c: some path calls it, and it was or is being examined on its own; the packet may
	 * move in it. */
	bool called, examined, moves_packet;
	/* fastcall.c: are there such spills, and some that must stay; all is below this offset
	 * from r10. */
	bool spills, keeps_spills;
	int32_t spills_below;
};

/* A program decoded and cut into functions: what the structure check makes. */
struct program {
	const struct program_view *view;
	struct isa_insn *insns; /* words 0: second half of LDDW */
	struct insn_info *info;
	struct func_info *funcs;
	uint32_t n_funcs;
};

struct log_buf {
	char *text; /* malloc'ed */
	size_t len, size;
};

struct verifier {
	struct program prog;
	const struct program_view *view;
	const struct ctx_table *ctx;
	struct arena arena;
	int log_level;
	struct log_buf log;
	char *reason;

	struct state *cur;
	uint32_t insn; /* being examined */
	struct state *pending;
	uint32_t n_pending;
	struct state **checkpoints; /* by instruction */
	uint32_t last_id;
	uint32_t jumps, jumps_at_checkpoint;
	uint64_t insns_at_checkpoint;
	struct id_map *ids; /* scratch of a comparison */
	struct loops *loops;
	uint64_t marks; /* of reads and of precision, set so far */
	uint64_t budget;
	uint32_t n_states;
	uint32_t logged_line;

	struct ebpf_fact *facts;
	uint32_t packet_end;     /* as in struct ebpf_facts */
	uint32_t missing_helper; /* see struct verifier_result */
	struct ebpf_verify_stats stats;
};

/* log.c */
__attribute__((format(printf, 2, 3))) void log__add(struct verifier *v, const char *fmt, ...);
void log__state(struct verifier *v, const struct state *s);
void log__source(struct verifier *v, uint32_t insn);
/* The instruction, without a newline; then the registers it used, as they are after it. */
void log__insn(struct verifier *v, uint32_t insn);
void log__effect(struct verifier *v, uint32_t insn);
const char *reg_type__name(const struct reg *r);
/* Sets the reason, with instruction and source line before it, and gives err back. */
__attribute__((format(printf, 3, 4))) int fail(struct verifier *v, int err, const char *fmt, ...);
#define reject(v, ...) fail(v, -EACCES, __VA_ARGS__)

/* cfg.c: decodes the program and checks its structure; memory is the arena's. */
int program__init(
	struct program *p, const struct program_view *view, struct arena *a, char **errmsg);
/* Typed programs only: no unreachable instructions, no forms that raw programs alone have. */
int program__check_typed(struct program *p, struct arena *a, char **errmsg);
/* liveness.c: fills info.live, .reads, .writes. */
void program__find_live(struct program *p);
/* The function called there or, if LDDW, whose address is taken: its first instruction. False:
 * neither. */
bool program__callee(const struct program *p, uint32_t insn, uint32_t *func);
/* May the next instruction follow this one, which is no jump? Nothing need follow bpf_throw(). */
bool program__falls_through(const struct program *p, uint32_t insn);
/* Registers the instruction reads and writes, a bit each. */
void insn__uses(const struct program *p, uint32_t insn, uint16_t *reads, uint16_t *writes);

/* Registers of the current frame. */
static inline struct reg *reg_at(struct verifier *v, uint32_t regno)
{
	return &state__top(v->cur)->regs[regno];
}

static inline const struct isa_insn *insn_at(struct verifier *v)
{
	return &v->prog.insns[v->insn];
}

static inline uint32_t new_id(struct verifier *v)
{
	return ++v->last_id;
}

/* verifier.c: 0 if the register has a value. */
int check_readable(struct verifier *v, uint32_t regno);

/* Gives an unknown number an id, before it is copied. */
static inline void give_id(struct verifier *v, struct reg *r)
{
	if (r->id & ID_PLUS_OFF) {
		r->id = 0;
		r->off = 0;
	}
	if (!r->id && !range__is_const(&r->var))
		r->id = new_id(v);
}

/* alu.c, branch.c, call.c, helper-call.c: examine the current instruction. The branch and call
 * functions set *next to where the path goes on, or NO_INSN where it ends. */
#define NO_INSN UINT32_MAX
int alu__check(struct verifier *v, const struct isa_insn *in);
int branch__check(struct verifier *v, const struct isa_insn *in, uint32_t *next);
int call__check(struct verifier *v, const struct isa_insn *in, uint32_t *next);
int call__return(struct verifier *v, uint32_t *next);
int helper_call__check(struct verifier *v, const struct isa_insn *in);

/* A frame for the function that begins at `func`, called by the current instruction. Registers
 * are for the caller to fill. */
int call__enter(struct verifier *v, struct state *s, uint32_t func, struct frame **callee);
void call__leave(struct verifier *v, struct state *s);
/* callback.c */
bool callback__is_called_by(const struct isa_insn *in);
/* Of those registers of a callback (a bit each), which ones of the helper's call they are. */
uint16_t callback__args_from(const struct isa_insn *in, uint16_t regs);
int callback__return(struct verifier *v, uint32_t *next);

/* iterator.c: does the register point to an iterator that is not drained? */
bool iterator__is_active(struct verifier *v, uint32_t regno);

/* global.c: functions that are examined on their own. */
static inline bool func_info__is_global(const struct func_info *f)
{
	return f->type && f->type->global && f->type->typed;
}
void global__find_moves(struct program *p);
int global__call(struct verifier *v, struct func_info *func);
/* Another one that is called and was not examined yet. */
bool global__next(struct verifier *v, uint32_t *func);
/* The registers that it may be called with. */
void global__enter(struct verifier *v, const struct func_info *func, struct frame *frame);
/* At the exit of the function that is examined on its own, if it is not the program. */
int global__check_result(struct verifier *v);

/* The packet may have moved: its pointers are mere numbers from here on. */
void call__forget_packet(struct state *s);
void call__unset_caller_saved(struct verifier *v);
/* The frame on top is left: slices that may be on its stack are mere numbers from here on. */
void call__forget_buffers(struct state *s);

/* tail-call.c: at the call; and when the stack of all functions is known. */
int tail_call__check(struct verifier *v);
int tail_call__check_stack(struct verifier *v);
/* format.c */
int format__check(struct verifier *v);

/* mem.c: loads, stores, atomics; memory arguments of helpers. */
int mem__check_load(struct verifier *v, const struct isa_insn *in);
int mem__check_store(struct verifier *v, const struct isa_insn *in);
int mem__check_atomic(struct verifier *v, const struct isa_insn *in);
/* An object of `size` bytes that a helper writes there: is it aligned where that matters? */
int mem__check_alignment(struct verifier *v, uint32_t regno, uint32_t size);
/* [reg, reg+size) is memory that may be read, or with `write` written, by a helper. */
int mem__check_region(struct verifier *v, uint32_t regno, uint32_t size, bool write);

/* fastcall.c: before the analysis; at every access to the stack of `f`, whose offset from r10 is
 * `off`; and after it, when stack_depth loses what does not count. */
void fastcall__find(struct program *p);
void fastcall__note_access(struct verifier *v, struct func_info *f, int64_t off);
void fastcall__finish(struct program *p);

/* reference.c */
int reference__acquire(struct verifier *v, uint32_t *id);
/* Pointers that carry the reference are numbers after it. */
int reference__release(struct verifier *v, uint32_t id);
/* Takes it off the list, no more. False if it is not there. */
bool reference__drop(struct state *s, uint32_t id);
/* Nothing may be held where the program ends; `where` names what it does there. */
int reference__check_none(struct verifier *v, const char *where);
/* A callback returns with what was held when it was called. */
int reference__check_callback(struct verifier *v);

/* dynptr.c */
/* Something is to be stored to the slot: a dynptr there ends. */
int dynptr__overwrite(struct verifier *v, struct frame *f, uint32_t slot);
/* The dynptrs that hold a reference which was released are gone. */
void dynptr__forget_ref(struct state *s, uint32_t ref);

/* lock.c */
/* Does the register point into a value with a lock? */
bool lock__is_in(const struct verifier *v, const struct reg *r);
/* A load or store of a map's value at [regno+off, regno+off+size) spares the lock. */
int lock__check_access(struct verifier *v, uint32_t regno, int32_t off, uint32_t size);
/* A helper or kernel function may be called with a lock held. */
int lock__check_call(struct verifier *v, uint32_t func);
/* bpf_spin_lock or, with `lock` false, bpf_spin_unlock of the lock that the register points to. */
int lock__change(struct verifier *v, uint32_t regno, bool lock);

/* section.c: at a call of a helper or kernel function; where none may be open, as
 * reference__check_none(). */
int section__check_call(struct verifier *v, uint32_t func);
int section__check_none(struct verifier *v, const char *where);

/* kernel-object.c */
int kernel_object__check_access(
	struct verifier *v, uint32_t regno, int32_t off, uint32_t size, bool write);

/* socket.c */
int socket__check_load(struct verifier *v, uint32_t regno, int32_t off, uint32_t size);

/* known-helpers.c: of those the machine has, and of others that Linux has for XDP. NULL: none. */
const struct helper_proto *known_helper__find(uint32_t id);

/* stack.c: the stack that register `addr` points into. */
/* dst NULL: only checks. */
int stack__load(struct verifier *v, uint32_t addr, int32_t off, uint32_t size, struct reg *dst);
/* value NULL: something unknown. regno: the register it comes from, or NO_REG. */
#define NO_REG UINT32_MAX
int stack__store(struct verifier *v, uint32_t addr, int32_t off, uint32_t size, struct reg *value,
	uint32_t regno);
/* The number in the `size` bytes there, if it is known; the proof rests on it then. */
bool stack__constant(struct verifier *v, uint32_t addr, uint32_t size, uint64_t *value);
/* A store that may go to `size` bytes of a frame's stack, from `depth` below its top on. */
int stack__may_store(struct verifier *v, uint32_t frame, uint32_t depth, uint32_t size);
int stack__check_region(struct verifier *v, uint32_t addr, uint32_t size, bool write);

/* covers.c */
enum degree {
	EXACT,
	RANGES,
	USED,
};
struct id_map *state__new_id_map(struct arena *a);
/* Does the checkpoint `old`, made at the current instruction, cover the current state? */
bool state__covers(struct verifier *v, const struct state *old, enum degree degree);
/* Forgets the numbers of `cur` that are others than in `old`, unless the proof rests on them.
 * The frames of both are those of the same calls. */
void state__widen(struct verifier *v, const struct state *old, struct state *cur);

/* loop.c */
struct loops *loop__new(struct arena *a);
/* At a loop's instruction: may the current path end at the checkpoint, if that covers it? */
bool loop__may_end(struct verifier *v, const struct state *checkpoint);
/* Widens `s`, which is about to begin a round at the loop's instruction `insn`, by the round
 * before. here: a checkpoint of this round, or NULL. */
void loop__widen(struct verifier *v, uint32_t insn, const struct state *here, struct state *s);
/* The current path ends at `old`, whose marks are not final. */
int loop__add_edge(struct verifier *v, struct state *old);
/* A checkpoint was made; all its paths have ended. */
void loop__opened(struct verifier *v, struct state *checkpoint);
void loop__closed(struct verifier *v, struct state *checkpoint);
/* As branch__check(). */
int loop__may_goto(struct verifier *v, uint32_t *next);

/* prune.c */
/* Before an instruction where states are compared: *covered if nothing new can follow,
 * *checkpoint if one was made. */
int prune__visit(struct verifier *v, bool *covered, struct state **checkpoint);
/* The current path ended: goes on with a pending one; the current state is NULL if there is
 * none. */
void prune__next_path(struct verifier *v);
/* Makes a branch: a copy of the current state to be explored later from `insn`. */
int prune__push(struct verifier *v, uint32_t insn, struct state **other);
/* A path goes on as from `old`: what was read there, and what that needs, is the path's. */
void prune__inherit(struct verifier *v, struct state *path, const struct state *old);
void prune__forget(struct verifier *v, struct state *checkpoint);
/* The current path read these slots of a frame. */
void prune__read_slots(struct verifier *v, uint32_t frame, uint64_t slots);

/* precision.c */
/* An instruction on a path, newest first; paths share their beginnings. */
struct step {
	struct step *prev;
	struct state *checkpoint; /* made before it, or NULL */
	struct linked *linked;    /* registers that its comparison narrowed together */
	uint32_t insn;
	uint8_t frame;
	bool callback; /* the frame is that of one */
	bool spill;    /* it stored or loaded a register in stack slot `slot` of `slot_frame` */
	uint8_t slot_frame, slot;
};

#define MAX_LINKED 16
struct linked {
	uint32_t n;
	struct {
		uint8_t frame, index; /* as struct reg_walk */
	} reg[MAX_LINKED];
};

/* Registers and slots whose value is asked for, a bit each, per frame. */
struct demand {
	uint16_t regs[MAX_FRAMES];
	uint64_t slots[MAX_FRAMES];
};

/* The proof rests on the value that a register has before the current instruction. */
void precision__need(struct verifier *v, uint32_t regno);
void precision__need_slot(struct verifier *v, uint32_t frame, uint32_t slot);
/* The path goes on as from `old`: what old needs, it needs. */
void precision__inherit(struct verifier *v, struct state *path, const struct state *old);
int precision__append(struct verifier *v, struct state *checkpoint);

/* facts.c */
int facts__init(struct verifier *v);
void facts__before(struct verifier *v);
void facts__branch(struct verifier *v, bool taken);
void facts__result(struct verifier *v, uint32_t insn, const struct reg *r);
/* The access at the address in `r`, proved in bounds. */
void facts__access(
	struct verifier *v, const struct reg *r, int32_t off, uint32_t size, uint16_t ctx_field);
/* An access to the packet, by the program or by a helper, proved in bounds. */
void facts__packet(struct verifier *v, const struct reg *r, int32_t off, uint32_t size);
/* A helper gets memory in a value of that map. */
void facts__value_argument(struct verifier *v, uint32_t map);
void facts__call_map(struct verifier *v, uint32_t map);
void facts__call_arg(struct verifier *v, uint32_t arg, uint32_t bytes);
int facts__finish(struct verifier *v, struct ebpf_facts *out);

#endif
