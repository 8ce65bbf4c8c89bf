/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Whole programs: a function is a block of statements, drawn from a table. The entry function
 * ends by leaving its numbers in MAP_OUT, where a wrong one shows.
 */
#include <string.h>

#include "model.h"

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

static const struct {
	void (*write)(struct writer *w, struct state *s);
	uint32_t weight;
} statements[] = {
	{write_alu, 20},
	{write_load, 12},
	{write_store, 6},
	{write_atomic, 5},
	{write_copy, 5},
	{write_context_load, 5},
	{write_stack_write, 7},
	{write_stack_read, 6},
	{write_pointer_move, 6},
	{write_pointer_difference, 2},
	{write_const_value, 3},
	{write_packet_check, 9},
	{write_branch, 8},
	{write_loop, 3},
	{write_helper_call, 26},
	{write_local_call, 4},
	{write_callback, 4},
	{write_iterator, 2},
	{write_may_goto, 1},
	{write_held, 2},
	{write_record_dynptr, 1},
	{write_section, 1},
	{write_locked, 2},
};

static void write_statement(struct writer *w, struct state *s)
{
	uint32_t i, total = 0, at;

	for (i = 0; i < ARRAY_SIZE(statements); i++)
		total += statements[i].weight;
	at = draw(w, total);
	for (i = 0; at >= statements[i].weight; i++)
		at -= statements[i].weight;
	statements[i].write(w, s);
}

void write_exit(struct writer *w, struct state *s)
{
	bool keep = s->regs[0].kind == SCALAR && draw(w, 4) == 1;

	if (w->funcs[w->func].role != ROLE_CALLED)
		emit(w, BPF_ALU64 | BPF_MOV | BPF_K, 0, 0, 0, draw(w, 8) == 1);
	else if (!keep && !mistake(w, WRONG_REGISTER))
		emit(w, BPF_ALU64 | BPF_MOV | BPF_K, 0, 0, 0, draw(w, 6));
	emit_exit(w);
	s->ended = true;
}

void write_block(struct writer *w, struct state *s, uint32_t most)
{
	uint32_t n = 1 + draw(w, most);

	s->depth++;
	while (n-- && !s->ended && !exhausted(w) && s->depth < 7)
		write_statement(w, s);
	if (!s->ended && !exhausted(w) && draw(w, 12) == 1 && (!s->open || mistake(w, WRONG_CLOSE)))
		write_exit(w, s);
	s->depth--;
}

/* Adds up to eight of the function's numbers to what packets before left in MAP_OUT. */
static void write_numbers(struct writer *w, struct state *s)
{
	int16_t buffer = slot_offset(N_SLOTS - 1) - 64;
	uint32_t n = 0, i, jump;

	for (i = 0; i < 10 && n < 8; i++) {
		if (s->regs[i].kind == SCALAR)
			emit(w, BPF_STX | BPF_MEM | BPF_DW, BPF_REG_10, i, buffer + 8 * n++, 0);
	}
	for (i = 0; i < N_SLOTS && n < 8; i++) {
		if (s->slots[i].kind != SCALAR)
			continue;
		emit(w, BPF_LDX | BPF_MEM | BPF_DW, 0, BPF_REG_10, slot_offset(i), 0);
		emit(w, BPF_STX | BPF_MEM | BPF_DW, BPF_REG_10, 0, buffer + 8 * n++, 0);
	}
	emit(w, BPF_ST | BPF_MEM | BPF_W, BPF_REG_10, 0, slot_offset(KEY_SLOT), 0);
	emit_map(w, BPF_REG_1, MAP_OUT);
	emit(w, BPF_ALU64 | BPF_MOV | BPF_X, BPF_REG_2, BPF_REG_10, 0, 0);
	emit(w, BPF_ALU64 | BPF_ADD | BPF_K, BPF_REG_2, 0, 0, slot_offset(KEY_SLOT));
	emit(w, BPF_JMP | BPF_CALL, 0, 0, 0, BPF_FUNC_map_lookup_elem);
	jump = emit(w, BPF_JMP | BPF_JEQ | BPF_K, 0, 0, 0, 0);
	while (n--) {
		emit(w, BPF_LDX | BPF_MEM | BPF_DW, BPF_REG_1, BPF_REG_10, buffer + 8 * n, 0);
		emit(w, BPF_STX | BPF_ATOMIC | BPF_DW, 0, BPF_REG_1, 8 * n, BPF_ADD);
	}
	land(w, jump);
	s->regs[0].kind = NOTHING;
}

