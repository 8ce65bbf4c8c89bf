/* SPDX-License-Identifier: BSD-3-Clause
 *
 * layout.c -- do the jumps of librte_bpf's JIT for x86-64 lead where they should?
 *
 * It goes over a program until the code is as long as it was the last time, and takes that for a
 * sign that no jump has changed. But a jump's length goes by where its target was the last time:
 * of two jumps of some 127 bytes, one may get longer whenever the other gets shorter, for ever. So
 * its rounds are gone through here, by what each instruction takes in bytes; that is right if the
 * sum is.
 */
#include <stdlib.h>
#include <string.h>

#include "lower.h"

#define UNKNOWN (1 << 30) /* where an instruction is, before the first round */
#define SAVED   0x7c0u    /* r6 to r10 are registers that a function must save */

static uint32_t imm_bytes(int32_t v)
{
	return v == (int8_t)v ? 1 : 4;
}

/* Is it one of r8 to r15? r5 is r8, r7 to r9 are r13 to r15. */
static uint32_t ext(unsigned reg)
{
	return reg == 5 || (reg >= 7 && reg <= 9);
}

/* A prefix: always with 64 bits. */
static uint32_t rex(bool is64, unsigned a, unsigned b)
{
	return is64 || ext(a) || ext(b);
}

static uint32_t move(unsigned from, unsigned to)
{
	return from == to ? 0 : 3;
}

static uint32_t multiply_bytes(const struct ebpf_insn *p, bool is64)
{
	uint32_t n = 6 + move(p->dst, 0) + 2 + is64;

	n += p->opcode & BPF_X ? move(p->src, 3) : p->imm ? 7 : 3;
	return n + (p->dst != 3 ? 3 : 0) + (p->dst != 0 ? 6 : 0);
}

static uint32_t divide_bytes(const struct ebpf_insn *p)
{
	unsigned result = BPF_OP(p->opcode) == BPF_DIV ? 0 : 3;

	return 2 * (move(p->dst, 0) + move(p->dst, 3)) + move(p->dst, 0) + 3 + 7 + 3 +
	       move(result, p->dst);
}

static uint32_t swap_bytes(const struct ebpf_insn *p)
{
	uint32_t e = ext(p->dst);

	if (p->opcode & BPF_X) /* to big endian */
		return p->imm == 16 ? 7 + 2 * e : p->imm == 32 ? 2 + e : 3;
	return p->imm == 16 ? 3 + e : p->imm == 32 ? 2 + e : 0;
}

static uint32_t alu_bytes(const struct ebpf_insn *p)
{
	bool is64 = BPF_CLASS(p->opcode) == BPF_ALU64, by_reg = p->opcode & BPF_X;
	uint32_t one = rex(is64, p->dst, p->dst) + 2;

	switch (BPF_OP(p->opcode)) {
	case BPF_MUL: return multiply_bytes(p, is64);
	case BPF_DIV:
	case BPF_MOD: return divide_bytes(p);
	case BPF_END: return swap_bytes(p);
	case BPF_NEG: return one;
	case BPF_MOV:
		if (by_reg)
			return is64 ? move(p->src, p->dst) : rex(false, p->src, p->dst) + 2;
		return p->imm ? one + 4 : one;
	case BPF_LSH:
	case BPF_RSH:
	case BPF_ARSH:
		if (!by_reg)
			return one + 1;
		if (p->dst == 4) /* the register that counts: they change places */
			one = rex(is64, p->src, p->src) + 2;
		return one + (p->src == 4 ? 0 : 6);
	default: return by_reg ? rex(is64, p->src, p->dst) + 2 : one + imm_bytes(p->imm);
	}
}

static uint32_t memory_bytes(const struct ebpf_insn *p)
{
	static const uint8_t immediate[] = {
		[BPF_W >> 3] = 4, [BPF_H >> 3] = 2, [BPF_B >> 3] = 1, [BPF_DW >> 3] = 4};
	unsigned size = BPF_SIZE(p->opcode);
	bool is64 = size == BPF_DW;
	uint32_t n = 2 + imm_bytes(p->off);

	if (BPF_CLASS(p->opcode) == BPF_LDX)
		return n + (size == BPF_B || size == BPF_H) + rex(size != BPF_W, p->dst, p->src);
	n += size == BPF_H;
	if (BPF_CLASS(p->opcode) == BPF_ST)
		return n + rex(is64, p->dst, p->dst) + immediate[size >> 3];
	n += BPF_MODE(p->opcode) == BPF_ATOMIC; /* lock */
	return n + (rex(is64, p->dst, p->src) || (size == BPF_B && (p->src == 1 || p->src == 2)));
}

