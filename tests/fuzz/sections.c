/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Statements that open something and close it behind a block of others: open-coded iterators,
 * loops of may_goto, records, sockets, dynptrs, locks. In between the program may not end.
 */
#include "model.h"

#define MAY_GOTO   0xe5
#define AFTER_LOCK 4 /* bytes of a value, of 16 */

/* A block that may not leave. */
static void write_inside(struct writer *w, struct state *s, uint32_t most)
{
	s->open++;
	write_block(w, s, most);
	s->open--;
}

/* The block comes round again, or never: `jump`, written already, leads out. */
static void write_rounds(struct writer *w, struct state *s, uint32_t head, uint32_t jump)
{
	struct state none = *s;
	uint32_t back;

	s->in_loop = true;
	write_inside(w, s, 5);
	s->in_loop = none.in_loop;
	if (!s->ended) {
		back = emit(w, BPF_JMP | BPF_JA, 0, 0, 0, 0);
		w->out->insns[back].off = (int16_t)((int32_t)head - (int32_t)back - 1);
	}
	land(w, jump);
	s->regs[0].kind = none.regs[0].kind = NOTHING;
	join(s, &none);
}

/* Of the rounds that the kernel would allow the program takes a few. */
void write_may_goto(struct writer *w, struct state *s)
{
	uint32_t head, jump, enough;

	if (s->iterating)
		return;
	emit(w, BPF_ST | BPF_MEM | BPF_DW, BPF_REG_10, 0, slot_offset(ITER_SLOT), 0);
	clobber(s);
	head = w->out->n_insns;
	jump = emit(w, MAY_GOTO, 0, 0, 0, 0);
	emit(w, BPF_LDX | BPF_MEM | BPF_DW, 0, BPF_REG_10, slot_offset(ITER_SLOT), 0);
	emit(w, BPF_ALU64 | BPF_ADD | BPF_K, 0, 0, 0, 1);
	emit(w, BPF_STX | BPF_MEM | BPF_DW, BPF_REG_10, 0, slot_offset(ITER_SLOT), 0);
	enough = emit(w, BPF_JMP | BPF_JGT | BPF_K, 0, 0, 0, draw(w, 20));
	s->iterating = true;
	write_rounds(w, s, head, jump);
	s->iterating = false;
	land(w, enough);
	clobber(s);
}

/* for (i = first; i < last; i++), by the kernel's functions */
void write_iterator(struct writer *w, struct state *s)
{
	int32_t first = draw_imm(w);
	uint32_t head, jump;

	if (s->iterating || s->no_calls || !helper__find(KFUNC_iter_num_new))
		return;
	emit_stack_address(w, BPF_REG_1, ITER_SLOT);
	emit(w, BPF_ALU64 | BPF_MOV | BPF_K, BPF_REG_2, 0, 0, first);
	emit(w, BPF_ALU64 | BPF_MOV | BPF_K, BPF_REG_3, 0, 0,
		(int32_t)((uint32_t)first + draw(w, 9)));
	emit_call(w, s, KFUNC_iter_num_new);
	head = w->out->n_insns;
	emit_stack_address(w, BPF_REG_1, ITER_SLOT);
	emit_call(w, s, KFUNC_iter_num_next);
	jump = emit(w, BPF_JMP | BPF_JEQ | BPF_K, 0, 0, 0, 0);
	if (draw(w, 2)) {
		emit(w, BPF_LDX | BPF_MEM | BPF_W, 0, 0, 0, 0);
		set_scalar(s, 0);
	}
	s->iterating = true;
	write_rounds(w, s, head, jump);
	s->iterating = false;
	clobber(s);
	if (mistake(w, WRONG_CLOSE))
		return;
	emit_stack_address(w, BPF_REG_1, ITER_SLOT);
	emit_call(w, s, KFUNC_iter_num_destroy);
}

/* Helpers that give what must be given back, and those that take it. */
static struct {
	const struct helper_proto *by_pointer[16], *by_dynptr[16], *closers[16];
	uint32_t n_by_pointer, n_by_dynptr, n_closers;
	bool found;
} held;

static void find_held(void)
{
	uint32_t id;

	held.found = true;
	for (id = 1; id < 512 && held.n_closers < 16; id++) {
		const struct helper_proto *proto = helper__find(id);

		if (proto && proto->flags & HELPER_RELEASES)
			held.closers[held.n_closers++] = proto;
		else if (proto && proto->flags & HELPER_ACQUIRES && proto->ret == RET_SCALAR)
			held.by_dynptr[held.n_by_dynptr++ % 16] = proto;
		else if (proto && proto->flags & HELPER_ACQUIRES)
			held.by_pointer[held.n_by_pointer++ % 16] = proto;
	}
}

/* NULL: there is none. */
static const struct helper_proto *opener(struct writer *w, bool by_dynptr)
{
	if (!held.found)
		find_held();
	if (by_dynptr)
		return held.n_by_dynptr ? held.by_dynptr[draw(w, held.n_by_dynptr)] : NULL;
	return held.n_by_pointer ? held.by_pointer[draw(w, held.n_by_pointer)] : NULL;
}

