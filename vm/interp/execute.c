/* SPDX-License-Identifier: BSD-3-Clause
 *
 * execute.c -- the interpreter's loop: one switch over the operations.
 *
 * RFC 9669: division by zero gives 0, the remainder of it the dividend; the least number
 * divided by -1 is itself, with remainder 0; shifts use the low bits of their count; a 32-bit
 * operation clears the upper half of its destination.
 */
#include <endian.h>

#include "../runtime/uapi.h"
#include "call.h"
#include "memory.h"

/* What stopped a callback stops the call that it was part of; the first fault counts. */
static uint64_t stop(
	struct interp_run *run, const struct interp_op *o, enum ebpf_fault_reason reason)
{
	struct ebpf_env *env = run->env;

	if (!run->fault) {
		if (reason != EBPF_FAULT_ACCESS)
			env->fault_address = env->fault_size = 0;
		env->fault_insn = o - run->code->ops;
		env->fault_reason = run->fault = reason;
	}
	return run->code->raw ? UINT64_MAX : 0;
}

static void enter_frame(struct interp_run *run)
{
	uint8_t *frame = run->stack + run->depth * FRAME_PLACE;

	/* A program may read stack that it has not written (Linux allows it to privileged
	 * programs), and shall see neither the packet before nor anything of ours: zeros, as in
	 * compiled code. */
	memset(frame, 0, FRAME_TOP);
	run->r[EBPF_REG_FRAME] = (uintptr_t)frame + FRAME_TOP;
	run->stack_len = (run->depth + 1) * FRAME_PLACE;
	run->rounds[run->depth] = RT_MAX_LOOPS;
}

/* False if that is a frame too many. */
static bool push_frame(struct interp_run *run, const struct interp_op *ret)
{
	struct interp_frame *f = &run->frames[run->depth];

	if (run->depth + 1 == EBPF_MAX_FRAMES)
		return false;
	memcpy(f->saved, &run->r[6], sizeof(f->saved));
	f->ret = ret;
	run->depth++;
	enter_frame(run);
	return true;
}

