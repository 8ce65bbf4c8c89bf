/* SPDX-License-Identifier: BSD-3-Clause
 *
 * librte.c -- DPDK's librte_bpf, where its header and ours would give one name two meanings.
 *
 * Its verifier prints why it refuses a program, which is nobody's business here: what it refuses
 * may go another way, and its levels of logging are the process's own otherwise.
 */
#define ebpf_insn rte_ebpf_insn
#include <rte_bpf.h>
#undef ebpf_insn
#include <rte_log.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "rte.h"

/* All of memory that a process can have; as an offset it is no negative number. */
#define EVERYWHERE (UINT64_C(1) << 62)

#define MAX_EXTRA_JUMPS 5

static pthread_mutex_t log_lock = PTHREAD_MUTEX_INITIALIZER;

/* Nothing is said of the arguments: what they are is proved already. */
static void describe_functions(struct rte_bpf_xsym symbols[RUNTIME_N + 1])
{
	for (unsigned i = 0; i < RUNTIME_N; i++)
		symbols[i] = (struct rte_bpf_xsym){.name = "runtime",
			.type = RTE_BPF_XTYPE_FUNC,
			.func = {.val = runtime_functions[i],
				.ret = {.type = RTE_BPF_ARG_RAW, .size = sizeof(uint64_t)}}};
	/* A pointer whose value is 0: what numbers are added to (lower.c). */
	symbols[RUNTIME_N] = (struct rte_bpf_xsym){.name = "everywhere",
		.type = RTE_BPF_XTYPE_VAR,
		.var = {.val = NULL, .desc = {.type = RTE_BPF_ARG_PTR, .size = EVERYWHERE}}};
}

static struct rte_bpf *load_silently(const struct rte_bpf_prm *prm)
{
	int type = rte_log_register("lib.bpf"), level;
	struct rte_bpf *bpf;

	pthread_mutex_lock(&log_lock);
	level = type < 0 ? -1 : rte_log_get_level(type);
	if (level >= 0)
		rte_log_set_level(type, RTE_LOG_EMERG);
	bpf = rte_bpf_load(prm);
	if (level >= 0)
		rte_log_set_level(type, level);
	pthread_mutex_unlock(&log_lock);
	return bpf;
}

static struct rte_bpf *load_at(
	const struct rte_ebpf_insn *insns, uint32_t n, struct rte_bpf_jit *jit)
{
	struct rte_bpf_xsym symbols[RUNTIME_N + 1];
	struct rte_bpf_prm prm = {.ins = insns,
		.nb_ins = n,
		.xsym = symbols,
		.nb_xsym = RUNTIME_N + 1,
		.prog_arg = {.type = RTE_BPF_ARG_PTR, .size = EVERYWHERE}};
	struct rte_bpf *bpf;

	describe_functions(symbols);
	bpf = load_silently(&prm);
	if (!bpf)
		return NULL;
	rte_bpf_get_jit(bpf, jit);
	if (jit->func)
		return bpf;
	rte_bpf_destroy(bpf);
	return NULL;
}

/* Is it the same code but for what was put in somewhere? */
static bool differs_by_insertion(const struct rte_bpf_jit *less, const struct rte_bpf_jit *more)
{
	const uint8_t *a = (const void *)less->func, *b = (const void *)more->func;
	size_t same = 0;

	if (more->sz <= less->sz)
		return false;
	while (same < less->sz && a[same] == b[same])
		same++;
	return !memcmp(a + same, b + same + (more->sz - less->sz), less->sz - same);
}

/* Where it cannot be told whether the jumps are right (layout.c), one more is put before them all,
 * to the next instruction. That makes other lengths, but must make the same code. */
static struct rte_bpf *load_settled(
	struct ebpf_insn *insns, const struct lowered *program, struct rte_bpf_jit *jit)
{
	struct rte_bpf *bpf, *former_bpf = NULL;
	struct rte_bpf_jit former;

	for (uint32_t extra = 0; extra <= MAX_EXTRA_JUMPS; extra++) {
		struct lowered longer = {.insns = insns + MAX_EXTRA_JUMPS - extra,
			.n = program->n + extra,
			.stack = program->stack};
		enum settled settled;

		bpf = load_at((const struct rte_ebpf_insn *)longer.insns, longer.n, jit);
		settled = bpf ? lowered__settles(&longer, jit->sz) : NOT_SETTLED;
		if (!bpf || settled == SETTLED) {
			rte_bpf_destroy(former_bpf);
			return bpf;
		}
		if (former_bpf && settled == CANNOT_TELL && differs_by_insertion(&former, jit)) {
			rte_bpf_destroy(bpf);
			*jit = former;
			return former_bpf;
		}
		rte_bpf_destroy(former_bpf);
		former_bpf = bpf;
		former = *jit;
	}
	rte_bpf_destroy(former_bpf);
	return NULL;
}

struct rte_bpf *librte__load(const struct lowered *program, ebpf_jit_fn *run, size_t *size)
{
	uint32_t total = program->n + MAX_EXTRA_JUMPS;
	struct ebpf_insn *insns = calloc(total, sizeof(*insns));
	struct rte_bpf_jit jit;
	struct rte_bpf *bpf;

	if (!insns)
		return NULL;
	for (uint32_t i = 0; i < MAX_EXTRA_JUMPS; i++)
		insns[i].opcode = BPF_JMP | BPF_JA;
	memcpy(insns + MAX_EXTRA_JUMPS, program->insns, program->n * sizeof(*insns));
	bpf = load_settled(insns, program, &jit);
	explicit_bzero(insns, total * sizeof(*insns));
	free(insns);
	/* It is machine code for one argument, and leaves the second one where it is. */
	if (bpf) {
		*run = (ebpf_jit_fn)(uintptr_t)jit.func;
		*size = jit.sz;
	}
	return bpf;
}

void librte__unload(struct rte_bpf *bpf)
{
	rte_bpf_destroy(bpf);
}
