/* SPDX-License-Identifier: BSD-3-Clause
 *
 * mutate.h -- damage done to a program: an instruction is changed, left out, doubled, exchanged
 * with another, or a piece of another program is put in. Jumps go on to where they went.
 */
#ifndef TESTS_FUZZ_MUTATE_H
#define TESTS_FUZZ_MUTATE_H

#include "chance.h"
#include "ebpf-vm.h"

/* `times` mutations of the n instructions in a buffer of `room`; donor: where pieces come from.
 * Returns how many instructions there are. */
uint32_t mutate(struct chance *c, uint32_t times, struct ebpf_insn *insns, uint32_t n,
	uint32_t room, const struct ebpf_insn *donor, uint32_t n_donor);

#endif
