/* SPDX-License-Identifier: BSD-3-Clause
 *
 * scout.c -- looking ahead: what a burst's lookups will touch is fetched before it runs.
 *
 * A scout is a second translation of the program, up to its first lookup in a map that may not
 * fit the cache. There it ends: what it computed so far has become the key, and the map is asked
 * to fetch the place that the key leads to; the optimiser drops all the rest. ebpf-env.h says what
 * a driver does with it.
 *
 * A scout has no effects and so no say: a wrong guess fetches a wrong line. Hence it may go on
 * where the program would write. If that is the packet, it works on a copy of the packet's
 * beginning, and random numbers it draws from a copy of the generator (runtime/scout.h). Other
 * stores but those to the stack are left out, and a helper that only reads what it is given is not
 * called: 0 is a result like any other. To the verifier memory outside the stack holds unknown
 * numbers, and so does r0, so what it proved of the program (bounds, termination) holds for its
 * scout. All else that has effects ends the scout with nothing to fetch.
 */
#include <inttypes.h>
#include <linux/bpf.h>
#include <stddef.h>
#include <stdio.h>

#include "../runtime/helpers.h"
#include "../runtime/map-types.h"
#include "../runtime/scout.h"
#include "translate.h"

/* In the lowest byte of a `way`: the map that it leads into, from 1; 0 is no way at all. */
#define WAY_MAP   UINT64_C(255)
#define MAX_AHEAD 254
/* As long as a scout has not ended. */
#define GOES_ON UINT64_MAX

static bool may_exceed_cache(const struct compilation *c, uint32_t map)
{
	const struct rt_geometry *given = &c->view->maps[map].geo;
	struct rt_map m = {.mem = NULL};

	/* Not all maps that the verifier knows are maps of the runtime's. */
	return !rt_geometry__init(&m.geo, given->type, given->key_size, given->value_size,
		       given->max_entries, given->flags) &&
	       rt_map__footprint_max(&m) > c->req->cache_size;
}

/* The map's number; 0: a lookup there needs no fetching. */
static uint8_t number_of(struct compilation *c, uint32_t map)
{
	struct map_code *m = &c->maps[map];

	if (!m->ahead && c->n_ahead < MAX_AHEAD && may_exceed_cache(c, map))
		m->ahead = (uint8_t)++c->n_ahead;
	return m->ahead;
}

static void end_with(struct function *f, LLVMValueRef way)
{
	LLVMBuildStore(f->b, way, f->way);
	LLVMBuildRet(f->b, LLVMConstNull(LLVMGetReturnType(f->self->type)));
}

static bool end(struct function *f)
{
	end_with(f, function__const(f, 0));
	return true;
}

/* --- instructions ---------------------------------------------------------------------- */

static bool do_store(struct function *f)
{
	switch (f->fact->access) {
	case FACT_STACK:
	case FACT_PACKET: return false; /* of which it has a copy */
	case FACT_PACKET_META:
	case FACT_MAP_VALUE: break;
	default: return end(f);
	}
	if (isa__is_atomic(f->in->op) && f->in->fetch)
		function__set_int(
			f, f->in->op == ISA_ATOMIC_CMPXCHG ? 0 : f->in->src, function__const(f, 0));
	return true;
}

static bool fetch(struct function *f, uint32_t map, uint8_t number)
{
	uint32_t size = f->c->view->maps[map].geo.key_size;
	LLVMValueRef args[] = {
		compilation__map_descriptor(f->c, map), function__temporary(f, size)};
	LLVMValueRef way;

	LLVMBuildMemCpy(f->b, args[1], 1, function__ptr(f, 2), 1, function__const(f, size));
	way = function__call_runtime(f, "rt_map__fetch", f->c->i64, args, 2);
	way = LLVMBuildAnd(f->b, way, function__const(f, ~WAY_MAP), "");
	end_with(f, LLVMBuildOr(f->b, way, function__const(f, number), ""));
	return true;
}

