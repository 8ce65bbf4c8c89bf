/* SPDX-License-Identifier: BSD-3-Clause
 *
 * random-program.c -- r0 to r8 hold numbers, r9 the memory's address.
 */
#include <stdbool.h>

#include "random-program.h"

#define MEMORY 9
#define FRAME  10
#define SLOTS  (RANDOM_PROGRAM_MEMORY / 8)

/* xorshift64, by Marsaglia */
static uint64_t next_random(uint64_t *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 7;
	*state ^= *state << 17;
	return *state;
}

static int32_t random_imm(uint64_t *state)
{
	static const uint32_t corners[] = {0, 1, 2, 31, 32, 63, 64, 127, 128, 0x7fffffff,
		0x80000000, 0xffffffff, 0xffffff80, 0xffff8000};
	uint64_t r = next_random(state);

	return (int32_t)(r % 3 ? corners[r / 3 % (sizeof(corners) / sizeof(corners[0]))] : r >> 32);
}

/* A slot of 8 bytes of the frame or of the memory. */
static uint8_t random_place(uint64_t r, int16_t *off)
{
	*off = (int16_t)(8 * ((r >> 1) % SLOTS) - (r & 1 ? 8 * SLOTS : 0));
	return r & 1 ? FRAME : MEMORY;
}

/* Bytes of an access with that opcode. */
static int size_of(uint8_t opcode)
{
	static const uint8_t sizes[] = {4, 2, 1, 8};

	return sizes[opcode >> 3 & 3];
}

static struct ebpf_insn random_store(uint64_t *state, uint8_t src)
{
	static const uint8_t opcodes[] = {0x62, 0x6a, 0x72, 0x7a, 0x63, 0x6b, 0x73, 0x7b};
	uint64_t pick = next_random(state) >> 20;
	struct ebpf_insn insn = {.opcode = opcodes[pick % 8]};

	insn.dst = random_place(pick >> 3, &insn.off) & 15;
	insn.off += (int16_t)(pick >> 16) & (8 - size_of(insn.opcode));
	if (insn.opcode & 1)
		insn.src = src;
	else
		insn.imm = random_imm(state);
	return insn;
}

static struct ebpf_insn random_load(uint64_t *state, uint8_t dst)
{
	static const uint8_t opcodes[] = {0x61, 0x69, 0x71, 0x79, 0x81, 0x89, 0x91};
	uint64_t pick = next_random(state) >> 20;
	struct ebpf_insn insn = {.opcode = opcodes[pick % 7], .dst = dst};

	insn.src = random_place(pick >> 3, &insn.off) & 15;
	insn.off += (int16_t)(pick >> 16) & (8 - size_of(insn.opcode));
	return insn;
}

static struct ebpf_insn random_atomic(uint64_t *state, uint8_t src)
{
	static const int32_t operations[] = {0, 1, 0x40, 0x41, 0x50, 0x51, 0xa0, 0xa1, 0xe1, 0xf1};
	uint64_t pick = next_random(state) >> 20;
	struct ebpf_insn insn = {
		.opcode = pick & 64 ? 0xc3 : 0xdb, .src = src, .imm = operations[pick % 10]};

	insn.dst = random_place(pick >> 7, &insn.off) & 15;
	return insn;
}

/* jeq .. jsle, not ja, call, exit */
static struct ebpf_insn random_jump(uint64_t *state, uint8_t dst, uint8_t src)
{
	static const uint8_t operations[] = {1, 2, 3, 4, 5, 6, 7, 10, 11, 12, 13};
	uint64_t pick = next_random(state) >> 20;
	uint8_t opcode = (uint8_t)(operations[pick % 11] << 4 | (pick & 32 ? 5 : 6));

	if (pick & 16)
		return (struct ebpf_insn){opcode | 8, dst, src, 2, 0};
	return (struct ebpf_insn){opcode, dst, 0, 2, random_imm(state)};
}

/* add sub mul div or and lsh rsh neg mod xor mov arsh */
static struct ebpf_insn random_alu(uint64_t *state, uint8_t dst, uint8_t src)
{
	uint64_t pick = next_random(state) >> 20;
	uint8_t operation = pick % 13, class = pick & 64 ? 7 : 4;
	int16_t is_signed = (operation == 3 || operation == 9) && pick & 128;

	if (operation == 8)
		return (struct ebpf_insn){operation << 4 | class, dst, 0, 0, 0};
	if (operation == 11 && pick & 128) /* sign-extended */
		return (struct ebpf_insn){0xb8 | class, dst, src, pick & 256 ? 8 : 16, 0};
	if (pick & 16)
		return (struct ebpf_insn){operation << 4 | 8 | class, dst, src, is_signed, 0};
	return (struct ebpf_insn){operation << 4 | class, dst, 0, is_signed, random_imm(state)};
}

static struct ebpf_insn random_insn(uint64_t *state)
{
	static const uint8_t swaps[] = {0xd4, 0xdc, 0xd7};
	uint64_t r = next_random(state);
	uint8_t dst = r % 9, src = r / 9 % 9;
	uint64_t pick = r >> 32;

	switch (r >> 24 & 7) {
	case 0: return random_store(state, src);
	case 1: return random_load(state, dst);
	case 2: return random_atomic(state, src);
	case 3: return random_jump(state, dst, src);
	case 4: return (struct ebpf_insn){swaps[pick % 3], dst, 0, 0, 16 << (pick / 3 % 3)};
	default: return random_alu(state, dst, src);
	}
}

/* Of registers and of the frame some are not set: they are zero. */
uint32_t random_program(uint64_t *state, uint32_t length, struct ebpf_insn *insns)
{
	uint64_t set = next_random(state) >> 20;
	uint32_t n = 0, end;

	insns[n++] = (struct ebpf_insn){0xbf, MEMORY, 1, 0, 0};
	for (uint8_t reg = 0; reg < MEMORY; reg++)
		if (set >> reg & 3 || reg == 1 || reg == 2)
			insns[n++] = (struct ebpf_insn){0xb7, reg, 0, 0, random_imm(state)};
	for (int16_t slot = 1; slot <= SLOTS; slot++)
		if (set >> (16 + slot) & 1)
			insns[n++] = (struct ebpf_insn){0x7b, FRAME, slot % MEMORY, -8 * slot, 0};
	for (end = n + length; n < end;)
		insns[n++] = random_insn(state);
	for (uint8_t reg = 1; reg < MEMORY; reg++) { /* r0 = r0 * 31 + reg */
		insns[n++] = (struct ebpf_insn){0x27, 0, 0, 0, 31};
		insns[n++] = (struct ebpf_insn){0x0f, 0, reg, 0, 0};
	}
	insns[n++] = (struct ebpf_insn){0x95, 0, 0, 0, 0};
	return n;
}
