/* SPDX-License-Identifier: BSD-3-Clause
 *
 * What is acquired holds for a block of statements, in which the same happens again; statements
 * use whatever is held, and sometimes what is not.
 *
 * r6 is the context; r7, r8, r9 hold what the blocks at depth 0, 1, 2 acquired, and between them a
 * map's value. The stack, from
 * the frame's top: two dynptrs, a key, a buffer, two spilled registers, a dynptr over a record, an
 * iterator for each depth.
 */
#include <linux/bpf.h>

#include "generate.h"
#include "held.h"
#include "isa/isa.h"
#include "runtime/helpers.h"

#define MAX_DEPTH 3
#define KEY       -40
#define BUFFER    -64
#define N(a)      (sizeof(a) / sizeof((a)[0]))

static const int dynptrs[] = {-16, -32};
static const int spills[] = {-72, -80};
static const int ring_dynptr = -96;
static const int iterators[] = {-104, -112, -120};

struct program {
	struct chance *c;
	struct ebpf_insn *insns;
	uint32_t n;
	bool held[MAX_DEPTH];
	bool ring_dynptr;    /* it is there */
	uint32_t local_call; /* 0: none yet */
};

static void block(struct program *p, uint32_t depth);

static uint32_t below(struct program *p, uint32_t n)
{
	return chance__below(p->c, n);
}

static void emit(struct program *p, uint8_t opcode, uint8_t dst, uint8_t src, int off, int32_t imm)
{
	p->insns[p->n++] = (struct ebpf_insn){
		.opcode = opcode, .dst = dst, .src = src, .off = (int16_t)off, .imm = imm};
}

static bool rarely(struct program *p)
{
	return !below(p, 50);
}

static void set(struct program *p, uint8_t dst, int32_t imm)
{
	emit(p, BPF_ALU64 | BPF_MOV, dst, 0, 0, imm);
}

static void move(struct program *p, uint8_t dst, uint8_t src)
{
	emit(p, BPF_ALU64 | BPF_MOV | BPF_X, dst, src, 0, 0);
}

static void set_stack(struct program *p, uint8_t dst, int off)
{
	move(p, dst, EBPF_REG_FRAME);
	emit(p, BPF_ALU64 | BPF_ADD, dst, 0, 0, off);
}

static void set_map(struct program *p, uint8_t dst, int map, bool value)
{
	emit(p, BPF_LD | BPF_IMM | BPF_DW, dst, value ? EBPF_LDDW_MAP_IDX_VALUE : EBPF_LDDW_MAP_IDX,
		0, map);
	emit(p, 0, 0, 0, 0, 0);
}

static void call(struct program *p, uint32_t id)
{
	emit(p, BPF_JMP | BPF_CALL, 0, id < KFUNC_BASE ? EBPF_CALL_HELPER : EBPF_CALL_KFUNC, 0,
		(int32_t)id);
}

static uint8_t holder(uint32_t depth)
{
	return (uint8_t)(7 + depth);
}

/* One that holds something, mostly. */
static uint8_t any_holder(struct program *p)
{
	uint32_t i = below(p, MAX_DEPTH);

	for (uint32_t n = 0; n < MAX_DEPTH && !p->held[i] && below(p, 4); n++)
		i = (i + 1) % MAX_DEPTH;
	return holder(i);
}

static int any_free_dynptr(struct program *p)
{
	return dynptrs[below(p, N(dynptrs))];
}

static int any_dynptr(struct program *p)
{
	return p->ring_dynptr && below(p, 2) ? ring_dynptr : any_free_dynptr(p);
}

/* Jumps over what is written until end_if(). */
static uint32_t begin_if(struct program *p, uint8_t reg, int32_t imm)
{
	emit(p, BPF_JMP | BPF_JEQ, reg, 0, 0, imm);
	return p->n;
}

static void end_if(struct program *p, uint32_t begin)
{
	p->insns[begin - 1].off = (int16_t)(p->n - begin);
}

static void fill(struct program *p, uint32_t depth)
{
	if (!rarely(p))
		set_map(p, holder(depth), MAP_OUT, true);
}

