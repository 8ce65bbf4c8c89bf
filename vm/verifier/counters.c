/* SPDX-License-Identifier: BSD-3-Clause
 *
 * counters.c -- is what a program stores to values of maps only ever a sum with what was there, and
 * does nothing depend on what was there?
 *
 * A store is a note if what it stores is the counter at its address, loaded since anything else was
 * added there, plus something that depends on no counter. Of a load of a counter nothing but such
 * sums may come; but bits below the lowest that any addition changes are like any others.
 */
#include <linux/bpf.h>
#include <string.h>

#include "../core/error.h"
#include "counters.h"
#include "ebpf-offload.h"

static const struct counter_value clean = {.clean = 64};

/* --- counters ------------------------------------------------------------------------------ */

static bool is_at(const struct counter *k, const struct ebpf_fact *f, uint8_t size)
{
	return k->from == f->value_from && k->end == f->value_end && k->size == size;
}

/* Does something add to just what is accessed there? */
static bool is_counter(const struct counters *c, const struct ebpf_fact *f, uint8_t size)
{
	for (uint32_t i = 0; i < c->n; i++)
		if (c->list[i].maps & f->value_maps && is_at(&c->list[i], f, size))
			return true;
	return false;
}

/* The one for exactly this kind of place. */
struct counter *counters__find(struct counters *c, const struct ebpf_fact *f, uint8_t size)
{
	uint32_t i = 0;

	while (i < c->n && !(c->list[i].maps == f->value_maps && is_at(&c->list[i], f, size)))
		i++;
	if (i == c->n)
		c->list[c->n++] =
			(struct counter){f->value_maps, f->value_from, f->value_end, size, 64};
	return &c->list[i];
}

/* How many low bits of what is loaded there no addition changes. */
static uint8_t clean_bits(const struct counters *c, const struct ebpf_fact *f, uint8_t size)
{
	bool fixed = f->value_end - f->value_from == size;
	int64_t least = 64;

	for (uint32_t i = 0; i < c->n; i++) {
		const struct counter *k = &c->list[i];
		int64_t bits = 0;

		if (!(f->value_maps & k->maps) || f->value_end <= k->from ||
			f->value_from >= k->end)
			continue;
		if (fixed && k->end - k->from == k->size)
			bits = ((int64_t)k->from - f->value_from) * 8 + k->zeros;
		if (bits < least)
			least = bits;
	}
	return least < 0 ? 0 : least >= size * 8 ? 64 : (uint8_t)least;
}

/* --- names --------------------------------------------------------------------------------- */

static void forget(struct counter_value *v)
{
	*v = counter_value__any(v->clean, 0);
}

/* What is to be called so now is not what was called so. */
static struct counter_value new_name(struct counters *c)
{
	uint32_t name = NAME_INSN + c->e->insn;

	for (uint32_t i = 0; i < N_VALUES; i++) {
		struct counter_value *v = value_at(&c->at, i);

		if (v->kind != COUNTER_ANY && v->name == name)
			forget(v);
	}
	return counter_value__named(name, 0);
}

static const struct counter_value *address(struct counters *c, uint8_t reg)
{
	struct counter_value *v = &c->at.regs[reg];

	if (v->kind != COUNTER_NAMED)
		*v = new_name(c);
	return v;
}

/* The counter of that size at name + off has changed: sums with what it was are mere numbers. */
static void forget_sums(struct counters *c, const struct counter_value *place)
{
	for (uint32_t i = 0; i < N_VALUES; i++) {
		struct counter_value *v = value_at(&c->at, i);

		if (v->kind != COUNTER_SUM || !(v->maps & place->maps))
			continue;
		if (v->name != place->name ||
			(v->off < place->off + place->size && place->off < v->off + v->size))
			forget(v);
	}
}

/* --- the stack ----------------------------------------------------------------------------- */

/* Slots that bytes [off, off+size) from the frame pointer lie in. */
static void slots_of(int64_t off, int64_t size, uint32_t *from, uint32_t *end)
{
	int64_t first = 512 + off, last = first + size + 7;

	*from = first < 0 ? 0 : first / 8 > N_SLOTS ? N_SLOTS : (uint32_t)(first / 8);
	*end = last < 0 ? 0 : last / 8 > N_SLOTS ? N_SLOTS : (uint32_t)(last / 8);
}

