/* SPDX-License-Identifier: BSD-3-Clause
 *
 * random-program.h -- raw programs without loops and calls that do all that there is with numbers
 * and memory. What they give depends on nothing but the memory, whatever runs them.
 */
#ifndef TESTS_UNIT_RANDOM_PROGRAM_H
#define TESTS_UNIT_RANDOM_PROGRAM_H

#include <ebpf-vm.h>

#define RANDOM_PROGRAM_MEMORY 64
#define RANDOM_PROGRAM_MAX    160

/* `length` instructions, 120 at the most, and what begins and ends them; gives how many that is.
 * *state goes on from one program to the next and is never 0. */
uint32_t random_program(uint64_t *state, uint32_t length, struct ebpf_insn *insns);

#endif