static void hold(struct program *p, uint32_t depth)
{
	p->held[depth] = true;
	block(p, depth + 1);
	p->held[depth] = false;
}

static void with_record(struct program *p, uint32_t depth)
{
	uint32_t check;

	set_map(p, 1, MAP_RING, false);
	set(p, 2, 16);
	set(p, 3, 0);
	call(p, BPF_FUNC_ringbuf_reserve);
	move(p, holder(depth), 0);
	check = begin_if(p, rarely(p) ? 0 : holder(depth), 0);
	hold(p, depth);
	if (!rarely(p)) {
		move(p, 1, holder(depth));
		set(p, 2, 0);
		call(p, below(p, 2) ? BPF_FUNC_ringbuf_submit : BPF_FUNC_ringbuf_discard);
	}
	end_if(p, check);
	fill(p, depth);
}

static void with_socket(struct program *p, uint32_t depth)
{
	static const uint32_t lookups[] = {
		BPF_FUNC_sk_lookup_tcp, BPF_FUNC_sk_lookup_udp, BPF_FUNC_skc_lookup_tcp};
	uint32_t check;

	emit(p, BPF_ST | BPF_MEM | BPF_DW, EBPF_REG_FRAME, 0, BUFFER, 0);
	emit(p, BPF_ST | BPF_MEM | BPF_DW, EBPF_REG_FRAME, 0, BUFFER + 8, 0);
	move(p, 1, 6);
	set_stack(p, 2, BUFFER);
	set(p, 3, 12);
	set(p, 4, 0);
	set(p, 5, 0);
	call(p, lookups[below(p, N(lookups))]);
	move(p, holder(depth), 0);
	check = begin_if(p, holder(depth), 0);
	hold(p, depth);
	if (!rarely(p)) {
		move(p, 1, holder(depth));
		call(p, BPF_FUNC_sk_release);
	}
	end_if(p, check);
	fill(p, depth);
}

static void with_lock(struct program *p, uint32_t depth)
{
	bool locks = below(p, 2);
	uint32_t check;

	emit(p, BPF_ST | BPF_MEM | BPF_W, EBPF_REG_FRAME, 0, KEY, 1);
	set_map(p, 1, MAP_WITH_LOCK, false);
	set_stack(p, 2, KEY);
	call(p, BPF_FUNC_map_lookup_elem);
	move(p, holder(depth), 0);
	check = begin_if(p, holder(depth), 0);
	if (locks) {
		move(p, 1, holder(depth));
		call(p, BPF_FUNC_spin_lock);
		emit(p, BPF_ST | BPF_MEM | BPF_W, holder(depth), 0, 4, 1);
		if (rarely(p))
			block(p, depth + 1);
	} else {
		hold(p, depth);
	}
	if (locks != rarely(p)) {
		move(p, 1, rarely(p) ? any_holder(p) : holder(depth));
		call(p, BPF_FUNC_spin_unlock);
	}
	end_if(p, check);
	fill(p, depth);
}

static void with_ring_dynptr(struct program *p, uint32_t depth)
{
	int at = rarely(p) ? any_free_dynptr(p) : ring_dynptr;

	set_map(p, 1, MAP_RING, false);
	set(p, 2, 16);
	set(p, 3, 0);
	set_stack(p, 4, at);
	call(p, BPF_FUNC_ringbuf_reserve_dynptr);
	p->ring_dynptr = true;
	block(p, depth + 1);
	p->ring_dynptr = rarely(p);
	if (rarely(p))
		return;
	set_stack(p, 1, at);
	set(p, 2, 0);
	call(p, below(p, 2) ? BPF_FUNC_ringbuf_submit_dynptr : BPF_FUNC_ringbuf_discard_dynptr);
}

static void with_section(struct program *p, uint32_t depth)
{
	bool rcu = below(p, 2);

	if (!rarely(p))
		call(p, rcu ? KFUNC_rcu_read_lock : KFUNC_preempt_disable);
	block(p, depth + 1);
	if (!rarely(p))
		call(p, rcu ? KFUNC_rcu_read_unlock : KFUNC_preempt_enable);
}