static bool any_slot_unclean(const struct counters *c, uint32_t from, uint32_t end)
{
	for (uint32_t i = from; i < end; i++)
		if (!counter_value__is_clean(&c->at.slots[i]))
			return true;
	return false;
}

static bool is_whole_slot(const struct ebpf_fact *f, const struct isa_insn *in)
{
	return f->flags & FACT_CONST_OFF && in->size == 8 && f->offset % 8 == 0 &&
	       f->offset >= -512 && f->offset < 0;
}

static struct counter_value load_stack(struct counters *c, const struct isa_insn *in)
{
	const struct ebpf_fact *f = examination__fact(c->e);
	uint32_t from = 0, end = N_SLOTS;

	if (is_whole_slot(f, in))
		return c->at.slots[(512 + f->offset) / 8];
	if (f->flags & FACT_CONST_OFF)
		slots_of(f->offset, in->size, &from, &end);
	return counter_value__any(any_slot_unclean(c, from, end) ? 0 : 64, 0);
}

/* Something else is there now, but perhaps not everywhere. */
static void touch_slots(struct counters *c, uint32_t from, uint32_t end, bool unclean)
{
	for (uint32_t i = from; i < end; i++)
		c->at.slots[i] = counter_value__any(
			unclean || !counter_value__is_clean(&c->at.slots[i]) ? 0 : 64, 0);
}

static void store_stack(
	struct counters *c, const struct isa_insn *in, const struct counter_value *v)
{
	const struct ebpf_fact *f = examination__fact(c->e);
	uint32_t from = 0, end = N_SLOTS;

	if (is_whole_slot(f, in)) {
		c->at.slots[(512 + f->offset) / 8] = *v;
		return;
	}
	if (f->flags & FACT_CONST_OFF)
		slots_of(f->offset, in->size, &from, &end);
	touch_slots(c, from, end, !counter_value__is_clean(v));
}

/* --- loads, stores, atomics ---------------------------------------------------------------- */

static struct counter_value load_value(struct counters *c, const struct isa_insn *in)
{
	const struct ebpf_fact *f = examination__fact(c->e);
	uint8_t bits = clean_bits(c, f, in->size);
	struct counter_value v;

	if (!is_counter(c, f, in->size))
		return counter_value__any(bits, 0);
	v = *address(c, in->src);
	v.kind = COUNTER_SUM;
	v.clean = bits;
	v.zeros = 64;
	v.size = in->size;
	v.maps = f->value_maps;
	v.off += in->off;
	return v;
}

static int check_load(struct counters *c, const struct isa_insn *in)
{
	struct counter_value v = clean;

	if (examination__fact(c->e)->access == FACT_STACK)
		v = load_stack(c, in);
	else if (examination__fact(c->e)->access == FACT_MAP_VALUE)
		v = load_value(c, in);
	c->at.regs[in->dst] = v;
	return 0;
}

/* `bits` of what is added are 0 at the lower end. */
static void note(struct counters *c, const struct isa_insn *in, uint8_t zeros)
{
	const struct ebpf_fact *f = examination__fact(c->e);
	struct counter *k = counters__find(c, f, in->size);
	struct counter_value place = *address(c, in->dst);

	if (zeros < k->zeros) {
		k->zeros = zeros;
		c->again = true;
	}
	place.off += in->off;
	place.size = in->size;
	place.maps = f->value_maps;
	forget_sums(c, &place);
}

static int store_value(struct counters *c, const struct isa_insn *in, struct counter_value v)
{
	struct counter_value place = *address(c, in->dst);

	if (v.kind != COUNTER_SUM || v.name != place.name || v.off != place.off + in->off ||
		v.size != in->size)
		return examination__refuse(c->e,
			"stores to a map's value something else than a sum with what was there");
	note(c, in, v.zeros);
	return 0;
}

