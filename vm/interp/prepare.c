/* SPDX-License-Identifier: BSD-3-Clause
 *
 * prepare.c -- from a program's instructions to the interpreter's operations.
 *
 * Everything that can be settled before a run is settled here: which map or value a 64-bit
 * load gives, which function a call reaches, where a jump goes.
 */
#include <errno.h>
#include <stdlib.h>

#include "../core/error.h"
#include "code.h"

static uint16_t variant_of(const struct isa_insn *in, uint8_t src)
{
	switch (in->op) {
	case ISA_BE:
	case ISA_LE:
	case ISA_BSWAP:
	case ISA_LOAD:
	case ISA_LOADSX: return VARIANT_SIZE(in->size);
	case ISA_MOVSX: return VARIANT_EXTEND(in->size, in->is64);
	case ISA_STORE: return VARIANT_STORE(in->size, in->use_imm);
	case ISA_CALL: return src == EBPF_CALL_KFUNC ? EBPF_CALL_HELPER : src;
	case ISA_CALLX:
	case ISA_LDDW:
	case ISA_JA:
	case ISA_MAY_GOTO:
	case ISA_EXIT: return 0;
	}
	if (isa__is_atomic(in->op))
		return VARIANT_ATOMIC(in->size, in->fetch);
	return VARIANT_ALU(in->is64, in->use_imm);
}

/* The first value of an array; other maps have none in a known place. */
static int map_value(const struct rt_map *map, uint64_t *value)
{
	uint32_t first = 0;
	void *p = map->geo.key_size == sizeof(first) ? rt_map__lookup(map, 0, &first) : NULL;

	*value = (uintptr_t)p;
	return p ? 0 : -EINVAL;
}

/* A function's address is that of its first operation. */
static int resolve_function(
	const struct interp_code *code, uint32_t i, struct interp_op *op, char **errmsg)
{
	int64_t target = (int64_t)i + 1 + (int32_t)op->imm;

	if (target < 0 || target >= code->n_ops)
		return error__set(errmsg, -EINVAL,
			"instruction %u: address of a function outside the program", i);
	op->imm = (int64_t)(uintptr_t)&code->ops[target];
	return 0;
}

static int resolve_lddw(const struct interp_code *code, uint32_t i, uint8_t src,
	struct interp_op *op, char **errmsg)
{
	const struct interp_binding *b = &code->binding;
	uint32_t map = (uint32_t)op->imm, offset = (uint64_t)op->imm >> 32;
	uint64_t value = 0;

	if (src == EBPF_LDDW_IMM)
		return 0;
	if (b->lddw) {
		op->imm = (int64_t)b->lddw[i];
		return 0;
	}
	if (src == EBPF_LDDW_CODE)
		return resolve_function(code, i, op, errmsg);
	if (src != EBPF_LDDW_MAP_IDX && src != EBPF_LDDW_MAP_IDX_VALUE)
		return error__set(errmsg, -EINVAL,
			"instruction %u: no value for a 64-bit load with source %u", i, src);
	if (map >= b->view->n_maps)
		return error__set(
			errmsg, -EINVAL, "instruction %u: the program has no map %u", i, map);
	if (src == EBPF_LDDW_MAP_IDX) {
		op->imm = (int64_t)(uintptr_t)b->maps[map];
		return 0;
	}
	if (map_value(b->maps[map], &value))
		return error__set(errmsg, -EINVAL,
			"instruction %u: map %s is no array whose value has an address", i,
			b->view->maps[map].name);
	op->imm = (int64_t)(value + offset);
	return 0;
}

static int resolve_call(struct interp_code *code, uint32_t i, uint8_t src, struct interp_op *op,
	uint32_t *n_helpers, char **errmsg)
{
	struct interp_helper *h = &code->helpers[*n_helpers];
	uint32_t id = (uint32_t)op->imm;

	if (src == EBPF_CALL_LOCAL)
		return 0;
	op->imm = 0; /* faults if it is ever reached */
	if (interp_helper__find(code, id, h)) {
		op->imm = (int64_t)(uintptr_t)h;
		++*n_helpers;
	}
	return 0;
}

static int prepare_op(
	struct interp_code *code, uint32_t i, uint32_t *n_helpers, uint32_t *words, char **errmsg)
{
	const struct program_view *v = code->binding.view;
	const struct ebpf_insn *p = &v->insns[i];
	struct interp_op *op = &code->ops[i];
	struct isa_insn in;
	const char *why;

	if (isa__decode(p, v->n_insns - i, &in, &why))
		return error__set(errmsg, -EINVAL, "instruction %u: %s", i, why);
	*words = in.words;
	*op = (struct interp_op){.code = INTERP_OP(in.op, variant_of(&in, p->src)),
		.dst = in.dst,
		.src = in.src,
		.off = in.off,
		.imm = in.imm};
	if (isa__is_jump(in.op) || (in.op == ISA_CALL && p->src == EBPF_CALL_LOCAL)) {
		int64_t target = (int64_t)i + 1 + in.target;

		if (target < 0 || target >= v->n_insns)
			return error__set(
				errmsg, -EINVAL, "instruction %u: jump out of the program", i);
		op->off = in.target;
	}
	if (in.op == ISA_LDDW)
		return resolve_lddw(code, i, p->src, op, errmsg);
	if (in.op == ISA_CALL)
		return resolve_call(code, i, p->src, op, n_helpers, errmsg);
	return 0;
}

static void find_packet(struct interp_code *code)
{
	const struct ctx_table *t = code->ctx_table;
	uint32_t i;

	for (i = 0; i < t->n_fields; i++) {
		if (t->fields[i].kind == CTX_PACKET_META)
			code->packet_place = t->fields[i].place;
		else if (t->fields[i].kind == CTX_PACKET_END)
			code->packet_end_place = t->fields[i].place;
	}
}

struct interp_code *interp__prepare(const struct interp_binding *b, char **errmsg)
{
	const struct program_view *v = b->view;
	uint32_t i, words = 1, n_calls = 0, n_helpers = 0;
	struct interp_code *code;
	int err = 0;

	code = calloc(1, sizeof(*code) + ((size_t)v->n_insns + 1) * sizeof(code->ops[0]));
	for (i = 0; i < v->n_insns; i++)
		n_calls += v->insns[i].opcode == 0x85;
	if (code)
		code->helpers = calloc((size_t)n_calls + 1, sizeof(*code->helpers));
	if (!code || !code->helpers) {
		free(code);
		error__set(errmsg, -ENOMEM, "%s: no memory to interpret it", v->name);
		return NULL;
	}
	code->binding = *b;
	code->raw = v->type == EBPF_PROGRAM_RAW;
	code->ctx_table = ctx_table__of(v->type);
	code->n_ops = v->n_insns;
	find_packet(code);
	for (i = 0; i <= v->n_insns; i++)
		code->ops[i].code = INTERP_STOP;
	for (i = 0; i < v->n_insns && !err; i += words)
		err = prepare_op(code, i, &n_helpers, &words, errmsg);
	if (err) {
		interp__release(code);
		return NULL;
	}
	return code;
}

void interp__release(struct interp_code *code)
{
	if (!code)
		return;
	free(code->helpers);
	free(code);
}

void interp__count_into(struct interp_code *code, uint64_t *hits)
{
	code->hits = hits;
}