/* In maps that are small a lookup is as good as any load, unless it leaves a trace. */
static bool do_lookup(struct function *f)
{
	uint32_t map = f->fact->map;
	uint8_t number;

	if (!(f->fact->flags & FACT_CONST_MAP) || map >= f->c->view->n_maps)
		return end(f);
	number = number_of(f->c, map);
	if (number)
		return fetch(f, map, number);
	return rt_is_lru(&f->c->view->maps[map].geo) ? end(f) : false;
}

/* Those on the way to keys that leave nothing but their result. */
static bool is_pure(uint32_t helper)
{
	static const uint32_t pure[] = {BPF_FUNC_get_smp_processor_id, BPF_FUNC_get_numa_node_id,
		BPF_FUNC_csum_diff, BPF_FUNC_strncmp, BPF_FUNC_xdp_get_buff_len,
		BPF_FUNC_xdp_load_bytes};

	for (size_t i = 0; i < sizeof(pure) / sizeof(pure[0]); i++)
		if (pure[i] == helper)
			return true;
	return false;
}

/* The program's memory is the same after the call, and its result a number or nothing. */
static bool can_be_left_out(const struct helper_proto *proto)
{
	static const bool only_read[UINT8_MAX + 1] = {
		[ARG_ANY] = true,
		[ARG_CTX] = true,
		[ARG_MAP] = true,
		[ARG_MAP_KEY] = true,
		[ARG_MAP_VALUE] = true,
		[ARG_MEM] = true,
		[ARG_MEM_OR_NULL] = true,
		[ARG_HEADER20] = true,
		[ARG_HEADER40] = true,
		[ARG_CONST_STRING] = true,
		[ARG_SIZE] = true,
		[ARG_SIZE_OR_ZERO] = true,
		[ARG_SCALAR] = true,
		[ARG_SPIN_LOCK] = true,
		[ARG_DONTCARE] = true,
	};

	for (unsigned i = 0; i < proto->n_args; i++)
		if (!only_read[proto->args[i]])
			return false;
	return (proto->ret == RET_SCALAR || proto->ret == RET_NOTHING) &&
	       !(proto->flags & (HELPER_MOVES_PACKET | HELPER_TAIL_CALL | HELPER_ACQUIRES |
					HELPER_RELEASES));
}

static bool draw(struct function *f)
{
	f->c->scouts_draw = true;
	function__set_int(f, 0, function__call_runtime(f, "rt_scout__draw", f->c->i64, &f->env, 1));
	return true;
}

static bool do_helper(struct function *f)
{
	const struct helper_proto *proto = helper__find((uint32_t)f->in->imm);

	if (!proto)
		return end(f);
	if (proto->id == BPF_FUNC_map_lookup_elem)
		return do_lookup(f);
	if (is_pure(proto->id))
		return false;
	if (proto->id == BPF_FUNC_get_prandom_u32)
		return draw(f);
	if (!can_be_left_out(proto))
		return end(f);
	function__set_int(f, 0, function__const(f, 0));
	return true;
}

bool function__scout(struct function *f)
{
	uint8_t op = f->in->op;

	if (op == ISA_STORE || isa__is_atomic(op))
		return do_store(f);
	return op == ISA_CALL && f->in->src != EBPF_CALL_LOCAL && do_helper(f);
}

/* --- functions ------------------------------------------------------------------------- */

/* (env, r1..r5, where to leave the way) -> r0 */
void compilation__declare_scout(struct compilation *c, struct bpf_function *of)
{
	LLVMTypeRef params[7];
	char name[160];

	if (of->scout)
		return;
	LLVMGetParamTypes(of->type, params);
	params[6] = c->ptr;
	of->scout_type = LLVMFunctionType(LLVMGetReturnType(of->type), params, 7, false);
	snprintf(name, sizeof(name), "scout.%" PRIu32 ".%s", of->start, of->name);
	of->scout = LLVMAddFunction(c->module, name, of->scout_type);
	LLVMSetLinkage(of->scout, LLVMInternalLinkage);
}

