/* SPDX-License-Identifier: BSD-3-Clause
 *
 * driver-bench.c -- the burst loop of the benchmark: the context is set up and the verdict kept
 * as a dataplane does, without one. Compiled natively, to bitcode, and around native programs.
 */
#include "bench.h"

#define PREFETCH_AHEAD 4

void ebpf_driver(struct ebpf_env *env, void *arg);

/* What the lookups of the burst will touch is on its way before the first of them. */
static inline void look_ahead(struct ebpf_env *env, const struct bench_packet *p, uint32_t n)
{
	uint64_t way[BENCH_BURST];

	for (uint32_t i = 0; i < n; i++)
		__builtin_prefetch(p[i].data);
	for (uint32_t i = 0; i < n; i++) {
		struct ebpf_xdp_ctx ctx;

		bench_packet__open(&p[i], &ctx);
		way[i] = ebpf_program_scout(env, &ctx);
	}
	for (uint32_t i = 0; i < n; i++)
		ebpf_program_fetch(env, way[i]);
}

void ebpf_driver(struct ebpf_env *env, void *arg)
{
	struct bench_burst *burst = arg;
	struct bench_packet *p = burst->packets;
	uint32_t n = burst->n;

	if (ebpf_program_looks_ahead(env))
		look_ahead(env, p, n);
	for (uint32_t i = 0; i < n; i++) {
		struct ebpf_xdp_ctx ctx;

		if (i + PREFETCH_AHEAD < n)
			__builtin_prefetch(p[i + PREFETCH_AHEAD].data);
		bench_packet__open(&p[i], &ctx);
		env->redirect.kind = EBPF_REDIRECT_NONE;
		env->tail_calls = 0;
		p[i].verdict = (uint32_t)ebpf_program_entry(env, &ctx);
		p[i].data = ctx.data;
		p[i].len = (uint32_t)(ctx.data_end - ctx.data);
	}
}
