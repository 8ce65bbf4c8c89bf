/* SPDX-License-Identifier: BSD-3-Clause
 *
 * The entropy, the instructions written so far, and the model of the registers. A path's state
 * is a plain struct: a branch copies it and the paths' ends are joined to what both agree on.
 */
#include <string.h>

#include "model.h"

uint32_t draw(struct writer *w, uint32_t n)
{
	uint32_t v = 0, i, bytes = n <= 256 ? 1 : 4;

	for (i = 0; i < bytes && w->next < w->end; i++)
		v = v << 8 | *w->next++;
	return n ? v % n : 0;
}

int32_t draw_imm(struct writer *w)
{
	static const int32_t corners[] = {
		0, 1, -1, 2, 7, 8, 31, 32, 63, 255, 256, 0xffff, 0x10000, INT32_MAX, INT32_MIN, -8};
	uint32_t i = draw(w, 24);

	if (i < sizeof(corners) / sizeof(corners[0]))
		return corners[i];
	return i < 20 ? (int32_t)draw(w, 256) : (int32_t)draw(w, UINT32_MAX);
}

bool mistake(struct writer *w, uint8_t kind)
{
	if (kind != w->mistake || !w->mistakes_left || draw(w, 4))
		return false;
	w->mistakes_left--;
	w->out->mistakes++;
	return true;
}

uint32_t emit(struct writer *w, uint8_t opcode, uint8_t dst, uint8_t src, int16_t off, int32_t imm)
{
	uint32_t i = w->out->n_insns++;

	w->out->insns[i] = (struct ebpf_insn){
		.opcode = opcode, .dst = dst, .src = src, .off = off, .imm = imm};
	return i;
}

void emit_map(struct writer *w, uint8_t dst, uint32_t map)
{
	emit(w, BPF_LD | BPF_IMM | BPF_DW, dst, BPF_PSEUDO_MAP_IDX, 0, map);
	emit(w, 0, 0, 0, 0, 0);
}

void emit_map_value(struct writer *w, uint8_t dst, uint32_t map, int32_t off)
{
	emit(w, BPF_LD | BPF_IMM | BPF_DW, dst, BPF_PSEUDO_MAP_IDX_VALUE, 0, map);
	emit(w, 0, 0, 0, 0, off);
}

void land(struct writer *w, uint32_t insn)
{
	struct ebpf_insn *jump = &w->out->insns[insn];

	if (jump->opcode == (BPF_JMP32 | BPF_JA))
		jump->imm = w->out->n_insns - insn - 1;
	else
		jump->off = w->out->n_insns - insn - 1;
}

int find(struct writer *w, const struct state *s, uint8_t kind)
{
	uint32_t i, first = draw(w, 10);

	for (i = 0; i < 10; i++) {
		if (s->regs[(first + i) % 10].kind == kind)
			return (first + i) % 10;
	}
	return -1;
}

int target(struct writer *w, const struct state *s)
{
	uint32_t i, first = draw(w, 10);

	for (i = 0; i < 10; i++) {
		int reg = (first + i) % 10;
		bool free = !(s->locked & 1 << reg);

		if (free && (reg < CONTEXT_REG || !s->in_loop))
			return reg;
	}
	return 0;
}

int scalar(struct writer *w, struct state *s)
{
	int reg = mistake(w, WRONG_REGISTER) ? (int)draw(w, 10) : find(w, s, SCALAR);

	if (reg < 0) {
		reg = target(w, s);
		emit(w, BPF_ALU64 | BPF_MOV | BPF_K, reg, 0, 0, draw_imm(w));
		set_scalar(s, reg);
	}
	return reg;
}

int pointer(struct writer *w, const struct state *s, uint32_t kinds, uint32_t size, bool aligned,
	int32_t *off)
{
	uint32_t i, first = draw(w, 10);

	for (i = 0; i < 10; i++) {
		const struct value *v = &s->regs[(first + i) % 10];
		uint32_t at;

		if (!(kinds & 1 << v->kind) || v->range < size || (aligned && v->odd))
			continue;
		at = draw(w, v->range - size + 1);
		if (mistake(w, WRONG_BOUNDS))
			at = v->range - size + 1;
		else if (aligned || v->kind == STACK)
			at -= at % size;
		*off = (int32_t)at - v->off;
		return (first + i) % 10;
	}
	return -1;
}

void set_scalar(struct state *s, int reg)
{
	s->regs[reg] = (struct value){.kind = SCALAR};
}

static void join_value(struct value *a, const struct value *b)
{
	bool same = a->kind == b->kind && a->id == b->id && a->off == b->off;

	if (!same)
		*a = (struct value){.kind = NOTHING};
	else if (b->range < a->range)
		a->range = b->range;
}

void join(struct state *s, const struct state *other)
{
	int i;

	if (other->ended)
		return;
	if (s->ended) {
		*s = *other;
		return;
	}
	s->dynptrs &= other->dynptrs;
	for (i = 0; i < 10; i++)
		join_value(&s->regs[i], &other->regs[i]);
	for (i = 0; i < N_SLOTS; i++)
		join_value(&s->slots[i], &other->slots[i]);
}

void clobber(struct state *s)
{
	memset(s->regs, 0, CONTEXT_REG * sizeof(s->regs[0]));
}

static void forget(struct state *s, bool (*gone)(const struct value *v, uint16_t id), uint16_t id)
{
	int i;

	for (i = 0; i < 10; i++)
		if (gone(&s->regs[i], id))
			s->regs[i].kind = NOTHING;
	for (i = 0; i < N_SLOTS; i++)
		if (gone(&s->slots[i], id))
			s->slots[i].kind = NOTHING;
}

static bool is_slice(const struct value *v, uint16_t id)
{
	return v->slice;
}

static bool is_of_packet(const struct value *v, uint16_t id)
{
	return v->slice || (v->kind >= PACKET && v->kind <= PACKET_END);
}

static bool has_id(const struct value *v, uint16_t id)
{
	return v->id == id;
}

void forget_packet(struct state *s)
{
	forget(s, is_of_packet, 0);
}

void forget_slices(struct state *s)
{
	forget(s, is_slice, 0);
}

void forget_id(struct state *s, uint16_t id)
{
	forget(s, has_id, id);
}
