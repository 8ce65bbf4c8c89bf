/* SPDX-License-Identifier: BSD-3-Clause
 *
 * native.h -- the runtime, in the translation unit of a native program, and the program's view of
 * the context.
 */
#ifndef XDPK_BENCH_NATIVE_NATIVE_H
#define XDPK_BENCH_NATIVE_NATIVE_H

/* Long as it is, it must become the constants that it computes. The build includes the runtime's
 * other files before this one. */
#pragma clang attribute push(__attribute__((always_inline)), apply_to = function)
#include "runtime/geometry.c"
#pragma clang attribute pop

/* No native program takes packets in fragments. */
int ebpf_program_has_frags(struct ebpf_env *env)
{
	return 0;
}

/* The program gets the machine's context: its fields have the names of the kernel's. */
#define xdp_md kernel_xdp_md
#include <linux/bpf.h>
#undef xdp_md
#define xdp_md ebpf_xdp_ctx

#endif