void function__end_with_callee(struct function *f)
{
	LLVMBasicBlockRef ended = function__new_block(f, ""), goes_on = function__new_block(f, "");
	LLVMValueRef way = LLVMBuildLoad2(f->b, f->c->i64, f->way, "");

	LLVMBuildCondBr(f->b, LLVMBuildICmp(f->b, LLVMIntEQ, way, function__const(f, GOES_ON), ""),
		goes_on, ended);
	LLVMPositionBuilderAtEnd(f->b, ended);
	LLVMBuildRet(f->b, LLVMConstNull(LLVMGetReturnType(f->self->type)));
	LLVMPositionBuilderAtEnd(f->b, goes_on);
}

/* The entry's, and of the functions those that are called on the way. */
static int translate_scouts(struct compilation *c)
{
	bool more = true;
	int err = 0;

	compilation__declare_scout(c, &c->funcs[0]);
	while (more && !err) {
		more = false;
		for (uint32_t i = 0; !err && i < c->n_funcs; i++) {
			struct bpf_function *fn = &c->funcs[i];

			if (!fn->scout || !LLVMIsDeclaration(fn->scout))
				continue;
			err = compilation__translate_function(c, fn, fn->scout);
			more = true;
		}
	}
	return err;
}

/* --- what a driver calls ----------------------------------------------------------------- */

struct door {
	struct compilation *c;
	LLVMBuilderRef b;
	LLVMValueRef fn;
};

static struct door open_door(
	struct compilation *c, const char *name, LLVMTypeRef ret, LLVMTypeRef second)
{
	LLVMTypeRef params[] = {c->ptr, second};
	struct door d = {.c = c, .b = LLVMCreateBuilderInContext(c->context)};

	d.fn = LLVMAddFunction(
		c->module, name, LLVMFunctionType(ret, params, second ? 2 : 1, false));
	LLVMPositionBuilderAtEnd(d.b, LLVMAppendBasicBlockInContext(c->context, d.fn, ""));
	return d;
}

static void close_door(struct door *d, LLVMValueRef result)
{
	if (result)
		LLVMBuildRet(d->b, result);
	else
		LLVMBuildRetVoid(d->b);
	LLVMDisposeBuilder(d->b);
}

static LLVMValueRef call(
	struct door *d, const char *name, LLVMTypeRef ret, LLVMValueRef *args, unsigned n)
{
	LLVMValueRef fn = LLVMGetNamedFunction(d->c->module, name);
	LLVMTypeRef params[3], type;

	for (unsigned i = 0; i < n; i++)
		params[i] = LLVMTypeOf(args[i]);
	type = LLVMFunctionType(ret, params, n, false);
	if (!fn)
		fn = LLVMAddFunction(d->c->module, name, type);
	return LLVMBuildCall2(d->b, type, fn, args, n, "");
}

/* Is one of the maps, as it is filled now, too large for the cache? */
static void make_looks_ahead(struct compilation *c)
{
	struct door d = open_door(c, "ebpf_program_looks_ahead", c->i32, NULL);
	LLVMValueRef limit = LLVMConstInt(c->i64, c->req->cache_size, false);
	LLVMValueRef any = LLVMConstNull(c->i1);

	for (uint32_t i = 0; i < c->view->n_maps; i++) {
		LLVMValueRef map, bytes;

		if (!c->maps[i].ahead)
			continue;
		map = compilation__map_descriptor(c, i);
		bytes = call(&d, "rt_map__footprint", c->i64, &map, 1);
		any = LLVMBuildOr(d.b, any, LLVMBuildICmp(d.b, LLVMIntUGT, bytes, limit, ""), "");
	}
	if (c->scouts_draw) {
		LLVMValueRef env = LLVMGetParam(d.fn, 0);

		call(&d, "rt_scout__begin", c->void_type, &env, 1);
	}
	close_door(&d, LLVMBuildZExt(d.b, any, c->i32, ""));
}

/* What a scout writes there it may read again. */
static bool writes_packets(const struct compilation *c)
{
	for (uint32_t i = 0; i < c->view->n_insns; i++) {
		const struct isa_insn *in = &c->insns[i];

		if (in->words && c->facts[i].access == FACT_PACKET &&
			(in->op == ISA_STORE || isa__is_atomic(in->op)))
			return true;
	}
	return false;
}

