/* SPDX-License-Identifier: BSD-3-Clause */
#include <linux/bpf.h>

#include "arithmetic.h"
#include "generate.h"
#include "isa/isa.h"

#define N(a) (sizeof(a) / sizeof((a)[0]))

#ifndef BPF_MEMSX
#define BPF_MEMSX 0x80 /* younger than Debian 12's kernel headers */
#endif

/* r6 is the context, r7 the packet with 32 bytes proven, r9 a map value of 64 bytes; the others
 * are numbers. */
#define PACKET_BYTES 32
static const uint8_t numbers[] = {0, 1, 2, 3, 4, 5, 8};

static const uint8_t widths[] = {BPF_B, BPF_H, BPF_W, BPF_DW};
static const uint8_t bytes_of[] = {1, 2, 4, 8};

struct writer {
	struct chance *c;
	struct ebpf_insn *insns;
	uint32_t n;
};

static uint32_t below(struct writer *w, uint32_t n)
{
	return chance__below(w->c, n);
}

static void emit(struct writer *w, uint8_t opcode, uint8_t dst, uint8_t src, int off, int32_t imm)
{
	w->insns[w->n++] = (struct ebpf_insn){
		.opcode = opcode, .dst = dst, .src = src, .off = (int16_t)off, .imm = imm};
}

static uint8_t number(struct writer *w)
{
	return numbers[below(w, N(numbers))];
}

static int32_t immediate(struct writer *w)
{
	static const int32_t edges[] = {0, 1, 2, 3, 7, 8, 15, 16, 31, 32, 33, 63, 64, 127, 128, 255,
		256, -1, -2, -8, -64, 0x7fff, 0xffff, 0x10000, INT32_MAX, INT32_MIN, 1000};

	return below(w, 4) ? edges[below(w, N(edges))] : (int32_t)below(w, UINT32_MAX);
}

static void write_shift(struct writer *w, uint8_t class, uint8_t op)
{
	if (below(w, 4))
		emit(w, class | op, number(w), 0, 0, (int32_t)below(w, class == BPF_ALU ? 32 : 64));
	else
		emit(w, class | op | BPF_X, number(w), number(w), 0, 0);
}

static void write_move(struct writer *w, uint8_t class)
{
	static const int sign_bits[] = {0, 0, 8, 16, 32};
	int bits = sign_bits[below(w, class == BPF_ALU ? 4 : 5)];

	if (bits || below(w, 2))
		emit(w, class | BPF_MOV | BPF_X, number(w), number(w), bits, 0);
	else
		emit(w, class | BPF_MOV, number(w), 0, 0, immediate(w));
}

static void write_alu(struct writer *w)
{
	static const uint8_t ops[] = {BPF_ADD, BPF_SUB, BPF_MUL, BPF_OR, BPF_AND, BPF_AND, BPF_LSH,
		BPF_RSH, BPF_ARSH, BPF_XOR, BPF_MOV, BPF_MOV, BPF_MOV, BPF_NEG, BPF_DIV, BPF_MOD,
		BPF_END};
	uint8_t class = below(w, 2) ? BPF_ALU64 : BPF_ALU, op = ops[below(w, N(ops))];

	switch (op) {
	case BPF_MOV: write_move(w, class); break;
	case BPF_NEG: emit(w, class | op, number(w), 0, 0, 0); break;
	case BPF_END:
		emit(w, BPF_ALU | op | (below(w, 2) ? BPF_TO_BE : BPF_TO_LE), number(w), 0, 0,
			16 << below(w, 3));
		break;
	case BPF_LSH:
	case BPF_RSH:
	case BPF_ARSH: write_shift(w, class, op); break;
	case BPF_DIV:
	case BPF_MOD:
		emit(w, class | op, number(w), 0, (int)below(w, 2), 1 + (int32_t)below(w, 100));
		break;
	default:
		if (below(w, 2))
			emit(w, class | op | BPF_X, number(w), number(w), 0, 0);
		else
			emit(w, class | op, number(w), 0, 0, immediate(w));
	}
}

static void write_jump(struct writer *w, uint32_t left)
{
	static const uint8_t ops[] = {BPF_JEQ, BPF_JNE, BPF_JGT, BPF_JGE, BPF_JLT, BPF_JLE,
		BPF_JSGT, BPF_JSGE, BPF_JSLT, BPF_JSLE, BPF_JSET};
	uint8_t class = below(w, 2) ? BPF_JMP : 0x06 /* BPF_JMP32 */, op = ops[below(w, N(ops))];
	int off = 1 + (int)below(w, left > 6 ? 6 : left);
	uint32_t which = below(w, N(numbers)), other = 1 + below(w, N(numbers) - 1);

	if (below(w, 2))
		emit(w, class | op | BPF_X, numbers[which], numbers[(which + other) % N(numbers)],
			off, 0);
	else
		emit(w, class | op, number(w), 0, off, immediate(w));
}

