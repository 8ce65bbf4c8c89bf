/* SPDX-License-Identifier: BSD-3-Clause
 *
 * ptx-run.c -- one thread after the other, one instruction after the other.
 *
 * A register holds its value in the lowest bits of a word, the others being 0.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ptx-code.h"

#define MAX_STEPS UINT64_C(50000000) /* of a thread */

struct thread {
	const struct ptx_module *module;
	uint32_t block, threads, number;
	uint64_t steps;
	char *why;
};

struct frame {
	struct thread *thread;
	const struct frame *caller;
	const struct ptx_function *function;
	const struct ptx_insn *in;
	uint64_t *regs;
	uint8_t *depot;
	uint64_t param[PTX_PARAMS];
};

static bool stop(const struct frame *f, const char *what)
{
	snprintf(f->thread->why, PTX_WHY, "%s, line %u: %s", f->function->name, f->in->line, what);
	return false;
}

static uint64_t low(uint64_t v, unsigned bits)
{
	return bits < 64 ? v & ((UINT64_C(1) << bits) - 1) : v;
}

static int64_t extend(uint64_t v, unsigned bits)
{
	return (int64_t)(v << (64 - bits)) >> (64 - bits);
}

static uint64_t get(const struct frame *f, const struct ptx_operand *o)
{
	switch (o->kind) {
	case PTX_REG: return f->regs[o->reg];
	case PTX_IMM: return o->imm;
	case PTX_DEPOT: return (uintptr_t)f->depot;
	case PTX_BLOCK: return f->thread->block;
	case PTX_THREADS: return f->thread->threads;
	case PTX_THREAD: return f->thread->number;
	default: return 0;
	}
}

static unsigned width(const struct frame *f, uint32_t reg)
{
	for (uint32_t i = 0; i < f->function->n_classes; i++)
		if (reg - f->function->class[i].first < f->function->class[i].n)
			return f->function->class[i].bits;
	return 64;
}

static void set(const struct frame *f, const struct ptx_operand *o, uint64_t v)
{
	f->regs[o->reg] = low(v, width(f, o->reg));
}

/* --- memory -------------------------------------------------------------------------------- */

static bool access_memory(struct frame *f)
{
	const struct ptx_insn *in = f->in;
	uint64_t address = get(f, &in->arg[0]) + in->offset, bytes = in->type.bits / 8;
	uint64_t size = bytes * in->n_data;

	if (in->how == PTX_PARAM) {
		if (in->op == PTX_ST)
			f->param[in->param] = low(get(f, &in->data[0]), in->type.bits);
		else
			set(f, &in->data[0], low(f->param[in->param], in->type.bits));
		return true;
	}
	if (address % size)
		return stop(f, "an access that is not aligned");
	for (uint8_t i = 0; i < in->n_data; i++, address += bytes) {
		uint64_t v = 0;

		if (in->op == PTX_ST) {
			v = get(f, &in->data[i]);
			memcpy((void *)address, &v, bytes);
		} else {
			memcpy(&v, (const void *)address, bytes);
			set(f, &in->data[i],
				in->type.is_signed ? (uint64_t)extend(v, in->type.bits) : v);
		}
	}
	return true;
}

/* Is it in the thread's own? */
static bool is_local(const struct frame *f, uint64_t address)
{
	for (; f; f = f->caller)
		if (address - (uintptr_t)f->depot < f->function->depot_bytes)
			return true;
	return false;
}

/* Threads come one after the other: whatever is done is done at once. */
static bool change_memory(struct frame *f)
{
	const struct ptx_insn *in = f->in;
	uint64_t address = get(f, &in->arg[0]) + in->offset, old = 0, v = get(f, &in->arg[1]);
	unsigned bytes = in->type.bits / 8;

	if (address % bytes)
		return stop(f, "an atomic that is not aligned");
	if (is_local(f, address))
		return stop(f, "an atomic in local memory");
	memcpy(&old, (const void *)address, bytes);
	switch (in->how) {
	case PTX_ATOM_ADD: v += old; break;
	case PTX_ATOM_AND: v &= old; break;
	case PTX_ATOM_OR: v |= old; break;
	case PTX_ATOM_XOR: v ^= old; break;
	case PTX_ATOM_EXCH: break;
	case PTX_ATOM_CAS: v = old == low(v, in->type.bits) ? get(f, &in->arg[2]) : old; break;
	default: return stop(f, "an atomic that is not known");
	}
	memcpy((void *)address, &v, bytes);
	set(f, &in->data[0], old);
	return true;
}

/* --- numbers ------------------------------------------------------------------------------- */

