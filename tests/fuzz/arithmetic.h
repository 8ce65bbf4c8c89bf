/* SPDX-License-Identifier: BSD-3-Clause
 *
 * arithmetic.h -- programs that compute with numbers from the packet, compare them, store them on
 * the stack and read them back, and at last add them to pointers that they use: whether that is
 * right is left to chance and to the verifier.
 */
#ifndef TESTS_FUZZ_ARITHMETIC_H
#define TESTS_FUZZ_ARITHMETIC_H

#include "chance.h"
#include "ebpf-vm.h"

#define ARITHMETIC_MAX_INSNS 256

/* Returns the number of instructions. Its maps are those of generated programs. */
uint32_t arithmetic_program(struct chance *c, struct ebpf_insn *insns);

#endif
