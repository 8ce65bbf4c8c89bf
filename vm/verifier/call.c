/* SPDX-License-Identifier: BSD-3-Clause
 *
 * call.c -- calls of helpers and of the program's own functions, and returns.
 *
 * A function of the program is examined in place at every call, in a frame of its own.
 */
#include <linux/bpf.h>
#include <string.h>

#include "internal.h"

#define MAX_MEM_SIZE (1 << 29)

static void unset_caller_saved(struct verifier *v)
{
	for (uint32_t i = 0; i <= 5; i++)
		reg__unset(reg_at(v, i));
}

void call__forget_packet(struct state *s)
{
	struct reg *r;

	for (struct reg_walk w = {0}; (r = state__next_reg(s, &w));)
		if (reg__is_packet(r) || r->type == REG_PACKET_END)
			reg__set_unknown(r);
}

/* What the arguments before have told. */
struct call {
	const struct helper_proto *proto;
	uint32_t map; /* FACT_NO_MAP: none yet */
	bool key_is_known;
	uint64_t key;
};

static int wrong_type(struct verifier *v, uint32_t regno, const char *expected)
{
	return reject(
		v, "R%u type=%s expected=%s", regno, reg_type__name(reg_at(v, regno)), expected);
}

static int check_map_arg(struct verifier *v, struct call *c, uint32_t regno)
{
	const struct reg *r = reg_at(v, regno);
	uint32_t id = c->proto->id;

	if (r->type != REG_MAP || r->maybe_null)
		return wrong_type(v, regno, "map_ptr");
	if (!map_use__allowed(id, v->view->maps[r->map].geo.type))
		return reject(v, "cannot pass map_type %u into func %s#%u",
			v->view->maps[r->map].geo.type, c->proto->name, id);
	c->map = r->map;
	facts__call_map(v, r->map);
	if ((id == BPF_FUNC_map_update_elem || id == BPF_FUNC_map_delete_elem) &&
		v->view->maps[r->map].geo.flags & BPF_F_RDONLY_PROG)
		return reject(v, "write into map '%s' forbidden", v->view->maps[r->map].name);
	return 0;
}

static bool is_array(const struct rt_geometry *geo)
{
	return geo->type == BPF_MAP_TYPE_ARRAY || geo->type == BPF_MAP_TYPE_PERCPU_ARRAY;
}

/* A map within a map need not have as many entries as its template says. */
static bool has_every_index(const struct verifier *v, uint32_t map)
{
	const struct rt_geometry *geo = &v->view->maps[map].geo;

	if (map >= v->view->n_maps &&
		(geo->type != BPF_MAP_TYPE_ARRAY || geo->flags & BPF_F_INNER_MAP))
		return false;
	return is_array(geo);
}

static int check_key_or_value(struct verifier *v, struct call *c, uint32_t arg)
{
	const struct rt_geometry *geo;
	bool write;
	uint32_t size;
	int err;

	if (c->map == FACT_NO_MAP)
		return reject(v, "helper %s: no map before its key or value", c->proto->name);
	geo = &v->view->maps[c->map].geo;
	size = c->proto->args[arg] == ARG_MAP_KEY ? geo->key_size : geo->value_size;
	write = c->proto->args[arg] == ARG_UNINIT_MAP_VALUE &&
		geo->type != BPF_MAP_TYPE_BLOOM_FILTER;
	err = mem__check_region(v, arg + 1, size, write);
	if (err)
		return err;
	facts__call_arg(v, arg, size);
	if (c->proto->args[arg] == ARG_MAP_KEY && has_every_index(v, c->map))
		c->key_is_known = stack__constant(v, arg + 1, size, &c->key);
	return 0;
}

