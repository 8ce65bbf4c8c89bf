/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Calls of the program's own functions.
 */
#include "model.h"

static void emit_stack_address(struct writer *w, uint8_t dst, int slot)
{
	emit(w, BPF_ALU64 | BPF_MOV | BPF_X, dst, BPF_REG_10, 0, 0);
	emit(w, BPF_ALU64 | BPF_ADD | BPF_K, dst, 0, 0, slot_offset(slot));
}

/* f(ctx, number, pointer or number) */
void write_local_call(struct writer *w, struct state *s)
{
	uint32_t left = w->n_funcs - w->func - 1, func = w->func + 1 + draw(w, left);
	int reg, slot;

	if (!left || w->n_calls == sizeof(w->calls) / sizeof(w->calls[0]))
		return;
	if (w->funcs[func].moves_packet && (s->in_loop || !w->funcs[w->func].moves_packet))
		return;
	slot = draw(w, FREE_SLOTS);
	if (w->funcs[func].arg == STACK && s->slots[slot].kind != SCALAR)
		return;
	reg = scalar(w, s);
	emit(w, BPF_ALU64 | BPF_MOV | BPF_X, BPF_REG_2, reg, 0, 0);
	if (w->funcs[func].arg == STACK)
		emit_stack_address(w, BPF_REG_3, slot);
	else if (w->funcs[func].arg == VALUE)
		emit_map_value(w, BPF_REG_3, MAP_OUT, 0);
	else
		emit(w, BPF_ALU64 | BPF_MOV | BPF_K, BPF_REG_3, 0, 0, draw_imm(w));
	emit(w, BPF_ALU64 | BPF_MOV | BPF_X, BPF_REG_1, CONTEXT_REG, 0, 0);
	w->calls[w->n_calls].insn = emit(w, BPF_JMP | BPF_CALL, 0, BPF_PSEUDO_CALL, 0, 0);
	w->calls[w->n_calls++].func = func;
	w->funcs[func].called = true;
	clobber(s);
	set_scalar(s, 0);
	if (w->funcs[func].moves_packet)
		forget_packet(s);
}
