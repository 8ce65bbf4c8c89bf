/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Statements with more than one way on: bounds checks, branches, loops. Each writes blocks of
 * further statements under what the branch has shown.
 */
#include "model.h"

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

/* A register with a packet pointer of `kind`, loaded from the context if there is none; kept
 * from being written. */
static int locked_packet_pointer(
	struct writer *w, struct state *s, uint8_t kind, int16_t field, bool fresh)
{
	int reg = fresh ? -1 : find(w, s, kind);

	if (reg < 0) {
		reg = target(w, s);
		emit(w, BPF_LDX | BPF_MEM | BPF_W, reg, CONTEXT_REG, field, 0);
		s->regs[reg] =
			(struct value){.kind = kind, .id = kind == PACKET_META ? UINT16_MAX : 0};
	}
	s->locked |= 1 << reg;
	return reg;
}

static void raise_range(struct value *v, const struct value *checked)
{
	if (v->kind == checked->kind && v->id == checked->id && v->range < checked->off)
		v->range = checked->off;
}

static void raise_ranges(struct state *s, const struct value *checked)
{
	int i;

	for (i = 0; i < 10; i++)
		raise_range(&s->regs[i], checked);
	for (i = 0; i < N_SLOTS; i++)
		raise_range(&s->slots[i], checked);
}

/* if (packet + n > end) leave; in the four ways a compiler may put it. */
static void check_packet(struct writer *w, struct state *s)
{
	static const uint8_t sizes[] = {14, 34, 54, 20, 8, 1, 62, 40, 2, 4};
	bool meta = draw(w, 8) == 1, swapped = draw(w, 2);
	uint16_t locked = s->locked;
	uint32_t n = draw(w, 4) ? sizes[draw(w, ARRAY_SIZE(sizes))] : 1 + draw(w, 64), jump;
	int start = meta ? locked_packet_pointer(w, s, PACKET_META, 8, false)
			 : locked_packet_pointer(w, s, PACKET, 0, false);
	int end = meta ? locked_packet_pointer(w, s, PACKET, 0, true)
		       : locked_packet_pointer(w, s, PACKET_END, 4, false);
	int sum = target(w, s), dst = swapped ? end : sum, src = swapped ? sum : end;
	struct value checked = s->regs[start];
	struct state body;

	s->locked = locked;
	if (sum == start || sum == end)
		return;
	emit(w, BPF_ALU64 | BPF_MOV | BPF_X, sum, start, 0, 0);
	emit(w, BPF_ALU64 | BPF_ADD | BPF_K, sum, 0, 0, n);
	checked.off += n;
	s->regs[sum] = checked;
	if (mistake(w, WRONG_BOUNDS))
		checked.off += 8;
	if (!s->open && draw(w, 2)) { /* too short: leave the program */
		jump = emit(w, BPF_JMP | BPF_X | (swapped ? BPF_JGE : BPF_JLE), dst, src, 0, 0);
		body = *s;
		write_exit(w, &body);
		land(w, jump);
		raise_ranges(s, &checked);
	} else { /* too short: leave out a block */
		jump = emit(w, BPF_JMP | BPF_X | (swapped ? BPF_JLT : BPF_JGT), dst, src, 0, 0);
		body = *s;
		raise_ranges(&body, &checked);
		write_block(w, &body, 8);
		land(w, jump);
		s->regs[sum].kind = NOTHING; /* known to be behind the end */
		join(s, &body);
	}
}

void write_packet_check(struct writer *w, struct state *s)
{
	if (!s->no_context)
		check_packet(w, s);
}

void write_branch(struct writer *w, struct state *s)
{
	static const uint8_t ops[] = {BPF_JEQ, BPF_JNE, BPF_JGT, BPF_JGE, BPF_JLT, BPF_JLE,
		BPF_JSET, BPF_JSGT, BPF_JSGE, BPF_JSLT, BPF_JSLE};
	uint8_t class = draw(w, 2) ? BPF_JMP : BPF_JMP32, op = ops[draw(w, ARRAY_SIZE(ops))];
	int left = scalar(w, s), right = draw(w, 2) ? scalar(w, s) : -1;
	struct state then;
	uint32_t jump, over;

	if (right < 0 || right == left) /* kernels do not agree on a register and itself */
		jump = emit(w, class | op | BPF_K, left, 0, 0, draw_imm(w));
	else
		jump = emit(w, class | op | BPF_X, left, right, 0, 0);
	then = *s;
	write_block(w, &then, 4);
	if (draw(w, 2) || then.ended) {
		land(w, jump);
	} else {
		over = emit(w, BPF_JA | (draw(w, 2) ? BPF_JMP : BPF_JMP32), 0, 0, 0, 0);
		land(w, jump);
		s->depth++;
		write_block(w, s, 4);
		s->depth--;
		land(w, over);
	}
	join(s, &then);
}

/* do { ... } while (++counter < n) */
void write_loop(struct writer *w, struct state *s)
{
	static const uint8_t ops[] = {BPF_JLT, BPF_JNE, BPF_JSLT};
	int counter = CONTEXT_REG + 1 + draw(w, 3);
	uint32_t n = 1 + draw(w, s->in_loop ? 3 : 7), head, jump;
	uint16_t locked = s->locked;
	bool in_loop = s->in_loop;

	if (s->locked & 1 << counter || (in_loop && s->regs[counter].kind != SCALAR))
		return;
	emit(w, BPF_ALU64 | BPF_MOV | BPF_K, counter, 0, 0, 0);
	set_scalar(s, counter);
	clobber(s); /* the second time round the block starts with what it left there */
	s->locked |= 1 << counter;
	s->in_loop = true;
	head = w->out->n_insns;
	write_block(w, s, 6);
	s->locked = locked;
	s->in_loop = in_loop;
	if (s->ended)
		return;
	emit(w, BPF_ALU64 | BPF_ADD | BPF_K, counter, 0, 0, 1);
	jump = emit(w, (draw(w, 2) ? BPF_JMP : BPF_JMP32) | ops[draw(w, 3)] | BPF_K, counter, 0, 0,
		mistake(w, WRONG_LOOP) ? -1 : (int32_t)n);
	w->out->insns[jump].off = (int32_t)head - (int32_t)jump - 1;
}
