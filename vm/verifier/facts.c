/* SPDX-License-Identifier: BSD-3-Clause
 *
 * facts.c -- the join of what every path found out, instruction by instruction.
 *
 * Why pruning keeps it sound: a path stops where an earlier state covers it. There, live
 * registers and stack slots agree in kind, and in everything a pointer says; scalars agree
 * wherever a jump's outcome, a pointer or a size came from them, since precision was asked
 * for there. So the facts joined after the earlier state hold for the path that stopped. A
 * register that nobody reads any more may differ: it counts as unset. Where the earlier state is
 * still open, in a loop that ends by itself (loop.c), it covers all numbers, asked for or not.
 */
#include <stdlib.h>
#include <string.h>

#include "internal.h"

static const uint8_t kinds[] = {
	[REG_UNSET] = FACT_UNSET,
	[REG_SCALAR] = FACT_SCALAR,
	[REG_CTX] = FACT_CTX,
	[REG_PACKET] = FACT_PACKET,
	[REG_PACKET_META] = FACT_PACKET_META,
	[REG_PACKET_END] = FACT_PACKET_END,
	[REG_STACK] = FACT_STACK,
	[REG_MAP] = FACT_MAP,
	[REG_MAP_VALUE] = FACT_MAP_VALUE,
	[REG_FUNC] = FACT_FUNC,
	[REG_MEM] = FACT_MEM,
	[REG_SOCK] = FACT_MEM,
	[REG_SOCK_COMMON] = FACT_MEM,
	[REG_XDP_SOCK] = FACT_MEM,
	[REG_ITER] = FACT_STACK,
	[REG_OBJECT] = FACT_MEM,
	[REG_DYNPTR] = FACT_STACK,
};

static bool is_pointer(uint8_t kind)
{
	return kind > FACT_SCALAR && kind != FACT_ANY;
}

static uint8_t join(uint8_t a, uint8_t b)
{
	if (a == b)
		return a;
	if (a == FACT_UNSET || b == FACT_UNSET)
		return FACT_UNSET;
	return is_pointer(a) && is_pointer(b) ? FACT_POINTER : FACT_ANY;
}

/* Beside the public fact: what was joined into it already. */
enum {
	SEEN_RESULT = 1 << 6,
	SEEN_ACCESS = 1 << 7,
};

int facts__init(struct verifier *v)
{
	v->facts = arena__array(&v->arena, v->view->n_insns, sizeof(*v->facts));
	if (!v->facts)
		return -ENOMEM;
	for (uint32_t i = 0; i < v->view->n_insns; i++)
		v->facts[i].map = FACT_NO_MAP;
	return 0;
}

void facts__before(struct verifier *v)
{
	struct ebpf_fact *f = &v->facts[v->insn];
	uint16_t live = v->prog.info[v->insn].live | 1U << EBPF_REG_FRAME;
	bool first = !(f->flags & FACT_REACHED);

	/* The others are FACT_UNSET from the beginning, which is what they join to. */
	for (uint32_t i = 0; live >> i; i++) {
		if (live >> i & 1) {
			uint8_t kind = kinds[reg_at(v, i)->type];

			f->regs[i] = first ? kind : join(f->regs[i], kind);
		}
	}
	f->flags |= FACT_REACHED;
}

void facts__branch(struct verifier *v, bool taken)
{
	v->facts[v->insn].flags |= taken ? FACT_TAKEN : FACT_FALLS;
}

void facts__result(struct verifier *v, uint32_t insn, const struct reg *r)
{
	struct ebpf_fact *f = &v->facts[insn];

	f->result = f->flags & SEEN_RESULT ? join(f->result, kinds[r->type]) : kinds[r->type];
	f->flags |= SEEN_RESULT;
}

/* The offset from the top of the executing function's own frame, when there is one offset. */
static bool own_stack_offset(struct verifier *v, const struct reg *r, int32_t off, int32_t *out)
{
	if (r->type != REG_STACK || r->frame != v->cur->top || !range__is_const(&r->var))
		return false;
	*out = r->off + off + (int32_t)r->var.bits.value;
	return true;
}

/* Which bytes of a value, whatever the unknown part of the offset is. */
static void join_value_range(
	struct ebpf_fact *f, const struct reg *r, int32_t off, uint32_t size, bool first)
{
	int64_t at = (int64_t)r->off + off;
	uint32_t from = (uint32_t)(at + r->var.w64.smin);
	uint32_t end = (uint32_t)(at + (int64_t)r->var.w64.umax) + size;

	if (first || from < f->value_from)
		f->value_from = from;
	if (first || end > f->value_end)
		f->value_end = end;
	f->value_maps |= fact_map__bit(r->map);
}

void facts__packet(struct verifier *v, const struct reg *r, int32_t off, uint32_t size)
{
	uint64_t end = (uint64_t)((int64_t)r->off + off) + r->var.w64.umax + size;

	if (end > v->packet_end)
		v->packet_end = end < UINT32_MAX ? (uint32_t)end : UINT32_MAX;
}

void facts__access(
	struct verifier *v, const struct reg *r, int32_t off, uint32_t size, uint16_t ctx_field)
{
	struct ebpf_fact *f = &v->facts[v->insn];
	uint8_t kind = kinds[r->type];
	uint32_t map = r->type == REG_MAP_VALUE ? r->map : FACT_NO_MAP;
	int32_t offset = 0;
	bool fixed = own_stack_offset(v, r, off, &offset);

	if (r->type == REG_MAP_VALUE)
		join_value_range(f, r, off, size, !f->value_end);
	if (!(f->flags & SEEN_ACCESS)) {
		f->flags |= SEEN_ACCESS | FACT_IN_BOUNDS | (fixed ? FACT_CONST_OFF : 0);
		f->access = kind;
		f->map = map;
		f->offset = offset;
		f->ctx_field = ctx_field;
		return;
	}
	f->access = join(f->access, kind);
	if (f->map != map)
		f->map = FACT_NO_MAP;
	if (!fixed || offset != f->offset)
		f->flags &= (uint8_t)~FACT_CONST_OFF;
}

void facts__value_argument(struct verifier *v, uint32_t map)
{
	v->facts[v->insn].value_maps |= fact_map__bit(map);
}

void facts__call_map(struct verifier *v, uint32_t map)
{
	struct ebpf_fact *f = &v->facts[v->insn];

	if (!(f->flags & SEEN_ACCESS)) {
		f->flags |= SEEN_ACCESS | FACT_CONST_MAP;
		f->map = map;
	} else if (f->map != map) {
		f->flags &= (uint8_t)~FACT_CONST_MAP;
		f->map = FACT_NO_MAP;
	}
}

void facts__call_arg(struct verifier *v, uint32_t arg, uint32_t bytes)
{
	uint32_t *most = &v->facts[v->insn].arg_size[arg];

	if (bytes > *most)
		*most = bytes;
}

int facts__finish(struct verifier *v, struct ebpf_facts *out)
{
	uint32_t n = v->view->n_insns;

	out->insn = malloc(n * sizeof(*out->insn));
	if (!out->insn)
		return -ENOMEM;
	memcpy(out->insn, v->facts, n * sizeof(*out->insn));
	for (uint32_t i = 0; i < n; i++) {
		struct ebpf_fact *f = &out->insn[i];

		if (!(f->flags & FACT_CONST_OFF))
			f->offset = 0;
		f->flags &= (uint8_t) ~(SEEN_RESULT | SEEN_ACCESS);
	}
	out->n_insns = n;
	out->packet_end = v->packet_end;
	out->stack_depth = v->prog.funcs[0].stack_depth;
	return 0;
}