/* What the registers hold where the function begins. */
static void receive(struct writer *w, struct state *s, uint32_t func)
{
	struct value arg = {
		.kind = w->funcs[func].arg, .range = w->funcs[func].arg == VALUE ? 64 : 8};
	const struct ebpf_map_opts *map = &generated_maps[w->funcs[func].map];

	switch (w->funcs[func].role) {
	case ROLE_LOOP:
		set_scalar(s, BPF_REG_1);
		s->regs[BPF_REG_2] = arg;
		break;
	case ROLE_FOR_EACH:
		s->regs[BPF_REG_2] = (struct value){
			.kind = CONST_VALUE, .id = ++w->last_id, .range = map->key_size};
		s->regs[BPF_REG_3] =
			(struct value){.kind = VALUE, .id = ++w->last_id, .range = map->value_size};
		s->regs[BPF_REG_4] = arg;
		break;
	default:
		s->regs[CONTEXT_REG].kind = CONTEXT;
		if (func)
			set_scalar(s, BPF_REG_2);
		if (func)
			s->regs[BPF_REG_3] = arg;
	}
}

static void write_function(struct writer *w, uint32_t func)
{
	struct state s = {.locked = 1 << CONTEXT_REG,
		.no_context = w->funcs[func].role != ROLE_CALLED,
		.in_loop = w->funcs[func].role != ROLE_CALLED};

	w->func = func;
	emit(w, BPF_ALU64 | BPF_MOV | BPF_X, CONTEXT_REG, BPF_REG_1, 0, 0);
	receive(w, &s, func);
	while (!s.ended && !exhausted(w) && draw(w, func ? 10 : 40) != 1)
		write_statement(w, &s);
	if (s.ended)
		return;
	if (func == 0)
		write_numbers(w, &s);
	write_exit(w, &s);
}

/* The functions that are called, in order; then every call is given its distance. */
void generate_program(const uint8_t *bytes, size_t size, struct generated_program *out)
{
	static const uint8_t args[] = {SCALAR, STACK, VALUE};
	static const uint8_t maps[] = {MAP_OUT, MAP_PERCPU, MAP_HASH, MAP_LRU, MAP_PERCPU_HASH};
	struct writer w = {.next = bytes, .end = bytes + size, .out = out};
	uint32_t start[GENERATED_MAX_FUNCS], i;

	out->n_insns = out->mistakes = 0;
	out->volatile_results = false;
	w.mistakes_left = draw(&w, 10) < 6 ? 0 : 1 + draw(&w, 2);
	w.mistake = draw(&w, 2) ? WRONG_BOUNDS : draw(&w, N_WRONG);
	w.n_funcs = 1 + draw(&w, GENERATED_MAX_FUNCS);
	for (i = 0; i < w.n_funcs; i++) {
		w.funcs[i].role = i && draw(&w, 2) ? draw(&w, N_ROLES) : ROLE_CALLED;
		w.funcs[i].arg = args[draw(&w, w.funcs[i].role == ROLE_CALLED ? 3 : 2)];
		w.funcs[i].map = maps[draw(&w, ARRAY_SIZE(maps))];
		w.funcs[i].moves_packet = i == 0 || draw(&w, 2);
		w.funcs[i].called = i == 0;
	}
	for (i = 0; i < w.n_funcs; i++) {
		start[i] = out->n_insns;
		if (w.funcs[i].called)
			write_function(&w, i);
	}
	for (i = 0; i < w.n_calls; i++)
		out->insns[w.calls[i].insn].imm =
			(int32_t)start[w.calls[i].func] - (int32_t)w.calls[i].insn - 1;
}

void generate_long_program(const uint8_t *bytes, size_t size, struct generated_program *out)
{
	uint8_t all[2048];
	uint64_t noise = 0x9e3779b97f4a7c15;
	size_t len, i;

	size = size < sizeof(all) ? size : sizeof(all);
	if (size)
		memcpy(all, bytes, size);
	for (i = 0; i < size; i++)
		noise = (noise ^ bytes[i]) * 0x100000001b3;
	len = size + (noise >> 32) % (sizeof(all) - size + 1);
	for (i = size; i < len; i++) {
		noise ^= noise << 13;
		noise ^= noise >> 7;
		noise ^= noise << 17;
		all[i] = noise >> 32;
	}
	generate_program(all, len, out);
}