static uint64_t multiply(const struct ptx_insn *in, uint64_t a, uint64_t b)
{
	unsigned bits = in->type.bits;
	__extension__ unsigned __int128 product = (unsigned __int128)low(a, bits) * low(b, bits);

	if (in->type.is_signed)
		product = (unsigned __int128)((__int128)extend(a, bits) * extend(b, bits));
	return (uint64_t)(in->how == PTX_HI ? product >> bits : product);
}

static bool compare(const struct ptx_insn *in, uint64_t a, uint64_t b)
{
	unsigned bits = in->type.bits;
	int64_t sa = extend(a, bits), sb = extend(b, bits);
	bool less;

	a = low(a, bits);
	b = low(b, bits);
	less = in->type.is_signed ? sa < sb : a < b;
	switch (in->how) {
	case PTX_EQ: return a == b;
	case PTX_NE: return a != b;
	case PTX_LT: return less;
	case PTX_LE: return less || a == b;
	case PTX_GT: return !less && a != b;
	default: return !less;
	}
}

/* What is shifted by more than there is leaves nothing, or signs. */
static uint64_t shift_right(const struct ptx_insn *in, uint64_t a, uint64_t by)
{
	unsigned bits = in->type.bits;

	if (in->type.is_signed)
		return (uint64_t)(extend(a, bits) >> (by < bits ? by : bits - 1));
	return by < bits ? low(a, bits) >> by : 0;
}

/* Bytes out of eight, each chosen by four bits. */
static uint64_t permute(uint64_t a, uint64_t b, uint64_t choice)
{
	uint64_t from = low(a, 32) | b << 32, v = 0;

	for (unsigned i = 0; i < 4; i++) {
		uint64_t byte = from >> (choice >> 4 * i & 7) * 8 & 0xff;

		if (choice >> 4 * i & 8)
			byte = byte & 0x80 ? 0xff : 0;
		v |= byte << 8 * i;
	}
	return v;
}

static uint64_t extract(const struct ptx_insn *in, uint64_t a, uint64_t at, uint64_t len)
{
	at = low(at, 8);
	len = low(len, 8);
	if (at >= in->type.bits || !len)
		return 0;
	a = low(a, in->type.bits) >> at;
	len = len < 64 ? len : 64;
	return in->type.is_signed ? (uint64_t)extend(low(a, (unsigned)len), (unsigned)len)
				  : low(a, (unsigned)len);
}

static uint64_t insert(uint64_t a, uint64_t b, uint64_t at, uint64_t len)
{
	uint64_t mask = low(len, 8) < 64 ? (UINT64_C(1) << low(len, 8)) - 1 : UINT64_MAX;

	at = low(at, 8);
	return at < 64 ? (b & ~(mask << at)) | (a & mask) << at : b;
}

/* 64 bits of two registers, of which one is what comes out. */
static uint64_t funnel(const struct ptx_insn *in, uint64_t a, uint64_t b, uint64_t by)
{
	uint64_t v = low(a, 32) | b << 32;

	return in->how == PTX_LEFT ? v << (by & 31) >> 32 : v >> (by & 31);
}

static uint64_t move(const struct frame *f)
{
	const struct ptx_insn *in = f->in;
	unsigned each = in->type.bits / in->n_args;
	uint64_t v = 0;

	for (uint8_t i = 0; i < in->n_args; i++)
		v |= low(get(f, &in->arg[i]), each) << each % 64 * i;
	return v;
}

static uint64_t convert(const struct ptx_insn *in, uint64_t a)
{
	a = low(a, in->from.bits);
	if (in->from.is_signed)
		a = (uint64_t)extend(a, in->from.bits);
	return low(a, in->type.bits);
}

static uint64_t divide(const struct ptx_insn *in, uint64_t a, uint64_t b)
{
	unsigned bits = in->type.bits;
	bool rest = in->op == PTX_REM;

	if (in->type.is_signed) {
		int64_t x = extend(a, bits), y = extend(b, bits);

		return (uint64_t)(y == -1 ? (rest ? 0 : -x) : rest ? x % y : x / y);
	}
	return rest ? low(a, bits) % low(b, bits) : low(a, bits) / low(b, bits);
}

static uint64_t choose(const struct ptx_insn *in, uint64_t a, uint64_t b)
{
	unsigned bits = in->type.bits;
	bool less = in->type.is_signed ? extend(a, bits) < extend(b, bits)
				       : low(a, bits) < low(b, bits);

	return less == (in->op == PTX_MIN) ? a : b;
}