static void write_atomic(struct writer *w, uint8_t base)
{
	static const int32_t ops[] = {BPF_ADD, BPF_OR, BPF_AND, BPF_XOR, BPF_ADD | BPF_FETCH,
		BPF_OR | BPF_FETCH, BPF_XCHG, BPF_CMPXCHG};
	int off = base == EBPF_REG_FRAME ? -8 * (1 + (int)below(w, 3)) : 8 * (int)below(w, 3);

	emit(w, BPF_STX | BPF_ATOMIC | (below(w, 2) ? BPF_W : BPF_DW), base, number(w), off,
		ops[below(w, N(ops))]);
}

static void write_memory(struct writer *w)
{
	uint32_t width = below(w, 4), bytes = bytes_of[width];
	uint8_t size = widths[width];
	int slot = -8 * (1 + (int)below(w, 4));

	if (!below(w, 3))
		slot += (int)(bytes * below(w, 8 / bytes));
	switch (below(w, 8)) {
	case 0:
	case 1:
		emit(w, BPF_LDX | (bytes < 8 && below(w, 2) ? BPF_MEMSX : BPF_MEM) | size,
			number(w), 7, (int)below(w, PACKET_BYTES - bytes + 1), 0);
		break;
	case 2:
	case 3: emit(w, BPF_STX | BPF_MEM | size, EBPF_REG_FRAME, number(w), slot, 0); break;
	case 4:
		emit(w, BPF_ST | BPF_MEM | size, EBPF_REG_FRAME, 0, slot,
			below(w, 3) ? 0 : immediate(w));
		break;
	case 5:
	case 6: emit(w, BPF_LDX | BPF_MEM | size, number(w), EBPF_REG_FRAME, slot, 0); break;
	default: write_atomic(w, below(w, 2) ? EBPF_REG_FRAME : 9);
	}
}

/* A number as an index, most often bounded before. */
static void write_use(struct writer *w)
{
	static const uint8_t bases[] = {EBPF_REG_FRAME, 7, 9, 9};
	uint8_t base = bases[below(w, N(bases))], index = number(w), pointer = number(w);
	uint8_t size = widths[below(w, 4)];
	int off = below(w, 4) ? 0 : (int)below(w, 64);

	if (below(w, 8))
		emit(w, BPF_ALU64 | BPF_AND, index, 0, 0, (1 << below(w, 7)) - 1);
	if (!below(w, 3))
		emit(w, BPF_ALU64 | BPF_RSH, index, 0, 0, (int32_t)below(w, 64));
	emit(w, BPF_ALU64 | BPF_MOV | BPF_X, pointer, base, 0, 0);
	if (base == EBPF_REG_FRAME)
		emit(w, BPF_ALU64 | BPF_ADD, pointer, 0, 0, -64);
	emit(w, BPF_ALU64 | (below(w, 6) ? BPF_ADD : BPF_SUB) | BPF_X, pointer, index, 0, 0);
	if (below(w, 2))
		emit(w, BPF_LDX | BPF_MEM | size, number(w), pointer, off, 0);
	else
		emit(w, BPF_ST | BPF_MEM | size, pointer, 0, off, 0);
}

static uint32_t write_prologue(struct writer *w)
{
	uint32_t check;

	emit(w, BPF_ALU64 | BPF_MOV | BPF_X, 6, 1, 0, 0);
	emit(w, BPF_LDX | BPF_MEM | BPF_W, 7, 1, 0, 0);
	emit(w, BPF_LDX | BPF_MEM | BPF_W, 3, 1, 4, 0);
	emit(w, BPF_ALU64 | BPF_MOV | BPF_X, 4, 7, 0, 0);
	emit(w, BPF_ALU64 | BPF_ADD, 4, 0, 0, PACKET_BYTES);
	check = w->n;
	emit(w, BPF_JMP | BPF_JGT | BPF_X, 4, 3, 0, 0);
	emit(w, BPF_LD | BPF_IMM | BPF_DW, 9, EBPF_LDDW_MAP_IDX_VALUE, 0, MAP_OUT);
	emit(w, 0, 0, 0, 0, 0);
	for (size_t i = 0; i < N(numbers); i++) {
		if (below(w, 3))
			emit(w, BPF_LDX | BPF_MEM | widths[below(w, 4)], numbers[i], 7, (int)i * 4,
				0);
		else
			emit(w, BPF_ALU64 | BPF_MOV, numbers[i], 0, 0, immediate(w));
	}
	return check;
}

uint32_t arithmetic_program(struct chance *c, struct ebpf_insn *insns)
{
	struct writer w = {c, insns, 0};
	uint32_t check = write_prologue(&w), steps = 3 + below(&w, 25);

	for (uint32_t i = 0; i < steps; i++) {
		switch (below(&w, 10)) {
		case 0:
		case 1:
		case 2:
		case 3: write_alu(&w); break;
		case 4:
		case 5:
		case 6: write_jump(&w, steps - i + 2); break;
		case 7:
		case 8: write_memory(&w); break;
		default: write_use(&w);
		}
	}
	write_use(&w);
	insns[check].off = (int16_t)(w.n - check - 1);
	for (int i = 0; i < 7; i++) /* where the last jumps go */
		emit(&w, BPF_ALU64 | BPF_MOV, 0, 0, 0, XDP_PASS);
	emit(&w, BPF_JMP | BPF_EXIT, 0, 0, 0, 0);
	return w.n;
}
