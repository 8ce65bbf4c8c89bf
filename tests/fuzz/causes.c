/* SPDX-License-Identifier: BSD-3-Clause */
#include <linux/bpf.h>
#include <stdio.h>
#include <string.h>

#include "causes.h"
#include "isa/table.h"

#define MOST_INSNS 65536

static struct ebpf_insn changed[MOST_INSNS];

static struct ebpf_insn *copy(const struct disagreement *d)
{
	return d->n <= MOST_INSNS ? memcpy(changed, d->insns, d->n * sizeof(*d->insns)) : NULL;
}

/* The instruction that our verifier names, replaced by one that the kernel refuses where it
 * comes by: it does not come by. */
static bool is_dead(const struct disagreement *d)
{
	const struct ebpf_insn write_frame = {
		.opcode = BPF_ALU64 | BPF_MOV | BPF_K, .dst = BPF_REG_10};
	struct ebpf_insn *insns = copy(d);
	uint32_t at;

	if (!insns || sscanf(d->text, "insn %u", &at) != 1 || at >= d->n)
		return false;
	if (insns[at].opcode == (BPF_LD | BPF_IMM | BPF_DW) && at + 1 < d->n)
		insns[at + 1] = write_frame;
	insns[at] = write_frame;
	return d->agree(d->user, insns, true);
}

/* The instruction that our verifier names, with as few fields cleared as make it a right one. */
static bool tidied(const struct disagreement *d)
{
	struct ebpf_insn *insns = copy(d);
	const char *why;
	uint32_t at, fields;

	if (!insns || sscanf(d->text, "insn %u", &at) != 1 || at >= d->n)
		return false;
	for (fields = 1; fields < 16; fields++) {
		insns[at] = d->insns[at];
		insns[at].imm = fields & 1 ? 0 : insns[at].imm;
		insns[at].off = fields & 2 ? 0 : insns[at].off;
		insns[at].src = fields & 4 ? 0 : insns[at].src;
		insns[at].dst = fields & 8 ? 0 : insns[at].dst;
		if (isa_row__of(&insns[at], d->n - at, &why))
			return d->agree(d->user, insns, false);
	}
	return false;
}

/* Such comparisons replaced by what they come to. */
static bool compares_with_itself(const struct disagreement *d)
{
	struct ebpf_insn *insns = copy(d);
	uint32_t i, n = 0;

	for (i = 0; insns && i < d->n; i++) {
		struct ebpf_insn *p = &insns[i];
		uint8_t class = BPF_CLASS(p->opcode), op = BPF_OP(p->opcode);
		bool equal = op == BPF_JEQ || op == BPF_JGE || op == BPF_JLE || op == BPF_JSGE ||
			     op == BPF_JSLE;

		if ((class == BPF_JMP || class == BPF_JMP32) && op != BPF_JA && op != BPF_CALL &&
			op != BPF_EXIT && op < 0xe0 && op != BPF_JSET &&
			BPF_SRC(p->opcode) == BPF_X && p->dst == p->src) {
			*p = (struct ebpf_insn){
				.opcode = BPF_JMP | BPF_JA, .off = equal ? p->off : 0};
			n++;
		}
		i += p->opcode == (BPF_LD | BPF_IMM | BPF_DW);
	}
	return n && d->agree(d->user, insns, false);
}

/* Comparisons of 32 bits with zero made those of 64. */
static bool compares_low_half(const struct disagreement *d)
{
	struct ebpf_insn *insns = copy(d);
	uint32_t i, n = 0;

	for (i = 0; insns && i < d->n; i++) {
		uint8_t op = BPF_OP(insns[i].opcode);

		if (BPF_CLASS(insns[i].opcode) == BPF_JMP32 && (op == BPF_JEQ || op == BPF_JNE)) {
			insns[i].opcode ^= BPF_JMP32 ^ BPF_JMP;
			n++;
		}
		i += insns[i].opcode == (BPF_LD | BPF_IMM | BPF_DW);
	}
	return n && d->agree(d->user, insns, false);
}

/* A random number in place of the CPU's. */
static bool knows_its_cpus(const struct disagreement *d)
{
	struct ebpf_insn *insns = copy(d);
	uint32_t i, n = 0;

	for (i = 0; insns && i < d->n; i++)
		if (insns[i].opcode == (BPF_JMP | BPF_CALL) && !insns[i].src &&
			insns[i].imm == BPF_FUNC_get_smp_processor_id) {
			insns[i].imm = BPF_FUNC_get_prandom_u32;
			n++;
		}
	return n && d->agree(d->user, insns, false);
}

static uint32_t slots_in_line(const char *line)
{
	uint32_t n = 0;

	for (; line && *line && *line != '\n'; line++)
		n += !strncmp(line, " fp-", 4);
	return n;
}

/* Of the two states that the kernel takes for equal, the older one has less stack. */
static bool forgets_stack(const struct disagreement *d)
{
	return slots_in_line(strstr(d->text, "old state:")) <
	       slots_in_line(strstr(d->text, "cur state:"));
}

const struct cause causes[] = {
#define ONLY_HERE(message, test, reason)   {true, message, test, reason},
#define ONLY_KERNEL(message, test, reason) {false, message, test, reason},
#include "causes.def"
};
const size_t n_causes = sizeof(causes) / sizeof(causes[0]);

const struct cause *cause__find(const struct disagreement *d)
{
	size_t i;

	for (i = 0; i < n_causes; i++)
		if (causes[i].only_here == d->only_here && strstr(d->text, causes[i].message) &&
			(!causes[i].test || causes[i].test(d)))
			return &causes[i];
	return NULL;
}
