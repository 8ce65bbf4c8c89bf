/* SPDX-License-Identifier: BSD-3-Clause
 *
 * kernel-double.h -- the kernel of rig-program.h, in C: for tests of what lies around kernels, in
 * builds without a compiler too. The linker puts it in the place of ebpf-offload.h's functions
 * (--wrap). What it notes is added to rig_noted.
 */
#ifndef TESTS_GPU_KERNEL_DOUBLE_H
#define TESTS_GPU_KERNEL_DOUBLE_H

#include <stdbool.h>
#include <stdint.h>

/* kernel.h's driver, over memory of maps. */
void double__run(uint8_t *const *memory, void *launch);

/* Is the program said to move packets? It does, and begins so. */
void double__say_moves(bool moves);

#endif
