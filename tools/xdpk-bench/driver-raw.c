/* SPDX-License-Identifier: BSD-3-Clause
 *
 * driver-raw.c -- the burst loop around a raw program, which gets a packet for its memory.
 * Compiled natively and to bitcode.
 */
#include "bench.h"

#define PREFETCH_AHEAD 4

void ebpf_driver(struct ebpf_env *env, void *arg);

void ebpf_driver(struct ebpf_env *env, void *arg)
{
	struct bench_burst *burst = arg;
	struct bench_packet *p = burst->packets;
	uint32_t n = burst->n;

	for (uint32_t i = 0; i < n; i++) {
		struct ebpf_raw_ctx ctx = {.mem = p[i].data, .len = p[i].len};

		if (i + PREFETCH_AHEAD < n)
			__builtin_prefetch(p[i + PREFETCH_AHEAD].data);
		p[i].verdict = (uint32_t)ebpf_program_entry(env, &ctx);
	}
}
