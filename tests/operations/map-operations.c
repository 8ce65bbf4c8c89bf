/* SPDX-License-Identifier: BSD-3-Clause */
#include "map-operations.h"

static uint32_t round_up(uint32_t n)
{
	return (n + 7) & ~7u;
}

void map_table__open(struct map_table *t, struct ebpf_instance *inst, const struct shape *shape,
	uint32_t ops, const struct shape *outer)
{
	uint32_t key_at = sizeof(struct operation), value_at = key_at + round_up(shape->key_size),
		 outer_at = value_at + round_up(shape->value_size);

	*t = (struct map_table){.key_size = shape->key_size,
		.value_size = shape->value_size,
		.key_at = key_at,
		.value_at = value_at,
		.outer_at = outer_at,
		.ops = ops,
		.inner = outer,
		.blind = shape->type == BPF_MAP_TYPE_XSKMAP};
	table__open(&t->table, inst, outer_at + (outer ? round_up(outer->key_size) : 0));
}

/* r1 = the map in question. An inner one is looked for first. */
static void emit_map_in_question(struct writer *w, const struct map_table *t)
{
	size_t found;

	emit_map(w, 1, BPF_PSEUDO_MAP_IDX, 0);
	if (!t->inner)
		return;
	emit(w, MOV_REG(2, 7));
	emit(w, ADD_IMM(2, t->outer_at));
	emit(w, CALL(BPF_FUNC_map_lookup_elem));
	found = emit(w, I(BPF_JMP | BPF_JNE | BPF_K, 0, 0, 0, 0));
	emit(w, MOV_IMM(0, OPERATION_NO_INNER));
	emit_done(w);
	land(w, found);
	emit(w, MOV_REG(1, 0));
}

/* helper(map, key, value, flags), of which it takes as many as it wants. */
static void emit_call(struct writer *w, const struct map_table *t, uint32_t helper)
{
	emit_map_in_question(w, t);
	emit(w, MOV_REG(2, 7));
	emit(w, ADD_IMM(2, t->key_at));
	emit(w, MOV_REG(3, 7));
	emit(w, ADD_IMM(3, t->value_at));
	emit(w, LOAD(BPF_DW, 4, 7, FIELD(args[0])));
	emit(w, CALL(helper));
}

/* helper(map, value, flags) */
static void emit_keyless_call(struct writer *w, const struct map_table *t, uint32_t helper)
{
	emit_map_in_question(w, t);
	emit(w, MOV_REG(2, 7));
	emit(w, ADD_IMM(2, t->value_at));
	emit(w, LOAD(BPF_DW, 3, 7, FIELD(args[0])));
	emit(w, CALL(helper));
}

static void emit_redirect(struct writer *w, const struct map_table *t)
{
	emit_map_in_question(w, t);
	emit(w, LOAD(BPF_DW, 2, 7, FIELD(args[1])));
	emit(w, LOAD(BPF_DW, 3, 7, FIELD(args[0])));
	emit(w, CALL(BPF_FUNC_redirect_map));
}

/* The value at r9 into the operation. */
static void emit_copy(struct writer *w, const struct map_table *t)
{
	for (uint32_t at = 0, size = 8; at < t->value_size; size /= 2) {
		uint8_t code = size == 8 ? BPF_DW : size == 4 ? BPF_W : size == 2 ? BPF_H : BPF_B;

		for (; t->value_size - at >= size; at += size) {
			emit(w, LOAD(code, 1, 9, (int16_t)at));
			emit(w, STORE(code, 7, (int16_t)(t->value_at + at), 1));
		}
	}
}

static void emit_lookup(struct writer *w, const struct map_table *t, bool add)
{
	size_t found;

	emit_call(w, t, BPF_FUNC_map_lookup_elem);
	found = emit(w, I(BPF_JMP | BPF_JNE | BPF_K, 0, 0, 0, 0));
	emit(w, MOV_IMM(0, OPERATION_NO_VALUE));
	emit_done(w);
	land(w, found);
	emit(w, MOV_REG(9, 0));
	if (add) {
		emit(w, LOAD(BPF_DW, 1, 7, FIELD(args[1])));
		emit(w, I(BPF_STX | BPF_ATOMIC | BPF_DW, 9, 1, 0, BPF_ADD));
	}
	if (!t->blind)
		emit_copy(w, t);
	emit(w, MOV_IMM(0, 0));
}

static void emit_operation(struct writer *w, const void *user, uint32_t code)
{
	const struct map_table *t = user;

	switch ((enum map_operation)code) {
	case OP_LOOKUP:
	case OP_ADD: emit_lookup(w, t, code == OP_ADD); break;
	case OP_UPDATE: emit_call(w, t, BPF_FUNC_map_update_elem); break;
	case OP_DELETE: emit_call(w, t, BPF_FUNC_map_delete_elem); break;
	case OP_PUSH: emit_keyless_call(w, t, BPF_FUNC_map_push_elem); break;
	case OP_POP: emit_keyless_call(w, t, BPF_FUNC_map_pop_elem); break;
	case OP_PEEK: emit_keyless_call(w, t, BPF_FUNC_map_peek_elem); break;
	case OP_REDIRECT: emit_redirect(w, t); break;
	case N_OPS: break;
	}
}

size_t map_table__program(const struct map_table *t, struct bpf_insn *insns, size_t room)
{
	struct writer w = {.insns = insns, .room = room};

	table__write_program(&t->table, &w, t->ops, emit_operation, t);
	return w.n;
}
