/* SPDX-License-Identifier: BSD-3-Clause
 *
 * call.c -- helpers called by interpreted programs.
 *
 * A helper trusts its pointers, so all of them are checked here, by the kinds of its prototype:
 * the map is one of the program's, a key is key_size bytes that the program may read, memory
 * with a size in the next argument is as long as that. Of helpers that the user registered see
 * registered.c.
 */
#include <linux/bpf.h>

#include "call.h"
#include "memory.h"
#include "../runtime/map-types.h"

/* Does it do more for the program than read and write memory that it has? */
static bool grants_memory(const struct helper_proto *proto)
{
	for (unsigned i = 0; i < proto->n_args; i++) {
		switch (proto->args[i]) {
		case ARG_CALLBACK:
		case ARG_DYNPTR:
		case ARG_DYNPTR_UNINIT:
		case ARG_DYNPTR_RELEASED: return true;
		}
	}
	return proto->ret == RET_RECORD_OR_NULL;
}

bool interp_helper__find(const struct interp_code *code, uint64_t id, struct interp_helper *h)
{
	const struct program_view *v = code->binding.view;
	uint32_t at;

	if (id > UINT32_MAX)
		return false;
	at = raw_helpers__place(v->helpers, v->n_helpers, (uint32_t)id);
	if (at < v->n_helpers && v->helpers[at].id == id) {
		*h = (struct interp_helper){
			.registered = code->binding.helper_fns[at], .type = &v->helpers[at].type};
		return true;
	}
	*h = (struct interp_helper){.proto = helper__find(id), .call = helper__call(id)};
	h->grants = h->proto && grants_memory(h->proto);
	return h->proto && h->call && (!code->raw || h->proto->flags & HELPER_RAW);
}

bool interp_map__has_plain_values(const struct rt_map *map)
{
	return !rt_holds_maps(&map->geo) && rt_geometry__writable(&map->geo) &&
	       rt_geometry__readable(&map->geo);
}

static const struct rt_map *program_map(
	const struct interp_run *run, uint64_t addr, const struct rt_map *likely)
{
	const struct rt_map *m;

	if (likely && (uintptr_t)likely == addr)
		return likely;
	for (uint32_t i = 0; (m = interp_memory__map(run, i)); i++)
		if ((uintptr_t)m == addr)
			return m;
	return NULL;
}

static bool is_string(struct interp_run *run, uint64_t address)
{
	while (interp_memory__find(run, address, 1, false))
		if (!*(const char *)(uintptr_t)address++)
			return true;
	return false;
}

static void note_inner_map(struct interp_run *run, uint64_t addr)
{
	if (addr && !program_map(run, addr, NULL))
		run->inner[run->n_inner++ % INTERP_INNER_MAPS] = (const void *)(uintptr_t)addr;
}

/* What helpers write as a struct of theirs. */
static bool find_object(struct interp_run *run, uint64_t address, uint32_t size, uint32_t align)
{
	return address % align == 0 && interp_memory__find(run, address, size, true);
}

static uint32_t iterator_size(const struct helper_proto *proto)
{
	bool bits = proto->id == KFUNC_iter_bits_new || proto->id == KFUNC_iter_bits_next ||
		    proto->id == KFUNC_iter_bits_destroy;

	return bits ? 16 : 8;
}

/* The function's address is that of its first operation: interp__prepare(). */
static bool set_callback(struct interp_run *run, uint64_t function, const struct rt_map *map)
{
	const struct interp_op *ops = run->code->ops;
	uint64_t at = function - (uintptr_t)ops;

	if (at % sizeof(*ops) != 0 || at / sizeof(*ops) >= run->code->n_ops)
		return false;
	run->callback = (struct interp_callback){ops + at / sizeof(*ops), map};
	return true;
}

