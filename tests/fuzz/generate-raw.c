/* SPDX-License-Identifier: BSD-3-Clause
 *
 * generate-raw.c -- any register may hold anything, but for those that loops count with. What a
 * call leaves in registers, and a function finds in others than its arguments, is set: machines
 * differ.
 */
#include <linux/bpf.h>
#include <stdbool.h>

#include "generate-raw.h"

#define MAX_CALLS 4
/* To where a program ends: until that is known. */
#define TO_END INT16_MIN

struct draft {
	struct chance *c;
	struct ebpf_insn *insns;
	uint32_t n, depth;
	uint32_t calls[MAX_CALLS], n_calls;
};

static const uint8_t sizes[] = {BPF_B, BPF_H, BPF_W, BPF_DW};

static uint32_t draw(struct draft *d, uint32_t n)
{
	return chance__below(d->c, n);
}

static void emit(
	struct draft *d, uint8_t opcode, uint32_t dst, uint32_t src, int32_t off, int32_t imm)
{
	d->insns[d->n++] = (struct ebpf_insn){.opcode = opcode,
		.dst = dst & 15,
		.src = src & 15,
		.off = (int16_t)off,
		.imm = imm};
}

/* r6 and r7 keep what r1 and r2 were, loops count with r8 and r9. */
static uint32_t some_reg(struct draft *d)
{
	return draw(d, 6);
}

static uint32_t some_source(struct draft *d)
{
	static const uint8_t often[] = {1, 2, 2, 6, 7, 8, 9, 10};

	return draw(d, 3) ? some_reg(d) : often[draw(d, sizeof(often))];
}

/* Lengths, masks, and what is at the end of some type. */
static int32_t some_number(struct draft *d)
{
	static const int32_t corners[] = {0, 1, -1, 7, 15, 31, 63, INT32_MAX, INT32_MIN, -512, 255};

	if (draw(d, 12) == 0)
		return corners[draw(d, sizeof(corners) / sizeof(corners[0]))];
	return (int32_t)draw(d, RAW_PROGRAM_MEMORY + 8) - (draw(d, 4) ? 0 : 40);
}

static void write_number(struct draft *d)
{
	static const uint8_t ops[] = {BPF_ADD, BPF_SUB, BPF_AND, BPF_AND, BPF_RSH, BPF_LSH, BPF_MOV,
		BPF_MOD, BPF_OR, BPF_XOR, BPF_MUL, BPF_ARSH, BPF_DIV};
	uint8_t op = ops[draw(d, sizeof(ops))], width = draw(d, 3) ? BPF_ALU64 : BPF_ALU;
	bool shifts = op == BPF_RSH || op == BPF_LSH || op == BPF_ARSH;

	if (draw(d, 4) == 0)
		emit(d, width | op | BPF_X, some_reg(d), some_source(d), 0, 0);
	else
		emit(d, width | op | BPF_K, some_reg(d), 0, 0,
			shifts ? (int32_t)draw(d, width == BPF_ALU ? 32 : 64) : some_number(d));
}

static void write_index(struct draft *d)
{
	uint32_t reg = some_reg(d);

	emit(d, BPF_LDX | BPF_MEM | sizes[draw(d, 3)], reg, 6, (int32_t)draw(d, 16), 0);
	emit(d, BPF_ALU64 | (draw(d, 2) ? BPF_AND : BPF_MOD) | BPF_K, reg, 0, 0,
		1 + (int32_t)draw(d, 40));
}

static void write_address(struct draft *d)
{
	uint32_t reg = some_reg(d), base = draw(d, 3) ? 6 : 10;

	emit(d, BPF_ALU64 | BPF_MOV | BPF_X, reg, base, 0, 0);
	if (draw(d, 2))
		emit(d, BPF_ALU64 | (base == 10 ? BPF_SUB : BPF_ADD) | BPF_K, reg, 0, 0,
			some_number(d));
	if (draw(d, 2))
		emit(d, BPF_ALU64 | (draw(d, 4) ? BPF_ADD : BPF_SUB) | BPF_X, reg, some_source(d),
			0, 0);
}

static void write_length_check(struct draft *d, int32_t off)
{
	static const uint8_t ops[] = {BPF_JLT, BPF_JLT, BPF_JLE, BPF_JSLT, BPF_JSLE, BPF_JNE};
	int32_t length = (int32_t)draw(d, RAW_PROGRAM_MEMORY);

	emit(d, (draw(d, 4) ? BPF_JMP : BPF_JMP32) | ops[draw(d, sizeof(ops))] | BPF_K,
		draw(d, 4) ? 2 : 7, 0, off, length);
}

/* Most often with the memory's length, or where it ends. */
static void write_jump(struct draft *d)
{
	static const uint8_t ops[] = {BPF_JEQ, BPF_JGT, BPF_JGE, BPF_JSET, BPF_JNE, BPF_JSGT,
		BPF_JSGE, BPF_JLT, BPF_JLE, BPF_JSLT, BPF_JSLE};
	uint8_t op = ops[draw(d, sizeof(ops))], width = draw(d, 4) ? BPF_JMP : BPF_JMP32;
	int32_t off = draw(d, 2) ? TO_END : (int32_t)draw(d, 5);
	uint32_t reg = some_reg(d), end = some_reg(d);

	switch (draw(d, 5)) {
	case 0:
	case 1: write_length_check(d, off); break;
	case 2:
		emit(d, BPF_ALU64 | BPF_MOV | BPF_X, end, 1, 0, 0);
		emit(d, BPF_ALU64 | BPF_ADD | BPF_X, end, 2, 0, 0);
		emit(d, BPF_JMP | (draw(d, 3) ? BPF_JGT : op) | BPF_X, reg, end, off, 0);
		break;
	case 3: emit(d, width | op | BPF_X, reg, some_source(d), off, 0); break;
	default: emit(d, width | op | BPF_K, some_source(d), 0, off, some_number(d));
	}
}

