/* SPDX-License-Identifier: BSD-3-Clause
 *
 * verifier.h -- abstract interpretation of a program, path by path, as Linux does it.
 *
 * verifier__check_structure() is what every program must pass, raw ones too: known
 * instructions, jumps and calls that land on instructions of the same function, no fall off
 * the end, registers in range, LDDW in pairs. verifier__run() does that and then proves a
 * typed program safe, or says why it is not.
 *
 * Threads: no shared state; any number of runs at once. Memory is the run's own.
 */
#ifndef VM_VERIFIER_VERIFIER_H
#define VM_VERIFIER_VERIFIER_H

#include "../core/view.h"
#include "facts.h"

struct verifier_opts {
	int log_level;        /* as struct ebpf_load_opts */
	uint32_t insn_budget; /* examined instructions; 0 means 1,000,000 */
	size_t memory_budget; /* bytes; 0 means 512 MiB */
};

struct verifier_result {
	struct ebpf_facts facts; /* facts.insn NULL unless accepted */
	struct ebpf_verify_stats stats;
	uint32_t missing_helper; /* called somewhere, known, but not implemented; 0: none */
	char *log;               /* malloc'ed, may be NULL */
	char *reason;            /* malloc'ed sentence when rejected: "insn 12 (file.c:34): ..." */
};

/* 0, or -EINVAL with *errmsg. */
int verifier__check_structure(const struct program_view *v, char **errmsg);
/* 0 accepted, -EACCES rejected (-EINVAL structure, -E2BIG too complex, -ENOMEM). */
int verifier__run(const struct program_view *v, const struct verifier_opts *opts,
	struct verifier_result *res);
void verifier__release(struct verifier_result *res);

/* Analysis of a raw program: never rejects; facts only if it ended within the budget. r1 is the
 * memory, r2 its length, of which nothing is known but what the program's own comparisons say. */
int verifier__analyse_raw(const struct program_view *v, struct ebpf_facts *facts);

#endif
