/* SPDX-License-Identifier: BSD-3-Clause
 *
 * native-firewall.c -- the sample firewall as a C compiler makes it for this very machine, the
 * baseline: the same source, runtime and burst loop, all in one translation unit, built with
 * -O3 -march=native. It is a module of its own so that neither its code nor its copy of the
 * runtime is part of anything else.
 */
#include <string.h>

/* Long as it is, it must become the constants that it computes. */
#pragma clang attribute push(__attribute__((always_inline)), apply_to = function)
#include "runtime/geometry.c"
#pragma clang attribute pop
#include "runtime/map-array.c"
#include "runtime/map-handles.c"
#include "runtime/map-hash.c"
#include "runtime/map-target.c"
#include "runtime/map-lpm.c"
#include "runtime/map-queue.c"
#include "runtime/map-bloom.c"
#include "runtime/map-ringbuf.c"
#include "runtime/map-perf.c"
#include "runtime/map.c"
#include "runtime/helper-map.c"

/* The program gets the machine's context: its fields have the names of the kernel's. */
#define xdp_md kernel_xdp_md
#include <linux/bpf.h>
#undef xdp_md
#define xdp_md ebpf_xdp_ctx

/* As a backend does: the program is part of the loop. */
static inline __attribute__((always_inline)) int xdp_firewall(struct xdp_md *ctx);

/* .rodata is constant once a program is loaded. */
#define volatile
#include "firewall.bpf.c"
#undef volatile

static inline uint64_t native_entry(struct ebpf_env *env, void *ctx)
{
	native_env = env;
	return xdp_firewall(ctx);
}

#define ebpf_program_entry            native_entry
#define ebpf_program_looks_ahead(env) 0
#define ebpf_program_scout(env, ctx)  0
#define ebpf_program_fetch(env, way)  ((void)(way))
#include "driver-bench.c"

static int bind(const char *map, void *mem)
{
	if (strcmp(map, "rules") == 0)
		rules.value = mem;
	else if (strcmp(map, "rules6") == 0)
		rules6.value = mem;
	else if (strcmp(map, "counters") == 0)
		counters.value = mem;
	else
		return -1;
	return 0;
}

__attribute__((visibility("default"))) const struct bench_native *bench_native(void);

const struct bench_native *bench_native(void)
{
	static const struct bench_native native = {.bind = bind, .driver = ebpf_driver};

	return &native;
}
