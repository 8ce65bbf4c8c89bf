/* SPDX-License-Identifier: BSD-3-Clause
 *
 * llvm-driver.c -- the smallest burst driver: llvm_test.c hands it over as bitcode.
 */
#include "llvm-driver.h"

void ebpf_driver(struct ebpf_env *env, void *arg);

static inline void look_ahead(struct ebpf_env *env, const struct test_burst *burst)
{
	for (uint32_t i = 0; i < burst->n; i++) {
		struct ebpf_xdp_ctx ctx = burst->ctx[i];

		ebpf_program_fetch(env, ebpf_program_scout(env, &ctx));
	}
}

void ebpf_driver(struct ebpf_env *env, void *arg)
{
	struct test_burst *burst = arg;

	if (ebpf_program_looks_ahead(env))
		look_ahead(env, burst);
	for (uint32_t i = 0; i < burst->n; i++) {
		struct ebpf_xdp_ctx ctx = burst->ctx[i];

		burst->verdict[i] = (uint32_t)ebpf_program_entry(env, &ctx);
	}
}
