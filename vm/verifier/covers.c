/* SPDX-License-Identifier: BSD-3-Clause
 *
 * covers.c -- is everything that one state may hold also allowed by another?
 *
 * Three degrees. EXACT: the states are equal, up to a renaming of ids. RANGES: all that the
 * checkpoint says of its live registers and its slots holds in the current state; that is so
 * whatever the future reads. USED: the same, but only as far as anything was read (registers
 * by liveness.c, slots by the marks in `read`) and as far as the proof rests on it
 * (precision.c); for that, all paths from the checkpoint must have ended.
 */
#include <string.h>

#include "internal.h"

#define MAX_IDS (MAX_FRAMES * (EBPF_N_REGS + STACK_SLOTS))

/* Which id of the current state stands for which of the checkpoint's. */
struct id_map {
	uint32_t n;
	struct {
		uint32_t old, cur;
	} pair[MAX_IDS];
};

struct comparison {
	struct id_map *ids;
	enum degree degree;
};

struct id_map *state__new_id_map(struct arena *a)
{
	return arena__alloc(a, sizeof(struct id_map));
}

static bool same_id(struct comparison *c, uint32_t old, uint32_t cur)
{
	struct id_map *m = c->ids;

	if (!old || !cur)
		return old == cur;
	for (uint32_t i = 0; i < m->n; i++) {
		if (m->pair[i].old == old)
			return m->pair[i].cur == cur;
		if (c->degree == EXACT && m->pair[i].cur == cur)
			return false;
	}
	if (m->n == MAX_IDS)
		return false;
	m->pair[m->n].old = old;
	m->pair[m->n++].cur = cur;
	return true;
}

/* An id of numbers only says more: a checkpoint without one covers any. */
static bool scalar_id_covers(struct comparison *c, const struct reg *old, const struct reg *cur)
{
	if (!old->id)
		return true;
	return ((old->id ^ cur->id) & ID_PLUS_OFF) == 0 && old->off == cur->off &&
	       same_id(c, old->id & ~ID_PLUS_OFF, cur->id & ~ID_PLUS_OFF);
}

static bool same_ids(struct comparison *c, const struct reg *old, const struct reg *cur)
{
	return ((old->id ^ cur->id) & ID_PLUS_OFF) == 0 &&
	       same_id(c, old->id & ~ID_PLUS_OFF, cur->id & ~ID_PLUS_OFF) &&
	       same_id(c, old->ref, cur->ref) && same_id(c, old->dynptr, cur->dynptr);
}

/* Most are. */
static bool are_the_same(const struct reg *old, const struct reg *cur)
{
	return !old->id && !old->ref && !old->dynptr && !memcmp(old, cur, sizeof(*old));
}

static bool reg_covers(struct comparison *c, const struct reg *old, const struct reg *cur)
{
	if (are_the_same(old, cur))
		return true;
	if (c->degree == EXACT)
		return reg__same_but_ids(old, cur) && same_ids(c, old, cur);
	if (old->type == REG_UNSET)
		return true; /* nobody read it */
	if (old->type != cur->type || old->maybe_null != cur->maybe_null)
		return false;
	switch (old->type) {
	case REG_SCALAR:
		return (!old->precise && c->degree == USED) ||
		       (range__contains(&old->var, &cur->var) && scalar_id_covers(c, old, cur));
	case REG_PACKET:
	case REG_PACKET_META:
		if (old->reach < 0 || cur->reach < 0 ? old->reach != cur->reach
						     : old->reach > cur->reach)
			return false;
		/* fall through */
	case REG_MAP_VALUE:
		return old->map == cur->map && old->off == cur->off &&
		       range__contains(&old->var, &cur->var) && same_id(c, old->id, cur->id);
	case REG_MEM:
		return old->size == cur->size && old->flags == cur->flags && old->off == cur->off &&
		       old->buffer_frame == cur->buffer_frame &&
		       old->buffer_depth == cur->buffer_depth &&
		       range__contains(&old->var, &cur->var) && same_ids(c, old, cur);
	default: return reg__same_but_ids(old, cur) && same_ids(c, old, cur);
	}
}

/* All bytes of a slot that hold something unknown hold an unknown number. */
static const struct reg *slot_as_scalar(const struct slot *s, struct reg *scratch)
{
	if (slot__spill_size(s) == 8)
		return s->spilled.type == REG_SCALAR ? &s->spilled : NULL;
	for (int i = 0; i < 8; i++)
		if (s->bytes[i] != BYTE_MISC)
			return NULL;
	reg__set_unknown(scratch);
	return scratch;
}

