/* SPDX-License-Identifier: BSD-3-Clause
 *
 * execute.c -- the interpreter's loop. It is threaded: every operation holds the address of the
 * code that does it, which ends with a jump to the code of the next one. The code is in ops.def,
 * the loop around it in loop.def.
 */
#include <endian.h>

#include "../runtime/uapi.h"
#include "call.h"
#include "memory.h"

/* What stopped a callback stops the call that it was part of; the first fault counts. */
static rt_cold uint64_t stop(
	struct interp_run *run, const struct interp_op *o, enum ebpf_fault_reason reason)
{
	struct ebpf_env *env = run->env;

	if (!run->fault) {
		if (reason != EBPF_FAULT_ACCESS && reason != EBPF_FAULT_ARGUMENT)
			env->fault_address = env->fault_size = 0;
		env->fault_insn = o - run->code->ops;
		env->fault_reason = run->fault = reason;
	}
	return run->code->raw ? UINT64_MAX : 0;
}

/* A program may read stack that it has not written (Linux allows it to privileged programs), and
 * shall see neither the packet before nor anything of ours: zeros, as in compiled code. Bytes that
 * it seems not to use are only cleared when it does: see interp_memory__find(). */
static inline void enter_frame(struct interp_run *run)
{
	struct interp_frame *f = &run->frames[run->depth];
	uint8_t *top = interp_frame__top(run, run->depth);

	for (uint32_t line = 1; line <= run->code->frame_lines; line++)
		memset(top - line * FRAME_LINE, 0, FRAME_LINE);
	f->cleared = run->code->frame_bytes;
	f->rounds = RT_MAX_LOOPS;
	interp_window__set(&run->frame, (uintptr_t)top - f->cleared, f->cleared);
	run->r[EBPF_REG_FRAME] = (uintptr_t)top;
}

/* False if that is a frame too many. */
static bool push_frame(struct interp_run *run, const struct interp_op *call)
{
	struct interp_frame *f = &run->frames[run->depth];

	if (run->depth + 1 == run->code->max_frames)
		return false;
	memcpy(f->saved, &run->r[6], sizeof(f->saved));
	f->call = call;
	run->depth++;
	enter_frame(run);
	return true;
}

static const struct interp_op *return_local(struct interp_run *run)
{
	const struct interp_frame *f = &run->frames[--run->depth];
	uint64_t top = (uintptr_t)interp_frame__top(run, run->depth);

	memcpy(&run->r[6], f->saved, sizeof(f->saved));
	run->r[EBPF_REG_FRAME] = top;
	interp_window__set(&run->frame, top - f->cleared, f->cleared);
	return f->call;
}

/* A tail call ends the function: the whole program, which whoever runs it sees to; or one of
 * its own functions, which returns what the program called returns. NULL: the program. */
static const struct interp_op *leave_by_tail_call(struct interp_run *run)
{
	if (!run->depth)
		return NULL;
	run->r[0] = ebpf_tail_call__follow(run->env);
	interp_memory__refresh(run);
	return return_local(run);
}

/* Atomics need their natural alignment; but a slice of a packet begins anywhere, and a verifier
 * only counts from there. */
static void *atomic_place(struct interp_run *run, uint64_t addr, uint32_t size)
{
	if (addr % size == 0 || !run->code->raw)
		return interp_memory__find(run, addr, size, true);
	interp_memory__blame(run, addr, size);
	return NULL;
}

/* Changes *p and gives what it was. */
#define ATOMIC(name, type)                                                                       \
	static uint64_t name(type *p, enum isa_op op, type value, type expected)                 \
	{                                                                                        \
		switch (op) {                                                                    \
		case ISA_ATOMIC_ADD: return __atomic_fetch_add(p, value, __ATOMIC_SEQ_CST);      \
		case ISA_ATOMIC_OR: return __atomic_fetch_or(p, value, __ATOMIC_SEQ_CST);        \
		case ISA_ATOMIC_AND: return __atomic_fetch_and(p, value, __ATOMIC_SEQ_CST);      \
		case ISA_ATOMIC_XOR: return __atomic_fetch_xor(p, value, __ATOMIC_SEQ_CST);      \
		case ISA_ATOMIC_XCHG: return __atomic_exchange_n(p, value, __ATOMIC_SEQ_CST);    \
		default:                                                                         \
			__atomic_compare_exchange_n(                                             \
				p, &expected, value, false, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST); \
			return expected;                                                         \
		}                                                                                \
	}
ATOMIC(atomic32, uint32_t)
ATOMIC(atomic64, uint64_t)
#undef ATOMIC

static __attribute__((noinline)) bool atomic(struct interp_run *run, const struct interp_op *o,
	enum isa_op op, uint32_t size, bool fetch)
{
	uint64_t *r = run->r, old, copy;
	void *p = atomic_place(run, r[o->dst] + o->off, size), *place = p;

	if (!p)
		return false;
	if ((uintptr_t)p % size) /* in a packet, which no other worker has */
		place = memcpy(&copy, p, size);
	old = size == 8 ? atomic64(place, op, r[o->src], r[0])
			: atomic32(place, op, r[o->src], r[0]);
	if (place != p)
		memcpy(p, &copy, size);
	if (op == ISA_ATOMIC_CMPXCHG)
		r[0] = old;
	else if (fetch)
		r[o->src] = old;
	return true;
}

