/* SPDX-License-Identifier: BSD-3-Clause
 *
 * stack.c -- loads and stores of the stack, byte by byte what is known of it.
 *
 * A register stored whole at a slot's beginning is remembered with all that is known of it (a
 * spill) and comes back with the load (a fill); so do scalars stored narrower than they are
 * wide. Everything else is bytes: unset, zero, or something.
 *
 * Reading what was never written is allowed, as Linux allows it to privileged programs, and
 * gives an unknown number.
 */
#include <string.h>

#include "internal.h"

/* Offsets from the frame's top that an access may begin at. */
struct where {
	uint32_t frame;
	struct frame *f;
	int64_t min, max;
};

static int locate(struct verifier *v, uint32_t addr, int32_t off, uint32_t size, const char *what,
	struct where *w)
{
	const struct reg *r = reg_at(v, addr);
	const struct span *var = &r->var.w64;
	int64_t base = (int64_t)r->off + off;
	struct func_info *func;
	uint32_t need;

	if (var->smin <= -MAX_VAR_OFF || var->smax >= MAX_VAR_OFF)
		return reject(v, "unbounded variable-offset %s stack R%u", what, addr);
	w->frame = r->frame;
	w->f = v->cur->frames[r->frame];
	w->min = base + var->smin;
	w->max = base + var->smax;
	if (w->min < -STACK_SIZE || w->min > -1 || w->max + size > 0) {
		if (w->min == w->max)
			return reject(v, "invalid %s stack R%u off=%lld size=%u", what, addr,
				(long long)w->min, size);
		return reject(v, "invalid variable-offset %s stack R%u off=%lld..%lld size=%u",
			what, addr, (long long)w->min, (long long)w->max, size);
	}
	func = &v->prog.funcs[w->f->func];
	need = (uint32_t)-w->min;
	if (need > func->stack_depth)
		func->stack_depth = need;
	fastcall__note_access(v, func, w->min);
	return frame__need_slots(&v->arena, w->f, (need + 7) / 8);
}

/* Slots that [min, max+size) touches, a bit each. */
static uint64_t slots_of(const struct where *w, uint32_t size)
{
	uint64_t slots = 0;

	for (uint32_t i = slot__index(w->max + size - 1); i <= slot__index(w->min); i++)
		slots |= 1ULL << i;
	return slots;
}

static struct slot *slot_of(const struct where *w, int64_t off)
{
	return &w->f->slots[slot__index(off)];
}

/* Forgets the register in a slot; its bytes stay, as something. */
static void scrub(struct slot *s)
{
	if (!slot__is_spill(s))
		return;
	for (int i = 0; i < 8; i++)
		if (s->bytes[i] == BYTE_SPILL)
			s->bytes[i] = BYTE_MISC;
	reg__unset(&s->spilled);
}

/* What is there ends where a store touches it. */
static int overwrite(struct verifier *v, const struct where *w, uint32_t size)
{
	int err = 0;

	for (uint32_t i = slot__index(w->max + size - 1); !err && i <= slot__index(w->min); i++) {
		if (w->f->slots[i].bytes[0] == BYTE_ITER)
			return reject(v, "cannot overwrite an iterator (destroy it first)");
		err = dynptr__overwrite(v, w->f, i);
	}
	return err;
}

/* What only helpers may touch. */
static int check_not_special(
	struct verifier *v, const struct where *w, uint32_t size, const char *what)
{
	for (uint32_t i = slot__index(w->max + size - 1); i <= slot__index(w->min); i++)
		if (slot__is_special(&w->f->slots[i]))
			return reject(v, "invalid %s stack at fp-%u, where %s is", what,
				(i + 1) * 8,
				w->f->slots[i].bytes[0] == BYTE_ITER ? "an iterator" : "a dynptr");
	return 0;
}

static void note_spill(struct verifier *v, const struct where *w)
{
	struct step *step = v->cur->trail;

	step->spill = true;
	step->slot_frame = (uint8_t)w->frame;
	step->slot = (uint8_t)slot__index(w->min);
}

static void spill(struct verifier *v, const struct where *w, struct reg *value, uint32_t size)
{
	struct slot *s = slot_of(w, w->min);

	if (reg__is_scalar(value) && range__bytes(&value->var) <= size)
		give_id(v, value);
	s->spilled = *value;
	if (reg__is_scalar(value) && range__bytes(&value->var) > size)
		s->spilled.id = 0;
	for (uint32_t i = 0; i < 8; i++) {
		if (i < size)
			s->bytes[i] = BYTE_SPILL;
		else if (s->bytes[i] == BYTE_SPILL)
			s->bytes[i] = BYTE_MISC;
	}
	note_spill(v, w);
}

static void store_bytes(struct verifier *v, const struct where *w, uint32_t size,
	const struct reg *value, uint32_t regno)
{
	struct slot *s = slot_of(w, w->min);
	bool zero = value && reg__is_zero(value);

	scrub(s);
	if (zero && regno != NO_REG)
		precision__need(v, regno);
	for (uint32_t i = 0; i < size; i++)
		s->bytes[slot__byte(w->min + i)] = zero ? BYTE_ZERO : BYTE_MISC;
}

static int store_fixed(
	struct verifier *v, const struct where *w, uint32_t size, struct reg *value, uint32_t regno)
{
	bool slot_start = slot__byte(w->min) == 0;

