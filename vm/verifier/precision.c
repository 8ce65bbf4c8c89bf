/* SPDX-License-Identifier: BSD-3-Clause
 *
 * precision.c -- on which numbers does the proof rest?
 *
 * Most numbers do not matter, and two states that differ in them alone count as the same
 * (prune.c). Where one does matter (it decided a jump, moved a pointer, was a size), this
 * goes back along the path, from the register to what it was computed from, and marks in
 * every checkpoint passed the registers and stack slots that the number depends on. It ends
 * where nothing is asked for any more, or all is marked already.
 */
#include "internal.h"

int precision__append(struct verifier *v, struct state *checkpoint)
{
	struct step *step = arena__alloc(&v->arena, sizeof(*step));

	if (!step)
		return -ENOMEM;
	step->prev = v->cur->trail;
	step->checkpoint = checkpoint;
	step->insn = v->insn;
	step->frame = (uint8_t)v->cur->top;
	step->callback = state__top(v->cur)->callback;
	v->cur->trail = step;
	v->cur->steps++;
	return 0;
}

static bool demand__has(const struct demand *d, uint8_t frame, uint8_t index)
{
	return index < EBPF_N_REGS ? d->regs[frame] >> index & 1
				   : d->slots[frame] >> (index - EBPF_N_REGS) & 1;
}

static void demand__add(struct demand *d, uint8_t frame, uint8_t index)
{
	if (index < EBPF_N_REGS)
		d->regs[frame] |= (uint16_t)(1U << index);
	else
		d->slots[frame] |= 1ULL << (index - EBPF_N_REGS);
}

/* One of the registers that were narrowed together is asked for: all are. */
static void ask_linked(const struct linked *l, struct demand *d)
{
	bool any = false;

	for (uint32_t i = 0; l && i < l->n && !any; i++)
		any = demand__has(d, l->reg[i].frame, l->reg[i].index);
	for (uint32_t i = 0; any && i < l->n; i++)
		demand__add(d, l->reg[i].frame, l->reg[i].index);
}

/* enters: the path goes on in the function; otherwise it goes on behind the call. */
static void undo_call(const struct isa_insn *in, uint8_t frame, bool enters, struct demand *d)
{
	uint16_t args;

	if (!enters) {
		d->regs[frame] &= (uint16_t)~0x3f;
		return;
	}
	args = d->regs[frame + 1] & 0x3e;
	d->regs[frame + 1] = 0;
	d->slots[frame + 1] = 0;
	if (in->src == EBPF_CALL_LOCAL)
		d->regs[frame] = (uint16_t)((d->regs[frame] & ~0x3f) | args);
	else /* the registers stay, for the next round */
		d->regs[frame] |= callback__args_from(in, args);
}

/* A callback's r0 is for the helper. */
static void undo_exit(const struct step *s, struct demand *d)
{
	if (s->frame && !s->callback && d->regs[s->frame - 1] & 1) {
		d->regs[s->frame - 1] &= (uint16_t)~1;
		d->regs[s->frame] |= 1;
	}
}

static void undo_load_store(const struct step *s, const struct isa_insn *in, struct demand *d)
{
	uint16_t *regs = &d->regs[s->frame];
	uint64_t slot = 1ULL << s->slot, *slots = &d->slots[s->slot_frame];

	if (in->op == ISA_STORE) {
		if (!s->spill || !(*slots & slot))
			return;
		*slots &= ~slot;
		if (!in->use_imm)
			*regs |= (uint16_t)(1U << in->src);
	} else if (*regs >> in->dst & 1) {
		*regs &= (uint16_t) ~(1U << in->dst);
		if (s->spill)
			*slots |= slot;
	}
}

/* From what is asked for after an instruction to what it takes before it. next_frame: of the
 * instruction that followed. */