/* Argument i, whose value is r[i + 1]; *map is the map seen so far. */
static bool check_argument(struct interp_run *run, const struct interp_helper *h, unsigned i,
	const struct rt_map **map)
{
	const struct helper_proto *proto = h->proto;
	uint64_t value = run->r[i + 1], next = i + 1 < proto->n_args ? run->r[i + 2] : 0;

	switch ((enum helper_arg)proto->args[i]) {
	case ARG_NONE:
	case ARG_ANY:
	case ARG_SIZE_OR_ZERO:
	case ARG_SCALAR:
	case ARG_CONST:
	case ARG_CONST_SIZE_OR_ZERO:
	case ARG_ALLOC_SIZE:
	case ARG_DONTCARE: return true;
	case ARG_CONST_SIZE:
	case ARG_SIZE: return value > 0;
	case ARG_CTX: return value == (uintptr_t)run->ctx && !run->code->raw;
	case ARG_MAP: *map = program_map(run, value, h->likely_map); return *map;
	case ARG_MAP_KEY:
		return *map && interp_memory__find(run, value, (*map)->geo.key_size, false);
	case ARG_MAP_VALUE:
		return *map && interp_memory__find(run, value, (*map)->geo.value_size, false);
	case ARG_UNINIT_MAP_VALUE: /* a bloom filter only reads it */
		return *map && interp_memory__find(run, value, (*map)->geo.value_size,
				       (*map)->geo.type != BPF_MAP_TYPE_BLOOM_FILTER);
	case ARG_OUT2: return interp_memory__find(run, value, 2, true);
	case ARG_OUT4:
	case ARG_INOUT_U32: return interp_memory__find(run, value, 4, true);
	case ARG_OUT8:
	case ARG_OUT_U64: return interp_memory__find(run, value, 8, true);
	case ARG_HEADER20: return interp_memory__find(run, value, 20, false);
	case ARG_HEADER40: return interp_memory__find(run, value, 40, false);
	case ARG_CONST_STRING: return is_string(run, value);
	/* No bytes are touched at a size of 0, where the next argument's kind allows that. */
	case ARG_MEM:
	case ARG_MEM_OR_NULL: return !next || interp_memory__find(run, value, next, false);
	case ARG_UNINIT_MEM_OR_NULL:
	case ARG_UNINIT_MEM: return !next || interp_memory__find(run, value, next, true);
	case ARG_BUFFER_OR_NULL:
		return !next || !value || interp_memory__find(run, value, next, true);
	case ARG_ITER_UNINIT:
	case ARG_ITER:
	case ARG_ITER_DESTROYED: return find_object(run, value, iterator_size(proto), 8);
	case ARG_SPIN_LOCK: return find_object(run, value, 4, 4);
	case ARG_CALLBACK: return set_callback(run, value, *map);
	case ARG_CALLBACK_CTX: return true; /* what the callback does with it is checked */
	case ARG_RECORD: return interp_memory__revoke(run, value);
	case ARG_SOCK:
	case ARG_SOCK_RELEASED:
	case ARG_FIB_LOOKUP:
	case ARG_OBJECT:
	case ARG_OBJECT_RELEASED: return false; /* nobody gets one */
	case ARG_DYNPTR_UNINIT: return find_object(run, value, sizeof(struct rt_dynptr), 8);
	case ARG_DYNPTR:
	case ARG_DYNPTR_RELEASED:
		return find_object(run, value, sizeof(struct rt_dynptr), 8) &&
		       interp_dynptr__check(run, value);
	}
	return false;
}

/* A released record is the program's no more. */
static void release_dynptr(struct interp_run *run, uint64_t address)
{
	const struct rt_dynptr *p = (const void *)(uintptr_t)address;

	if (p->kind == RT_DYNPTR_RECORD)
		interp_memory__revoke(run, (uintptr_t)p->data);
}

/* The arguments as the helper gets them. */
static void prepare_arguments(
	struct interp_run *run, const struct helper_proto *proto, uint64_t args[5])
{
	memcpy(args, run->r + 1, 5 * sizeof(args[0]));
	for (unsigned i = 0; i < proto->n_args; i++) {
		if (proto->args[i] == ARG_CALLBACK)
			args[i] = (uintptr_t)interp__call_back;
		else if (proto->args[i] == ARG_DYNPTR_RELEASED)
			release_dynptr(run, args[i]);
	}
}