static const struct interp_op *return_local(struct interp_run *run)
{
	const struct interp_frame *f = &run->frames[--run->depth];

	memcpy(&run->r[6], f->saved, sizeof(f->saved));
	run->r[EBPF_REG_FRAME] = (uintptr_t)run->stack + run->depth * FRAME_PLACE + FRAME_TOP;
	run->stack_len = (run->depth + 1) * FRAME_PLACE;
	return f->ret;
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

static bool atomic(struct interp_run *run, const struct interp_op *o)
{
	enum isa_op op = o->code >> INTERP_VARIANT_BITS;
	bool wide = o->code & VARIANT_ATOMIC(8, 0), fetch = o->code & VARIANT_ATOMIC(4, 1);
	uint32_t size = wide ? 8 : 4;
	uint64_t *r = run->r, old, copy;
	void *p = atomic_place(run, r[o->dst] + o->off, size), *place = p;

	if (!p)
		return false;
	if ((uintptr_t)p % size) /* in a packet, which no other worker has */
		place = memcpy(&copy, p, size);
	old = wide ? atomic64(place, op, r[o->src], r[0]) : atomic32(place, op, r[o->src], r[0]);
	if (place != p)
		memcpy(p, &copy, size);
	if (op == ISA_ATOMIC_CMPXCHG)
		r[0] = old;
	else if (fetch)
		r[o->src] = old;
	return true;
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

/* The four variants of an operation on d (the destination) and s. */
#define ARITHMETIC(op, u_or_s, result)                     \
	case INTERP_OP(op, VARIANT_ALU(1, 0)): {           \
		u_or_s##64_t d = r[o->dst], s = r[o->src]; \
		(void)d;                                   \
		r[o->dst] = (uint64_t)(result);            \
		break;                                     \
	}                                                  \
	case INTERP_OP(op, VARIANT_ALU(1, 1)): {           \
		u_or_s##64_t d = r[o->dst], s = o->imm;    \
		(void)d;                                   \
		r[o->dst] = (uint64_t)(result);            \
		break;                                     \
	}                                                  \
	case INTERP_OP(op, VARIANT_ALU(0, 0)): {           \
		u_or_s##32_t d = r[o->dst], s = r[o->src]; \
		(void)d;                                   \
		r[o->dst] = (uint32_t)(result);            \
		break;                                     \
	}                                                  \
	case INTERP_OP(op, VARIANT_ALU(0, 1)): {           \
		u_or_s##32_t d = r[o->dst], s = o->imm;    \
		(void)d;                                   \
		r[o->dst] = (uint32_t)(result);            \
		break;                                     \
	}

#define SHIFT_COUNT(d, s) ((s) & (sizeof(d) * 8 - 1))

/* The four variants of a conditional jump. */
#define COMPARISON(op, u_or_s, condition)                  \
	case INTERP_OP(op, VARIANT_ALU(1, 0)): {           \
		u_or_s##64_t d = r[o->dst], s = r[o->src]; \
		if (condition)                             \
			pc += o->off;                      \
		break;                                     \
	}                                                  \
	case INTERP_OP(op, VARIANT_ALU(1, 1)): {           \
		u_or_s##64_t d = r[o->dst], s = o->imm;    \
		if (condition)                             \
			pc += o->off;                      \
		break;                                     \
	}                                                  \
	case INTERP_OP(op, VARIANT_ALU(0, 0)): {           \
		u_or_s##32_t d = r[o->dst], s = r[o->src]; \
		if (condition)                             \
			pc += o->off;                      \
		break;                                     \
	}                                                  \
	case INTERP_OP(op, VARIANT_ALU(0, 1)): {           \
		u_or_s##32_t d = r[o->dst], s = o->imm;    \
		if (condition)                             \
			pc += o->off;                      \
		break;                                     \
	}

/* Two copies of the loop are made: only one counts. */
static inline __attribute__((always_inline)) uint64_t execute(
	struct interp_run *run, const struct interp_op *pc, bool counts)
{
	const struct interp_code *code = run->code;
	const struct interp_op *o;
	uint64_t *const r = run->r, value;
	enum ebpf_fault_reason fault;
	struct interp_helper helper;

	for (;;) {
		o = pc++;
		if (counts) {
			if (code->binding.budget && run->left-- == 0)
				return stop(run, o, EBPF_FAULT_BUDGET);
			if (code->hits)
				code->hits[o - code->ops]++;
		}
		switch (o->code) {
			ARITHMETIC(ISA_ADD, uint, d + s)
			ARITHMETIC(ISA_SUB, uint, d - s)
			ARITHMETIC(ISA_MUL, uint, d * s)
			ARITHMETIC(ISA_DIV, uint, s ? d / s : 0)
			ARITHMETIC(ISA_SDIV, int, sdiv64(d, s))
			ARITHMETIC(ISA_MOD, uint, s ? d % s : d)
			ARITHMETIC(ISA_SMOD, int, smod64(d, s))
			ARITHMETIC(ISA_OR, uint, d | s)
			ARITHMETIC(ISA_AND, uint, d & s)
			ARITHMETIC(ISA_XOR, uint, d ^ s)
			ARITHMETIC(ISA_LSH, uint, d << SHIFT_COUNT(d, s))
			ARITHMETIC(ISA_RSH, uint, d >> SHIFT_COUNT(d, s))
			ARITHMETIC(ISA_ARSH, int, d >> SHIFT_COUNT(d, s))
			ARITHMETIC(ISA_MOV, uint, s)
			COMPARISON(ISA_JEQ, uint, d == s)
			COMPARISON(ISA_JNE, uint, d != s)
			COMPARISON(ISA_JGT, uint, d > s)
			COMPARISON(ISA_JGE, uint, d >= s)
			COMPARISON(ISA_JLT, uint, d < s)
			COMPARISON(ISA_JLE, uint, d <= s)
			COMPARISON(ISA_JSET, uint, d & s)
			COMPARISON(ISA_JSGT, int, d > s)
			COMPARISON(ISA_JSGE, int, d >= s)
			COMPARISON(ISA_JSLT, int, d < s)
			COMPARISON(ISA_JSLE, int, d <= s)

		case INTERP_OP(ISA_NEG, VARIANT_ALU(1, 0)): r[o->dst] = 0 - r[o->dst]; break;
		case INTERP_OP(ISA_NEG, VARIANT_ALU(0, 0)):
			r[o->dst] = (uint32_t)(0 - r[o->dst]);
			break;
		case INTERP_OP(ISA_MOVSX, VARIANT_EXTEND(1, 1)):
			r[o->dst] = (int8_t)r[o->src];
			break;
		case INTERP_OP(ISA_MOVSX, VARIANT_EXTEND(2, 1)):
			r[o->dst] = (int16_t)r[o->src];
			break;
		case INTERP_OP(ISA_MOVSX, VARIANT_EXTEND(4, 1)):
			r[o->dst] = (int32_t)r[o->src];
			break;
		case INTERP_OP(ISA_MOVSX, VARIANT_EXTEND(1, 0)):
			r[o->dst] = (uint32_t)(int8_t)r[o->src];
			break;
		case INTERP_OP(ISA_MOVSX, VARIANT_EXTEND(2, 0)):
			r[o->dst] = (uint32_t)(int16_t)r[o->src];
			break;
		case INTERP_OP(ISA_LE, VARIANT_SIZE(2)): r[o->dst] = htole16(r[o->dst]); break;
		case INTERP_OP(ISA_LE, VARIANT_SIZE(4)): r[o->dst] = htole32(r[o->dst]); break;
		case INTERP_OP(ISA_LE, VARIANT_SIZE(8)): r[o->dst] = htole64(r[o->dst]); break;
		case INTERP_OP(ISA_BE, VARIANT_SIZE(2)): r[o->dst] = htobe16(r[o->dst]); break;
		case INTERP_OP(ISA_BE, VARIANT_SIZE(4)): r[o->dst] = htobe32(r[o->dst]); break;
		case INTERP_OP(ISA_BE, VARIANT_SIZE(8)): r[o->dst] = htobe64(r[o->dst]); break;
		case INTERP_OP(ISA_BSWAP, VARIANT_SIZE(2)):
			r[o->dst] = __builtin_bswap16(r[o->dst]);
			break;
		case INTERP_OP(ISA_BSWAP, VARIANT_SIZE(4)):
			r[o->dst] = __builtin_bswap32(r[o->dst]);
			break;
		case INTERP_OP(ISA_BSWAP, VARIANT_SIZE(8)):
			r[o->dst] = __builtin_bswap64(r[o->dst]);
			break;

		case INTERP_OP(ISA_LDDW, 0):
			r[o->dst] = o->imm;
			pc++;
			break;
		case INTERP_OP(ISA_LOAD, VARIANT_SIZE(1)):
			if (!interp_memory__load(run, r[o->src] + o->off, 1, &r[o->dst]))
				return stop(run, o, EBPF_FAULT_ACCESS);
			break;
		case INTERP_OP(ISA_LOAD, VARIANT_SIZE(2)):
			if (!interp_memory__load(run, r[o->src] + o->off, 2, &r[o->dst]))
				return stop(run, o, EBPF_FAULT_ACCESS);
			break;
		case INTERP_OP(ISA_LOAD, VARIANT_SIZE(4)):
			if (!interp_memory__load(run, r[o->src] + o->off, 4, &r[o->dst]))
				return stop(run, o, EBPF_FAULT_ACCESS);
			break;
		case INTERP_OP(ISA_LOAD, VARIANT_SIZE(8)):
			if (!interp_memory__load(run, r[o->src] + o->off, 8, &r[o->dst]))
				return stop(run, o, EBPF_FAULT_ACCESS);
			break;
		case INTERP_OP(ISA_LOADSX, VARIANT_SIZE(1)):
			if (!interp_memory__load(run, r[o->src] + o->off, 1, &value))
				return stop(run, o, EBPF_FAULT_ACCESS);
			r[o->dst] = (int8_t)value;
			break;
		case INTERP_OP(ISA_LOADSX, VARIANT_SIZE(2)):
			if (!interp_memory__load(run, r[o->src] + o->off, 2, &value))
				return stop(run, o, EBPF_FAULT_ACCESS);
			r[o->dst] = (int16_t)value;
			break;
		case INTERP_OP(ISA_LOADSX, VARIANT_SIZE(4)):
			if (!interp_memory__load(run, r[o->src] + o->off, 4, &value))
				return stop(run, o, EBPF_FAULT_ACCESS);
			r[o->dst] = (int32_t)value;
			break;
		case INTERP_OP(ISA_STORE, VARIANT_STORE(1, 0)):
			if (!interp_memory__store(run, r[o->dst] + o->off, 1, r[o->src]))
				return stop(run, o, EBPF_FAULT_ACCESS);
			break;
		case INTERP_OP(ISA_STORE, VARIANT_STORE(2, 0)):
			if (!interp_memory__store(run, r[o->dst] + o->off, 2, r[o->src]))
				return stop(run, o, EBPF_FAULT_ACCESS);
			break;
		case INTERP_OP(ISA_STORE, VARIANT_STORE(4, 0)):
			if (!interp_memory__store(run, r[o->dst] + o->off, 4, r[o->src]))
				return stop(run, o, EBPF_FAULT_ACCESS);
			break;
		case INTERP_OP(ISA_STORE, VARIANT_STORE(8, 0)):
			if (!interp_memory__store(run, r[o->dst] + o->off, 8, r[o->src]))
				return stop(run, o, EBPF_FAULT_ACCESS);
			break;
		case INTERP_OP(ISA_STORE, VARIANT_STORE(1, 1)):
			if (!interp_memory__store(run, r[o->dst] + o->off, 1, o->imm))
				return stop(run, o, EBPF_FAULT_ACCESS);
			break;
		case INTERP_OP(ISA_STORE, VARIANT_STORE(2, 1)):
			if (!interp_memory__store(run, r[o->dst] + o->off, 2, o->imm))
				return stop(run, o, EBPF_FAULT_ACCESS);
			break;
		case INTERP_OP(ISA_STORE, VARIANT_STORE(4, 1)):
			if (!interp_memory__store(run, r[o->dst] + o->off, 4, o->imm))
				return stop(run, o, EBPF_FAULT_ACCESS);
			break;
		case INTERP_OP(ISA_STORE, VARIANT_STORE(8, 1)):
			if (!interp_memory__store(run, r[o->dst] + o->off, 8, o->imm))
				return stop(run, o, EBPF_FAULT_ACCESS);
			break;
		case INTERP_OP(ISA_ATOMIC_ADD, 0)... INTERP_OP(ISA_ATOMIC_CMPXCHG, 7):
			if (!atomic(run, o))
				return stop(run, o, EBPF_FAULT_ACCESS);
			break;

		case INTERP_OP(ISA_JA, 0): pc += o->off; break;
		case INTERP_OP(ISA_MAY_GOTO, 0):
			if (run->rounds[run->depth])
				run->rounds[run->depth]--;
			else
				pc += o->off;
			break;
		case INTERP_OP(ISA_CALL, EBPF_CALL_LOCAL):
			if (!push_frame(run, pc))
				return stop(run, o, EBPF_FAULT_DEPTH);
			pc += o->off;
			break;
		case INTERP_OP(ISA_CALL, EBPF_CALL_HELPER):
			if (!o->imm)
				return stop(run, o, EBPF_FAULT_HELPER);
			fault = interp_helper__call(run, (const void *)(uintptr_t)o->imm);
			if (fault)
				return stop(run, o, fault);
			if (unlikely(run->env->next)) {
				pc = leave_by_tail_call(run);
				if (!pc)
					return 0;
			}
			break;
		case INTERP_OP(ISA_CALLX, 0):
			if (!interp_helper__find(code, r[o->dst], &helper))
				return stop(run, o, EBPF_FAULT_HELPER);
			fault = interp_helper__call(run, &helper);
			if (fault)
				return stop(run, o, fault);
			break;
		case INTERP_OP(ISA_EXIT, 0):
			pc = run->depth ? return_local(run) : NULL;
			if (!pc)
				return r[0];
			break;
		default: return stop(run, o, EBPF_FAULT_INSN);
		}
	}
}

static __attribute__((noinline)) uint64_t execute_counting(
	struct interp_run *run, const struct interp_op *pc)
{
	return execute(run, pc, true);
}

static uint64_t execute_from(struct interp_run *run, const struct interp_op *pc)
{
	return run->code->hits || run->code->binding.budget ? execute_counting(run, pc)
							    : execute(run, pc, false);
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
	result = execute_from(run, self.function);
	if (self.map)
		interp_memory__revoke(run, (uintptr_t)r2);
	run->callback = self;
	return run->fault ? 1 : result;
}

uint64_t interp__run(const struct interp_code *code, struct ebpf_env *env, void *ctx)
{
	struct interp_run run; /* the stack is large and needs no clearing */
	void *outer = env->run;
	uint64_t result;

	run.code = code;
	run.env = env;
	run.ctx = ctx;
	run.value = run.value_len = 0;
	run.depth = 0;
	run.n_inner = run.n_grants = run.n_dynptrs = 0;
	run.left = code->binding.budget;
	run.fault = EBPF_FAULT_NONE;
	memset(run.r, 0, sizeof(run.r));
	interp_memory__refresh(&run);
	enter_frame(&run);
	if (code->raw) {
		run.r[1] = (uintptr_t)((const struct ebpf_raw_ctx *)ctx)->mem;
		run.r[2] = ((const struct ebpf_raw_ctx *)ctx)->len;
	} else {
		run.r[1] = (uintptr_t)ctx;
	}
	env->run = &run;
	result = execute_from(&run, code->ops);
	env->run = outer;
	return result;
}
