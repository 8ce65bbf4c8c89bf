/* SPDX-License-Identifier: BSD-3-Clause
 *
 * arguments.c -- is an argument what the helper's prototype wants? A function for each kind.
 */
#include <linux/bpf.h>
#include <string.h>

#include "call.h"

#define MAX_MEM_SIZE (1 << 29)

static int wrong_type(struct verifier *v, uint32_t regno, const char *expected)
{
	return reject(
		v, "R%u type=%s expected=%s", regno, reg_type__name(reg_at(v, regno)), expected);
}

static int check_map(struct verifier *v, struct call *c, uint32_t arg)
{
	const struct reg *r = reg_at(v, arg + 1);
	uint32_t id = c->proto->id;

	if (r->type != REG_MAP || r->maybe_null)
		return wrong_type(v, arg + 1, "map_ptr");
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

static int check_sock(struct verifier *v, struct call *c, uint32_t arg)
{
	const struct reg *r = reg_at(v, arg + 1);
	bool is_sock = reg__is_sock(r) || (r->type == REG_OBJECT && r->object == OBJECT_SOCK);

	return is_sock && !r->maybe_null ? 0 : wrong_type(v, arg + 1, "sock_common");
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
	if (c->proto->args[arg] == ARG_MAP_VALUE && map_use__holds_sockets(geo->type))
		return check_sock(v, c, arg);
	size = c->proto->args[arg] == ARG_MAP_KEY ? geo->key_size : geo->value_size;
	write = c->proto->args[arg] == ARG_UNINIT_MAP_VALUE &&
		geo->type != BPF_MAP_TYPE_BLOOM_FILTER;
	err = mem__check_region(v, arg + 1, size, write);
	if (err)
		return err;
	facts__call_arg(v, arg, size);
	if (c->proto->id == BPF_FUNC_map_lookup_elem && arg == 1 && has_every_index(v, c->map))
		c->key_is_known = stack__constant(v, arg + 1, size, &c->key);
	return 0;
}

static int check_scalar(struct verifier *v, struct call *c, uint32_t arg)
{
	return reg__is_scalar(reg_at(v, arg + 1)) ? 0 : wrong_type(v, arg + 1, "scalar");
}

static int check_const(struct verifier *v, struct call *c, uint32_t arg)
{
	int err = check_scalar(v, c, arg);

	if (err)
		return err;
	if (!reg__is_const(reg_at(v, arg + 1)))
		return reject(v, "R%u is not a known constant", arg + 1);
	precision__need(v, arg + 1);
	return 0;
}

/* Of 64 bits the lower half counts, as in the kernel; the helper fails then. */
static int check_alloc_size(struct verifier *v, struct call *c, uint32_t arg)
{
	int err = check_const(v, c, arg);

	c->size = (uint32_t)reg_at(v, arg + 1)->var.bits.value;
	return err;
}

static bool is_written(uint8_t kind)
{
	return kind == ARG_UNINIT_MEM || kind == ARG_UNINIT_MEM_OR_NULL ||
	       kind == ARG_BUFFER_OR_NULL;
}

static int note_buffer(struct verifier *v, struct call *c, uint32_t arg)
{
	c->buffer = *reg_at(v, arg + 1);
	if (c->buffer.type != REG_STACK || range__is_const(&c->buffer.var))
		return 0;
	return reject(v, "R%u: a slice's buffer has to be at a constant offset", arg + 1);
}

static bool may_be_absent(uint8_t kind)
{
	return kind == ARG_MEM_OR_NULL || kind == ARG_UNINIT_MEM_OR_NULL ||
	       kind == ARG_BUFFER_OR_NULL;
}

/* The size in argument `arg`, and the memory before it. */
static int check_size(struct verifier *v, struct call *c, uint32_t arg)
{
	const struct reg *size = reg_at(v, arg + 1);
	const struct span *n = &size->var.w64;
	uint8_t mem_kind = arg ? c->proto->args[arg - 1] : ARG_NONE;
	int err = check_scalar(v, c, arg);

	if (err)
		return err;
	if (n->smin < 0)
		return reject(v, "R%u min value is negative, either use unsigned or 'var &= const'",
			arg + 1);
	if (!n->umin && (c->proto->args[arg] == ARG_SIZE || c->proto->args[arg] == ARG_CONST_SIZE))
		return reject(v, "R%u invalid zero-sized read", arg + 1);
	if (mem_kind == ARG_BUFFER_OR_NULL && reg__is_zero(reg_at(v, arg)))
		return 0; /* known, and no size of anything there is */
	if (n->umax >= MAX_MEM_SIZE)
		return reject(v,
			"R%u unbounded memory access, use 'var &= const' or 'if (var < const)'",
			arg + 1);
	if (may_be_absent(mem_kind) && reg__is_zero(reg_at(v, arg))) {
		if (n->umax && mem_kind != ARG_BUFFER_OR_NULL)
			return reject(v, "R%u is NULL, but the size in R%u may not be zero", arg,
				arg + 1);
		precision__need(v, arg + 1);
		return 0;
	}
	err = mem__check_region(v, arg, (uint32_t)n->umax, is_written(mem_kind));
	if (err)
		return err;
	c->room = (uint32_t)n->umax;
	precision__need(v, arg + 1);
	facts__call_arg(v, arg - 1, (uint32_t)n->umax);
	return mem_kind == ARG_BUFFER_OR_NULL ? note_buffer(v, c, arg - 1) : 0;
}

static int check_const_size(struct verifier *v, struct call *c, uint32_t arg)
{
	int err = check_alloc_size(v, c, arg);

	return err ? err : check_size(v, c, arg);
}

int argument__check_ctx(struct verifier *v, struct call *c, uint32_t arg)
{
	const struct reg *r = reg_at(v, arg + 1);

	if (r->type != REG_CTX)
		return wrong_type(v, arg + 1, "ctx");
	if (r->off || !range__is_const(&r->var) || r->var.bits.value)
		return reject(v, "dereference of modified ctx ptr R%u off=%d disallowed", arg + 1,
			r->off);
	return 0;
}

/* Memory of a fixed size. */
static int check_object(struct verifier *v, struct call *c, uint32_t arg)
{
	static const struct {
		uint8_t size;
		bool write, aligned;
	} objects[] = {
		[ARG_INOUT_U32] = {4, true, true},
		[ARG_OUT_U64] = {8, true, true},
		[ARG_OUT2] = {2, true, false},
		[ARG_OUT4] = {4, true, false},
		[ARG_OUT8] = {8, true, false},
		[ARG_HEADER20] = {20, false, false},
		[ARG_HEADER40] = {40, false, false},
		[ARG_FIB_LOOKUP] = {sizeof(struct bpf_fib_lookup), true, false},
	};
	uint8_t kind = c->proto->args[arg];
	uint32_t size = objects[kind].size;
	int err = objects[kind].aligned ? mem__check_alignment(v, arg + 1, size) : 0;

	if (!err)
		err = mem__check_region(v, arg + 1, size, objects[kind].write);
	if (!err)
		facts__call_arg(v, arg, size);
	return err;
}

/* A string that ends within a map whose contents are constant. */
static int check_const_string(struct verifier *v, struct call *c, uint32_t arg)
{
	const struct reg *r = reg_at(v, arg + 1);
	const struct map_view *m = r->type == REG_MAP_VALUE ? &v->view->maps[r->map] : NULL;
	int64_t off = (int64_t)r->off + (int64_t)r->var.bits.value;

	if (!m || r->maybe_null)
		return wrong_type(v, arg + 1, "map_value");
	if (!m->frozen || !(m->geo.flags & BPF_F_RDONLY_PROG))
		return reject(v, "R%u does not point to a readonly map", arg + 1);
	if (!range__is_const(&r->var) || off < 0 || off >= m->geo.value_size ||
		!memchr(m->frozen + off, 0, m->geo.value_size - (size_t)off))
		return reject(v, "R%u is not a string that ends within its map", arg + 1);
	return 0;
}

static int check_spin_lock(struct verifier *v, struct call *c, uint32_t arg)
{
	return lock__change(v, arg + 1, c->proto->id == BPF_FUNC_spin_lock);
}

static bool is_moved(const struct reg *r)
{
	return r->off || !range__is_const(&r->var) || r->var.bits.value;
}

/* The object itself, acquired: it is gone after the call. */
static int check_released(struct verifier *v, struct call *c, uint32_t arg)
{
	const struct reg *r = reg_at(v, arg + 1);

	if (is_moved(r))
		return reject(v, "R%u must have zero offset when passed to release func", arg + 1);
	if (!r->ref)
		return reject(v, "R%u must be referenced when passed to release func", arg + 1);
	c->released = r->ref;
	return 0;
}

static int check_record(struct verifier *v, struct call *c, uint32_t arg)
{
	const struct reg *r = reg_at(v, arg + 1);

	if (r->type != REG_MEM || r->maybe_null || !(r->flags & MEM_RECORD))
		return wrong_type(v, arg + 1, "ringbuf_mem");
	return check_released(v, c, arg);
}

static int check_sock_released(struct verifier *v, struct call *c, uint32_t arg)
{
	int err = check_sock(v, c, arg);

	return err ? err : check_released(v, c, arg);
}

static int check_object_released(struct verifier *v, struct call *c, uint32_t arg)
{
	int err = kernel_object__check_arg(v, c, arg);

	return err ? err : check_released(v, c, arg);
}

static bool is_anything(uint8_t kind)
{
	return kind == ARG_ANY || kind == ARG_DONTCARE;
}

static int check_callback_ctx(struct verifier *v, struct call *c, uint32_t arg)
{
	const struct reg *r = reg_at(v, arg + 1);

	return r->type == REG_STACK || reg__is_zero(r) ? 0 : wrong_type(v, arg + 1, "fp or NULL");
}

/* The packet may be passed as memory where the kernel's helper takes it. */
static int check_packet(struct verifier *v, const struct call *c, uint32_t arg)
{
	if (!reg__is_packet(reg_at(v, arg + 1)) || is_anything(c->proto->args[arg]) ||
		c->proto->flags & HELPER_READS_PACKET)
		return 0;
	return reject(v, "R%u: %s may not access the packet (copy it to the stack first)", arg + 1,
		c->proto->name);
}

/* Memory is checked with its size; anything is anything. */
static int check_nothing(struct verifier *v, struct call *c, uint32_t arg)
{
	return 0;
}

/* What Linux does not take for keys, values and headers, although it might; and slices of dynptrs
 * it takes from their beginning only. */
static int check_memory(struct verifier *v, const struct call *c, uint32_t arg)
{
	const struct reg *r = reg_at(v, arg + 1);
	uint8_t kind = c->proto->args[arg];
	bool of_map = kind == ARG_MAP_KEY || kind == ARG_MAP_VALUE || kind == ARG_UNINIT_MAP_VALUE;
	bool header = kind == ARG_HEADER20 || kind == ARG_HEADER40;
	bool rdonly = (r->flags & MEM_RDONLY) && !(r->flags & MEM_KEY);

	if (r->type != REG_MEM || is_anything(kind))
		return 0;
	if (r->flags & MEM_SLICE && is_moved(r))
		return reject(v, "dereference of modified mem ptr R%u off=%d disallowed", arg + 1,
			r->off);
	if ((rdonly && (of_map || header)) || (r->flags & MEM_SLICE && of_map))
		return reject(v, "R%u type=%s expected=memory that may be written", arg + 1,
			rdonly ? "rdonly_mem" : "slice of a dynptr");
	return 0;
}

/* Linux lets a helper have one argument that was acquired, or is a part of what was. */
static int check_ref(struct verifier *v, struct call *c, uint32_t arg)
{
	uint32_t ref = reg_at(v, arg + 1)->ref;

	if (!ref || is_anything(c->proto->args[arg]) || c->proto->id >= KFUNC_BASE)
		return 0;
	if (c->ref)
		return reject(v, "R%u: %s takes no more than one argument with a reference",
			arg + 1, c->proto->name);
	c->ref = ref;
	return 0;
}

static int (*const checks[])(struct verifier *v, struct call *c, uint32_t arg) = {
	[ARG_ANY] = check_nothing,
	[ARG_DONTCARE] = check_nothing,
	[ARG_MEM] = check_nothing,
	[ARG_MEM_OR_NULL] = check_nothing,
	[ARG_UNINIT_MEM] = check_nothing,
	[ARG_UNINIT_MEM_OR_NULL] = check_nothing,
	[ARG_BUFFER_OR_NULL] = check_nothing,
	[ARG_CTX] = argument__check_ctx,
	[ARG_MAP] = check_map,
	[ARG_MAP_KEY] = check_key_or_value,
	[ARG_MAP_VALUE] = check_key_or_value,
	[ARG_UNINIT_MAP_VALUE] = check_key_or_value,
	[ARG_INOUT_U32] = check_object,
	[ARG_OUT_U64] = check_object,
	[ARG_OUT2] = check_object,
	[ARG_OUT4] = check_object,
	[ARG_OUT8] = check_object,
	[ARG_HEADER20] = check_object,
	[ARG_HEADER40] = check_object,
	[ARG_FIB_LOOKUP] = check_object,
	[ARG_CONST_STRING] = check_const_string,
	[ARG_SIZE] = check_size,
	[ARG_SIZE_OR_ZERO] = check_size,
	[ARG_SCALAR] = check_scalar,
	[ARG_CONST] = check_const,
	[ARG_CONST_SIZE] = check_const_size,
	[ARG_CONST_SIZE_OR_ZERO] = check_const_size,
	[ARG_ALLOC_SIZE] = check_alloc_size,
	[ARG_SPIN_LOCK] = check_spin_lock,
	[ARG_RECORD] = check_record,
	[ARG_SOCK] = check_sock,
	[ARG_SOCK_RELEASED] = check_sock_released,
	[ARG_CALLBACK_CTX] = check_callback_ctx,
	[ARG_CALLBACK] = callback__check_arg,
	[ARG_ITER_UNINIT] = iterator__check_uninit,
	[ARG_ITER] = iterator__check,
	[ARG_ITER_DESTROYED] = iterator__check_destroyed,
	[ARG_OBJECT] = kernel_object__check_arg,
	[ARG_OBJECT_RELEASED] = check_object_released,
	[ARG_DYNPTR_UNINIT] = dynptr__check_uninit,
	[ARG_DYNPTR] = dynptr__check_init,
	[ARG_DYNPTR_RELEASED] = dynptr__check_released,
};

int argument__check(struct verifier *v, struct call *c, uint32_t arg)
{
	uint8_t kind = c->proto->args[arg];
	int err = kind == ARG_DONTCARE ? 0 : check_readable(v, arg + 1);

	if (!err)
		err = check_packet(v, c, arg);
	if (!err)
		err = check_memory(v, c, arg);
	if (!err)
		err = check_ref(v, c, arg);
	if (err)
		return err;
	if (kind >= sizeof(checks) / sizeof(checks[0]) || !checks[kind])
		return reject(v, "R%u: %s is not supported", arg + 1, c->proto->name);
	return checks[kind](v, c, arg);
}