static void write_access(struct draft *d)
{
	static const uint8_t often[] = {1, 3, 4, 5, 6, 6, 10};
	uint32_t reg = draw(d, 8) ? often[draw(d, sizeof(often))] : some_source(d);
	int32_t off = reg == 10 ? -1 - (int32_t)draw(d, 40) : (int32_t)draw(d, 24) - 4;
	uint8_t size = sizes[draw(d, 4)];

	switch (draw(d, 3)) {
	case 0: emit(d, BPF_ST | BPF_MEM | size, reg, 0, off, some_number(d)); break;
	case 1: emit(d, BPF_STX | BPF_MEM | size, reg, some_source(d), off, 0); break;
	default: emit(d, BPF_LDX | BPF_MEM | size, some_reg(d), reg, off, 0);
	}
}

/* The memory and its length */
static void write_moves(struct draft *d, uint32_t to, uint32_t from)
{
	emit(d, BPF_ALU64 | BPF_MOV | BPF_X, to, from, 0, 0);
	emit(d, BPF_ALU64 | BPF_MOV | BPF_X, to + 1, from + 1, 0, 0);
}

static void write_call(struct draft *d)
{
	if (d->n_calls == MAX_CALLS)
		return;
	d->calls[d->n_calls++] = d->n;
	emit(d, BPF_JMP | BPF_CALL, 0, BPF_PSEUDO_CALL, 0, 0);
	write_moves(d, 1, 6);
	for (uint32_t reg = 3; reg <= 5; reg++)
		emit(d, BPF_ALU64 | BPF_MOV | BPF_K, reg, 0, 0, 0);
}

static void write_statements(struct draft *d, uint32_t n);

static void write_loop(struct draft *d)
{
	static const uint8_t ops[] = {BPF_JLT, BPF_JLE, BPF_JNE, BPF_JSLT};
	uint32_t counter = 8 + d->depth, start;
	int32_t step = 1 + (int32_t)draw(d, 3), rounds = 1 + (int32_t)draw(d, 20);

	if (d->depth == 2)
		return;
	d->depth++;
	emit(d, BPF_ALU64 | BPF_MOV | BPF_K, counter, 0, 0, 0);
	start = d->n;
	write_statements(d, 1 + draw(d, 3));
	emit(d, BPF_ALU64 | BPF_ADD | BPF_K, counter, 0, 0, step);
	emit(d, BPF_JMP | ops[draw(d, sizeof(ops))] | BPF_K, counter, 0,
		(int32_t)start - (int32_t)d->n - 1, step * rounds);
	d->depth--;
}

static void write_statements(struct draft *d, uint32_t n)
{
	static void (*const statements[])(struct draft *) = {write_number, write_number,
		write_index, write_address, write_address, write_jump, write_jump, write_access,
		write_access, write_access, write_loop, write_call};

	while (n-- && d->n < RAW_PROGRAM_MAX / 2)
		statements[draw(d, sizeof(statements) / sizeof(statements[0]))](d);
}

/* Statements, then what they leave. Jumps go no further than there. */
static void write_function(struct draft *d, uint32_t statements)
{
	uint32_t start = d->n, end;

	write_moves(d, 6, 1);
	for (uint32_t i = 0; i < 3; i++)
		emit(d, BPF_ALU64 | BPF_MOV | BPF_K, i ? 7 + i : 0, 0, 0, 0);
	if (draw(d, 2))
		write_length_check(d, TO_END);
	write_statements(d, statements);
	end = d->n;
	for (uint32_t reg = 1; reg < 6; reg++)
		emit(d, BPF_ALU64 | BPF_XOR | BPF_X, 0, reg, 0, 0);
	emit(d, BPF_JMP | BPF_EXIT, 0, 0, 0, 0);
	for (uint32_t i = start; i < end; i++) {
		struct ebpf_insn *in = &d->insns[i];
		uint8_t class = in->opcode & 7, op = in->opcode & 0xf0;

		if ((class == BPF_JMP || class == BPF_JMP32) && op != BPF_CALL &&
			(in->off == TO_END || i + 1 + in->off > end))
			in->off = (int16_t)(end - i - 1);
	}
}

uint32_t generate_raw_program(struct chance *c, struct ebpf_insn *insns)
{
	struct draft d = {.c = c, .insns = insns};
	uint32_t function;

	write_function(&d, 4 + draw(&d, 16));
	function = d.n;
	if (d.n_calls)
		write_function(&d, 1 + draw(&d, 6));
	for (uint32_t i = 0; i < d.n_calls; i++)
		insns[d.calls[i]].imm = (int32_t)function - (int32_t)d.calls[i] - 1;
	return d.n;
}
