/* SPDX-License-Identifier: BSD-3-Clause
 *
 * generate-raw.h -- random raw programs that find their way about: they compare the length of their
 * memory, cut numbers down to indexes, move addresses by them, count loops, call a function. What
 * they access is theirs often enough, and is not often enough.
 */
#ifndef TESTS_FUZZ_GENERATE_RAW_H
#define TESTS_FUZZ_GENERATE_RAW_H

#include <ebpf-vm.h>

#include "chance.h"

#define RAW_PROGRAM_MAX    256
#define RAW_PROGRAM_MEMORY 96 /* more than that is of no use to them */

/* How many instructions it has. */
uint32_t generate_raw_program(struct chance *c, struct ebpf_insn *insns);

#endif
