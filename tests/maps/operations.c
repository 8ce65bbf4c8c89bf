/* SPDX-License-Identifier: BSD-3-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include <cmocka.h>

#include "machine.h"
#include "operations.h"

/* --- the table ------------------------------------------------------------------------------- */

static uint32_t round_up(uint32_t n)
{
	return (n + 7) & ~7u;
}

static size_t table_bytes(const struct table *t)
{
	return (size_t)t->stride * OPERATIONS_A_RUN;
}

void table__open(struct table *t, struct ebpf_instance *inst, const struct shape *shape,
	uint32_t ops, const struct shape *outer)
{
	*t = (struct table){.key_size = shape->key_size,
		.value_size = shape->value_size,
		.value_at = (uint32_t)sizeof(struct operation) + round_up(shape->key_size),
		.ops = ops,
		.inner = outer,
		.blind = shape->type == BPF_MAP_TYPE_XSKMAP};
	t->outer_at = t->value_at + round_up(shape->value_size);
	t->stride = t->outer_at + (outer ? round_up(outer->key_size) : 0);
	t->map = ebpf_map__create(inst,
		&(struct ebpf_map_opts){.name = "table",
			.type = BPF_MAP_TYPE_ARRAY,
			.key_size = 4,
			.value_size = (uint32_t)table_bytes(t),
			.max_entries = 1},
		NULL);
	t->fd = kernel__create_map(
		BPF_MAP_TYPE_ARRAY, 4, (uint32_t)table_bytes(t), 1, BPF_F_MMAPABLE);
	assert_true(t->map && t->fd >= 0);
	t->ours = ebpf_map__initial_value(t->map);
	t->theirs = mmap(NULL, table_bytes(t), PROT_READ | PROT_WRITE, MAP_SHARED, t->fd, 0);
	assert_true(t->ours && t->theirs != MAP_FAILED);
}

void table__close(struct table *t)
{
	munmap(t->theirs, table_bytes(t));
	close(t->fd);
	ebpf_map__unref(t->map);
}

struct operation *table__operation(const struct table *t, uint8_t *side, uint32_t i)
{
	return (struct operation *)(side + (size_t)i * t->stride);
}

uint8_t *operation__key(struct operation *op)
{
	return (uint8_t *)(op + 1);
}

uint8_t *table__value(const struct table *t, struct operation *op)
{
	return (uint8_t *)op + t->value_at;
}

/* --- the program ------------------------------------------------------------------------------ */

/* r6: number of the operation; r7: the operation; r8: the map in question, if inner; r9: a
 * value that was looked up. */
#define FIELD(name)           ((int16_t)offsetof(struct operation, name))
#define LOAD(size, d, s, at)  I(BPF_LDX | BPF_MEM | (size), d, s, at, 0)
#define STORE(size, d, at, s) I(BPF_STX | BPF_MEM | (size), d, s, at, 0)
#define MAX_EXITS             16

struct writer {
	struct bpf_insn *insns;
	size_t n, room;
	size_t done[MAX_EXITS]; /* jumps to the end of an operation */
	size_t n_done;
};

static size_t emit(struct writer *w, struct bpf_insn insn)
{
	assert_true(w->n < w->room);
	w->insns[w->n] = insn;
	return w->n++;
}

static void emit_map(struct writer *w, uint8_t dst, uint8_t kind, int32_t index)
{
	emit(w, I(BPF_LD | BPF_DW | BPF_IMM, dst, kind, 0, index));
	emit(w, I(0, 0, 0, 0, 0));
}

static void land(struct writer *w, size_t jump)
{
	w->insns[jump].off = (int16_t)(w->n - jump - 1);
}

/* The operation is over, its result in r0. */
static void emit_done(struct writer *w)
{
	assert_true(w->n_done < MAX_EXITS);
	w->done[w->n_done++] = emit(w, I(BPF_JMP | BPF_JA, 0, 0, 0, 0));
}

static void emit_copy(struct writer *w, const struct table *t)
{
	for (uint32_t at = 0, size = 8; at < t->value_size; size /= 2) {
		uint8_t code = size == 8 ? BPF_DW : size == 4 ? BPF_W : size == 2 ? BPF_H : BPF_B;

		for (; t->value_size - at >= size; at += size) {
			emit(w, LOAD(code, 1, 9, (int16_t)at));
			emit(w, STORE(code, 7, (int16_t)(t->value_at + at), 1));
		}
	}
}

/* r1 = the map, r2 = the key, r3 = the value, r4 = flags */
static void emit_arguments(struct writer *w, const struct table *t)
{
	if (t->inner)
		emit(w, MOV_REG(1, 8));
	else
		emit_map(w, 1, BPF_PSEUDO_MAP_IDX, 0);
	emit(w, MOV_REG(2, 7));
	emit(w, ADD_IMM(2, sizeof(struct operation)));
	emit(w, MOV_REG(3, 7));
	emit(w, ADD_IMM(3, t->value_at));
	emit(w, LOAD(BPF_DW, 4, 7, FIELD(flags)));
}

