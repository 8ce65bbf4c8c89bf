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

/* The JIT goes over a program until the code is as long as it was the last time, and takes that for
 * a sign that no jump has changed. It need not be: what jumps have lost may be what the prologue
 * has gained, and then they lead astray. One more jump, to the next instruction and before all
 * others, makes other lengths, but the same code: where it does not, one of the two is wrong. */
struct rte_bpf *librte__load(const struct lowered *program, ebpf_jit_fn *run)
{
	uint32_t total = program->n + MAX_EXTRA_JUMPS;
	struct rte_ebpf_insn *insns = calloc(total, sizeof(*insns));
	struct rte_bpf *bpf = NULL, *previous = NULL;
	struct rte_bpf_jit jit, former;

	if (!insns)
		return NULL;
	for (uint32_t i = 0; i < MAX_EXTRA_JUMPS; i++)
		insns[i].code = BPF_JMP | BPF_JA;
	memcpy(insns + MAX_EXTRA_JUMPS, program->insns, program->n * sizeof(*insns));
	for (uint32_t extra = 0; extra <= MAX_EXTRA_JUMPS; extra++) {
		bpf = load_at(insns + MAX_EXTRA_JUMPS - extra, program->n + extra, &jit);
		if (!bpf || (extra && differs_by_insertion(&former, &jit)))
			break;
		rte_bpf_destroy(previous);
		previous = bpf;
		former = jit;
		bpf = NULL;
	}
	explicit_bzero(insns, total * sizeof(*insns));
	free(insns);
	rte_bpf_destroy(bpf ? bpf : previous);
	if (!bpf)
		return NULL;
	/* It is machine code for one argument, and leaves the second one where it is. */
	*run = (ebpf_jit_fn)(uintptr_t)former.func;
	return previous;
}

void librte__unload(struct rte_bpf *bpf)
{
	rte_bpf_destroy(bpf);
}
