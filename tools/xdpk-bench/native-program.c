/* SPDX-License-Identifier: BSD-3-Clause
 *
 * native-program.c -- a program as a C compiler makes it for this very machine, the baseline: the
 * same source, runtime and burst loop, all in one translation unit, built with -O3 -march=native.
 * It is a module of its own so that neither its code nor its copy of the runtime is part of
 * anything else. From the build:
 *
 *	SOURCE, PROGRAM    the program's file and function
 *	RESIZED, ENTRIES   a map that the workload makes larger or smaller than the source says
 *	DRIVER             the burst loop's file: the bench's own, or one that is written by hand
 */
#include "native.h"

/* As a backend does: the program is part of the loop. */
int PROGRAM(struct xdp_md *ctx) __attribute__((always_inline));

/* .rodata is constant once a program is loaded. */
#define volatile
#include SOURCE
#undef volatile

static inline uint64_t native_entry(struct ebpf_env *env, void *ctx)
{
	return (uint64_t)PROGRAM(ctx);
}

#undef ebpf_program_entry
#define ebpf_program_entry native_entry
#include DRIVER

__attribute__((visibility("default"))) void bench_native(struct ebpf_env *env, void *burst);

void bench_native(struct ebpf_env *env, void *burst)
{
	native_env = env;
	ebpf_driver(env, burst);
}