static rt_cold enum ebpf_fault_reason call_by_number(struct interp_run *run, uint64_t id)
{
	struct interp_helper h;

	return interp_helper__find(run->code, id, &h) ? interp_helper__call(run, &h)
						      : EBPF_FAULT_HELPER;
}

static int64_t sdiv64(int64_t d, int64_t s)
{
	if (s == 0)
		return 0;
	return s == -1 ? (int64_t)(0 - (uint64_t)d) : d / s;
}

static int64_t smod64(int64_t d, int64_t s)
{
	if (s == 0)
		return d;
	return s == -1 ? 0 : d % s;
}

#define D                 run->r[I.dst]
#define S                 run->r[I.src]
#define SHIFT_COUNT(d, s) ((s) & (sizeof(d) * 8 - 1))
#define FAULT(reason)     return stop(run, o, EBPF_FAULT_##reason)

/* One more instruction. False: the budget has run out. */
static inline bool count(struct interp_run *run, const struct interp_op *o)
{
	const struct interp_code *code = run->code;

	if (code->binding.budget && run->taken++ == code->binding.budget)
		return false;
	if (code->hits)
		code->hits[o - code->ops]++;
	return true;
}

#define LOOP execute_plain
#define OPERATION
#define I          (*o)
#define NEXT_VALUE o[1].value
#define GO()       goto * o->place
#include "loop.def"
#undef LOOP
#undef OPERATION
#undef I
#undef NEXT_VALUE
#undef GO

/* Operations that are combined with a secret are made plain one at a time. None of them counts: the
 * loop does. */
#define LOOP       execute_hidden
#define OPERATION  struct interp_op plain;
#define I          plain
#define NEXT_VALUE interp_op__plain(o + 1, run->code->binding.secret).value
#define GO()                                                                                \
	do {                                                                                \
		plain = interp_op__plain(o, run->code->binding.secret);                     \
		if (unlikely(run->code->counts) && o < run->code->ops + run->code->n_ops && \
			!count(run, o))                                                     \
			FAULT(BUDGET);                                                      \
		goto *plain.place;                                                          \
	} while (0)
#include "loop.def"
#undef LOOP
#undef OPERATION
#undef I
#undef NEXT_VALUE
#undef GO

static uint64_t execute(struct interp_run *run, const struct interp_op *o)
{
	return run->code->binding.secret ? execute_hidden(run, o) : execute_plain(run, o);
}

const void *const *interp__places(bool hidden)
{
	return (const void *const *)(uintptr_t)(hidden ? execute_hidden(NULL, NULL)
						       : execute_plain(NULL, NULL));
}

/* The key that a callback gets is the helper's, to be read while the callback runs. */
uint64_t interp__call_back(struct ebpf_env *env, void *r1, void *r2, void *r3, void *r4, void *r5)
{
	struct interp_run *run = env->run;
	const struct interp_callback self = run->callback;
	uint64_t result;

	if (!push_frame(run, NULL) || (self.map && !interp_memory__grant(run, (uintptr_t)r2,
							   self.map->geo.key_size, false))) {
		stop(run, self.function, EBPF_FAULT_DEPTH);
		return 1;
	}
	run->r[1] = (uintptr_t)r1;
	run->r[2] = (uintptr_t)r2;
	run->r[3] = (uintptr_t)r3;
	run->r[4] = (uintptr_t)r4;
	run->r[5] = (uintptr_t)r5;
	result = execute(run, self.function);
	if (self.map)
		interp_memory__revoke(run, (uintptr_t)r2);
	run->callback = self;
	return run->fault ? 1 : result;
}

static uint64_t have_no_stack(const struct interp_code *code, struct ebpf_env *env)
{
	env->fault_reason = EBPF_FAULT_DEPTH;
	env->fault_insn = env->fault_size = 0;
	env->fault_address = 0;
	return code->raw ? UINT64_MAX : 0;
}

uint64_t interp__run(struct interp_code *code, struct ebpf_env *env, void *ctx)
{
	bool fits = code->stack_bytes <= INTERP_THREAD_STACK;
	struct interp_run run; /* large, and needs no clearing; nor does the program's stack */
	uint64_t result;

	run.stack = likely(fits) ? __builtin_alloca_with_align(code->stack_bytes, 8 * FRAME_LINE)
				 : interp_stack__take(code);
	if (unlikely(!run.stack))
		return have_no_stack(code, env);
	run.code = code;
	run.env = env;
	run.ctx = ctx;
	memset(run.r, 0, EBPF_REG_FRAME * sizeof(run.r[0]));
	run.value = (struct interp_window){0};
	run.taken = 0;
	run.fault = EBPF_FAULT_NONE;
	run.depth = run.n_inner = run.n_grants = run.n_dynptrs = 0;
	enter_frame(&run);
	interp_memory__refresh(&run);
	run.r[1] = (uintptr_t)ctx;
	if (code->raw) {
		run.r[1] = (uintptr_t)((const struct ebpf_raw_ctx *)ctx)->mem;
		run.r[2] = run.memory.places[0];
	}
	result = execute(&run, code->ops);
	if (unlikely(!fits))
		interp_stack__give_back(code, run.stack);
	return result;
}
