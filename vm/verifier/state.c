/* SPDX-License-Identifier: BSD-3-Clause
 *
 * state.c -- making, copying and freeing registers, frames and states.
 */
#include <errno.h>
#include <string.h>

#include "state.h"

void reg__unset(struct reg *r)
{
	*r = (struct reg){.type = REG_UNSET, .var = range__unknown()};
}

void reg__set_unknown(struct reg *r)
{
	*r = (struct reg){.type = REG_SCALAR, .var = range__unknown()};
}

void reg__set_const(struct reg *r, uint64_t value)
{
	*r = (struct reg){.type = REG_SCALAR, .var = range__const(value)};
}

void reg__set_pointer(struct reg *r, enum reg_type type)
{
	*r = (struct reg){.type = type, .var = range__const(0)};
}

bool reg__same_but_ids(const struct reg *a, const struct reg *b)
{
	return a->type == b->type && a->frame == b->frame && a->maybe_null == b->maybe_null &&
	       a->map == b->map && a->off == b->off && a->reach == b->reach &&
	       a->buffer_frame == b->buffer_frame && a->buffer_depth == b->buffer_depth &&
	       range__equal(&a->var, &b->var);
}

uint32_t slot__spill_size(const struct slot *s)
{
	uint32_t n = 0;

	while (n < 8 && s->bytes[n] == BYTE_SPILL)
		n++;
	return n;
}

struct reg *state__next_reg(const struct state *s, struct reg_walk *w)
{
	for (; w->frame <= s->top; w->frame++, w->index = 0) {
		struct frame *f = s->frames[w->frame];

		while (w->index < EBPF_N_REGS + f->n_slots) {
			uint32_t i = w->index++;

			w->at_frame = w->frame;
			w->at_index = i;
			if (i < EBPF_N_REGS)
				return &f->regs[i];
			if (slot__is_spill(&f->slots[i - EBPF_N_REGS]))
				return &f->slots[i - EBPF_N_REGS].spilled;
		}
	}
	return NULL;
}

struct frame *frame__new(struct arena *a, uint32_t func, uint32_t call_insn)
{
	struct frame *f = arena__alloc(a, sizeof(*f));

	if (!f)
		return NULL;
	f->func = func;
	f->call_insn = call_insn;
	for (int i = 0; i < EBPF_REG_FRAME; i++)
		reg__unset(&f->regs[i]);
	reg__set_pointer(&f->regs[EBPF_REG_FRAME], REG_STACK);
	return f;
}

void frame__free(struct arena *a, struct frame *f)
{
	if (!f)
		return;
	arena__free(a, f->slots, f->n_slots * sizeof(*f->slots));
	arena__free(a, f, sizeof(*f));
}

int frame__need_slots(struct arena *a, struct frame *f, uint32_t n)
{
	struct slot *slots;

	if (n <= f->n_slots)
		return 0;
	slots = arena__array(a, n, sizeof(*slots));
	if (!slots)
		return -ENOMEM;
	if (f->n_slots)
		memcpy(slots, f->slots, f->n_slots * sizeof(*slots));
	for (uint32_t i = f->n_slots; i < n; i++)
		reg__unset(&slots[i].spilled);
	arena__free(a, f->slots, f->n_slots * sizeof(*f->slots));
	f->slots = slots;
	f->n_slots = n;
	return 0;
}

static struct frame *frame__copy(struct arena *a, const struct frame *f)
{
	struct frame *c = arena__alloc(a, sizeof(*c));

	if (!c)
		return NULL;
	*c = *f;
	if (!f->n_slots)
		return c;
	c->slots = arena__array(a, f->n_slots, sizeof(*c->slots));
	if (!c->slots) {
		arena__free(a, c, sizeof(*c));
		return NULL;
	}
	memcpy(c->slots, f->slots, f->n_slots * sizeof(*c->slots));
	return c;
}

struct state *state__copy(struct arena *a, const struct state *s)
{
	struct state *c = arena__alloc(a, sizeof(*c));

	if (!c)
		return NULL;
	*c = *s;
	memset(c->frames, 0, sizeof(c->frames));
	c->refs = NULL;
	if (s->n_refs) {
		c->refs = arena__array(a, s->n_refs, sizeof(*c->refs));
		if (!c->refs) {
			arena__free(a, c, sizeof(*c));
			return NULL;
		}
		memcpy(c->refs, s->refs, s->n_refs * sizeof(*c->refs));
	}
	for (uint32_t i = 0; i <= s->top; i++) {
		c->frames[i] = frame__copy(a, s->frames[i]);
		if (!c->frames[i]) {
			state__free(a, c);
			return NULL;
		}
	}
	return c;
}

void state__free(struct arena *a, struct state *s)
{
	if (!s)
		return;
	for (uint32_t i = 0; i <= s->top; i++)
		frame__free(a, s->frames[i]);
	arena__free(a, s->refs, s->n_refs * sizeof(*s->refs));
	arena__free(a, s, sizeof(*s));
}
