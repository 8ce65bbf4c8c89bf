/* SPDX-License-Identifier: BSD-3-Clause
 *
 * lower.c -- a program in librte_bpf's instructions, in the order in which every jump leads
 * forward and with one exit at the end: its JIT has backward jumps wrong if they are 127 or 128
 * bytes long, and every exit but the first one is such a jump.
 *
 * All that a program may read before it has written it is set first: librte_bpf's verifier wants
 * that, and it is what other backends do.
 */
#include <stdlib.h>
#include <string.h>

#include "../core/error.h"
#include "lower.h"

#define NOWHERE UINT32_MAX

static void *grown(struct lowering *l, void *array, uint32_t n, uint32_t *room, size_t size)
{
	void *p = array;

	if (n < *room)
		return array;
	*room = 2 * *room + 64;
	p = realloc(array, *room * size);
	l->no_memory |= !p;
	return p ? p : array;
}

void emit(struct lowering *l, uint8_t opcode, unsigned dst, unsigned src, int off, int32_t imm)
{
	struct lowered *out = l->out;

	out->insns = grown(l, out->insns, out->n, &out->room, sizeof(*out->insns));
	if (!l->no_memory)
		out->insns[out->n++] = (struct ebpf_insn){.opcode = opcode,
			.dst = dst & 15,
			.src = src & 15,
			.off = (int16_t)off,
			.imm = imm};
}

void emit_same(struct lowering *l)
{
	const struct ebpf_insn *p = &l->x->req->view.insns[l->insn];

	emit(l, p->opcode, p->dst, p->src, p->off, p->imm);
}

/* 0 is librte_bpf's name for all of memory here: see librte.c. */
void emit_lddw(struct lowering *l, unsigned dst, uint64_t value)
{
	if (!value) {
		emit(l, BPF_ALU64 | BPF_MOV | BPF_K, dst, 0, 0, 0);
		return;
	}
	emit(l, BPF_LD | BPF_IMM | BPF_DW, dst, 0, 0, (int32_t)value);
	emit(l, 0, 0, 0, 0, (int32_t)(value >> 32));
}

void emit_jump(struct lowering *l, uint8_t opcode, unsigned dst, unsigned src, int32_t imm,
	uint32_t target)
{
	l->jumps = grown(l, l->jumps, l->n_jumps, &l->room_jumps, sizeof(*l->jumps));
	if (!l->no_memory)
		l->jumps[l->n_jumps++] = (struct jump){.at = l->out->n, .target = target};
	emit(l, opcode, dst, src, 0, imm);
}

int save_slot(struct lowering *l, unsigned slot)
{
	if (slot >= l->slots)
		l->slots = slot + 1;
	return -(int)(l->x->stack + 8 * (slot + 1));
}

unsigned scratch(struct lowering *l)
{
	uint16_t busy = l->named | l->live;
	unsigned reg;

	for (reg = 0; reg < EBPF_REG_FRAME && busy >> reg & 1; reg++)
		;
	if (reg == EBPF_REG_FRAME) {
		for (reg = 0; l->named >> reg & 1; reg++)
			;
		emit(l, BPF_STX | BPF_MEM | BPF_DW, EBPF_REG_FRAME, reg,
			save_slot(l, 6 + l->n_saved), 0); /* behind those of calls */
		l->saved[l->n_saved++] = (uint8_t)reg;
	}
	l->named |= (uint16_t)(1u << reg);
	return reg;
}

void restore(struct lowering *l)
{
	for (uint32_t i = 0; i < l->n_saved; i++)
		emit(l, BPF_LDX | BPF_MEM | BPF_DW, l->saved[i], EBPF_REG_FRAME,
			save_slot(l, 6 + i), 0);
}

/* The length comes as a second argument, of which librte_bpf knows nothing. */
static void set_length(struct lowering *l)
{
	emit(l, BPF_STX | BPF_MEM | BPF_DW, EBPF_REG_FRAME, 1, save_slot(l, 0), 0);
	emit(l, BPF_JMP | BPF_CALL, 0, 0, 0, RUNTIME_SECOND_ARGUMENT);
	emit(l, BPF_ALU64 | BPF_MOV | BPF_X, 2, 0, 0, 0);
	emit(l, BPF_LDX | BPF_MEM | BPF_DW, 1, EBPF_REG_FRAME, save_slot(l, 0), 0);
}

