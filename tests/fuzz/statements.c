/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Statements that neither call nor branch: arithmetic, loads and stores, pointers.
 */
#include "model.h"

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

static const uint8_t size_codes[] = {BPF_B, BPF_H, BPF_W, BPF_DW};

/* A scalar register that may change. */
static int scalar_to_change(struct writer *w, struct state *s)
{
	int reg = scalar(w, s);

	if (!(s->locked & 1 << reg))
		return reg;
	reg = target(w, s);
	emit(w, BPF_ALU64 | BPF_MOV | BPF_K, reg, 0, 0, draw_imm(w));
	set_scalar(s, reg);
	return reg;
}

static void write_unary(struct writer *w, struct state *s, int dst)
{
	static const int32_t widths[] = {16, 32, 64};
	uint8_t class = draw(w, 2) ? BPF_ALU64 : BPF_ALU;
	int src;

	switch (draw(w, 4)) {
	case 0: emit(w, class | BPF_NEG, dst, 0, 0, 0); break;
	case 1: /* sign extension; from 32 bits only in 64 */
		src = scalar(w, s);
		emit(w, class | BPF_MOV | BPF_X, dst, src, 8 << draw(w, class == BPF_ALU64 ? 3 : 2),
			0);
		break;
	case 2: /* byte order; ALU64 always swaps */
		emit(w, class | BPF_END | (class == BPF_ALU ? draw(w, 2) << 3 : 0), dst, 0, 0,
			widths[draw(w, 3)]);
		break;
	default:
		emit(w, BPF_LD | BPF_IMM | BPF_DW, dst, 0, 0, draw_imm(w));
		emit(w, 0, 0, 0, 0, draw_imm(w));
	}
}

void write_alu(struct writer *w, struct state *s)
{
	static const uint8_t ops[] = {BPF_ADD, BPF_SUB, BPF_MUL, BPF_DIV, BPF_OR, BPF_AND, BPF_LSH,
		BPF_RSH, BPF_ARSH, BPF_XOR, BPF_MOD, BPF_MOV};
	int dst = scalar_to_change(w, s);
	uint8_t class = draw(w, 2) ? BPF_ALU64 : BPF_ALU;
	uint32_t i = draw(w, ARRAY_SIZE(ops) + 3);
	uint8_t op;
	int16_t off = 0;
	int32_t imm;

	if (i >= ARRAY_SIZE(ops)) {
		write_unary(w, s, dst);
		return;
	}
	op = ops[i];
	if (op == BPF_DIV || op == BPF_MOD)
		off = draw(w, 2); /* 1: signed */
	if (draw(w, 2)) {
		emit(w, class | op | BPF_X, dst, scalar(w, s), off, 0);
		return;
	}
	imm = draw_imm(w);
	if (op == BPF_LSH || op == BPF_RSH || op == BPF_ARSH)
		imm &= mistake(w, WRONG_NUMBER) ? 127 : class == BPF_ALU64 ? 63 : 31;
	else if (off || op == BPF_DIV || op == BPF_MOD)
		imm = imm || mistake(w, WRONG_NUMBER) ? imm : 3;
	emit(w, class | op | BPF_K, dst, 0, off, imm);
}

void write_copy(struct writer *w, struct state *s)
{
	int src = draw(w, 10), dst = target(w, s);

	if (s->regs[src].kind == NOTHING && !mistake(w, WRONG_REGISTER))
		return;
	emit(w, BPF_ALU64 | BPF_MOV | BPF_X, dst, src, 0, 0);
	s->regs[dst] = s->regs[src];
}

void write_context_load(struct writer *w, struct state *s)
{
	static const struct {
		uint8_t off, kind;
	} fields[] = {{0, PACKET}, {4, PACKET_END}, {8, PACKET_META}, {12, SCALAR}, {16, SCALAR}};
	uint32_t field = draw(w, ARRAY_SIZE(fields)), off = fields[field].off, size = BPF_W;
	int dst = target(w, s);

	if (s->no_context)
		return;
	if (mistake(w, WRONG_CONTEXT))
		off = (draw(w, 2) ? 24 : 1) + draw(w, 3); /* 20 is for programs of device maps */
	if (mistake(w, WRONG_CONTEXT))
		size = size_codes[draw(w, 4)];
	emit(w, BPF_LDX | BPF_MEM | size, dst, CONTEXT_REG, off, 0);
	s->regs[dst] = (struct value){.kind = fields[field].kind};
	if (fields[field].kind == PACKET_META)
		s->regs[dst].id = UINT16_MAX;
}

void write_load(struct writer *w, struct state *s)
{
	uint32_t size = draw(w, 4);
	int32_t off;
	int src = pointer(w, s, KINDS_READ, 1 << size, false, &off), dst;
	bool sign = size < 3 && draw(w, 4) == 1;

	if (src < 0)
		return;
	dst = target(w, s);
	emit(w, BPF_LDX | (sign ? BPF_MEMSX : BPF_MEM) | size_codes[size], dst, src, off, 0);
	set_scalar(s, dst);
}

void write_store(struct writer *w, struct state *s)
{
	uint32_t size = draw(w, 4);
	int32_t off;
	int value = scalar(w, s), dst;

	dst = pointer(
		w, s, mistake(w, WRONG_WRITE) ? KINDS_READ : KINDS_WRITE, 1 << size, false, &off);
	if (dst < 0)
		return;
	if (draw(w, 2))
		emit(w, BPF_STX | BPF_MEM | size_codes[size], dst, value, off, 0);
	else
		emit(w, BPF_ST | BPF_MEM | size_codes[size], dst, 0, off, draw_imm(w));
}

