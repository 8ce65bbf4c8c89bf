/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Random programs, given to our verifier and to the running kernel's. What we accept and the
 * kernel rejects is a failure; what we reject and the kernel accepts is counted and printed.
 *
 *	oracle_test [PROGRAMS [SEED]]
 */
#include <linux/bpf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "generate.h"
#include "isa/isa.h"
#include "random-programs.h"
#include "subject.h"

#define SKIPPED 77

struct subject {
	const char *kind;
	struct ebpf_insn *insns;
	uint32_t n;
	uint64_t seed;
};

struct score {
	uint32_t accepted, rejected, false_accepted, false_rejected;
};

/* Linux decides comparisons of a register with itself since 6.19 only. */
static bool compares_with_itself(const struct subject *s)
{
	struct isa_insn in;
	const char *why;

	for (uint32_t i = 0; i < s->n; i++)
		if (!isa__decode(&s->insns[i], s->n - i, &in, &why) && isa__is_cond_jump(in.op) &&
			!in.use_imm && in.dst == in.src)
			return true;
	return false;
}

static void explain(const struct subject *s, const char *log)
{
	struct verifier_opts opts = {.log_level = 2};
	struct verifier_result res;

	verifier__run(subject__view(EBPF_PROGRAM_XDP, s->insns, s->n), &opts, &res);
	printf("accepted, but the kernel rejects it: %s program, seed %llu\n%s\nthe kernel:\n%s\n",
		s->kind, (unsigned long long)s->seed, res.log, log);
	verifier__release(&res);
}

static void compare(const struct subject *s, struct score *score)
{
	static char log[1 << 20];
	struct verifier_result res;
	int ours, kernels;

	if (compares_with_itself(s))
		return;
	ours = subject__verify(s->insns, s->n, &res);
	kernels = subject__kernel_verify(s->insns, s->n, NULL, 0);
	if (kernels)
		score->rejected++;
	else
		score->accepted++;
	if (ours && !kernels) {
		score->false_rejected++;
		printf("rejected, but the kernel accepts it: %s program, seed %llu: %s\n", s->kind,
			(unsigned long long)s->seed, res.reason);
	} else if (!ours && kernels) {
		subject__kernel_verify(s->insns, s->n, log, sizeof(log));
		score->false_accepted++;
		explain(s, log);
	}
	verifier__release(&res);
}

static void arithmetic(uint64_t seed, struct score *score)
{
	struct ebpf_insn insns[RANDOM_MAX_INSNS];
	struct random r = random__seed(seed);
	struct subject s = {"arithmetic", insns, random__arithmetic(&r, insns), seed};

	compare(&s, score);
}

static void generated(uint64_t seed, bool damage, struct score *score)
{
	static struct generated_program g;
	struct random r = random__seed(seed);
	uint8_t bytes[1024];
	size_t size = 50 + random__below(&r, sizeof(bytes) - 50);
	struct subject s = {damage ? "damaged" : "generated", g.insns, 0, seed};

	for (size_t i = 0; i < size; i++)
		bytes[i] = (uint8_t)random__below(&r, 256);
	generate_program(bytes, size, &g);
	s.n = g.n_insns;
	if (damage)
		random__damage(&r, g.insns, g.n_insns);
	compare(&s, score);
}

int main(int argc, char **argv)
{
	uint64_t n = argc > 1 ? strtoull(argv[1], NULL, 0) : 3000;
	uint64_t seed = argc > 2 ? strtoull(argv[2], NULL, 0) : 1;
	struct score score = {0};

	if (!subject__kernel_permitted())
		return SKIPPED;
	for (uint64_t i = seed; i < seed + n; i++) {
		arithmetic(i, &score);
		generated(i, i & 1, &score);
	}
	printf("the kernel accepts %u and rejects %u; of these we accept %u falsely, of "
	       "those we reject %u falsely\n",
		score.accepted, score.rejected, score.false_accepted, score.false_rejected);
	return score.false_accepted || !score.accepted || !score.rejected ? 1 : 0;
}
