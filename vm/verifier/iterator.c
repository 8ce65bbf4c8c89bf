/* SPDX-License-Identifier: BSD-3-Clause
 *
 * iterator.c -- open-coded iterators: some bytes of stack that are made, asked for the next
 * element again and again, and destroyed.
 *
 * The slots have all bytes BYTE_ITER; `spilled` says in `size` which family they are of, in `off`
 * which of its slots this is, and whether the iterator is drained. The first one has the
 * reference: who makes an iterator must destroy it. At a call for the next element the path goes
 * on as if there were none, and the iterator is drained; a branch goes on with an element. That
 * is a loop that ends by itself (loop.c).
 */
#include <string.h>

#include "call.h"

static const struct family {
	uint32_t create, next, destroy, n_slots;
} families[] = {
	{KFUNC_iter_num_new, KFUNC_iter_num_next, KFUNC_iter_num_destroy, 1},
	{KFUNC_iter_bits_new, KFUNC_iter_bits_next, KFUNC_iter_bits_destroy, 2},
};

static uint32_t family_of(const struct call *c)
{
	uint32_t id = c->proto->id, i = 0;

	while (id != families[i].create && id != families[i].next && id != families[i].destroy)
		i++;
	return i;
}

/* The slot that the register points to; NULL where it does not point to one that is aligned. */
static struct slot *slot_at(struct verifier *v, uint32_t regno)
{
	const struct reg *r = reg_at(v, regno);
	int64_t off = r->off + (int64_t)r->var.bits.value;
	struct frame *f;

	if (r->type != REG_STACK || !range__is_const(&r->var) || off % 8 || off < -STACK_SIZE ||
		off > -8)
		return NULL;
	f = v->cur->frames[r->frame];
	return slot__index(off) < f->n_slots ? &f->slots[slot__index(off)] : NULL;
}

/* The first slot of an iterator, if the register points to one. */
static struct slot *iterator_at(struct verifier *v, uint32_t regno)
{
	struct slot *s = slot_at(v, regno);

	return s && s->bytes[0] == BYTE_ITER && !s->spilled.off ? s : NULL;
}

int iterator__check_uninit(struct verifier *v, struct call *c, uint32_t arg)
{
	uint32_t family = family_of(c), n = families[family].n_slots, ref = 0;
	struct slot *s;
	int err = 0;

	facts__call_arg(v, arg, n * 8);
	if (iterator_at(v, arg + 1))
		return reject(v, "R%u: expected uninitialized memory, not an iterator", arg + 1);
	if (reg_at(v, arg + 1)->type != REG_STACK)
		return reject(
			v, "R%u: expected a pointer to %u aligned bytes of stack", arg + 1, n * 8);
	for (uint32_t i = 0; !err && i < n; i++)
		err = stack__store(v, arg + 1, (int32_t)i * 8, 8, NULL, NO_REG);
	s = slot_at(v, arg + 1);
	if (!err && !s)
		err = reject(
			v, "R%u: expected a pointer to %u aligned bytes of stack", arg + 1, n * 8);
	if (!err)
		err = reference__acquire(v, &ref);
	for (uint32_t i = 0; !err && i < n; i++, s--) {
		memset(s->bytes, BYTE_ITER, sizeof(s->bytes));
		reg__set_pointer(&s->spilled, REG_ITER);
		s->spilled.kind = ITER_ACTIVE;
		s->spilled.size = family;
		s->spilled.off = (int32_t)i;
		s->spilled.ref = i ? 0 : ref;
	}
	return err;
}

int iterator__check(struct verifier *v, struct call *c, uint32_t arg)
{
	const struct reg *r = reg_at(v, arg + 1);
	const struct slot *s = iterator_at(v, arg + 1);
	uint32_t family = family_of(c), n = families[family].n_slots, slot;

	facts__call_arg(v, arg, n * 8);
	if (!s || s->spilled.size != family)
		return reject(v, "R%u: expected an initialized iterator", arg + 1);
	slot = (uint32_t)(s - v->cur->frames[r->frame]->slots);
	prune__read_slots(v, r->frame, ((1ULL << n) - 1) << (slot - (n - 1)));
	c->iterator = arg + 1;
	return 0;
}

int iterator__check_destroyed(struct verifier *v, struct call *c, uint32_t arg)
{
	int err = iterator__check(v, c, arg);
	struct slot *s;

	if (err)
		return err;
	s = iterator_at(v, arg + 1);
	c->released = s->spilled.ref;
	for (uint32_t i = 0; i < families[family_of(c)].n_slots; i++, s--) {
		memset(s->bytes, BYTE_UNSET, sizeof(s->bytes));
		reg__unset(&s->spilled);
	}
	return 0;
}

bool iterator__is_active(struct verifier *v, uint32_t regno)
{
	const struct slot *s = iterator_at(v, regno);

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
	struct slot *s = iterator_at(v, c->iterator);
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