static void with_branch(struct program *p, uint32_t depth)
{
	uint32_t check;

	emit(p, BPF_LDX | BPF_MEM | BPF_W, 0, 6, 12, 0);
	check = begin_if(p, 0, (int32_t)below(p, 3));
	block(p, depth + 1);
	end_if(p, check);
}

/* The block some times: what it holds it must give back each time. */
static void with_rounds(struct program *p, uint32_t depth)
{
	uint32_t again, check;

	set_stack(p, 1, iterators[depth]);
	set(p, 2, 0);
	set(p, 3, (int32_t)below(p, 4));
	call(p, KFUNC_iter_num_new);
	again = p->n;
	set_stack(p, 1, iterators[depth]);
	call(p, KFUNC_iter_num_next);
	check = begin_if(p, 0, 0);
	block(p, depth + 1);
	emit(p, BPF_JMP | BPF_JA, 0, 0, (int)again - (int)p->n - 1, 0);
	end_if(p, check);
	if (rarely(p))
		return;
	set_stack(p, 1, iterators[depth]);
	call(p, KFUNC_iter_num_destroy);
}

/* All objects have four bytes at 4 that may be read. */
static void access_memory(struct program *p)
{
	static const uint8_t widths[] = {BPF_B, BPF_H, BPF_W, BPF_DW};
	bool right = !rarely(p), write = !below(p, right ? 8 : 2);
	uint8_t width = widths[below(p, right ? 3 : 4)];
	int off = right ? 4 : (int)below(p, 80);

	if (write)
		emit(p, BPF_ST | BPF_MEM | width, any_holder(p), 0, off, 0);
	else
		emit(p, BPF_LDX | BPF_MEM | width, 0, any_holder(p), off, 0);
}

/* To the stack; back from it, to the same place mostly. */
static void move_holders(struct program *p)
{
	uint8_t from = any_holder(p), to = rarely(p) ? any_holder(p) : from;
	int slot = spills[below(p, N(spills))];

	emit(p, BPF_STX | BPF_MEM | BPF_DW, EBPF_REG_FRAME, from, slot, 0);
	if (below(p, 2))
		emit(p, BPF_LDX | BPF_MEM | BPF_DW, to, EBPF_REG_FRAME,
			rarely(p) ? spills[0] : slot, 0);
}

static void make_dynptr(struct program *p)
{
	if (below(p, 2)) {
		move(p, 1, 6);
		set(p, 2, 0);
		set_stack(p, 3, any_free_dynptr(p));
		call(p, KFUNC_dynptr_from_xdp);
	} else {
		set_map(p, 1, MAP_OUT, true);
		set(p, 2, 16);
		set(p, 3, 0);
		set_stack(p, 4, any_free_dynptr(p));
		call(p, BPF_FUNC_dynptr_from_mem);
	}
}

/* What came of it goes into the innermost free holder, unless it is NULL. */
static void take_slice(struct program *p, uint32_t depth)
{
	uint32_t kind = below(p, 3), check;

	set_stack(p, 1, any_dynptr(p));
	set(p, 2, 0);
	if (kind == 0) {
		set(p, 3, 8);
		call(p, BPF_FUNC_dynptr_data);
	} else {
		if (below(p, 2))
			set(p, 3, 0);
		else
			set_stack(p, 3, BUFFER);
		set(p, 4, 8);
		call(p, kind == 1 ? KFUNC_dynptr_slice : KFUNC_dynptr_slice_rdwr);
	}
	move(p, holder(depth), 0);
	check = begin_if(p, holder(depth), 0);
	hold(p, depth);
	end_if(p, check);
	fill(p, depth);
}

static void use_dynptr(struct program *p)
{
	switch (below(p, 4)) {
	case 0:
		set_stack(p, 1, BUFFER);
		set(p, 2, 8);
		set_stack(p, 3, any_dynptr(p));
		set(p, 4, 0);
		set(p, 5, 0);
		call(p, BPF_FUNC_dynptr_read);
		break;
	case 1:
		set_stack(p, 1, any_dynptr(p));
		set(p, 2, 0);
		set_stack(p, 3, BUFFER);
		set(p, 4, 8);
		set(p, 5, 0);
		call(p, BPF_FUNC_dynptr_write);
		break;
	case 2:
		set_stack(p, 1, any_dynptr(p));
		set_stack(p, 2, any_free_dynptr(p));
		call(p, KFUNC_dynptr_clone);
		break;
	default: set_stack(p, 1, any_dynptr(p)); call(p, KFUNC_dynptr_size);
	}
}