/* The context of the copy. */
static LLVMValueRef copy_packet(struct door *d)
{
	LLVMTypeRef type = LLVMArrayType2(d->c->i64, sizeof(struct rt_scout) / 8);
	LLVMValueRef args[] = {LLVMBuildAlloca(d->b, type, "copy"), LLVMGetParam(d->fn, 1)};

	call(d, "rt_scout__copy", d->c->void_type, args, 2);
	return args[0]; /* whose first member it is */
}

static void make_scout(struct compilation *c)
{
	struct door d = open_door(c, "ebpf_program_scout", c->i64, c->ptr);
	const struct bpf_function *main = &c->funcs[0];
	LLVMValueRef args[7] = {LLVMGetParam(d.fn, 0)}, way, goes_on;

	if (!c->n_ahead) {
		close_door(&d, LLVMConstNull(c->i64));
		return;
	}
	goes_on = LLVMConstInt(c->i64, GOES_ON, false);
	args[6] = LLVMBuildAlloca(d.b, c->i64, "way");
	LLVMBuildStore(d.b, goes_on, args[6]);
	for (unsigned i = 1; i <= 5; i++)
		args[i] = LLVMConstNull(main->pointer_param[i] ? c->ptr : c->i64);
	if (main->pointer_param[1])
		args[1] = writes_packets(c) ? copy_packet(&d) : LLVMGetParam(d.fn, 1);
	LLVMBuildCall2(d.b, main->scout_type, main->scout, args, 7, "");
	way = LLVMBuildLoad2(d.b, c->i64, args[6], "");
	close_door(&d, LLVMBuildSelect(d.b, LLVMBuildICmp(d.b, LLVMIntEQ, way, goes_on, ""),
			       LLVMConstNull(c->i64), way, ""));
}

/* The second step, in the map that the way leads into. */
static void make_fetch(struct compilation *c)
{
	struct door d = open_door(c, "ebpf_program_fetch", c->void_type, c->i64);
	LLVMValueRef env = LLVMGetParam(d.fn, 0), way = LLVMGetParam(d.fn, 1), choice, number;
	LLVMValueRef worker = LLVMConstInt(c->i64, offsetof(struct ebpf_env, worker), false);
	LLVMBasicBlockRef none = LLVMAppendBasicBlockInContext(c->context, d.fn, "");

	worker = LLVMBuildLoad2(d.b, c->i32, LLVMBuildGEP2(d.b, c->i8, env, &worker, 1, ""), "");
	number = LLVMBuildAnd(d.b, way, LLVMConstInt(c->i64, WAY_MAP, false), "");
	choice = LLVMBuildSwitch(d.b, number, none, c->n_ahead);
	for (uint32_t i = 0; i < c->view->n_maps; i++) {
		LLVMValueRef args[] = {NULL, worker, way};
		LLVMBasicBlockRef block;

		if (!c->maps[i].ahead)
			continue;
		block = LLVMAppendBasicBlockInContext(c->context, d.fn, "");
		LLVMAddCase(choice, LLVMConstInt(c->i64, c->maps[i].ahead, false), block);
		LLVMPositionBuilderAtEnd(d.b, block);
		args[0] = compilation__map_descriptor(c, i);
		call(&d, "rt_map__fetch_next", c->void_type, args, 3);
		LLVMBuildBr(d.b, none);
	}
	LLVMPositionBuilderAtEnd(d.b, none);
	close_door(&d, NULL);
}

int compilation__scout(struct compilation *c)
{
	bool wanted = false;
	int err = 0;

	if (!c->req->driver_bitcode || c->req->flags & COMPILE_KERNEL)
		return 0;
	for (uint32_t i = 0; !c->is_raw && i < c->view->n_maps; i++)
		wanted |= may_exceed_cache(c, i);
	if (wanted)
		err = translate_scouts(c);
	if (err)
		return err;
	make_looks_ahead(c);
	make_scout(c);
	make_fetch(c);
	return 0;
}
