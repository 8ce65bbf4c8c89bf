/* SPDX-License-Identifier: BSD-3-Clause
 *
 * kernel-double.h -- a program and, in C, its kernel: for tests of what lies around kernels, in
 * builds without a compiler too. The linker puts it in the place of ebpf-offload.h's functions
 * (--wrap).
 *
 * The program: a packet of 32 bytes or more has at 18 a kind and at 19 a byte that is inverted.
 * Its kind's last two bits are a counter in map 0, and its verdict with the bias in map 1 added:
 *
 *	count[kind & 3]++;
 *	if (kind & 0x10) grow the head by 8; if (kind & 0x20) shorten the tail by 8;
 *	if (kind & 0x40) grow the tail by 8;
 *	return (kind + bias) & 3;
 *
 * The kernel's counts are noted, and added to double_counted. Threads: any.
 */
#ifndef TESTS_GPU_KERNEL_DOUBLE_H
#define TESTS_GPU_KERNEL_DOUBLE_H

#include <stdatomic.h>

#include "ebpf-offload.h"

#define DOUBLE_LEAST 32

extern _Atomic uint64_t double_counted[4];
extern struct ebpf_map *double_maps[2]; /* set by double__load() */

/* Fails the test if it cannot be. */
struct ebpf_program *double__load(struct ebpf_instance *inst);
void double__set_bias(uint64_t bias);
void double__clear_counts(void);
/* Of both: the kernel's and the CPU's. */
uint64_t double__count(uint32_t kind);

/* kernel.h's driver, over memory of maps. */
void double__run(uint8_t *const *memory, void *launch);

#endif
