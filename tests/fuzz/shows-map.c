/* SPDX-License-Identifier: BSD-3-Clause
 *
 * shows-map.c -- does a program leave an address of a map, or something computed from one, where
 * it can be seen? Engines keep descriptors of maps and the contents of frozen ones where they
 * like, so what such a program does is no matter of engines.
 */
#include <linux/bpf.h>

#include "core/program.h"
#include "examine.h"
#include "runtime/helpers.h"

static bool may_be_map(uint8_t kind)
{
	return kind == FACT_MAP || kind == FACT_MAP_VALUE || kind == FACT_POINTER ||
	       kind == FACT_ANY;
}

static bool uses_src(const struct ebpf_insn *p)
{
	return BPF_SRC(p->opcode) == BPF_X;
}

/* A sum with a number is still a pointer. */
static bool makes_number(const struct ebpf_insn *p, const struct ebpf_fact *f)
{
	bool of_dst = BPF_OP(p->opcode) != BPF_MOV && may_be_map(f->regs[p->dst]);
	bool of_src = uses_src(p) && BPF_OP(p->opcode) != BPF_END && may_be_map(f->regs[p->src]);

	return (of_dst || of_src) && (f->result == FACT_SCALAR || f->result == FACT_ANY);
}

/* With NULL it may be. */
static bool compares(const struct ebpf_insn *p, const struct ebpf_fact *f)
{
	uint8_t op = BPF_OP(p->opcode);

	if (op == BPF_JA || op == BPF_CALL || op == BPF_EXIT)
		return op == BPF_EXIT && may_be_map(f->regs[0]);
	if (uses_src(p))
		return may_be_map(f->regs[p->dst]) || may_be_map(f->regs[p->src]);
	return may_be_map(f->regs[p->dst]) && (p->imm || (op != BPF_JEQ && op != BPF_JNE));
}

/* Is it a number to a helper? */
static bool hands_over(const struct ebpf_insn *p, const struct ebpf_fact *f)
{
	const struct helper_proto *proto =
		p->src == BPF_PSEUDO_CALL ? NULL : helper__find((uint32_t)p->imm);

	for (int i = 0; proto && i < 5; i++)
		if (proto->args[i] == ARG_ANY && may_be_map(f->regs[i + 1]))
			return true;
	return false;
}

static bool shows(const struct ebpf_insn *p, const struct ebpf_fact *f)
{
	switch (BPF_CLASS(p->opcode)) {
	case BPF_ALU:
	case BPF_ALU64: return makes_number(p, f);
	case BPF_STX: return f->access != FACT_STACK && may_be_map(f->regs[p->src]);
	case BPF_JMP:
	case BPF_JMP32:
		return p->opcode == (BPF_JMP | BPF_CALL) ? hands_over(p, f) : compares(p, f);
	default: return false;
	}
}

bool shows_map(const struct ebpf_program *prog)
{
	const struct ebpf_facts *f = &prog->verified.facts;

	for (uint32_t i = 0; i < f->n_insns; i++)
		if (f->insn[i].flags & FACT_REACHED && shows(&prog->view.insns[i], &f->insn[i]))
			return true;
	return false;
}