static bool slot_covers(struct comparison *c, const struct slot *old, const struct slot *cur)
{
	struct reg old_scratch, cur_scratch;
	const struct reg *a, *b;

	if (!memcmp(old->bytes, cur->bytes, sizeof(old->bytes)) &&
		((!slot__is_spill(old) && !slot__is_special(old)) ||
			are_the_same(&old->spilled, &cur->spilled)))
		return true;
	a = slot_as_scalar(old, &old_scratch);
	b = slot_as_scalar(cur, &cur_scratch);
	if (a && b && c->degree != EXACT)
		return reg_covers(c, a, b);
	for (int i = 0; i < 8; i++) {
		if (old->bytes[i] == cur->bytes[i])
			continue;
		if (c->degree == EXACT || cur->bytes[i] > BYTE_SPILL ||
			(old->bytes[i] != BYTE_UNSET && old->bytes[i] != BYTE_MISC))
			return false;
	}
	if (!slot__is_spill(old) && !slot__is_special(old))
		return true;
	return reg_covers(c, &old->spilled, &cur->spilled);
}

static bool stack_covers(
	struct comparison *c, const struct frame *old, const struct frame *cur, uint64_t read)
{
	static const struct slot unset;

	for (uint32_t i = 0; i < old->n_slots || (c->degree == EXACT && i < cur->n_slots); i++) {
		const struct slot *a = i < old->n_slots ? &old->slots[i] : &unset;
		const struct slot *b = i < cur->n_slots ? &cur->slots[i] : &unset;

		if (c->degree == USED && !(read >> i & 1))
			continue;
		if (!slot_covers(c, a, b))
			return false;
	}
	return true;
}

/* Registers of frame f that may still be read, with the path at `insn`. */
static uint16_t live_regs(
	const struct verifier *v, const struct state *s, uint32_t f, uint32_t insn)
{
	const struct frame *callee = f < s->top ? s->frames[f + 1] : NULL;

	if (!callee)
		return v->prog.info[insn].live;
	if (callee->callback) /* back to the call */
		return v->prog.info[callee->call_insn].live;
	return v->prog.info[callee->call_insn + 1].live & 0x3c0; /* r6-r9 */
}

/* What is held, and must be given back. */
static bool held_covers(struct comparison *c, const struct state *old, const struct state *cur)
{
	if (memcmp(old->sections, cur->sections, sizeof(old->sections)))
		return false;
	if (old->n_refs != cur->n_refs || old->lock.held != cur->lock.held ||
		old->lock.map != cur->lock.map || !same_id(c, old->lock.id, cur->lock.id))
		return false;
	for (uint32_t i = 0; i < old->n_refs; i++)
		if (!same_id(c, old->refs[i].id, cur->refs[i].id))
			return false;
	return true;
}

bool state__covers(struct verifier *v, const struct state *old, enum degree degree)
{
	const struct state *cur = v->cur;
	struct comparison c = {v->ids, degree};

	if (old->top != cur->top)
		return false;
	c.ids->n = 0;
	for (uint32_t f = 0; f <= cur->top; f++) {
		const struct frame *a = old->frames[f], *b = cur->frames[f];
		uint16_t live = live_regs(v, cur, f, v->insn);

		if (a->func != b->func || a->call_insn != b->call_insn || a->rounds > b->rounds ||
			a->n_refs != b->n_refs)
			return false;
		for (uint32_t i = 0; i < EBPF_REG_FRAME; i++)
			if (live >> i & 1 && !reg_covers(&c, &a->regs[i], &b->regs[i]))
				return false;
		if (!stack_covers(&c, a, b, old->read[f]))
			return false;
	}
	return held_covers(&c, old, cur);
}

static void widen_reg(struct comparison *c, const struct reg *old, struct reg *cur)
{
	if (old->type == REG_SCALAR && cur->type == REG_SCALAR && !old->precise &&
		!reg_covers(c, old, cur))
		reg__set_unknown(cur);
}

void state__widen(struct verifier *v, const struct state *old, struct state *cur)
{
	struct comparison c = {v->ids, EXACT};

	c.ids->n = 0;
	for (uint32_t f = 0; f <= cur->top; f++) {
		struct frame *a = old->frames[f], *b = cur->frames[f];

		for (uint32_t i = 0; i < EBPF_REG_FRAME; i++)
			widen_reg(&c, &a->regs[i], &b->regs[i]);
		for (uint32_t i = 0; i < a->n_slots && i < b->n_slots; i++)
			if (slot__is_spill(&a->slots[i]) && slot__is_spill(&b->slots[i]))
				widen_reg(&c, &a->slots[i].spilled, &b->slots[i].spilled);
	}
}
