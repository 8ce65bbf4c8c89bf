/* SPDX-License-Identifier: BSD-3-Clause
 *
 * liveness.c -- which registers an instruction's future may read.
 *
 * The classical backward data flow over the whole program, run until nothing changes. A local
 * call reads what its callee reads of r1-r5; the caller's r6-r9 pass it by.
 */
#include "internal.h"

#define REG(n)       (1U << (n))
#define CALL_CLOBBER 0x3f /* r0-r5 */
#define CALL_ARGS    0x3e /* r1-r5 */

static uint16_t helper_args(uint32_t id)
{
	const struct helper_proto *proto = known_helper__find(id);

	return proto ? (uint16_t)(((1U << proto->n_args) - 1) << 1) : CALL_ARGS;
}

static uint16_t call_args(const struct program *p, uint32_t insn)
{
	const struct isa_insn *in = &p->insns[insn];

	if (in->op == ISA_CALLX)
		return CALL_ARGS | (uint16_t)REG(in->dst);
	if (in->src != EBPF_CALL_LOCAL)
		return helper_args((uint32_t)in->imm);
	return p->info[insn + 1 + in->target].live & CALL_ARGS;
}

void insn__uses(const struct program *p, uint32_t insn, uint16_t *reads, uint16_t *writes)
{
	const struct isa_insn *in = &p->insns[insn];
	uint16_t dst = (uint16_t)REG(in->dst), src = in->use_imm ? 0 : (uint16_t)REG(in->src);

	*reads = *writes = 0;
	if (in->op == ISA_MOV || in->op == ISA_MOVSX) {
		*reads = src;
		*writes = dst;
	} else if (in->op == ISA_NEG || in->op == ISA_BE || in->op == ISA_LE ||
		   in->op == ISA_BSWAP) {
		*reads = *writes = dst;
	} else if (isa__is_alu(in->op)) {
		*reads = dst | src;
		*writes = dst;
	} else if (isa__is_cond_jump(in->op) || in->op == ISA_STORE) {
		*reads = dst | src;
	} else if (in->op == ISA_LDDW) {
		*writes = dst;
	} else if (in->op == ISA_LOAD || in->op == ISA_LOADSX) {
		*reads = (uint16_t)REG(in->src);
		*writes = dst;
	} else if (isa__is_atomic(in->op)) {
		*reads = dst | (uint16_t)REG(in->src);
		if (in->op == ISA_ATOMIC_CMPXCHG)
			*reads |= REG(0), *writes = REG(0);
		else if (in->fetch || in->op == ISA_ATOMIC_XCHG)
			*writes = (uint16_t)REG(in->src);
	} else if (in->op == ISA_CALL || in->op == ISA_CALLX) {
		*reads = call_args(p, insn);
		*writes = CALL_CLOBBER;
	} else if (in->op == ISA_EXIT) {
		*reads = REG(0);
	}
}

static uint16_t live_after(const struct program *p, uint32_t insn)
{
	const struct isa_insn *in = &p->insns[insn];
	uint16_t live = 0;

	if (isa__is_jump(in->op))
		live = p->info[insn + 1 + in->target].live;
	if (program__falls_through(p, insn))
		live |= p->info[insn + in->words].live;
	return live;
}

void program__find_live(struct program *p)
{
	bool changed = true;

	while (changed) {
		changed = false;
		for (uint32_t i = p->view->n_insns; i-- > 0;) {
			struct insn_info *info = &p->info[i];
			uint16_t live;

			if (!p->insns[i].words)
				continue;
			insn__uses(p, i, &info->reads, &info->writes);
			live = (uint16_t)((live_after(p, i) & ~info->writes) | info->reads);
			changed |= live != info->live;
			info->live = live;
		}
	}
}