static int check_store(struct counters *c, const struct isa_insn *in)
{
	struct counter_value v =
		in->use_imm ? counter_value__named(NAME_ZERO, in->imm) : c->at.regs[in->src];

	switch (examination__fact(c->e)->access) {
	case FACT_STACK: store_stack(c, in, &v); return 0;
	case FACT_MAP_VALUE: return store_value(c, in, v);
	default:
		return counter_value__is_clean(&v)
			       ? 0
			       : examination__refuse(c->e, "writes a counter's value elsewhere");
	}
}

static int check_atomic(struct counters *c, const struct isa_insn *in)
{
	const struct ebpf_fact *f = examination__fact(c->e);
	const struct counter_value v = c->at.regs[in->src];

	if (!counter_value__is_clean(&v))
		return examination__refuse(c->e, "adds one counter's value to another");
	if (f->access == FACT_MAP_VALUE)
		note(c, in, v.zeros);
	else
		store_stack(c, in, &v);
	if (in->fetch)
		c->at.regs[in->src] = f->access == FACT_MAP_VALUE
					      ? counter_value__any(clean_bits(c, f, in->size), 0)
					      : load_stack(c, in);
	return 0;
}

/* --- calls --------------------------------------------------------------------------------- */

static bool has_counters(const struct counters *c, uint64_t maps)
{
	for (uint32_t i = 0; i < c->n; i++)
		if (maps & c->list[i].maps)
			return true;
	return false;
}

/* What a helper may touch at its argument. */
static int check_memory(struct counters *c, const struct helper_proto *proto, unsigned i)
{
	const struct ebpf_fact *f = examination__fact(c->e);
	const struct counter_value *v = &c->at.regs[1 + i];
	uint32_t from = 0, end = N_SLOTS;

	if (f->regs[1 + i] == FACT_MAP_VALUE && f->arg_size[i] && has_counters(c, f->value_maps))
		return examination__refuse(
			c->e, "lets %s read a map's value that may be a counter", proto->name);
	if (f->regs[1 + i] != FACT_STACK && f->regs[1 + i] != FACT_POINTER)
		return 0;
	if (v->kind == COUNTER_NAMED && v->name == NAME_FRAME && f->arg_size[i])
		slots_of(v->off, f->arg_size[i], &from, &end);
	if (any_slot_unclean(c, from, end))
		return examination__refuse(c->e, "lets %s read a counter's value", proto->name);
	touch_slots(c, from, end, false);
	return 0;
}

/* It is left to the CPU, and with it all that would come of it. What of the map is seen here must
 * not be other than it is there: an element that is there stays, and one that is not is inserted,
 * by the CPU again, wherever a lookup has not found it (check_exit()). */
static int check_insertion(struct counters *c)
{
	const struct ebpf_fact *f = examination__fact(c->e);
	const struct counter_value *flags = &c->at.regs[4];
	const struct map_view *map;

	c->insertion = c->e->insn;
	c->ends = true;
	if (!(f->flags & FACT_CONST_MAP))
		return examination__refuse(c->e, "changes one of several maps");
	if (!(c->looked_up & fact_map__bit(f->map)))
		return 0;
	map = &c->e->prog.view->maps[f->map];
	if (map->geo.type != BPF_MAP_TYPE_HASH && map->geo.type != BPF_MAP_TYPE_PERCPU_HASH)
		return examination__refuse(
			c->e, "changes map %s, and looks things up in it", map->name);
	if (!counter_value__is_const(flags) || flags->off != BPF_NOEXIST)
		return examination__refuse(c->e,
			"may change an element of map %s, and looks things up in it", map->name);
	return 0;
}

static void see_lookup(struct counters *c, uint32_t name)
{
	const struct ebpf_fact *f = examination__fact(c->e);
	uint64_t maps = f->flags & FACT_CONST_MAP ? fact_map__bit(f->map) : UINT64_MAX;

	if (c->inserted & maps)
		c->at.missed = c->at.missed ? MISSED : name;
}

static int check_helper(struct counters *c, const struct isa_insn *in)
{
	const struct helper_proto *proto = helper__find((uint32_t)in->imm);
	int err = 0;

	if (offload__call(proto->id) == OFFLOAD_AGAIN)
		return check_insertion(c);
	for (unsigned i = 0; !err && i < proto->n_args; i++) {
		if (!counter_value__is_clean(&c->at.regs[1 + i]))
			return examination__refuse(
				c->e, "passes a counter's value to %s", proto->name);
		err = check_memory(c, proto, i);
	}
	for (unsigned i = 1; i <= 5; i++)
		c->at.regs[i] = clean;
	c->at.regs[0] = new_name(c);
	if (proto->id == BPF_FUNC_map_lookup_elem)
		see_lookup(c, c->at.regs[0].name);
	return err;
}

