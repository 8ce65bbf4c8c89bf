/* SPDX-License-Identifier: BSD-3-Clause
 *
 * held.h -- programs with records, sockets, dynptrs, locks and sections: acquired or begun, used,
 * given back; now and then not, or too late.
 */
#ifndef TESTS_FUZZ_HELD_H
#define TESTS_FUZZ_HELD_H

#include "chance.h"
#include "ebpf-vm.h"

#define HELD_MAX_INSNS 512

/* Returns the number of instructions. Its maps are those of generated programs. */
uint32_t held_program(struct chance *c, struct ebpf_insn *insns);

#endif