	if (value && slot_start && reg__is_scalar(value)) {
		spill(v, w, value, size);
	} else if (value && reg__is_pointer(value)) {
		if (size != 8)
			return reject(v, "invalid size of register spill");
		if (w->frame != v->cur->top && value->type == REG_STACK)
			return reject(v, "cannot spill pointers to stack into stack frame of the "
					 "caller");
		spill(v, w, value, size);
	} else {
		store_bytes(v, w, size, value, regno);
	}
	if (size == 8)
		v->cur->written[w->frame] |= 1ULL << slot__index(w->min);
	return 0;
}

/* Somewhere in the range: whatever is there may be overwritten or not. */
static void store_anywhere(struct verifier *v, const struct where *w, uint32_t size,
	const struct reg *value, uint32_t regno)
{
	bool zero = value && reg__is_zero(value), kept = false;

	for (int64_t off = w->min; off < w->max + size; off++) {
		struct slot *s = slot_of(w, off);
		uint8_t *byte = &s->bytes[slot__byte(off)];

		scrub(s);
		if (zero && *byte == BYTE_ZERO)
			kept = true;
		else
			*byte = BYTE_MISC;
	}
	/* What was written is relied on only where zeros stayed zeros. */
	if (kept && regno != NO_REG)
		precision__need(v, regno);
}

int stack__store(struct verifier *v, uint32_t addr, int32_t off, uint32_t size, struct reg *value,
	uint32_t regno)
{
	struct where w = {0};
	int err = locate(v, addr, off, size, "write to", &w);

	if (!err)
		err = overwrite(v, &w, size);
	if (err)
		return err;
	if (w.min == w.max)
		return store_fixed(v, &w, size, value, regno);
	store_anywhere(v, &w, size, value, regno);
	return 0;
}

int stack__may_store(struct verifier *v, uint32_t frame, uint32_t depth, uint32_t size)
{
	struct where w = {.frame = frame,
		.f = v->cur->frames[frame],
		.min = -(int64_t)depth,
		.max = -(int64_t)depth};
	int err = size ? overwrite(v, &w, size) : 0;

	if (!err && size)
		store_anywhere(v, &w, size, NULL, NO_REG);
	return err;
}

/* Bytes that are no fill of a register: zero if all of them are, else unknown. */
static void load_bytes(const struct where *w, uint32_t size, struct reg *dst)
{
	for (int64_t off = w->min; off < w->max + size; off++) {
		if (slot_of(w, off)->bytes[slot__byte(off)] != BYTE_ZERO) {
			reg__set_unknown(dst);
			return;
		}
	}
	reg__set_const(dst, 0);
}

static int load_spilled(struct verifier *v, const struct where *w, uint32_t size, struct reg *dst)
{
	const struct slot *s = slot_of(w, w->min);
	uint32_t spill_size = slot__spill_size(s), at = slot__byte(w->min);

	if (size == 8 && spill_size == 8) {
		if (dst) {
			*dst = s->spilled;
			note_spill(v, w);
		}
		return 0;
	}
	if (!reg__is_scalar(&s->spilled))
		return reject(v, "invalid size of register fill");
	if (!dst)
		return 0;
	if (at == 0 && size <= spill_size) {
		*dst = s->spilled;
		if (range__bytes(&dst->var) > size)
			dst->id = 0;
		note_spill(v, w);
	} else if (at + size <= spill_size && reg__is_zero(&s->spilled)) {
		reg__set_const(dst, 0);
		note_spill(v, w);
	} else {
		load_bytes(w, size, dst);
	}
	return 0;
}

int stack__load(struct verifier *v, uint32_t addr, int32_t off, uint32_t size, struct reg *dst)
{
	struct where w = {0};
	int err = locate(v, addr, off, size, "read from", &w);

	if (!err)
		err = check_not_special(v, &w, size, "read from");
	if (err)
		return err;
	prune__read_slots(v, w.frame, slots_of(&w, size));
	if (w.min == w.max && slot__is_spill(slot_of(&w, w.min)))
		return load_spilled(v, &w, size, dst);
	if (dst)
		load_bytes(&w, size, dst);
	return 0;
}

int stack__check_region(struct verifier *v, uint32_t addr, uint32_t size, bool write)
{
	struct where w = {0};
	const char *what = write ? "write to" : "read from";
	int err = locate(v, addr, 0, size, what, &w);

	if (err || !size)
		return err;
	err = check_not_special(v, &w, size, what);
	if (err)
		return err;
	if (write)
		store_anywhere(v, &w, size, NULL, NO_REG);
	else
		prune__read_slots(v, w.frame, slots_of(&w, size));
	return 0;
}

bool stack__constant(struct verifier *v, uint32_t addr, uint32_t size, uint64_t *value)
{
	const struct reg *r = reg_at(v, addr);
	int64_t off = r->off + (int64_t)r->var.bits.value;
	struct frame *f = v->cur->frames[r->frame];
	const struct slot *s;

	if (r->type != REG_STACK || !range__is_const(&r->var) || off < -STACK_SIZE || off > -1 ||
		slot__index(off) >= f->n_slots || slot__byte(off) + size > 8)
		return false;
	s = &f->slots[slot__index(off)];
	*value = 0;
	for (uint32_t i = 0; i < size && s->bytes[slot__byte(off) + i] == BYTE_ZERO; i++)
		if (i + 1 == size)
			return true;
	if (!slot__is_spilled_scalar(s) || slot__byte(off) || slot__spill_size(s) != size ||
		!range__is_const(&s->spilled.var))
		return false;
	*value = s->spilled.var.bits.value;
	precision__need_slot(v, r->frame, slot__index(off));
	return true;
}