static void change_something(struct program *p)
{
	switch (below(p, 4)) {
	case 0: call(p, BPF_FUNC_ktime_get_ns); break;
	case 1:
		move(p, 1, 6);
		set(p, 2, 0);
		call(p, BPF_FUNC_xdp_adjust_head);
		break;
	case 2:
		if (!below(p, 8))
			emit(p, BPF_ST | BPF_MEM | BPF_DW, EBPF_REG_FRAME, 0,
				-8 * (1 + (int)below(p, 10)), 0);
		break;
	default:
		move(p, 1, any_holder(p));
		p->local_call = p->n;
		emit(p, BPF_JMP | BPF_CALL, 0, EBPF_CALL_LOCAL, 0, -1);
	}
}

static void statement(struct program *p, uint32_t depth)
{
	bool deep = depth >= MAX_DEPTH || p->n > HELD_MAX_INSNS / 3;
	uint32_t kind = below(p, 16);

	if (deep && kind < 8)
		kind = 8 + kind;
	switch (kind) {
	case 0: with_record(p, depth); break;
	case 1: with_rounds(p, depth); break;
	case 2: with_socket(p, depth); break;
	case 3: with_lock(p, depth); break;
	case 4: with_ring_dynptr(p, depth); break;
	case 5: with_section(p, depth); break;
	case 6: with_branch(p, depth); break;
	case 7: take_slice(p, depth); break;
	case 8:
	case 9:
	case 10: access_memory(p); break;
	case 11: move_holders(p); break;
	case 12:
	case 13: make_dynptr(p); break;
	case 14: use_dynptr(p); break;
	default: change_something(p);
	}
}

static void block(struct program *p, uint32_t depth)
{
	uint32_t n = 1 + below(p, 4);

	while (n-- && p->n < HELD_MAX_INSNS / 2)
		statement(p, depth);
}

/* What the program may call with a held pointer, or one that is not. */
static void function(struct program *p)
{
	uint32_t start = p->n;

	for (uint32_t i = 0; i < start; i++)
		if (p->insns[i].opcode == (BPF_JMP | BPF_CALL) &&
			p->insns[i].src == EBPF_CALL_LOCAL)
			p->insns[i].imm = (int32_t)(start - i - 1);
	switch (below(p, 4)) {
	case 0: emit(p, BPF_LDX | BPF_MEM | BPF_W, 0, 1, 4, 0); break;
	case 1:
		set(p, 2, 0);
		call(p, BPF_FUNC_ringbuf_submit);
		break;
	default: emit(p, BPF_STX | BPF_MEM | BPF_DW, EBPF_REG_FRAME, 1, -8, 0);
	}
	set(p, 0, 0);
	emit(p, BPF_JMP | BPF_EXIT, 0, 0, 0, 0);
}

uint32_t held_program(struct chance *c, struct ebpf_insn *insns)
{
	struct program p = {.c = c, .insns = insns};

	move(&p, 6, 1);
	for (uint32_t i = 0; i < MAX_DEPTH; i++)
		set_map(&p, holder(i), MAP_OUT, true);
	emit(&p, BPF_ST | BPF_MEM | BPF_DW, EBPF_REG_FRAME, 0, BUFFER, 0);
	emit(&p, BPF_ST | BPF_MEM | BPF_DW, EBPF_REG_FRAME, 0, BUFFER + 8, 0);
	for (uint32_t i = 0; i < 4; i++)
		make_dynptr(&p);
	block(&p, 0);
	block(&p, 0);
	set(&p, 0, XDP_PASS);
	emit(&p, BPF_JMP | BPF_EXIT, 0, 0, 0, 0);
	if (p.local_call)
		function(&p);
	return p.n;
}
