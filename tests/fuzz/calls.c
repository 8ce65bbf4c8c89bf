/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Statements that call: helpers and the program's own functions. What a helper gives that
 * differs from run to run (time, random numbers) is shifted out, after a verifier has seen it.
 */
#include "model.h"

static void emit_call(struct writer *w, struct state *s, int32_t helper)
{
	emit(w, BPF_JMP | BPF_CALL, 0, 0, 0, helper);
	clobber(s);
	set_scalar(s, 0);
}

static void emit_stack_address(struct writer *w, uint8_t dst, int slot)
{
	emit(w, BPF_ALU64 | BPF_MOV | BPF_X, dst, BPF_REG_10, 0, 0);
	emit(w, BPF_ALU64 | BPF_ADD | BPF_K, dst, 0, 0, slot_offset(slot));
}

/* A small key, so that it is found now and then; at KEY_SLOT. */
static void write_key(struct writer *w, struct state *s)
{
	int reg, tmp;

	if (mistake(w, WRONG_STACK))
		return;
	if (draw(w, 2)) {
		emit(w, BPF_ST | BPF_MEM | BPF_DW, BPF_REG_10, 0, slot_offset(KEY_SLOT),
			draw(w, 6));
	} else {
		reg = scalar(w, s);
		tmp = target(w, s);
		emit(w, BPF_ALU64 | BPF_MOV | BPF_X, tmp, reg, 0, 0);
		emit(w, BPF_ALU64 | BPF_AND | BPF_K, tmp, 0, 0, 3);
		emit(w, BPF_STX | BPF_MEM | BPF_DW, BPF_REG_10, tmp, slot_offset(KEY_SLOT), 0);
		set_scalar(s, tmp);
	}
	s->slots[KEY_SLOT].kind = SCALAR;
}

/* VALUE_BYTES at VALUE_SLOT. */
static void write_value(struct writer *w, struct state *s)
{
	int slot, reg;

	for (slot = VALUE_SLOT; slot > KEY_SLOT; slot--) {
		if (mistake(w, WRONG_STACK))
			continue;
		reg = scalar(w, s);
		emit(w, BPF_STX | BPF_MEM | BPF_DW, BPF_REG_10, reg, slot_offset(slot), 0);
		s->slots[slot].kind = SCALAR;
	}
}

/* Puts the address of at least `size` readable bytes into `dst`, which no other argument
 * holds yet. */
static void write_buffer(struct writer *w, struct state *s, uint8_t dst, uint32_t size)
{
	int32_t off;
	int src =
		draw(w, 3) ? -1 : pointer(w, s, 1 << PACKET | 1 << CONST_VALUE, size, false, &off);

	if (src < 0) {
		write_value(w, s);
		emit_stack_address(w, dst, VALUE_SLOT);
		return;
	}
	emit(w, BPF_ALU64 | BPF_MOV | BPF_X, dst, src, 0, 0);
	emit(w, BPF_ALU64 | BPF_ADD | BPF_K, dst, 0, 0, off);
}

/* r1 = map, r2 = key. */
static void write_map_and_key(struct writer *w, uint32_t map)
{
	emit_map(w, BPF_REG_1, map);
	emit_stack_address(w, BPF_REG_2, KEY_SLOT);
}

void write_lookup(struct writer *w, struct state *s)
{
	uint32_t map = draw(w, GENERATED_N_MAPS), jump;
	struct value found = {.kind = map == MAP_CONST ? CONST_VALUE : VALUE,
		.id = ++w->last_id,
		.range = generated_maps[map].value_size};
	int copy;
	struct state body;

	write_key(w, s);
	write_map_and_key(w, map);
	emit_call(w, s, BPF_FUNC_map_lookup_elem);
	s->regs[0].kind = NOTHING;
	copy = target(w, s);
	if (copy) {
		emit(w, BPF_ALU64 | BPF_MOV | BPF_X, copy, 0, 0, 0);
		s->regs[copy].kind = NOTHING;
	}
	if (mistake(w, WRONG_NULL)) {
		s->regs[0] = s->regs[copy] = found;
		return;
	}
	if (draw(w, 2)) {
		jump = emit(w, BPF_JMP | BPF_JNE | BPF_K, 0, 0, 0, 0);
		body = *s;
		write_exit(w, &body);
		land(w, jump);
		s->regs[0] = s->regs[copy] = found;
	} else {
		jump = emit(w, BPF_JMP | BPF_JEQ | BPF_K, 0, 0, 0, 0);
		body = *s;
		body.regs[0] = body.regs[copy] = found;
		write_block(w, &body, 6);
		land(w, jump);
		join(s, &body);
	}
}

