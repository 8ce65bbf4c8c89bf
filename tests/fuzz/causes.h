/* SPDX-License-Identifier: BSD-3-Clause
 *
 * causes.h -- why our verifier and the kernel's may disagree: what is known, from causes.def.
 *
 * What the one says that refuses is a hint; where that says too little, a cause is put to the
 * test: the program is changed so that the cause is gone, and both are asked again.
 */
#ifndef TESTS_FUZZ_CAUSES_H
#define TESTS_FUZZ_CAUSES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ebpf-vm.h"

struct disagreement {
	bool only_here;   /* accepted here and refused by the kernel; otherwise the reverse */
	const char *text; /* of the one that refuses */
	const struct ebpf_insn *insns;
	uint32_t n;
	/* Of as many other instructions: do both say the same, or with `accepted`, does the
	 * kernel accept them? */
	bool (*agree)(void *user, const struct ebpf_insn *insns, bool accepted);
	void *user;
};

struct cause {
	bool only_here;
	const char *message;                        /* part of the text; "" for any */
	bool (*test)(const struct disagreement *d); /* NULL: the message is enough */
	const char *reason;
};

extern const struct cause causes[];
extern const size_t n_causes;

/* NULL if nothing explains it. */
const struct cause *cause__find(const struct disagreement *d);

#endif