static uint64_t compute(const struct frame *f)
{
	const struct ptx_insn *in = f->in;
	uint64_t a = get(f, &in->arg[0]), b = get(f, &in->arg[1]), c = get(f, &in->arg[2]);
	unsigned bits = in->type.bits;

	switch (in->op) {
	case PTX_ADD: return a + b;
	case PTX_SUB: return a - b;
	case PTX_MUL: return multiply(in, a, b);
	case PTX_MAD: return multiply(in, a, b) + c;
	case PTX_DIV:
	case PTX_REM: return divide(in, a, b);
	case PTX_AND: return a & b;
	case PTX_OR: return a | b;
	case PTX_XOR: return a ^ b;
	case PTX_NOT: return bits == 1 ? !a : ~a;
	case PTX_NEG: return -a;
	case PTX_MIN:
	case PTX_MAX: return choose(in, a, b);
	case PTX_SHL: return low(b, 32) < bits ? a << low(b, 32) : 0;
	case PTX_SHR: return shift_right(in, a, low(b, 32));
	case PTX_SHF: return funnel(in, a, b, c);
	case PTX_BFE: return extract(in, a, b, c);
	case PTX_BFI: return insert(a, b, c, get(f, &in->arg[3]));
	case PTX_PRMT: return permute(a, b, c);
	case PTX_POPC: return (uint64_t)__builtin_popcountll(low(a, bits));
	case PTX_CLZ: a = low(a, bits); return a ? (unsigned)__builtin_clzll(a) - 64 + bits : bits;
	case PTX_SELP: return c ? a : b;
	case PTX_SETP: return compare(in, a, b);
	case PTX_ISSPACEP: return is_local(f, a);
	case PTX_CVT: return convert(in, a);
	case PTX_MOV: return move(f);
	default: return a; /* cvta: all memory is of one kind */
	}
}

/* A result of fewer bits than its type has; mul.wide: of more. */
static void store_result(struct frame *f)
{
	const struct ptx_insn *in = f->in;
	unsigned each = in->type.bits / in->n_data;
	uint64_t v = compute(f);

	if (in->how != PTX_WIDE && in->op != PTX_SETP && in->op != PTX_CVTA &&
		in->op != PTX_ISSPACEP)
		v = low(v, in->type.bits);
	for (uint8_t i = 0; i < in->n_data; i++)
		set(f, &in->data[i], in->n_data > 1 ? low(v >> each * i, each) : v);
}

/* --- functions ----------------------------------------------------------------------------- */

static bool run(struct frame *f);

static bool enter(struct frame *f)
{
	const struct ptx_function *fn = f->function;
	bool good;

	f->in = fn->insn;
	f->regs = calloc(fn->n_regs + 1, sizeof(*f->regs));
	f->depot = aligned_alloc(64, (fn->depot_bytes + 64) & ~UINT64_C(63));
	good = f->regs && f->depot ? run(f) : stop(f, "no memory");
	free(f->regs);
	free(f->depot);
	return good;
}

static bool call(struct frame *f)
{
	const struct ptx_insn *in = f->in;
	struct frame callee = {.thread = f->thread,
		.caller = f,
		.function = ptx_module__function(f->thread->module, in->label)};

	if (!callee.function || callee.function->n_params != in->n_passed)
		return stop(f, "a call of no such function");
	for (uint32_t i = 0; i < in->n_passed; i++)
		callee.param[i] = f->param[in->passed[i]];
	if (!enter(&callee))
		return false;
	if (in->returned != UINT32_MAX)
		f->param[in->returned] = callee.param[callee.function->n_params];
	return true;
}

static bool run(struct frame *f)
{
	const struct ptx_function *fn = f->function;

	for (uint32_t pc = 0; pc < fn->n_insns;) {
		const struct ptx_insn *in = f->in = &fn->insn[pc++];

		if (++f->thread->steps > MAX_STEPS)
			return stop(f, "a thread without end");
		if (in->guarded && !f->regs[in->guard] == !in->unless)
			continue;
		switch (in->op) {
		case PTX_RET: return true;
		case PTX_BRA: pc = in->target; break;
		case PTX_CALL:
			if (!call(f))
				return false;
			break;
		case PTX_LD:
		case PTX_ST:
			if (!access_memory(f))
				return false;
			break;
		case PTX_ATOM:
			if (!change_memory(f))
				return false;
			break;
		default: store_result(f);
		}
	}
	return stop(f, "a function without end");
}

bool ptx_module__launch(const struct ptx_module *m, const char *entry, uint32_t blocks,
	uint32_t threads, const uint64_t *params, uint32_t n_params, char why[PTX_WHY])
{
	const struct ptx_function *fn = ptx_module__function(m, entry);

	if (!fn || fn->n_params != n_params) {
		snprintf(why, PTX_WHY, "no entry %s with %u parameters", entry, n_params);
		return false;
	}
	for (uint64_t i = 0; i < (uint64_t)blocks * threads; i++) {
		struct thread t = {.module = m,
			.block = (uint32_t)(i / threads),
			.threads = threads,
			.number = (uint32_t)(i % threads),
			.why = why};
		struct frame f = {.thread = &t, .function = fn};

		memcpy(f.param, params, n_params * sizeof(*params));
		if (!enter(&f))
			return false;
	}
	return true;
}
