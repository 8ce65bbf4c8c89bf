/* SPDX-License-Identifier: BSD-3-Clause
 *
 * allocations.h -- an allocator that fails when it is told to, and knows what was not freed.
 *
 * This program's malloc() and its kin, and mmap(), are ours; libraries that it is linked with call
 * them, too. They can fail for the thread that asked for it. What LLVM and the C++ library ask for
 * is always given: without memory they end the process, by intention.
 */
#ifndef TESTS_API_ALLOCATIONS_H
#define TESTS_API_ALLOCATIONS_H

#include <stdbool.h>

enum failing {
	FAIL_NEVER, /* only watch */
	FAIL_ONE,   /* the n-th allocation of this thread */
	FAIL_ALL,   /* that and all that follow */
};

/* From here on, for this thread; n from 1. */
void allocations__watch(enum failing failing, unsigned long n);
/* Until here. How many there were; those of them that are not freed are in
 * allocations__leaks(). */
unsigned long allocations__unwatch(void);
/* Has one failed since allocations__watch()? */
bool allocations__failed(void);
/* Blocks that the last watch has left, and whose they are: told on stderr. */
unsigned allocations__leaks(void);
/* Looks up whose allocations never fail: after modules have been opened. */
void allocations__know_modules(void);

#endif