static void emit_prologue(struct lowering *l)
{
	uint16_t live = l->x->prog.info[0].live;

	if (live >> 2 & 1)
		set_length(l);
	for (unsigned reg = 0; reg < EBPF_REG_FRAME; reg++)
		if (live >> reg & 1 && reg != 1 && reg != 2)
			emit(l, BPF_ALU64 | BPF_MOV | BPF_K, reg, 0, 0, 0);
	for (unsigned slot = 0; slot < l->x->stack / 8; slot++)
		if (l->opts->addressing == ADDRESS_AS_NUMBER || !(l->x->whole_slots >> slot & 1))
			emit(l, BPF_ST | BPF_MEM | BPF_DW, EBPF_REG_FRAME, 0, -8 * (int)(slot + 1),
				0);
}

static uint16_t live_behind(const struct program *p, uint32_t insn)
{
	const struct isa_insn *in = &p->insns[insn];
	uint16_t live = 0;

	if (isa__is_jump(in->op))
		live = p->info[insn + 1 + (uint32_t)in->target].live;
	if (program__falls_through(p, insn))
		live |= p->info[insn + in->words].live;
	return live;
}

static void begin(struct lowering *l, uint32_t insn)
{
	const struct insn_info *info = &l->x->prog.info[insn];

	l->insn = insn;
	l->in = &l->x->prog.insns[insn];
	l->known = &l->x->known[insn];
	l->live = live_behind(&l->x->prog, insn);
	l->named = info->reads | info->writes;
	l->n_saved = 0;
	l->at[insn] = l->out->n;
}

/* Where it goes on if it does not jump, or always does. */
static uint32_t goes_on_at(const struct lowering *l)
{
	const struct isa_insn *in = l->in;

	if (in->op == ISA_EXIT)
		return l->x->prog.view->n_insns;
	if (in->op == ISA_JA || (isa__is_cond_jump(in->op) && l->known->decided == 1))
		return l->insn + 1 + (uint32_t)in->target;
	return l->insn + in->words;
}

static int emit_insns(struct lowering *l)
{
	const struct examined *x = l->x;
	uint32_t end = x->prog.view->n_insns;

	for (uint32_t i = 0; i < x->n_order; i++) {
		uint32_t next = i + 1 < x->n_order ? x->order[i + 1] : end;
		int err;

		begin(l, x->order[i]);
		err = lower__insn(l);
		if (err)
			return err;
		if (goes_on_at(l) != next)
			emit_jump(l, BPF_JMP | BPF_JA, 0, 0, 0, goes_on_at(l));
	}
	l->at[end] = l->out->n;
	emit(l, BPF_JMP | BPF_EXIT, 0, 0, 0, 0);
	return 0;
}

static int link_jumps(struct lowering *l)
{
	for (uint32_t i = 0; i < l->n_jumps; i++) {
		uint32_t off = l->at[l->jumps[i].target] - l->jumps[i].at - 1;

		if (off > INT16_MAX)
			return error__set(l->errmsg, -ENOTSUP,
				"a jump over %u instructions: librte_bpf's reach over %d", off,
				INT16_MAX);
		l->out->insns[l->jumps[i].at].off = (int16_t)off;
	}
	return 0;
}

static int check_limits(const struct lowering *l)
{
	uint32_t stack = l->x->stack + 8 * l->slots;

	if (l->no_memory)
		return error__set(l->errmsg, -ENOMEM, "no memory to compile the program");
	if (stack > RTE_STACK)
		return error__set(l->errmsg, -ENOTSUP,
			"%u bytes of stack, with %u for saved registers: librte_bpf has %d", stack,
			8 * l->slots, RTE_STACK);
	return 0;
}

int lower(const struct examined *x, const struct lowering_opts *opts, struct lowered *out,
	char **errmsg)
{
	struct lowering l = {.x = x, .opts = opts, .out = out, .errmsg = errmsg};
	int err = 0;

	*out = (struct lowered){0};
	l.at = calloc(x->prog.view->n_insns + 1, sizeof(*l.at));
	l.no_memory = !l.at;
	if (l.at) {
		emit_prologue(&l);
		err = emit_insns(&l);
	}
	if (!err)
		err = check_limits(&l);
	if (!err)
		err = link_jumps(&l);
	out->stack = x->stack + 8 * l.slots;
	free(l.jumps);
	free(l.at);
	if (!err)
		return 0;
	lowered__release(out);
	return err;
}

/* Who hides a program's instructions (ebpf_set_pointer_secret) wants no plain ones left behind. */
void lowered__release(struct lowered *program)
{
	if (program->insns)
		explicit_bzero(program->insns, program->n * sizeof(*program->insns));
	free(program->insns);
	*program = (struct lowered){0};
}
