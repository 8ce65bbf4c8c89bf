/* SPDX-License-Identifier: BSD-3-Clause
 *
 * helper-call.c -- calls of helpers and kernel functions: arguments, what ends with the call,
 * and what it gives.
 */
#include <linux/bpf.h>

#include "call.h"

/* Linux's: no error is larger. */
#define MAX_ERRNO 4095

static void give_map_value(struct verifier *v, const struct call *c, struct reg *r0)
{
	const struct map_view *m = &v->view->maps[c->map];

	reg__set_pointer(r0, m->inner ? REG_MAP : REG_MAP_VALUE);
	r0->map = m->inner ? m->inner : c->map;
	/* An array has every index below its size. */
	r0->maybe_null = m->inner || !c->key_is_known || c->key >= m->geo.max_entries;
	r0->id = r0->maybe_null || lock__is_in(v, r0) ? new_id(v) : 0;
}

static void give_memory(
	struct verifier *v, const struct call *c, struct reg *r0, enum mem_flags flags)
{
	reg__set_pointer(r0, REG_MEM);
	r0->size = (uint32_t)c->size;
	r0->flags = flags;
	r0->maybe_null = true;
	r0->id = new_id(v);
}

/* What bpf_dynptr_data() gives goes with the dynptr, and is never of the packet. Slices may outlive
 * the dynptr, until the packet moves or the record is released. */
static void give_slice(
	struct verifier *v, const struct call *c, struct reg *r0, enum mem_flags flags)
{
	give_memory(v, c, r0, flags);
	r0->ref = c->dynptr.ref;
	if (c->proto->id == BPF_FUNC_dynptr_data)
		r0->dynptr = c->dynptr.id;
	else
		r0->flags |= c->dynptr.kind == DYNPTR_XDP ? MEM_SLICE | MEM_PACKET : MEM_SLICE;
	if (c->buffer.type == REG_STACK) {
		r0->buffer_frame = c->buffer.frame + 1;
		r0->buffer_depth = (uint16_t) - (c->buffer.off + (int32_t)c->buffer.var.bits.value);
	}
}

static void give_socket(struct verifier *v, struct reg *r0, enum reg_type type)
{
	reg__set_pointer(r0, type);
	r0->maybe_null = true;
	r0->id = new_id(v);
}

/* What a map of sockets gives is acquired, like any socket that was looked up. */
static bool gives_socket_of_map(const struct verifier *v, const struct call *c)
{
	return c->proto->ret == RET_MAP_VALUE_OR_NULL &&
	       map_use__holds_sockets(v->view->maps[c->map].geo.type);
}

/* A string is no longer than there is room for; an error is a small negative number. */
static void limit_result(struct verifier *v, const struct call *c, struct reg *r0)
{
	struct range least = range__const((uint64_t) - (int64_t)MAX_ERRNO);
	struct range most;

	if (c->proto->id != BPF_FUNC_probe_read_user_str &&
		c->proto->id != BPF_FUNC_probe_read_kernel_str)
		return;
	most = range__const(c->room);
	range__assume(ISA_JSGE, true, true, &r0->var, &least);
	range__assume(ISA_JSLE, true, true, &r0->var, &most);
}

static int give_result(struct verifier *v, const struct call *c)
{
	struct reg *r0 = reg_at(v, 0);
	bool acquires = c->proto->flags & HELPER_ACQUIRES || gives_socket_of_map(v, c);
	int err = 0;

	switch (c->proto->ret) {
	case RET_NOTHING: reg__unset(r0); break;
	case RET_MAP_VALUE_OR_NULL:
		if (gives_socket_of_map(v, c))
			give_socket(v, r0, REG_SOCK);
		else if (v->view->maps[c->map].geo.type == BPF_MAP_TYPE_XSKMAP)
			give_socket(v, r0, REG_XDP_SOCK);
		else
			give_map_value(v, c, r0);
		break;
	case RET_ITER_ELEM_OR_NULL: reg__set_const(r0, 0); break;
	case RET_RECORD_OR_NULL: give_memory(v, c, r0, MEM_RECORD); break;
	case RET_MEM_OR_NULL: give_slice(v, c, r0, 0); break;
	case RET_RDONLY_MEM_OR_NULL: give_slice(v, c, r0, MEM_RDONLY); break;
	case RET_SOCK_OR_NULL: give_socket(v, r0, REG_SOCK); break;
	case RET_SOCK_COMMON_OR_NULL: give_socket(v, r0, REG_SOCK_COMMON); break;
	case RET_OBJECT:
	case RET_OBJECT_OR_NULL: kernel_object__give(v, c, r0); break;
	default: reg__set_unknown(r0); limit_result(v, c, r0);
	}
	if (acquires && r0->maybe_null) {
		err = reference__acquire(v, &r0->ref);
		r0->id = r0->ref;
	}
	facts__result(v, v->insn, r0);
	return err;
}

static int find_prototype(struct verifier *v, const struct isa_insn *in, struct call *c)
{
	uint32_t id = (uint32_t)in->imm;
	const char *name = helper__name(id);

	if ((in->src == EBPF_CALL_KFUNC) != (id >= KFUNC_BASE))
		return reject(v, "invalid func unknown#%u", id);
	c->proto = known_helper__find(id);
	if (!c->proto)
		return name ? reject(v, "helper %s#%u is not supported", name, id)
			    : reject(v, "invalid func unknown#%u", id);
	if (!helper__find(id))
		v->missing_helper = id;
	return 0;
}

/* Linux's order: what the arguments are comes after what may be called here. */
static int check_callable(struct verifier *v, uint32_t id)
{
	int err = lock__check_call(v, id);

	return err ? err : section__check_call(v, id);
}

int helper_call__check(struct verifier *v, const struct isa_insn *in)
{
	struct call c = {.map = FACT_NO_MAP, .callback = NO_INSN};
	int err = find_prototype(v, in, &c);

	if (!err)
		err = check_callable(v, c.proto->id);
	for (uint32_t arg = 0; !err && arg < c.proto->n_args; arg++)
		err = argument__check(v, &c, arg);
	if (!err && c.proto->id == BPF_FUNC_snprintf)
		err = format__check(v);
	if (!err && c.released)
		err = reference__release(v, c.released);
	if (!err && c.proto->flags & HELPER_TAIL_CALL)
		err = reference__check_none(v, "tail_call");
	if (!err && c.callback != NO_INSN)
		err = callback__enter(v, &c);
	if (!err && c.proto->ret == RET_ITER_ELEM_OR_NULL)
		err = iterator__next(v, &c);
	if (err)
		return err;
	call__unset_caller_saved(v);
	if (c.proto->flags & HELPER_MOVES_PACKET)
		call__forget_packet(v->cur);
	err = give_result(v, &c);
	return !err && c.proto->flags & HELPER_TAIL_CALL ? tail_call__check(v) : err;
}