/* One that takes an argument of that kind. */
static const struct helper_proto *closer(struct writer *w, uint8_t kind)
{
	uint32_t i, first = draw(w, held.n_closers);

	for (i = 0; i < held.n_closers; i++) {
		const struct helper_proto *proto = held.closers[(first + i) % held.n_closers];

		if (proto->args[0] == kind)
			return proto;
	}
	return NULL;
}

/* A record or a socket: taken, used if it is there, given back. */
void write_held(struct writer *w, struct state *s)
{
	const struct helper_proto *open = s->holding ? NULL : opener(w, false);
	const struct helper_proto *close =
		open ? closer(w, open->ret == RET_RECORD_OR_NULL ? ARG_RECORD : ARG_SOCK_RELEASED)
		     : NULL;
	uint32_t map, size = 0, jump;
	struct state none;

	if (!close || !write_call_of(w, s, open, &map, &size))
		return;
	emit(w, BPF_STX | BPF_MEM | BPF_DW, BPF_REG_10, 0, slot_offset(HELD_SLOT), 0);
	jump = emit(w, BPF_JMP | BPF_JEQ | BPF_K, 0, 0, 0, 0);
	none = *s;
	if (open->ret == RET_RECORD_OR_NULL)
		s->regs[0] =
			(struct value){.kind = VALUE, .id = ++w->last_id, .range = (uint16_t)size};
	s->holding = true;
	write_inside(w, s, 5);
	s->holding = false;
	if (!s->ended && !mistake(w, WRONG_CLOSE)) {
		emit(w, BPF_LDX | BPF_MEM | BPF_DW, BPF_REG_1, BPF_REG_10, slot_offset(HELD_SLOT),
			0);
		emit(w, BPF_ALU64 | BPF_MOV | BPF_K, BPF_REG_2, 0, 0, 0);
		emit_call(w, s, close->id);
	}
	land(w, jump);
	join(s, &none);
	clobber(s); /* on one way or the other */
}

/* A record that is a dynptr, which must be given back even if there was none to be had. */
void write_record_dynptr(struct writer *w, struct state *s)
{
	const struct helper_proto *open = s->dynptrs || s->in_loop ? NULL : opener(w, true);
	const struct helper_proto *close = open ? closer(w, ARG_DYNPTR_RELEASED) : NULL;
	uint32_t map, size;

	if (!close || !write_call_of(w, s, open, &map, &size))
		return;
	set_scalar(s, 0);
	write_inside(w, s, 6);
	if (s->ended || mistake(w, WRONG_CLOSE))
		return;
	emit_stack_address(w, BPF_REG_1, DYNPTR_SLOT);
	emit(w, BPF_ALU64 | BPF_MOV | BPF_K, BPF_REG_2, 0, 0, draw(w, 3));
	emit_call(w, s, close->id);
	forget_slices(s);
	s->dynptrs = 0;
}

static const struct {
	uint32_t begin, end;
} sections[] = {
	{KFUNC_rcu_read_lock, KFUNC_rcu_read_unlock},
	{KFUNC_preempt_disable, KFUNC_preempt_enable},
};

bool is_section(uint32_t helper)
{
	uint32_t i;

	for (i = 0; i < sizeof(sections) / sizeof(sections[0]); i++)
		if (sections[i].begin == helper || sections[i].end == helper)
			return true;
	return false;
}

/* Where what is read stays, or nothing else runs. */
void write_section(struct writer *w, struct state *s)
{
	uint32_t i = draw(w, sizeof(sections) / sizeof(sections[0]));

	if (s->no_calls || s->sections & 1 << i)
		return;
	emit_call(w, s, sections[i].begin);
	s->sections |= 1 << i;
	write_inside(w, s, 4);
	s->sections &= ~(1 << i);
	if (!s->ended && !mistake(w, WRONG_CLOSE))
		emit_call(w, s, sections[i].end);
}

/* A value is changed while its lock is held. */
void write_locked(struct writer *w, struct state *s)
{
	if (s->no_calls || !helper__find(BPF_FUNC_spin_lock))
		return;
	emit_map_value(w, BPF_REG_1, MAP_LOCK_ARRAY, 0);
	emit_call(w, s, BPF_FUNC_spin_lock);
	emit_map_value(w, BPF_REG_1, MAP_LOCK_ARRAY, AFTER_LOCK);
	s->regs[BPF_REG_1] =
		(struct value){.kind = VALUE, .id = ++w->last_id, .range = 16 - AFTER_LOCK};
	s->no_calls = true;
	write_inside(w, s, 4);
	s->no_calls = false;
	if (s->ended || mistake(w, WRONG_CLOSE))
		return;
	emit_map_value(w, BPF_REG_1, MAP_LOCK_ARRAY, 0);
	emit_call(w, s, BPF_FUNC_spin_unlock);
}
