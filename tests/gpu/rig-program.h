/* SPDX-License-Identifier: BSD-3-Clause
 *
 * rig-program.h -- the program of tests about batches. A packet of 32 bytes or more has at 18 a
 * kind and at 19 a byte that is inverted; the kind's last two bits are a counter in map 0, and its
 * verdict with the bias in map 1 added:
 *
 *	count[kind & 3]++;
 *	if (kind & 0x10) grow the head by 8; if (kind & 0x20) shorten the tail by 8;
 *	if (kind & 0x40) grow the tail by 8;
 *	return (kind + bias) & 3;
 *
 * Threads: any.
 */
#ifndef TESTS_GPU_RIG_PROGRAM_H
#define TESTS_GPU_RIG_PROGRAM_H

#include <stdatomic.h>

#include "ebpf-program.h"

#define RIG_LEAST  32
#define RIG_BIASES 2049 /* map 1 is of so many values, 16392 bytes; the first counts */

extern struct ebpf_map *rig_maps[2]; /* count, bias */
/* What a kernel-double.c has added to counters, beside map 0. */
extern _Atomic uint64_t rig_noted[4];

/* Makes the maps, too. Fails the test if it cannot be. */
struct ebpf_program *rig_program__load(struct ebpf_instance *inst);
void rig_program__unload(struct ebpf_program *prog);
void rig_program__set_bias(uint64_t bias);
/* As another program would, which nobody is told of. */
void rig_program__store_bias(uint64_t bias);
void rig_program__set_other(uint32_t key, uint64_t value); /* of map 1 */
void rig_program__clear_counts(void);
uint64_t rig_program__count(uint32_t kind);

#endif
