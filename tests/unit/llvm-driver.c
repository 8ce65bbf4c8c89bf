/* SPDX-License-Identifier: BSD-3-Clause
 *
 * llvm-driver.c -- the smallest burst drivers: tests hand them over as bitcode. One runs the
 * program; with ONLY_SCOUTS the other leaves instead of a verdict the number of the map that a
 * packet's scout looked ahead in.
 */
#include "llvm-driver.h"

#ifdef ONLY_SCOUTS
#define RUNS_PROGRAM 0
#else
#define RUNS_PROGRAM 1
#endif

void ebpf_driver(struct ebpf_env *env, void *arg);

static inline void look_ahead(struct ebpf_env *env, const struct test_burst *burst)
{
	for (uint32_t i = 0; i < burst->n; i++) {
		struct ebpf_xdp_ctx ctx = burst->ctx[i];
		uint64_t way = ebpf_program_scout(env, &ctx);

		ebpf_program_fetch(env, way);
		burst->verdict[i] = way & 255;
	}
}

void ebpf_driver(struct ebpf_env *env, void *arg)
{
	struct test_burst *burst = arg;

	if (ebpf_program_looks_ahead(env))
		look_ahead(env, burst);
	for (uint32_t i = 0; RUNS_PROGRAM && i < burst->n; i++) {
		struct ebpf_xdp_ctx ctx = burst->ctx[i];

		burst->verdict[i] = (uint32_t)ebpf_program_entry(env, &ctx);
	}
}