static void emit_inner(struct writer *w, const struct table *t)
{
	size_t found;

	emit_map(w, 1, BPF_PSEUDO_MAP_IDX, 0);
	emit(w, MOV_REG(2, 7));
	emit(w, ADD_IMM(2, t->outer_at));
	emit(w, CALL(BPF_FUNC_map_lookup_elem));
	found = emit(w, I(BPF_JMP | BPF_JNE | BPF_K, 0, 0, 0, 0));
	emit(w, MOV_IMM(0, OPERATION_NO_INNER));
	emit_done(w);
	land(w, found);
	emit(w, MOV_REG(8, 0));
}

static void emit_lookup(struct writer *w, const struct table *t, bool add)
{
	size_t found;

	emit_arguments(w, t);
	emit(w, CALL(BPF_FUNC_map_lookup_elem));
	found = emit(w, I(BPF_JMP | BPF_JNE | BPF_K, 0, 0, 0, 0));
	emit(w, MOV_IMM(0, OPERATION_NO_VALUE));
	emit_done(w);
	land(w, found);
	emit(w, MOV_REG(9, 0));
	if (add) {
		emit(w, LOAD(BPF_DW, 1, 7, FIELD(arg)));
		emit(w, I(BPF_STX | BPF_ATOMIC | BPF_DW, 9, 1, 0, BPF_ADD));
	}
	if (!t->blind && t->ops & OP_BIT(LOOKUP))
		emit_copy(w, t);
	emit(w, MOV_IMM(0, 0));
}

static void emit_redirect(struct writer *w)
{
	emit_map(w, 1, BPF_PSEUDO_MAP_IDX, 0);
	emit(w, LOAD(BPF_DW, 2, 7, FIELD(arg)));
	emit(w, LOAD(BPF_DW, 3, 7, FIELD(flags)));
	emit(w, CALL(BPF_FUNC_redirect_map));
}

/* Without keys the value is the second argument, and push has flags for a third. */
static void emit_keyless(struct writer *w, const struct table *t, uint32_t helper)
{
	emit_map(w, 1, BPF_PSEUDO_MAP_IDX, 0);
	emit(w, MOV_REG(2, 7));
	emit(w, ADD_IMM(2, t->value_at));
	emit(w, LOAD(BPF_DW, 3, 7, FIELD(flags)));
	emit(w, CALL(helper));
}

static void emit_operation(struct writer *w, const struct table *t, enum operation_code code)
{
	switch (code) {
	case OP_LOOKUP:
	case OP_ADD: emit_lookup(w, t, code == OP_ADD); break;
	case OP_UPDATE:
		emit_arguments(w, t);
		emit(w, CALL(BPF_FUNC_map_update_elem));
		break;
	case OP_DELETE:
		emit_arguments(w, t);
		emit(w, CALL(BPF_FUNC_map_delete_elem));
		break;
	case OP_PUSH: emit_keyless(w, t, BPF_FUNC_map_push_elem); break;
	case OP_POP: emit_keyless(w, t, BPF_FUNC_map_pop_elem); break;
	case OP_PEEK: emit_keyless(w, t, BPF_FUNC_map_peek_elem); break;
	case OP_REDIRECT: emit_redirect(w); break;
	case N_OPS: break;
	}
	emit_done(w);
}

size_t table__program(const struct table *t, struct bpf_insn *insns, size_t room)
{
	struct writer w = {.insns = insns, .room = room};
	size_t loop, other;

	emit(&w, MOV_IMM(6, 0));
	loop = w.n;
	emit_map(&w, 7, BPF_PSEUDO_MAP_IDX_VALUE, 1);
	emit(&w, MOV_REG(1, 6));
	emit(&w, MUL_IMM(1, t->stride));
	emit(&w, ADD_REG(7, 1));
	if (t->inner)
		emit_inner(&w, t);
	for (uint32_t code = 0; code < N_OPS; code++) {
		if (!(t->ops & 1u << code))
			continue;
		emit(&w, LOAD32(1, 7, FIELD(code)));
		other = emit(&w, I(BPF_JMP | BPF_JNE | BPF_K, 1, 0, 0, code));
		emit_operation(&w, t, code);
		land(&w, other);
	}
	emit(&w, MOV_IMM(0, 0));
	for (size_t i = 0; i < w.n_done; i++)
		land(&w, w.done[i]);
	emit(&w, STORE(BPF_DW, 7, FIELD(result), 0));
	emit(&w, ADD_IMM(6, 1));
	emit(&w, I(BPF_JMP | BPF_JLT | BPF_K, 6, 0, (int16_t)(loop - w.n - 1), OPERATIONS_A_RUN));
	emit(&w, MOV_IMM(0, XDP_PASS));
	emit(&w, EXIT());
	return w.n;
}