/* The size in argument `arg`, and the memory before it. */
static int check_size(struct verifier *v, const struct call *c, uint32_t arg)
{
	const struct reg *size = reg_at(v, arg + 1);
	const struct span *n = &size->var.w64;
	uint8_t mem_kind = arg ? c->proto->args[arg - 1] : ARG_NONE;
	int err;

	if (!reg__is_scalar(size))
		return wrong_type(v, arg + 1, "scalar");
	if (n->smin < 0)
		return reject(v, "R%u min value is negative, either use unsigned or 'var &= const'",
			arg + 1);
	if (!n->umin && c->proto->args[arg] == ARG_SIZE)
		return reject(v, "R%u invalid zero-sized read", arg + 1);
	if (n->umax >= MAX_MEM_SIZE)
		return reject(v,
			"R%u unbounded memory access, use 'var &= const' or 'if (var < const)'",
			arg + 1);
	if (mem_kind == ARG_MEM_OR_NULL && reg__is_zero(reg_at(v, arg))) {
		if (n->umax)
			return reject(v, "R%u is NULL, but the size in R%u may not be zero", arg,
				arg + 1);
		precision__need(v, arg + 1);
		return 0;
	}
	err = mem__check_region(v, arg, (uint32_t)n->umax, mem_kind == ARG_UNINIT_MEM);
	if (err)
		return err;
	precision__need(v, arg + 1);
	facts__call_arg(v, arg - 1, (uint32_t)n->umax);
	return 0;
}

static int check_ctx_arg(struct verifier *v, uint32_t regno)
{
	const struct reg *r = reg_at(v, regno);

	if (r->type != REG_CTX)
		return wrong_type(v, regno, "ctx");
	if (r->off || !range__is_const(&r->var) || r->var.bits.value)
		return reject(
			v, "dereference of modified ctx ptr R%u off=%d disallowed", regno, r->off);
	return 0;
}

/* Memory of a fixed size. */
static int check_object(struct verifier *v, uint32_t arg, uint32_t size, bool write)
{
	int err = write ? mem__check_alignment(v, arg + 1, size) : 0;

	if (!err)
		err = mem__check_region(v, arg + 1, size, write);
	if (!err)
		facts__call_arg(v, arg, size);
	return err;
}

/* A string that ends within a map whose contents are constant. */
static int check_const_string(struct verifier *v, uint32_t regno)
{
	const struct reg *r = reg_at(v, regno);
	const struct map_view *m = r->type == REG_MAP_VALUE ? &v->view->maps[r->map] : NULL;
	int64_t off = (int64_t)r->off + (int64_t)r->var.bits.value;

	if (!m || r->maybe_null)
		return wrong_type(v, regno, "map_value");
	if (!m->frozen || !(m->geo.flags & BPF_F_RDONLY_PROG))
		return reject(v, "R%u does not point to a readonly map", regno);
	if (!range__is_const(&r->var) || off < 0 || off >= m->geo.value_size ||
		!memchr(m->frozen + off, 0, m->geo.value_size - (size_t)off))
		return reject(v, "R%u is not a string that ends within its map", regno);
	return 0;
}

static int check_packet_arg(struct verifier *v, const struct call *c, uint32_t arg)
{
	uint8_t kind = c->proto->args[arg];

	if (!reg__is_packet(reg_at(v, arg + 1)) || kind == ARG_ANY || kind == ARG_DONTCARE ||
		c->proto->flags & HELPER_READS_PACKET)
		return 0;
	return reject(v, "R%u: %s may not access the packet (copy it to the stack first)", arg + 1,
		c->proto->name);
}

static int check_arg(struct verifier *v, struct call *c, uint32_t arg)
{
	uint32_t regno = arg + 1;
	int err = c->proto->args[arg] == ARG_DONTCARE ? 0 : check_readable(v, regno);

	if (!err)
		err = check_packet_arg(v, c, arg);
	if (err)
		return err;
	switch (c->proto->args[arg]) {
	case ARG_INOUT_U32: return check_object(v, arg, 4, true);
	case ARG_OUT_U64: return check_object(v, arg, 8, true);
	case ARG_HEADER20: return check_object(v, arg, 20, false);
	case ARG_HEADER40: return check_object(v, arg, 40, false);
	case ARG_CONST_STRING: return check_const_string(v, regno);
	case ARG_CTX: return check_ctx_arg(v, regno);
	case ARG_MAP: return check_map_arg(v, c, regno);
	case ARG_MAP_KEY:
	case ARG_UNINIT_MAP_VALUE:
	case ARG_MAP_VALUE: return check_key_or_value(v, c, arg);
	case ARG_SIZE:
	case ARG_SIZE_OR_ZERO: return check_size(v, c, arg);
	case ARG_ANY:
	case ARG_DONTCARE:
	case ARG_MEM:
	case ARG_MEM_OR_NULL:
	case ARG_UNINIT_MEM: return 0; /* memory is checked with its size */
	default: return reject(v, "R%u: %s is not supported", regno, c->proto->name);
	}
}

