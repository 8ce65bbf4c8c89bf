/* SPDX-License-Identifier: BSD-3-Clause
 *
 * totals.h -- what a run of the soundness test has come to. Plain numbers in one piece, so that
 * they can lie in a file that is mapped: what they say survives the process that counts.
 */
#ifndef TESTS_FUZZ_TOTALS_H
#define TESTS_FUZZ_TOTALS_H

#include <ebpf-program.h>

enum origin {
	ORIGIN_GENERATED,  /* right, as far as the generator knows */
	ORIGIN_MISTAKEN,   /* with mistakes made on purpose */
	ORIGIN_ARITHMETIC, /* numbers computed, compared, at last used as indexes */
	ORIGIN_HELD,       /* things acquired, used, given back or not */
	ORIGIN_MUTATED,    /* one of the above, damaged */
	ORIGIN_OBJECT,     /* compiled, damaged */
	N_ORIGINS
};

#define MOST_ROWS    512 /* of the table of instructions */
#define MOST_HELPERS 512
#define MOST_CAUSES  64

struct totals {
	uint64_t seed, rates;
	uint64_t next; /* the program being examined, or that comes next */
	uint64_t made[N_ORIGINS], accepted[N_ORIGINS];
	uint64_t too_long;                       /* to be run to their end */
	uint64_t compiled, compared, by_address; /* results that are addresses, not compared */
	uint64_t asked, asked_accepted, ran_in_kernel;
	uint64_t faults, differences, died, unexplained;
	uint64_t causes[MOST_CAUSES];
	uint64_t rows[MOST_ROWS]; /* instructions in accepted programs, by isa_row */
	uint64_t helpers[MOST_HELPERS], kfuncs[MOST_HELPERS]; /* calls in them, by id */
	struct {
		uint64_t program, ns, insns;
	} slowest;          /* verification */
	uint64_t states;    /* the most at once */
	uint64_t kilobytes; /* of memory, of the process, at its greatest */
};

/* Adds an accepted program's instructions. */
void totals__cover(struct totals *t, const struct ebpf_insn *insns, uint32_t n);
void totals__print(const struct totals *t);
bool totals__failed(const struct totals *t);
uint64_t totals__made(const struct totals *t);
uint64_t totals__accepted(const struct totals *t);

#endif
