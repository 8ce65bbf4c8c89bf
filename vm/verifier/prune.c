/* SPDX-License-Identifier: BSD-3-Clause
 *
 * prune.c -- paths, checkpoints, and when a path need not go on.
 *
 * At jumps, jump targets and returns the current state is compared with checkpoints made
 * there. A checkpoint whose paths have all ended covers the current state if every value the
 * current state may hold, the checkpoint may hold too, as far as anything was read (registers
 * by liveness.c, slots by the marks in `read`) and as far as the proof rests on it
 * (precision.c). A checkpoint with open paths that equals the current state exactly is an
 * infinite loop.
 */
#include <string.h>

#include "internal.h"

#define MAX_STEPS 100 /* a path takes without a checkpoint */

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
	bool exact;
};

struct id_map *prune__new_id_map(struct arena *a)
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
		if (c->exact && m->pair[i].cur == cur)
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

static bool reg_covers(struct comparison *c, const struct reg *old, const struct reg *cur)
{
	if (c->exact)
		return reg__same_but_ids(old, cur) && ((old->id ^ cur->id) & ID_PLUS_OFF) == 0 &&
		       same_id(c, old->id & ~ID_PLUS_OFF, cur->id & ~ID_PLUS_OFF);
	if (old->type == REG_UNSET)
		return true; /* nobody read it */
	if (old->type != cur->type || old->maybe_null != cur->maybe_null)
		return false;
	switch (old->type) {
	case REG_SCALAR:
		return !old->precise ||
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
	default: return reg__same_but_ids(old, cur) && same_id(c, old->id, cur->id);
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
	const struct reg *a = slot_as_scalar(old, &old_scratch);
	const struct reg *b = slot_as_scalar(cur, &cur_scratch);

	if (a && b && !c->exact)
		return reg_covers(c, a, b);
	for (int i = 0; i < 8; i++) {
		if (old->bytes[i] == cur->bytes[i])
			continue;
		if (c->exact || (old->bytes[i] != BYTE_UNSET && old->bytes[i] != BYTE_MISC))
			return false;
	}
	if (!slot__is_spill(old))
		return true;
	return reg_covers(c, &old->spilled, &cur->spilled);
}

static bool stack_covers(
	struct comparison *c, const struct frame *old, const struct frame *cur, uint64_t read)
{
	static const struct slot unset;

	for (uint32_t i = 0; i < old->n_slots || (c->exact && i < cur->n_slots); i++) {
		const struct slot *a = i < old->n_slots ? &old->slots[i] : &unset;
		const struct slot *b = i < cur->n_slots ? &cur->slots[i] : &unset;

		if (!c->exact && !(read >> i & 1))
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
	if (f == s->top)
		return v->prog.info[insn].live;
	return v->prog.info[s->frames[f + 1]->call_insn + 1].live & 0x3c0; /* r6-r9 */
}

static bool covers(struct verifier *v, const struct state *old, const struct state *cur, bool exact)
{
	struct comparison c = {v->ids, exact};

	if (old->top != cur->top)
		return false;
	c.ids->n = 0;
	for (uint32_t f = 0; f <= cur->top; f++) {
		const struct frame *a = old->frames[f], *b = cur->frames[f];
		uint16_t live = live_regs(v, cur, f, v->insn);

		if (a->func != b->func || a->call_insn != b->call_insn)
			return false;
		for (uint32_t i = 0; i < EBPF_REG_FRAME; i++)
			if (live >> i & 1 && !reg_covers(&c, &a->regs[i], &b->regs[i]))
				return false;
		if (!stack_covers(&c, a, b, old->read[f]))
			return false;
	}
	return true;
}

void prune__read_slots(struct verifier *v, uint32_t frame, uint64_t slots)
{
	for (struct state *s = v->cur; s->parent; s = s->parent) {
		slots &= ~s->written[frame];
		if (!(slots & ~s->parent->read[frame]))
			return;
		s->parent->read[frame] |= slots;
	}
}

static void cover_with(struct verifier *v, struct state *old)
{
	old->hits++;
	for (uint32_t f = 0; f <= old->top; f++)
		prune__read_slots(v, f, old->read[f]);
	precision__inherit(v, old);
}

static void forget(struct verifier *v, struct state *s)
{
	v->n_states--;
	state__free(&v->arena, s);
}

static int make_checkpoint(struct verifier *v, struct state **checkpoint)
{
	struct state *s = state__copy(&v->arena, v->cur);

	if (!s)
		return -ENOMEM;
	s->insn = v->insn;
	s->branches = 1;
	s->hits = s->misses = 0;
	memset(s->read, 0, sizeof(s->read));
	s->next = v->checkpoints[v->insn];
	v->checkpoints[v->insn] = s;
	v->cur->parent = s;
	v->cur->steps = 0;
	memset(v->cur->written, 0, sizeof(v->cur->written));
	v->jumps_at_checkpoint = v->jumps;
	v->insns_at_checkpoint = v->stats.insns_examined;
	v->stats.states_total++;
	if (++v->n_states > v->stats.states_peak)
		v->stats.states_peak = v->n_states;
	*checkpoint = s;
	return 0;
}

int prune__visit(struct verifier *v, bool *covered, struct state **checkpoint)
{
	uint32_t jumps = v->jumps - v->jumps_at_checkpoint;
	uint64_t insns = v->stats.insns_examined - v->insns_at_checkpoint;
	/* precision.c goes back to the last checkpoint at least: it must not be too far. */
	bool far = v->cur->steps > MAX_STEPS, worth = far || (jumps >= 2 && insns >= 8);
	struct state **link = &v->checkpoints[v->insn], *s;

	*covered = false;
	while ((s = *link)) {
		if (s->branches) {
			if (covers(v, s, v->cur, true))
				return reject(v, "infinite loop detected at insn %u", v->insn);
			/* Within a loop a checkpoint each time around would cost more than it
			 * helps. */
			if (!far && jumps < 20 && insns < 100)
				worth = false;
		} else if (covers(v, s, v->cur, false)) {
			*covered = true;
			cover_with(v, s);
			return 0;
		}
		if (worth && ++s->misses > s->hits * 3 + 3) {
			*link = s->next;
			if (s->branches)
				s->evicted = true;
			else
				forget(v, s);
			continue;
		}
		link = &s->next;
	}
	return worth ? make_checkpoint(v, checkpoint) : 0;
}

void prune__next_path(struct verifier *v)
{
	struct state *s = v->cur->parent, *parent;

	for (; s && --s->branches == 0; s = parent) {
		parent = s->parent;
		if (s->evicted)
			forget(v, s);
	}
	state__free(&v->arena, v->cur);
	v->cur = v->pending;
	if (v->pending) {
		v->pending = v->pending->next;
		v->n_pending--;
		v->insn = v->cur->insn;
	}
}

int prune__push(struct verifier *v, uint32_t insn, struct state **other)
{
	struct state *s;

	if (v->n_pending == MAX_PENDING)
		return fail(v, -E2BIG, "the sequence of %u jumps is too complex", MAX_PENDING);
	s = state__copy(&v->arena, v->cur);
	if (!s)
		return -ENOMEM;
	s->insn = insn;
	s->next = v->pending;
	v->pending = s;
	v->n_pending++;
	if (s->parent)
		s->parent->branches++;
	*other = s;
	return 0;
}
