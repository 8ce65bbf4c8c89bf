/* SPDX-License-Identifier: BSD-3-Clause
 *
 * prepare.c -- from a program's instructions to the interpreter's operations.
 *
 * Everything that can be settled before a run is settled here: which map or value a 64-bit
 * load gives, which function a call reaches, where a jump goes.
 */
#include <errno.h>
#include <linux/bpf.h>
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
	case ISA_MOVSX: return VARIANT_SIZE(in->size) + (in->is64 ? VARIANT_TO8 : 0);
	case ISA_STORE: return VARIANT_SIZE(in->size) + (in->use_imm ? VARIANT_IMM : 0);
	case ISA_CALL: return src == EBPF_CALL_LOCAL ? VARIANT_LOCAL : VARIANT_HELPER;
	case ISA_CALLX:
	case ISA_LDDW:
	case ISA_JA:
	case ISA_MAY_GOTO:
	case ISA_EXIT: return VARIANT_ONLY;
	}
	if (isa__is_atomic(in->op))
		return VARIANT_SIZE(in->size) + (in->fetch ? VARIANT_FETCH : 0);
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
static int resolve_function(const struct interp_code *code, uint32_t i, int32_t distance,
	uint64_t *value, char **errmsg)
{
	int64_t target = (int64_t)i + 1 + distance;

	if (target < 0 || target >= code->n_ops)
		return error__set(errmsg, -EINVAL,
			"instruction %u: address of a function outside the program", i);
	*value = (uintptr_t)&code->ops[target];
	return 0;
}

/* What a 64-bit load gives. */
static int resolve_lddw(const struct interp_code *code, uint32_t i, uint8_t src, int64_t imm,
	uint64_t *value, char **errmsg)
{
	const struct interp_binding *b = &code->binding;
	uint32_t map = (uint32_t)imm;

	*value = (uint64_t)imm;
	if (src == EBPF_LDDW_IMM)
		return 0;
	if (b->lddw) {
		*value = b->lddw[i];
		return 0;
	}
	if (src == EBPF_LDDW_CODE)
		return resolve_function(code, i, (int32_t)imm, value, errmsg);
	if (src != EBPF_LDDW_MAP_IDX && src != EBPF_LDDW_MAP_IDX_VALUE)
		return error__set(errmsg, -EINVAL,
			"instruction %u: no value for a 64-bit load with source %u", i, src);
	if (map >= b->view->n_maps)
		return error__set(
			errmsg, -EINVAL, "instruction %u: the program has no map %u", i, map);
	if (src == EBPF_LDDW_MAP_IDX) {
		*value = (uintptr_t)b->maps[map];
		return 0;
	}
	if (map_value(b->maps[map], value))
		return error__set(errmsg, -EINVAL,
			"instruction %u: map %s is no array whose value has an address", i,
			b->view->maps[map].name);
	*value += (uint64_t)imm >> 32;
	return 0;
}

#define LIKELY_DISTANCE 16 /* instructions */

/* A helper is called with the map that was last loaded into r1, in most programs. */
static const struct rt_map *likely_map(const struct interp_code *code, uint32_t call)
{
	for (uint32_t i = call; i > 0 && call - i < LIKELY_DISTANCE; i--) {
		const struct interp_op *op = &code->ops[i - 1];

		if (code->kinds[i - 1] != INTERP_OP(ISA_LDDW, VARIANT_ONLY) || op->dst != 1)
			continue;
		for (uint32_t m = 0; m < code->binding.view->n_maps; m++)
			if ((uintptr_t)code->binding.maps[m] == op[1].value)
				return code->binding.maps[m];
		break;
	}
	return NULL;
}

static uint16_t resolve_call(
	const struct interp_code *code, uint32_t i, uint32_t id, struct interp_helper *h)
{
	if (!interp_helper__find(code, id, h))
		return VARIANT_UNKNOWN;
	h->likely_map = likely_map(code, i);
	h->likely_plain = h->likely_map && interp_map__has_plain_values(h->likely_map);
	return !h->registered && id == BPF_FUNC_map_lookup_elem ? VARIANT_LOOKUP : VARIANT_HELPER;
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
	*op = (struct interp_op){.dst = in.dst, .src = in.src, .off = in.off, .imm = in.imm};
	code->kinds[i] = INTERP_OP(in.op, variant_of(&in, p->src));
	if (isa__is_jump(in.op) || (in.op == ISA_CALL && p->src == EBPF_CALL_LOCAL)) {
		int64_t target = (int64_t)i + 1 + in.target;

		if (target < 0 || target >= v->n_insns)
			return error__set(
				errmsg, -EINVAL, "instruction %u: jump out of the program", i);
		if (!isa__is_cond_jump(in.op))
			op->imm = in.target;
	} else if (in.op == ISA_LDDW) {
		return resolve_lddw(code, i, p->src, in.imm, &op[1].value, errmsg);
	} else if (in.op == ISA_CALL) {
		op->imm = (*n_helpers)++;
		code->kinds[i] =
			INTERP_OP(ISA_CALL, resolve_call(code, i, in.imm, &code->helpers[op->imm]));
	}
	return 0;
}

