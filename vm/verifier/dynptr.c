/* SPDX-License-Identifier: BSD-3-Clause
 *
 * dynptr.c -- dynptrs: 16 bytes of stack that helpers make, read and change, and that nothing
 * else may look into.
 *
 * Both slots of a dynptr have all bytes BYTE_DYNPTR and a REG_DYNPTR in `spilled`: its kind, its
 * id, the reference it holds (ring buffer), and in `off` which half it is, 0 the one that the
 * program's pointer points to. What bpf_dynptr_data() gives names its id; every part of it names
 * its reference, where there is one. A store to either half ends the dynptr, and with it those
 * that name its id; not where it holds a reference, which only its release ends.
 */
#include <linux/bpf.h>
#include <string.h>

#include "call.h"

#define DYNPTR_SIZE 16

/* The frame and the index of the first (higher) slot. */
struct place {
	struct frame *f;
	uint32_t slot, frame;
};

static int locate(struct verifier *v, uint32_t regno, struct place *p)
{
	const struct reg *r = reg_at(v, regno);
	int64_t off = r->off + (int64_t)r->var.bits.value;

	if (r->type != REG_STACK)
		return reject(v, "R%u: expected a pointer to a dynptr on the stack, not %s", regno,
			reg_type__name(r));
	if (!range__is_const(&r->var))
		return reject(v, "R%u: dynptr has to be at a constant offset", regno);
	if (off % 8 || off < -STACK_SIZE || off > -DYNPTR_SIZE)
		return reject(
			v, "R%u: cannot pass in dynptr at an offset=%lld", regno, (long long)off);
	p->frame = r->frame;
	p->f = v->cur->frames[r->frame];
	p->slot = slot__index(off);
	return 0;
}

static void clear_slot(struct slot *s)
{
	memset(s->bytes, BYTE_UNSET, sizeof(s->bytes));
	reg__unset(&s->spilled);
}

static void forget_slices(struct state *s, uint32_t id)
{
	struct reg *r;

	for (struct reg_walk w = {0}; (r = state__next_reg(s, &w));)
		if (r->type == REG_MEM && r->dynptr == id)
			reg__set_unknown(r);
}

int dynptr__overwrite(struct verifier *v, struct frame *f, uint32_t slot)
{
	struct slot *s = &f->slots[slot];
	uint32_t id = s->spilled.id, other = s->spilled.off ? slot + 1 : slot - 1;

	if (!slot__is_dynptr(s))
		return 0;
	if (s->spilled.ref)
		return reject(v, "cannot overwrite referenced dynptr");
	clear_slot(&f->slots[other]);
	clear_slot(s);
	forget_slices(v->cur, id);
	return 0;
}

/* Writes a new dynptr over what is at the register's address. */
static int create(struct verifier *v, uint32_t regno, enum dynptr_kind kind, uint32_t ref)
{
	struct place p = {0};
	uint32_t id;
	int err = locate(v, regno, &p);

	for (int32_t off = 0; !err && off < DYNPTR_SIZE; off += 8)
		err = stack__store(v, regno, off, 8, NULL, NO_REG);
	if (err)
		return err;
	id = new_id(v);
	for (uint32_t half = 0; half < 2; half++) {
		struct slot *s = &p.f->slots[p.slot - half];

		memset(s->bytes, BYTE_DYNPTR, sizeof(s->bytes));
		reg__set_pointer(&s->spilled, REG_DYNPTR);
		s->spilled.kind = (uint8_t)kind;
		s->spilled.id = id;
		s->spilled.ref = ref;
		s->spilled.off = (int32_t)half * 8;
	}
	return 0;
}

static const struct {
	uint32_t func;
	enum dynptr_kind kind;
} kinds[] = {
	{BPF_FUNC_dynptr_from_mem, DYNPTR_LOCAL},
	{BPF_FUNC_ringbuf_reserve_dynptr, DYNPTR_RINGBUF},
	{KFUNC_dynptr_from_xdp, DYNPTR_XDP},
};

/* What the call makes, unless it is a copy. */
static enum dynptr_kind kind_made_by(const struct call *c)
{
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (kinds[i].func == c->proto->id)
			return kinds[i].kind;
	return (enum dynptr_kind)c->dynptr.kind;
}

int dynptr__check_uninit(struct verifier *v, struct call *c, uint32_t arg)
{
	enum dynptr_kind kind = kind_made_by(c);
	uint32_t ref = c->dynptr.ref;
	int err = 0;

	if (c->proto->id == BPF_FUNC_dynptr_from_mem && reg_at(v, 1)->type != REG_MAP_VALUE)
		return reject(v, "Unsupported reg type %s for %s data",
			reg_type__name(reg_at(v, 1)), c->proto->name);
	if (c->proto->flags & HELPER_ACQUIRES)
		err = reference__acquire(v, &ref);
	if (!err)
		err = create(v, arg + 1, kind, ref);
	facts__call_arg(v, arg, DYNPTR_SIZE);
	return err;
}

int dynptr__check_init(struct verifier *v, struct call *c, uint32_t arg)
{
	const struct reg *r = reg_at(v, arg + 1);
	const struct slot *s;
	struct place p = {0};
	int err;

	facts__call_arg(v, arg, DYNPTR_SIZE);
	if (r->type == REG_DYNPTR && !r->off && range__is_const(&r->var)) {
		c->dynptr = *r;
		return 0;
	}
	err = locate(v, arg + 1, &p);
	if (err)
		return err;
	s = p.slot < p.f->n_slots ? &p.f->slots[p.slot] : NULL;
	if (!s || !slot__is_dynptr(s) || s->spilled.off)
		return reject(v, "Expected an initialized dynptr as R%u", arg + 1);
	c->dynptr = s->spilled;
	prune__read_slots(v, p.frame, 3ULL << (p.slot - 1));
	return 0;
}

/* Only those of ring buffers are released. */
int dynptr__check_released(struct verifier *v, struct call *c, uint32_t arg)
{
	int err = dynptr__check_init(v, c, arg);

	if (err)
		return err;
	if (reg_at(v, arg + 1)->type != REG_STACK || !c->dynptr.ref)
		return reject(
			v, "R%u: the dynptr holds no reference that could be released", arg + 1);
	c->released = c->dynptr.ref;
	return 0;
}

void dynptr__forget_ref(struct state *s, uint32_t ref)
{
	for (uint32_t f = 0; f <= s->top; f++)
		for (uint32_t i = 0; i < s->frames[f]->n_slots; i++)
			if (slot__is_dynptr(&s->frames[f]->slots[i]) &&
				s->frames[f]->slots[i].spilled.ref == ref)
				clear_slot(&s->frames[f]->slots[i]);
}

void dynptr__set_argument(struct verifier *v, struct reg *r)
{
	reg__set_pointer(r, REG_DYNPTR);
	r->kind = DYNPTR_LOCAL;
	r->id = new_id(v);
}
