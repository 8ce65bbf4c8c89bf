/* SPDX-License-Identifier: BSD-3-Clause
 *
 * iterator.c -- open-coded iterators: 8 bytes of stack that are made, asked for the next element
 * again and again, and destroyed.
 *
 * The slot has all bytes BYTE_ITER; `spilled` says whether the iterator is drained and which
 * reference it is: who makes one must destroy it. At a call for the next element the path goes
 * on as if there were none, and the iterator is drained; a branch goes on with an element. That
 * is a loop that ends by itself (loop.c).
 */
#include <string.h>

#include "call.h"

#define ITER_SIZE 8

/* The slot that the register points to, NULL if it does not point to an iterator. */
static struct slot *iterator_at(struct verifier *v, const struct state *s, uint32_t regno)
{
	const struct reg *r = &state__top(s)->regs[regno];
	int64_t off = r->off + (int64_t)r->var.bits.value;
	struct frame *f;

	if (r->type != REG_STACK || !range__is_const(&r->var) || off % 8 || off < -STACK_SIZE ||
		off > -ITER_SIZE)
		return NULL;
	f = s->frames[r->frame];
	if (slot__index(off) >= f->n_slots || f->slots[slot__index(off)].bytes[0] != BYTE_ITER)
		return NULL;
	return &f->slots[slot__index(off)];
}

int iterator__check_uninit(struct verifier *v, struct call *c, uint32_t arg)
{
	const struct reg *r = reg_at(v, arg + 1);
	int64_t off = r->off + (int64_t)r->var.bits.value;
	struct slot *s;
	uint32_t ref = 0;
	int err;

	facts__call_arg(v, arg, ITER_SIZE);
	if (r->type != REG_STACK || !range__is_const(&r->var) || off % 8 || off > -ITER_SIZE)
		return reject(v, "R%u: expected a pointer to 8 aligned bytes of stack", arg + 1);
	if (iterator_at(v, v->cur, arg + 1))
		return reject(v, "R%u: expected uninitialized memory, not an iterator", arg + 1);
	err = stack__store(v, arg + 1, 0, ITER_SIZE, NULL, NO_REG);
	if (!err)
		err = reference__acquire(v, &ref);
	if (err)
		return err;
	s = &v->cur->frames[r->frame]->slots[slot__index(off)];
	memset(s->bytes, BYTE_ITER, sizeof(s->bytes));
	reg__set_pointer(&s->spilled, REG_ITER);
	s->spilled.kind = ITER_ACTIVE;
	s->spilled.ref = ref;
	return 0;
}

int iterator__check(struct verifier *v, struct call *c, uint32_t arg)
{
	const struct reg *r = reg_at(v, arg + 1);
	const struct slot *s = iterator_at(v, v->cur, arg + 1);

	facts__call_arg(v, arg, ITER_SIZE);
	if (!s)
		return reject(v, "R%u: expected an initialized iterator", arg + 1);
	prune__read_slots(v, r->frame, 1ULL << (s - v->cur->frames[r->frame]->slots));
	c->iterator = arg + 1;
	return 0;
}

int iterator__check_destroyed(struct verifier *v, struct call *c, uint32_t arg)
{
	int err = iterator__check(v, c, arg);
	struct slot *s;

	if (err)
		return err;
	s = iterator_at(v, v->cur, arg + 1);
	c->released = s->spilled.ref;
	memset(s->bytes, BYTE_UNSET, sizeof(s->bytes));
	reg__unset(&s->spilled);
	return 0;
}

bool iterator__is_active(struct verifier *v, uint32_t regno)
{
	const struct slot *s = iterator_at(v, v->cur, regno);

	return s && s->spilled.kind == ITER_ACTIVE;
}

/* The element is in the iterator, and dies with it. */
static void give_element(struct reg *r0, uint32_t ref)
{
	reg__set_pointer(r0, REG_MEM);
	r0->size = sizeof(int32_t);
	r0->flags = MEM_RDONLY;
	r0->ref = ref;
}

int iterator__next(struct verifier *v, const struct call *c)
{
	struct slot *s = iterator_at(v, v->cur, c->iterator);
	struct state *round;
	int err;

	if (s->spilled.kind == ITER_ACTIVE) {
		err = prune__push(v, v->insn + 1, &round);
		if (err)
			return err;
		for (uint32_t i = 1; i <= 5; i++)
			reg__unset(&state__top(round)->regs[i]);
		give_element(&state__top(round)->regs[0], s->spilled.ref);
		round->rounds++;
		facts__result(v, v->insn, &state__top(round)->regs[0]);
		loop__widen(v, v->insn, v->cur->parent, round);
	}
	s->spilled.kind = ITER_DRAINED;
	return 0;
}