static void prepare_context(struct interp_code *code)
{
	const struct ctx_table *t = code->ctx_table;

	for (uint32_t i = 0; i < t->n_fields; i++) {
		const struct ctx_field *f = &t->fields[i];

		if (f->kind == CTX_PACKET_META)
			code->packet_place = f->place;
		else if (f->kind == CTX_PACKET_END)
			code->packet_end_place = f->place;
		if (f->offset % 4 == 0 && f->size == 4 && f->offset / 4 < INTERP_CTX_WORDS)
			code->ctx_words[f->offset / 4] = f;
	}
}

static void prepare_sections(struct interp_code *code)
{
	const struct interp_binding *b = &code->binding;
	uint64_t address;

	for (uint32_t i = 0; i < b->view->n_maps; i++) {
		const struct rt_geometry *geo = &b->maps[i]->geo;

		if (geo->type == BPF_MAP_TYPE_ARRAY && geo->max_entries == 1 &&
			!map_value(b->maps[i], &address))
			code->sections[code->n_sections++] =
				(struct interp_section){address, geo->value_size,
					rt_geometry__readable(geo), rt_geometry__writable(geo)};
	}
}

static struct interp_code *make_code(const struct interp_binding *b)
{
	const struct program_view *v = b->view;
	struct interp_code *code;
	uint32_t i, n_calls = 0;

	code = calloc(1, sizeof(*code) + ((size_t)v->n_insns + 1) * sizeof(code->ops[0]));
	if (!code)
		return NULL;
	for (i = 0; i < v->n_insns; i++)
		n_calls += v->insns[i].opcode == 0x85;
	code->helpers = calloc((size_t)n_calls + 1, sizeof(*code->helpers));
	code->kinds = calloc((size_t)v->n_insns + 1, sizeof(*code->kinds));
	code->sections = calloc((size_t)v->n_maps + 1, sizeof(*code->sections));
	if (!code->helpers || !code->kinds || !code->sections) {
		interp__release(code);
		return NULL;
	}
	code->binding = *b;
	code->raw = v->type == EBPF_PROGRAM_RAW;
	code->max_frames = program_view__frames(v);
	code->ctx_table = ctx_table__of(v->type);
	code->n_ops = v->n_insns;
	prepare_context(code);
	prepare_sections(code);
	for (i = 0; i <= v->n_insns; i++)
		code->kinds[i] = INTERP_STOP;
	return code;
}

/* From here on only the loop knows what the operations are. */
static void hide_ops(struct interp_code *code)
{
	const void *const *places = interp__places(true);
	size_t bytes = code->n_ops * sizeof(code->kinds[0]);

	for (uint32_t i = 0; i <= code->n_ops; i++) {
		code->ops[i].place = places[code->kinds[i]];
		code->ops[i] = interp_op__plain(&code->ops[i], code->binding.secret);
	}
	explicit_bzero(code->kinds, bytes);
	free(code->kinds);
	code->kinds = NULL;
}

static struct interp_code *no_memory(const struct interp_binding *b, char **errmsg)
{
	error__set(errmsg, -ENOMEM, "%s: no memory to interpret it", b->view->name);
	return NULL;
}

struct interp_code *interp__prepare(const struct interp_binding *b, char **errmsg)
{
	struct interp_code *code = make_code(b);
	uint32_t i, words = 1, n_helpers = 0;
	int err = 0;

	if (!code)
		return no_memory(b, errmsg);
	for (i = 0; i < code->n_ops && !err; i += words) {
		err = prepare_op(code, i, &n_helpers, &words, errmsg);
		if (!err && !interp__places(false)[code->kinds[i]])
			err = error__set(
				errmsg, -ENOTSUP, "instruction %u: no operation for it", i);
	}
	if (err) {
		interp__release(code);
		return NULL;
	}
	interp_frame__settle(code);
	if (!interp_stack__prepare(code)) {
		interp__release(code);
		return no_memory(b, errmsg);
	}
	interp__count_into(code, NULL);
	if (b->secret)
		hide_ops(code);
	return code;
}

void interp__release(struct interp_code *code)
{
	if (!code)
		return;
	free(code->helpers);
	free(code->kinds);
	free(code->sections);
	free(code->spare_stack);
	free(code);
}

void interp__count_into(struct interp_code *code, uint64_t *hits)
{
	const void *const *places = interp__places(false);
	bool counts = hits || code->binding.budget;

	code->hits = hits;
	code->counts = counts;
	if (!code->kinds)
		return;
	for (uint32_t i = 0; i < code->n_ops; i++)
		code->ops[i].place = places[counts ? INTERP_COUNT : code->kinds[i]];
	code->ops[code->n_ops].place = places[INTERP_STOP];
}
