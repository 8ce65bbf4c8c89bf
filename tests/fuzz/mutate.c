/* SPDX-License-Identifier: BSD-3-Clause */
#include <linux/bpf.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "isa/table.h"
#include "mutate.h"

#define MOST_INSNS 65536

static bool is_wide(const struct ebpf_insn *p)
{
	return p->opcode == (BPF_LD | BPF_IMM | BPF_DW);
}

/* Where an instruction holds a distance, in instructions from the one after it. */
enum distance {
	NOWHERE,
	IN_OFF,
	IN_IMM,
};

static enum distance distance_in(const struct ebpf_insn *p)
{
	uint8_t class = BPF_CLASS(p->opcode);

	if (is_wide(p))
		return p->src == BPF_PSEUDO_FUNC ? IN_IMM : NOWHERE;
	if (class != BPF_JMP && class != BPF_JMP32)
		return NOWHERE;
	switch (BPF_OP(p->opcode)) {
	case BPF_EXIT: return NOWHERE;
	case BPF_CALL: return p->src == BPF_PSEUDO_CALL ? IN_IMM : NOWHERE;
	case BPF_JA: return class == BPF_JMP32 ? IN_IMM : IN_OFF;
	default: return IN_OFF;
	}
}

/* Replaces `out` instructions at `at` by the `in` that will be written there: what jumps over
 * the place jumps as much further, what jumped into it goes to its beginning. */
static uint32_t make_room(
	struct ebpf_insn *insns, uint32_t n, uint32_t at, uint32_t out, uint32_t in)
{
	int64_t grows = (int64_t)in - out;
	uint32_t i;

	for (i = 0; i < n; i++) {
		enum distance d = distance_in(&insns[i]);
		int64_t far = d == IN_IMM ? insns[i].imm : insns[i].off, from = i,
			to = from + 1 + far;

		if (d != NOWHERE) {
			to = to >= at + out ? to + grows : to > at ? at : to;
			from += from >= at + out ? grows : 0;
			far = to - from - 1;
			if (d == IN_IMM)
				insns[i].imm = (int32_t)far;
			else
				insns[i].off = (int16_t)far;
		}
		i += is_wide(&insns[i]);
	}
	memmove(insns + at + in, insns + at + out, (n - at - out) * sizeof(*insns));
	return (uint32_t)(n + grows);
}

struct work {
	struct chance *c;
	struct ebpf_insn *insns;
	uint32_t n, room;
	const struct ebpf_insn *donor;
	uint32_t n_donor;
};

static uint32_t below(struct work *w, uint32_t n)
{
	return chance__below(w->c, n);
}

/* Most often the first word of an instruction. */
static uint32_t somewhere(struct work *w)
{
	uint32_t at = below(w, w->n);

	return at && is_wide(&w->insns[at - 1]) && below(w, 8) ? at - 1 : at;
}

static void change_opcode(struct work *w, struct ebpf_insn *p)
{
	const struct isa_row *row;

	do
		row = &isa_rows[below(w, (uint32_t)isa_n_rows)];
	while (below(w, 4) && BPF_CLASS(row->opcode) != BPF_CLASS(p->opcode));
	p->opcode = row->opcode;
	if (below(w, 4)) { /* as the row has them */
		uint8_t fields = isa_forms[row->form].fields;

		p->off = fields & FIELD_OFF ? p->off : row->off;
		p->imm = fields & FIELD_IMM ? p->imm : row->imm;
		p->src = fields & FIELD_SRC ? p->src : row->src & 0xf;
	}
}

static int32_t other_number(struct work *w, int32_t was)
{
	static const int32_t corners[] = {0, 1, -1, 2, 4, 7, 8, 12, 16, 31, 32, 63, 64, 127, 128,
		255, 256, 4095, 65535, 65536, INT32_MAX, INT32_MIN, -8, -512};

	switch (below(w, 4)) {
	case 0: return (int32_t)((uint32_t)was + below(w, 17) - 8);
	case 1: return (int32_t)chance__next(w->c);
	case 2: return was ^ (int32_t)(1U << below(w, 32));
	default: return corners[below(w, sizeof(corners) / sizeof(corners[0]))];
	}
}

static void change_field(struct work *w)
{
	struct ebpf_insn *p = &w->insns[somewhere(w)];

	switch (below(w, 6)) {
	case 0: change_opcode(w, p); break;
	case 1: p->dst = below(w, 11) & 0xf; break;
	case 2: p->src = below(w, 11) & 0xf; break;
	case 3: p->off = (int16_t)other_number(w, p->off); break;
	default: p->imm = other_number(w, p->imm);
	}
}

static uint32_t words_at(struct work *w, uint32_t at)
{
	return at + 1 < w->n && is_wide(&w->insns[at]) ? 2 : 1;
}

static void leave_out(struct work *w)
{
	uint32_t at = somewhere(w), words = words_at(w, at);

	if (w->n > words)
		w->n = make_room(w->insns, w->n, at, words, 0);
}

/* Inserts a copy of what may be in the program itself. */
static void insert(struct work *w, const struct ebpf_insn *from, uint32_t words)
{
	struct ebpf_insn copy[32];
	uint32_t at = somewhere(w);

	if (words > 32 || w->n + words > w->room)
		return;
	memcpy(copy, from, words * sizeof(*from));
	w->n = make_room(w->insns, w->n, at, 0, words);
	memcpy(w->insns + at, copy, words * sizeof(*from));
}

static void exchange(struct work *w)
{
	uint32_t i = somewhere(w), j = below(w, 2) ? somewhere(w) : i + 1;
	struct ebpf_insn was = w->insns[i];

	if (j >= w->n || is_wide(&w->insns[i]) || is_wide(&w->insns[j]))
		return;
	w->insns[i] = w->insns[j];
	w->insns[j] = was;
}

static void splice(struct work *w)
{
	uint32_t at = below(w, w->n_donor), most = w->n_donor - at;
	uint32_t words = 1 + below(w, most < 12 ? most : 12);

	insert(w, w->donor + at, words);
}

static void mutate_once(struct work *w)
{
	uint32_t at;

	switch (below(w, 16)) {
	case 0: leave_out(w); break;
	case 1:
		at = somewhere(w);
		insert(w, w->insns + at, words_at(w, at));
		break;
	case 2: exchange(w); break;
	case 3:
	case 4: splice(w); break;
	default: change_field(w);
	}
}

uint32_t mutate(struct chance *c, uint32_t times, struct ebpf_insn *insns, uint32_t n,
	uint32_t room, const struct ebpf_insn *donor, uint32_t n_donor)
{
	struct work w = {c, insns, n, room, donor, n_donor};

	while (times--)
		mutate_once(&w);
	return w.n;
}
