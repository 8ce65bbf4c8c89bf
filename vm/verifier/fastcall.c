/* SPDX-License-Identifier: BSD-3-Clause
 *
 * fastcall.c -- spills that Linux removes and so does not count as stack.
 *
 * Compilers may take it that certain helpers leave registers alone that calls clobber otherwise.
 * Around such a call they store those registers to the lowest slots of the frame and load them
 * back, for kernels that do not know of it:
 *
 *	*(u64 *)(r10 - 16) = r2
 *	*(u64 *)(r10 - 8) = r1
 *	call bpf_get_smp_processor_id
 *	r1 = *(u64 *)(r10 - 8)
 *	r2 = *(u64 *)(r10 - 16)
 *
 * Where nothing else in the function uses these slots, they count for nothing. (Here they stay: a
 * frame is as large as any.)
 */
#include <linux/bpf.h>

#include "internal.h"

#define CALLER_SAVED 0x3f /* r0-r5 */
#define NEVER        INT32_MIN

static bool is_fast(const struct isa_insn *call)
{
	uint32_t id = (uint32_t)call->imm;

	return id == BPF_FUNC_get_smp_processor_id || id == KFUNC_cast_to_kern_ctx ||
	       id == KFUNC_rdonly_cast;
}

/* Registers that the call leaves alone, as its prototype has it. */
static uint16_t spared(const struct isa_insn *call)
{
	const struct helper_proto *proto = known_helper__find((uint32_t)call->imm);
	uint16_t clobbered;

	if (!proto)
		return 0;
	clobbered = proto->ret != RET_NOTHING;
	for (uint32_t i = 0; i < proto->n_args; i++)
		if (proto->args[i] != ARG_DONTCARE)
			clobbered |= (uint16_t)(2U << i);
	return CALLER_SAVED & ~clobbered;
}

/* The spill of a register and its fill. */
static bool is_pair(const struct isa_insn *spill, const struct isa_insn *fill, int32_t off)
{
	return spill->op == ISA_STORE && !spill->use_imm && fill->op == ISA_LOAD &&
	       spill->size == 8 && fill->size == 8 && spill->dst == EBPF_REG_FRAME &&
	       fill->src == EBPF_REG_FRAME && spill->src == fill->dst && spill->off == off &&
	       fill->off == off;
}

/* Pairs lie around the call, the innermost at offset `off`. No jump may lead into them. */
static void find_pairs(struct program *p, struct func_info *f, uint32_t call, int32_t off)
{
	uint16_t left = spared(&p->insns[call]);
	uint32_t n = 0;

	while (left && call - f->start > n && call + n + 1 < f->end) {
		uint32_t spill = call - n - 1, fill = call + n + 1;
		const struct isa_insn *in = &p->insns[spill];

		if (p->info[spill + 1].target || p->info[fill].target ||
			!is_pair(in, &p->insns[fill], off) || !(left >> in->src & 1))
			break;
		left &= (uint16_t) ~(1U << in->src);
		p->info[spill].fastcall = p->info[fill].fastcall = true;
		off += 8;
		n++;
	}
	if (!n)
		return;
	if (is_fast(&p->insns[call]))
		f->spills = true;
	else
		f->keeps_spills = true;
	if (off < f->spills_below)
		f->spills_below = off;
}

void fastcall__find(struct program *p)
{
	for (uint32_t i = 0; i < p->n_funcs; i++) {
		struct func_info *f = &p->funcs[i];
		int32_t lowest = 0;

		for (uint32_t at = f->start; at < f->end; at++) {
			const struct isa_insn *in = &p->insns[at];

			if (in->words && in->op == ISA_STORE && in->size == 8 && !in->use_imm &&
				in->dst == EBPF_REG_FRAME && in->off < lowest)
				lowest = in->off;
		}
		for (uint32_t at = f->start; at < f->end; at++)
			if (p->insns[at].words && p->insns[at].op == ISA_CALL &&
				p->insns[at].src != EBPF_CALL_LOCAL)
				find_pairs(p, f, at, lowest);
	}
}

void fastcall__note_access(struct verifier *v, struct func_info *f, int64_t off)
{
	if (off < f->spills_below && !v->prog.info[v->insn].fastcall)
		f->spills_below = NEVER;
}

void fastcall__finish(struct program *p)
{
	for (uint32_t i = 0; i < p->n_funcs; i++) {
		struct func_info *f = &p->funcs[i];

		if (f->spills && f->spills_below != NEVER && !f->keeps_spills)
			f->stack_depth = (uint32_t)-f->spills_below;
	}
}