static bool note_dynptr(struct interp_run *run, const struct helper_proto *proto, uint64_t address)
{
	const struct rt_dynptr *p = (const void *)(uintptr_t)address;

	if (!interp_dynptr__note(run, address))
		return false;
	return !(proto->flags & HELPER_ACQUIRES) || !p->data ||
	       interp_memory__grant(run, (uintptr_t)p->data, p->size, true);
}

/* A value that was looked up is found faster than others. */
static void note_value(struct interp_run *run, const struct interp_helper *h,
	const struct rt_map *map, uint64_t value)
{
	bool plain = map == h->likely_map ? h->likely_plain : interp_map__has_plain_values(map);

	if (plain && value)
		interp_window__set(&run->value, value, map->geo.value_size);
	else if (rt_holds_maps(&map->geo))
		note_inner_map(run, value);
}

/* What the program may touch from now on. False: it holds too much. */
static bool note_results(
	struct interp_run *run, const struct helper_proto *proto, const uint64_t args[5])
{
	uint64_t size = 0;

	for (unsigned i = 0; i < proto->n_args; i++) {
		switch (proto->args[i]) {
		case ARG_ALLOC_SIZE: size = args[i]; break;
		case ARG_DYNPTR:
		case ARG_DYNPTR_UNINIT:
		case ARG_DYNPTR_RELEASED:
			if (!note_dynptr(run, proto, args[i]))
				return false;
		}
	}
	return proto->ret != RET_RECORD_OR_NULL || !run->r[0] ||
	       interp_memory__grant(run, run->r[0], size, true);
}

static enum ebpf_fault_reason call_granting(struct interp_run *run, const struct interp_helper *h)
{
	void *outer = run->env->run;
	uint64_t args[5];

	prepare_arguments(run, h->proto, args);
	run->env->run = run;
	run->r[0] = h->call(run->env, args[0], args[1], args[2], args[3], args[4]);
	run->env->run = outer;
	if (run->fault)
		return run->fault;
	return note_results(run, h->proto, args) ? EBPF_FAULT_NONE : EBPF_FAULT_ACCESS;
}

enum ebpf_fault_reason interp_helper__call(struct interp_run *run, const struct interp_helper *h)
{
	const struct helper_proto *proto = h->proto;
	const struct rt_map *map = NULL;
	uint64_t *r = run->r;

	if (h->registered) {
		if (!interp_helper__accepts(run, h->type))
			return EBPF_FAULT_ARGUMENT;
		r[0] = h->registered(r[1], r[2], r[3], r[4], r[5]);
		return EBPF_FAULT_NONE;
	}
	for (unsigned i = 0; i < proto->n_args; i++) {
		interp_memory__blame(run, r[i + 1], 0); /* if it is the argument itself */
		if (!check_argument(run, h, i, &map))
			return EBPF_FAULT_ACCESS;
	}
	if (h->grants)
		return call_granting(run, h);
	r[0] = h->call(run->env, r[1], r[2], r[3], r[4], r[5]);
	if (proto->flags & HELPER_MOVES_PACKET)
		interp_memory__refresh(run);
	if (proto->ret == RET_MAP_VALUE_OR_NULL && map)
		note_value(run, h, map, r[0]);
	return EBPF_FAULT_NONE;
}

bool interp_helper__look_up(struct interp_run *run, const struct interp_helper *h)
{
	uint64_t *r = run->r;
	const struct rt_map *map = program_map(run, r[1], h->likely_map);

	if (unlikely(!map)) {
		interp_memory__blame(run, r[1], 0);
		return false;
	}
	if (unlikely(!interp_memory__find(run, r[2], map->geo.key_size, false)))
		return false;
	r[0] = (uintptr_t)helper_map_lookup_elem(run->env, map, (const void *)(uintptr_t)r[2]);
	note_value(run, h, map, r[0]);
	return true;
}