/* A function of the program's own may change counters, and what is on its caller's stack. */
static int check_local_call(struct counters *c)
{
	const struct ebpf_fact *f = examination__fact(c->e);
	uint32_t callee = 0;

	for (unsigned i = 1; i <= 5; i++) {
		bool is_stack = f->regs[i] == FACT_STACK || f->regs[i] == FACT_POINTER;

		if ((f->regs[i] != FACT_UNSET && !counter_value__is_clean(&c->at.regs[i])) ||
			(is_stack && any_slot_unclean(c, 0, N_SLOTS)))
			return examination__refuse(
				c->e, "passes a counter's value to one of its functions");
		if (is_stack)
			touch_slots(c, 0, N_SLOTS, false);
	}
	for (uint32_t i = 0; i < N_VALUES; i++)
		if (value_at(&c->at, i)->kind == COUNTER_SUM)
			forget(value_at(&c->at, i));
	for (unsigned i = 1; i <= 5; i++)
		c->at.regs[i] = clean;
	c->at.regs[0] = new_name(c);
	if (program__callee(&c->e->prog, c->e->insn, &callee))
		callee = c->e->prog.info[callee].func;
	c->ends = c->returned[callee] == NEVER;
	if (c->returned[callee] < 64)
		c->at.regs[0] = counter_value__any(c->returned[callee], 0);
	return 0;
}

/* --- instructions -------------------------------------------------------------------------- */

static struct counter_value operand(const struct counters *c, const struct isa_insn *in)
{
	return in->use_imm ? counter_value__named(NAME_ZERO, in->imm) : c->at.regs[in->src];
}

static int check_jump(struct counters *c, const struct isa_insn *in)
{
	struct counter_value b = operand(c, in);

	if (!isa__is_cond_jump(in->op) || counter_value__may_compare(in, &c->at.regs[in->dst], &b))
		return 0;
	return examination__refuse(c->e, "decides by a counter's value");
}

static struct counter_value loaded_address(const struct counters *c, const struct isa_insn *in)
{
	uint32_t map = (uint32_t)in->imm, offset = (uint32_t)((uint64_t)in->imm >> 32);

	if (in->src == EBPF_LDDW_IMM)
		return counter_value__named(NAME_ZERO, in->imm);
	if (in->src == EBPF_LDDW_MAP_IDX_VALUE)
		return counter_value__named(
			NAME_INSN + c->e->prog.view->n_insns + map, (int64_t)offset);
	return clean;
}

static int check_exit(struct counters *c)
{
	uint8_t bits = c->at.regs[0].clean;

	if (bits < c->returned[c->func]) {
		c->returned[c->func] = bits;
		c->again = true;
	}
	if (c->at.missed)
		return examination__refuse(
			c->e, "decides by what is not in a map that it inserts into");
	return bits == 64 || c->func ? 0 : examination__refuse(c->e, "returns a counter's value");
}

int counters__check_insn(struct counters *c, const struct isa_insn *in)
{
	struct counter_value b;

	if (isa__is_alu(in->op)) {
		b = operand(c, in);
		c->at.regs[in->dst] = counter_value__alu(in, &c->at.regs[in->dst], &b);
		return 0;
	}
	if (isa__is_jump(in->op))
		return check_jump(c, in);
	if (isa__is_atomic(in->op))
		return check_atomic(c, in);
	switch (in->op) {
	case ISA_LDDW: c->at.regs[in->dst] = loaded_address(c, in); return 0;
	case ISA_LOAD:
	case ISA_LOADSX: return check_load(c, in);
	case ISA_STORE: return check_store(c, in);
	case ISA_CALL:
		return in->src == EBPF_CALL_LOCAL ? check_local_call(c) : check_helper(c, in);
	default: return check_exit(c);
	}
}