void write_update(struct writer *w, struct state *s)
{
	uint32_t map = mistake(w, WRONG_WRITE) ? MAP_CONST : MAP_PERCPU + draw(w, 3);

	write_key(w, s);
	write_buffer(w, s, BPF_REG_3, VALUE_BYTES);
	write_map_and_key(w, map);
	emit(w, BPF_ALU64 | BPF_MOV | BPF_K, BPF_REG_4, 0, 0, draw(w, 4));
	emit_call(w, s, BPF_FUNC_map_update_elem);
}

void write_delete(struct writer *w, struct state *s)
{
	write_key(w, s);
	write_map_and_key(w, MAP_HASH + draw(w, 2));
	emit_call(w, s, BPF_FUNC_map_delete_elem);
}

void write_plain_helper(struct writer *w, struct state *s)
{
	/* Not for XDP, and harmless where a verifier lets them through. */
	static const int32_t wrong[] = {
		0, BPF_FUNC_skb_store_bytes, BPF_FUNC_get_route_realm, 9999};

	switch (draw(w, 4)) {
	case 0:
		emit_call(w, s, BPF_FUNC_ktime_get_ns);
		emit(w, BPF_ALU64 | BPF_RSH | BPF_K, 0, 0, 0, 63);
		break;
	case 1:
		emit_call(w, s, BPF_FUNC_get_prandom_u32);
		emit(w, BPF_ALU64 | BPF_RSH | BPF_K, 0, 0, 0, 32);
		break;
	case 2: emit_call(w, s, BPF_FUNC_get_smp_processor_id); break;
	default:
		emit(w, BPF_ALU64 | BPF_MOV | BPF_K, BPF_REG_1, 0, 0, draw(w, 4));
		emit(w, BPF_ALU64 | BPF_MOV | BPF_K, BPF_REG_2, 0, 0, draw(w, 2));
		emit_call(w, s, mistake(w, WRONG_HELPER) ? wrong[draw(w, 4)] : BPF_FUNC_redirect);
	}
}

void write_checksum(struct writer *w, struct state *s)
{
	uint32_t from = 4 * draw(w, 1 + VALUE_BYTES / 4), to = 4 * draw(w, 1 + VALUE_BYTES / 4);
	uint16_t locked = s->locked;
	int seed;

	write_buffer(w, s, BPF_REG_1, VALUE_BYTES);
	s->regs[BPF_REG_1].kind = NOTHING;
	s->locked |= 1 << BPF_REG_1;
	seed = scalar(w, s);
	s->locked = locked;
	emit(w, BPF_ALU64 | BPF_MOV | BPF_X, BPF_REG_5, seed, 0, 0);
	emit(w, BPF_ALU64 | BPF_MOV | (to ? BPF_X : BPF_K), BPF_REG_3, to ? BPF_REG_1 : 0, 0, 0);
	if (!from)
		emit(w, BPF_ALU64 | BPF_MOV | BPF_K, BPF_REG_1, 0, 0, 0);
	emit(w, BPF_ALU64 | BPF_MOV | BPF_K, BPF_REG_2, 0, 0, from);
	emit(w, BPF_ALU64 | BPF_MOV | BPF_K, BPF_REG_4, 0, 0, to);
	emit_call(w, s, BPF_FUNC_csum_diff);
}

void write_adjust(struct writer *w, struct state *s)
{
	uint32_t which = draw(w, 3);
	int32_t by = (int32_t)draw(w, 33) - 16;

	if (s->in_loop || !w->funcs[w->func].moves_packet)
		return;
	emit(w, BPF_ALU64 | BPF_MOV | BPF_X, BPF_REG_1, CONTEXT_REG, 0, 0);
	emit(w, BPF_ALU64 | BPF_MOV | BPF_K, BPF_REG_2, 0, 0, which == 1 ? by & ~3 : by);
	emit_call(w, s,
		which == 0   ? BPF_FUNC_xdp_adjust_head
		: which == 1 ? BPF_FUNC_xdp_adjust_meta
			     : BPF_FUNC_xdp_adjust_tail);
	if (!mistake(w, WRONG_STALE))
		forget_packet(s);
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
