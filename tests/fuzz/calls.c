/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Calls of the program's own functions.
 */
#include "model.h"

void emit_stack_address(struct writer *w, uint8_t dst, int slot)
{
	emit(w, BPF_ALU64 | BPF_MOV | BPF_X, dst, BPF_REG_10, 0, 0);
	emit(w, BPF_ALU64 | BPF_ADD | BPF_K, dst, 0, 0, slot_offset(slot));
}

void emit_call(struct writer *w, struct state *s, uint32_t helper)
{
	emit(w, BPF_JMP | BPF_CALL, 0, helper >= KFUNC_BASE ? BPF_PSEUDO_KFUNC_CALL : 0, 0,
		(int32_t)helper);
	clobber(s);
}

void emit_local(struct writer *w, uint8_t dst, uint32_t func)
{
	uint32_t insn;

	if (w->funcs[func].role == ROLE_CALLED) {
		insn = emit(w, BPF_JMP | BPF_CALL, 0, BPF_PSEUDO_CALL, 0, 0);
	} else {
		insn = emit(w, BPF_LD | BPF_IMM | BPF_DW, dst, BPF_PSEUDO_FUNC, 0, 0);
		emit(w, 0, 0, 0, 0, 0);
	}
	w->calls[w->n_calls].insn = insn;
	w->calls[w->n_calls++].func = func;
	w->funcs[func].called = true;
}

/* A function behind this one that can be called here; 0: none. *slot: whose address its argument
 * is, if it is one. */
static uint32_t callable(struct writer *w, struct state *s, bool by_helper, int *slot)
{
	uint32_t left = w->n_funcs - w->func - 1, func = w->func + 1 + draw(w, left);

	*slot = draw(w, FREE_SLOTS);
	if (!left || s->no_calls || w->n_calls == sizeof(w->calls) / sizeof(w->calls[0]))
		return 0;
	if ((w->funcs[func].role != ROLE_CALLED) != by_helper || (s->no_context && !by_helper))
		return 0;
	if (w->funcs[func].moves_packet && (s->in_loop || !w->funcs[w->func].moves_packet))
		return 0;
	return w->funcs[func].arg == STACK && s->slots[*slot].kind != SCALAR ? 0 : func;
}

static void called(struct writer *w, struct state *s, uint32_t func)
{
	clobber(s);
	set_scalar(s, 0);
	if (w->funcs[func].moves_packet)
		forget_packet(s);
}

/* f(ctx, number, pointer or number) */
void write_local_call(struct writer *w, struct state *s)
{
	int slot;
	uint32_t func = callable(w, s, false, &slot);

	if (!func)
		return;
	emit(w, BPF_ALU64 | BPF_MOV | BPF_X, BPF_REG_2, scalar(w, s), 0, 0);
	if (w->funcs[func].arg == STACK)
		emit_stack_address(w, BPF_REG_3, slot);
	else if (w->funcs[func].arg == VALUE)
		emit_map_value(w, BPF_REG_3, MAP_OUT, 0);
	else
		emit(w, BPF_ALU64 | BPF_MOV | BPF_K, BPF_REG_3, 0, 0, draw_imm(w));
	emit(w, BPF_ALU64 | BPF_MOV | BPF_X, BPF_REG_1, CONTEXT_REG, 0, 0);
	emit_local(w, 0, func);
	called(w, s, func);
}

/* bpf_loop(n, f, pointer or NULL, 0), bpf_for_each_map_elem(map, f, pointer or NULL, 0) */
void write_callback(struct writer *w, struct state *s)
{
	int slot;
	uint32_t func = callable(w, s, true, &slot);
	bool loop = w->funcs[func].role == ROLE_LOOP;

	if (!func)
		return;
	if (!loop)
		emit_map(w, BPF_REG_1, w->funcs[func].map);
	else if (draw(w, 3))
		emit(w, BPF_ALU64 | BPF_MOV | BPF_K, BPF_REG_1, 0, 0,
			draw(w, 30) == 1 ? 3000 : draw(w, 9));
	else
		emit(w, BPF_ALU64 | BPF_MOV | BPF_X, BPF_REG_1, scalar(w, s), 0, 0);
	if (loop && draw(w, 2))
		emit(w, BPF_ALU64 | BPF_AND | BPF_K, BPF_REG_1, 0, 0, 0x3ff);
	emit_local(w, BPF_REG_2, func);
	if (w->funcs[func].arg == STACK)
		emit_stack_address(w, BPF_REG_3, slot);
	else
		emit(w, BPF_ALU64 | BPF_MOV | BPF_K, BPF_REG_3, 0, 0, 0);
	emit(w, BPF_ALU64 | BPF_MOV | BPF_K, BPF_REG_4, 0, 0, 0);
	emit_call(w, s, loop ? BPF_FUNC_loop : BPF_FUNC_for_each_map_elem);
	called(w, s, func);
}