/* Of an instruction, but for the jump in it. */
static uint32_t bytes(const struct ebpf_insn *p)
{
	uint64_t callee;

	switch (BPF_CLASS(p->opcode)) {
	case BPF_ALU:
	case BPF_ALU64: return alu_bytes(p);
	case BPF_LD: return p[1].imm ? 10 : 5 + ext(p->dst);
	case BPF_JMP: break;
	default: return memory_bytes(p);
	}
	switch (BPF_OP(p->opcode)) {
	case BPF_JA:
	case BPF_EXIT: return 0;
	case BPF_CALL:
		callee = (uintptr_t)runtime_functions[p->imm];
		return 2 + (callee >> 32 ? 10 : 5);
	case BPF_JSET: return p->opcode & BPF_X ? 3 : 7;
	default: return p->opcode & BPF_X ? 3 : 3 + imm_bytes(p->imm);
	}
}

static bool is_jump(const struct ebpf_insn *p)
{
	return BPF_CLASS(p->opcode) == BPF_JMP && BPF_OP(p->opcode) != BPF_CALL &&
	       BPF_OP(p->opcode) != BPF_EXIT;
}

static uint32_t jump_bytes(const struct ebpf_insn *p, int32_t distance)
{
	int32_t most = BPF_OP(p->opcode) == BPF_JA ? 5 : 6;

	return imm_bytes(distance) == 1 && imm_bytes(distance + most) == 1 ? 2 : (uint32_t)most;
}

/* Registers that code is made with. */
static uint32_t used(const struct ebpf_insn *p)
{
	uint32_t src = p->opcode & BPF_X ? 1u << p->src : 0;

	switch (BPF_CLASS(p->opcode)) {
	case BPF_ALU:
	case BPF_ALU64:
		if (BPF_OP(p->opcode) == BPF_END)
			return swap_bytes(p) ? 1u << p->dst : 0;
		return bytes(p) ? 1u << p->dst | src : 0;
	case BPF_LDX:
	case BPF_STX: return 1u << p->dst | 1u << p->src;
	case BPF_JMP: return is_jump(p) && BPF_OP(p->opcode) != BPF_JA ? 1u << p->dst | src : 0;
	default: return 1u << p->dst;
	}
}

/* A round: where everything is if targets are where `at` has them, which is then replaced. The
 * prologue saves what was used in rounds before. */
static uint32_t go_over(const struct lowered *program, int32_t *at, uint32_t *regs)
{
	uint32_t saved = (uint32_t)__builtin_popcount(*regs & SAVED), frame = *regs >> 10 & 1;
	int32_t sz = 0;

	if (saved)
		sz += 4 + 5 * saved + (frame ? 6 + imm_bytes((int32_t)program->stack) : 0);
	for (uint32_t i = 0; i < program->n; i++) {
		const struct ebpf_insn *p = &program->insns[i];

		at[i] = sz;
		*regs |= used(p);
		sz += (int32_t)bytes(p);
		if (is_jump(p))
			sz += (int32_t)jump_bytes(p, at[i + 1 + p->off] - sz);
		i += p->opcode == (BPF_LD | BPF_IMM | BPF_DW);
	}
	saved = (uint32_t)__builtin_popcount(*regs & SAVED);
	frame = *regs >> 10 & 1;
	return (uint32_t)sz + (saved ? 4 + 5 * saved + 3 * frame : 0) + 1;
}

enum settled lowered__settles(const struct lowered *program, size_t size)
{
	int32_t *at = calloc(program->n + 1, sizeof(*at)),
		*last = calloc(program->n + 1, sizeof(*last));
	uint32_t regs = 0, sz = 0, former;
	enum settled result = NOT_SETTLED;

	for (uint32_t i = 0; at && last && i < program->n; i++)
		at[i] = UNKNOWN;
	if (at && last) {
		do {
			former = sz;
			sz = go_over(program, at, &regs);
		} while (sz != former);
		memcpy(last, at, (program->n + 1) * sizeof(*at));
		sz = go_over(program, at, &regs);
		if (sz != size)
			result = CANNOT_TELL;
		else if (!memcmp(last, at, (program->n + 1) * sizeof(*at)))
			result = SETTLED;
	}
	free(at);
	free(last);
	return result;
}
