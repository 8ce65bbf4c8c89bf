/* SPDX-License-Identifier: BSD-3-Clause
 *
 * examine.h -- one program of the soundness test: what follows from a seed and a number, and
 * what every engine makes of it.
 *
 * A program that the verifier accepts is interpreted: the interpreter checks every access by
 * itself and must never have to stop it. Some are compiled too and must do the same, and of
 * some the kernel is asked whether it accepts them.
 */
#ifndef TESTS_FUZZ_EXAMINE_H
#define TESTS_FUZZ_EXAMINE_H

#include "corpus.h"
#include "totals.h"

struct examiner {
	struct run_machine machine; /* of generated programs */
	struct run_kernel kernel;
	bool with_kernel;
	struct corpus corpus;
	uint32_t compile_one_in, ask_one_in; /* 0: never */
	bool verbose;                        /* print the programs and all that is said of them */
	struct totals *totals;
};

/* Program number i: the same wherever it is examined, given the same seed and corpus. */
void examine(struct examiner *e, uint64_t i);

/* shows-map.c: what such a program does depends on where an engine keeps maps. */
bool shows_map(const struct ebpf_program *prog);

#endif