void write_atomic(struct writer *w, struct state *s)
{
	static const int32_t ops[] = {BPF_ADD, BPF_OR, BPF_AND, BPF_XOR, BPF_ADD | BPF_FETCH,
		BPF_OR | BPF_FETCH, BPF_AND | BPF_FETCH, BPF_XOR | BPF_FETCH, BPF_XCHG,
		BPF_CMPXCHG};
	int32_t op = ops[draw(w, ARRAY_SIZE(ops))], off;
	uint32_t size = 2 + draw(w, 2);
	int src = scalar_to_change(w, s), dst, slot;

	if (op == BPF_CMPXCHG && s->regs[0].kind != SCALAR)
		return;
	dst = pointer(
		w, s, mistake(w, WRONG_WRITE) ? KINDS_READ : KINDS_ATOMIC, 1 << size, true, &off);
	if (dst < 0) {
		slot = draw(w, FREE_SLOTS);
		if (s->slots[slot].kind != SCALAR)
			return;
		dst = BPF_REG_10;
		off = slot_offset(slot) + (size == 2 ? 4 * draw(w, 2) : 0);
	}
	emit(w, BPF_STX | BPF_ATOMIC | size_codes[size], dst, src, off, op);
}

void write_stack_write(struct writer *w, struct state *s)
{
	int slot = draw(w, FREE_SLOTS), reg, size;
	struct value *held = &s->slots[slot];

	if (s->in_loop && held->kind > SCALAR)
		return;
	if (!s->in_loop && draw(w, 2)) { /* spill whatever there is */
		reg = draw(w, 10);
		if (s->regs[reg].kind == NOTHING && !mistake(w, WRONG_REGISTER))
			return;
		emit(w, BPF_STX | BPF_MEM | BPF_DW, BPF_REG_10, reg, slot_offset(slot), 0);
		*held = s->regs[reg];
		return;
	}
	size = held->kind == SCALAR ? draw(w, 4) : 3; /* a part only of what is written already */
	reg = scalar(w, s);
	if (draw(w, 2))
		emit(w, BPF_STX | BPF_MEM | size_codes[size], BPF_REG_10, reg,
			slot_offset(slot) + (draw(w, 8 >> size) << size) + mistake(w, WRONG_STACK),
			0);
	else
		emit(w, BPF_ST | BPF_MEM | size_codes[size], BPF_REG_10, 0,
			slot_offset(slot) + (draw(w, 8 >> size) << size), draw_imm(w));
	held->kind = SCALAR;
}

void write_stack_read(struct writer *w, struct state *s)
{
	int first = draw(w, FREE_SLOTS), slot, i, dst = target(w, s), size;

	for (i = 0; i < FREE_SLOTS; i++) {
		slot = (first + i) % FREE_SLOTS;
		if (s->slots[slot].kind != NOTHING)
			break;
	}
	if (i == FREE_SLOTS && !mistake(w, WRONG_STACK))
		return;
	size = s->slots[slot].kind == SCALAR ? draw(w, 4) : 3;
	emit(w, BPF_LDX | (size < 3 && draw(w, 2) ? BPF_MEMSX : BPF_MEM) | size_codes[size], dst,
		BPF_REG_10, slot_offset(slot) + (draw(w, 8 >> size) << size), 0);
	s->regs[dst] = s->slots[slot];
}

/* A copy of a pointer, moved by a constant or by a number that is masked first. */
void write_pointer_move(struct writer *w, struct state *s)
{
	int by = scalar(w, s), src = find(w, s, draw(w, 2) ? PACKET : VALUE), dst = target(w, s);
	struct value v;

	if (src < 0 || src == dst)
		return;
	v = s->regs[src];
	if (draw(w, 2)) {
		int32_t most = v.kind == PACKET ? 40 : v.range - v.off;
		int32_t delta = (int32_t)draw(w, most > 0 ? most : 1);

		emit(w, BPF_ALU64 | BPF_MOV | BPF_X, dst, src, 0, 0);
		emit(w, BPF_ALU64 | BPF_ADD | BPF_K, dst, 0, 0, delta);
		v.off += delta;
	} else {
		int32_t mask = v.kind == PACKET ? 0xff >> draw(w, 8) : 7 >> draw(w, 3);

		if (by == src || v.range - v.off < mask)
			return;
		emit(w, BPF_ALU64 | BPF_MOV | BPF_X, dst, by, 0, 0);
		if (!mistake(w, WRONG_RANGE))
			emit(w, BPF_ALU64 | BPF_AND | BPF_K, dst, 0, 0, mask);
		emit(w, BPF_ALU64 | BPF_ADD | BPF_X, dst, src, 0, 0);
		v.id = ++w->last_id;
		v.odd = true;
		v.range = v.kind == PACKET ? 0 : v.range - mask;
	}
	s->regs[dst] = v;
}

void write_pointer_difference(struct writer *w, struct state *s)
{
	int end = find(w, s, PACKET_END), start = find(w, s, PACKET), dst = target(w, s);

	if (end < 0 || start < 0 || dst == start)
		return;
	emit(w, BPF_ALU64 | BPF_MOV | BPF_X, dst, end, 0, 0);
	emit(w, BPF_ALU64 | BPF_SUB | BPF_X, dst, start, 0, 0);
	set_scalar(s, dst);
}

/* A value's address without a lookup. */
void write_const_value(struct writer *w, struct state *s)
{
	int dst = target(w, s);
	uint32_t map = draw(w, 2) ? MAP_CONST : MAP_OUT;
	uint32_t size = generated_maps[map].value_size, off = draw(w, size);

	emit_map_value(w, dst, map, off);
	s->regs[dst] = (struct value){.kind = map == MAP_CONST ? CONST_VALUE : VALUE,
		.id = ++w->last_id,
		.off = off,
		.range = size};
}
