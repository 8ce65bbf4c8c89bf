/* SPDX-License-Identifier: BSD-3-Clause
 *
 * causes.h -- why our verifier and the kernel's may disagree: what is known, from causes.def.
 */
#ifndef TESTS_FUZZ_CAUSES_H
#define TESTS_FUZZ_CAUSES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct cause {
	bool only_here;      /* accepted here and refused by the kernel; otherwise the reverse */
	const char *message; /* part of what the one says that refuses */
	const char *reason;
};

extern const struct cause causes[];
extern const size_t n_causes;

/* The cause whose message is the last in `text`; NULL if nothing explains it. */
const struct cause *cause__find(bool only_here, const char *text);

#endif