static void set_result(struct verifier *v, const struct call *c)
{
	struct reg *r0 = reg_at(v, 0);

	if (c->proto->ret == RET_NOTHING) {
		reg__unset(r0);
	} else if (c->proto->ret == RET_MAP_VALUE_OR_NULL && v->view->maps[c->map].inner) {
		reg__set_pointer(r0, REG_MAP);
		r0->map = v->view->maps[c->map].inner;
		r0->maybe_null = true;
		r0->id = new_id(v);
	} else if (c->proto->ret == RET_MAP_VALUE_OR_NULL) {
		reg__set_pointer(r0, REG_MAP_VALUE);
		r0->map = c->map;
		/* An array has every index below its size. */
		r0->maybe_null =
			!c->key_is_known || c->key >= v->view->maps[c->map].geo.max_entries;
		r0->id = r0->maybe_null ? new_id(v) : 0;
	} else {
		reg__set_unknown(r0);
	}
	facts__result(v, v->insn, r0);
}

static int check_helper(struct verifier *v, const struct isa_insn *in)
{
	uint32_t id = (uint32_t)in->imm;
	struct call c = {.proto = known_helper__find(id), .map = FACT_NO_MAP};
	const char *name = helper__name(id);
	int err;

	if ((in->src == EBPF_CALL_KFUNC) != (id >= KFUNC_BASE))
		return reject(v, "invalid func unknown#%u", id);
	if (!c.proto)
		return name ? reject(v, "helper %s#%u is not supported", name, id)
			    : reject(v, "invalid func unknown#%u", id);
	for (uint32_t arg = 0; arg < c.proto->n_args; arg++) {
		err = check_arg(v, &c, arg);
		if (err)
			return err;
	}
	if (!helper__find(id))
		v->missing_helper = id;
	unset_caller_saved(v);
	if (c.proto->flags & HELPER_MOVES_PACKET)
		call__forget_packet(v->cur);
	set_result(v, &c);
	return c.proto->flags & HELPER_TAIL_CALL ? tail_call__check(v) : 0;
}

static int enter(struct verifier *v, uint32_t target)
{
	struct state *s = v->cur;
	struct frame *callee;

	if (s->top + 1 >= MAX_FRAMES)
		return reject(v, "the call stack of %u frames is too deep", s->top + 2);
	callee = frame__new(&v->arena, v->prog.info[target].func, v->insn);
	if (!callee)
		return -ENOMEM;
	for (uint32_t i = 1; i <= 5; i++)
		callee->regs[i] = *reg_at(v, i);
	unset_caller_saved(v);
	s->frames[++s->top] = callee;
	callee->regs[EBPF_REG_FRAME].frame = (uint8_t)s->top;
	s->written[s->top] = UINT64_MAX; /* nothing below was there before */
	return 0;
}

int call__check(struct verifier *v, const struct isa_insn *in, uint32_t *next)
{
	if (in->src != EBPF_CALL_LOCAL)
		return check_helper(v, in);
	*next = v->insn + 1 + (uint32_t)in->target;
	return enter(v, *next);
}

int call__return(struct verifier *v, uint32_t *next)
{
	struct state *s = v->cur;
	struct frame *callee = state__top(s);

	if (!s->top) {
		*next = NO_INSN;
		return check_readable(v, 0);
	}
	if (callee->regs[0].type == REG_STACK)
		return reject(v, "cannot return stack pointer to the caller");
	*next = callee->call_insn + 1;
	s->frames[s->top--] = NULL;
	state__top(s)->regs[0] = callee->regs[0];
	facts__result(v, callee->call_insn, &callee->regs[0]);
	frame__free(&v->arena, callee);
	return 0;
}
