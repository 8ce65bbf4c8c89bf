/* SPDX-License-Identifier: BSD-3-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>
#include <cmocka.h>

#include "table.h"

static size_t table_bytes(const struct table *t)
{
	return (size_t)t->stride * OPERATIONS_A_RUN;
}

void table__open(struct table *t, struct ebpf_instance *inst, uint32_t stride)
{
	*t = (struct table){.stride = stride};
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

size_t emit(struct writer *w, struct bpf_insn insn)
{
	assert_true(w->n < w->room);
	w->insns[w->n] = insn;
	return w->n++;
}

void emit_map(struct writer *w, uint8_t dst, uint8_t kind, int32_t index)
{
	emit(w, I(BPF_LD | BPF_DW | BPF_IMM, dst, kind, 0, index));
	emit(w, I(0, 0, 0, 0, 0));
}

void land(struct writer *w, size_t jump)
{
	w->insns[jump].off = (int16_t)(w->n - jump - 1);
}

void emit_done(struct writer *w)
{
	assert_true(w->n_done < MAX_EXITS);
	w->done[w->n_done++] = emit(w, I(BPF_JMP | BPF_JA, 0, 0, 0, 0));
}

void table__write_program(const struct table *t, struct writer *w, uint32_t codes,
	void (*emit_operation)(struct writer *w, const void *user, uint32_t code), const void *user)
{
	size_t loop, other;

	emit(w, MOV_REG(8, 1));
	emit(w, MOV_IMM(6, 0));
	loop = w->n;
	emit_map(w, 7, BPF_PSEUDO_MAP_IDX_VALUE, 1);
	emit(w, MOV_REG(1, 6));
	emit(w, MUL_IMM(1, t->stride));
	emit(w, ADD_REG(7, 1));
	for (uint32_t code = 0; codes >> code; code++) {
		if (!(codes >> code & 1))
			continue;
		emit(w, LOAD(BPF_DW, 1, 7, FIELD(code)));
		other = emit(w, I(BPF_JMP | BPF_JNE | BPF_K, 1, 0, 0, code));
		emit_operation(w, user, code);
		emit_done(w);
		land(w, other);
	}
	emit(w, MOV_IMM(0, 0));
	for (size_t i = 0; i < w->n_done; i++)
		land(w, w->done[i]);
	emit(w, STORE(BPF_DW, 7, FIELD(result), 0));
	emit(w, ADD_IMM(6, 1));
	emit(w, I(BPF_JMP | BPF_JLT | BPF_K, 6, 0, (int16_t)(loop - w->n - 1), OPERATIONS_A_RUN));
	emit(w, MOV_IMM(0, XDP_PASS));
	emit(w, EXIT());
}
