/* SPDX-License-Identifier: BSD-3-Clause
 *
 * random-programs.h -- programs for the comparison with the kernel: arithmetic that ends in
 * indexes, and damage done to right programs. A seed repeats.
 */
#ifndef TESTS_VERIFIER_RANDOM_PROGRAMS_H
#define TESTS_VERIFIER_RANDOM_PROGRAMS_H

#include "ebpf-vm.h"

#define RANDOM_MAX_INSNS 256

struct random {
	uint64_t state;
};

struct random random__seed(uint64_t seed);
/* Below n; n > 0. */
uint32_t random__below(struct random *r, uint32_t n);

/* Numbers from the packet, computed with, compared, stored on the stack and read back, at last
 * added to pointers that are then used. Returns the number of instructions. */
uint32_t random__arithmetic(struct random *r, struct ebpf_insn *insns);
/* Changes a field of one instruction or two. */
void random__damage(struct random *r, struct ebpf_insn *insns, uint32_t n);

#endif