static void undo(struct verifier *v, const struct step *s, uint32_t next_frame, struct demand *d)
{
	const struct isa_insn *in = &v->prog.insns[s->insn];
	uint16_t *regs = &d->regs[s->frame], reads = v->prog.info[s->insn].reads,
		 writes = v->prog.info[s->insn].writes;

	if (in->op == ISA_CALL) {
		undo_call(in, s->frame, next_frame > s->frame, d);
	} else if (in->op == ISA_EXIT) {
		undo_exit(s, d);
	} else if (in->op == ISA_LOAD || in->op == ISA_LOADSX || in->op == ISA_STORE) {
		undo_load_store(s, in, d);
	} else if (isa__is_atomic(in->op)) {
		if (*regs & writes && s->spill)
			d->slots[s->slot_frame] |= 1ULL << s->slot;
		*regs &= (uint16_t)~writes;
	} else if (isa__is_cond_jump(in->op)) {
		ask_linked(s->linked, d);
		if (*regs & reads)
			*regs |= reads;
		ask_linked(s->linked, d);
	} else { /* arithmetic, moves, LDDW; ja reads and writes nothing */
		if (*regs & writes)
			*regs = (uint16_t)((*regs & ~writes) | reads);
	}
}

/* False: it is no number, or marked already. */
static bool mark_reg(struct reg *r)
{
	if (r->type != REG_SCALAR || r->precise)
		return false;
	r->precise = true;
	return true;
}

static bool mark_slot(struct frame *f, uint32_t slot)
{
	return slot < f->n_slots && slot__is_spill(&f->slots[slot]) &&
	       mark_reg(&f->slots[slot].spilled);
}

/* Marks what is asked for in a checkpoint. What need not be marked needs no more asking. True
 * while something is left. */
static bool mark(struct verifier *v, struct state *st, struct demand *d)
{
	uint64_t left = 0;

	for (uint32_t f = 0; f <= st->top; f++) {
		for (uint32_t bits = d->regs[f]; bits; bits &= bits - 1) {
			uint32_t i = (uint32_t)__builtin_ctz(bits);

			if (!mark_reg(&st->frames[f]->regs[i]))
				d->regs[f] &= (uint16_t) ~(1U << i);
		}
		for (uint64_t bits = d->slots[f]; bits; bits &= bits - 1) {
			uint32_t i = (uint32_t)__builtin_ctzll(bits);

			if (!mark_slot(st->frames[f], i))
				d->slots[f] &= ~(1ULL << i);
		}
		left |= d->regs[f] | d->slots[f];
	}
	for (uint32_t f = st->top + 1; f < MAX_FRAMES; f++)
		d->regs[f] = 0, d->slots[f] = 0;
	v->marks += left != 0;
	return left;
}

/* d: what is asked for before the step `from` if `done`, else after it. frame: the one that
 * executes then. */
static void go_back(
	struct verifier *v, struct step *from, bool done, uint32_t frame, struct demand *d)
{
	for (struct step *s = from; s; frame = s->frame, s = s->prev, done = false) {
		if (!done)
			undo(v, s, frame, d);
		if (s->checkpoint && !mark(v, s->checkpoint, d))
			return;
	}
}

void precision__need(struct verifier *v, uint32_t regno)
{
	struct demand d = {0};

	if (reg_at(v, regno)->type != REG_SCALAR)
		return;
	d.regs[v->cur->top] = (uint16_t)(1U << regno);
	go_back(v, v->cur->trail, true, v->cur->top, &d);
}

void precision__need_slot(struct verifier *v, uint32_t frame, uint32_t slot)
{
	struct demand d = {0};

	d.slots[frame] = 1ULL << slot;
	go_back(v, v->cur->trail, true, v->cur->top, &d);
}

static bool is_marked(const struct reg *r)
{
	return r->precise && r->type == REG_SCALAR;
}

void precision__inherit(struct verifier *v, struct state *path, const struct state *old)
{
	struct demand d = {0};
	uint64_t any = 0;

	for (uint32_t f = 0; f <= old->top; f++) {
		const struct frame *fr = old->frames[f];

		for (uint32_t i = 0; i < EBPF_N_REGS; i++)
			d.regs[f] |= (uint16_t)(is_marked(&fr->regs[i]) << i);
		for (uint32_t i = 0; i < fr->n_slots; i++)
			d.slots[f] |= (uint64_t)(slot__is_spill(&fr->slots[i]) &&
						 is_marked(&fr->slots[i].spilled))
				      << i;
		any |= d.regs[f] | d.slots[f];
	}
	if (any)
		go_back(v, path->trail, false, path->top, &d);
}
