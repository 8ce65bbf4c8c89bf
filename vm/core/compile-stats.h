/* SPDX-License-Identifier: BSD-3-Clause
 *
 * compile-stats.h -- how long each step of a compilation took: the compiling thread's CPU time
 * in nanoseconds, which other work on the machine does not lengthen much.
 */
#ifndef VM_CORE_COMPILE_STATS_H
#define VM_CORE_COMPILE_STATS_H

#include <stdbool.h>
#include <stdint.h>
#include <time.h>

enum compile_step {
	STEP_REQUEST,   /* the program made into a compile request */
	STEP_FIND,      /* that looked for in the cache */
	STEP_OPEN,      /* the compiler, which then stays open */
	STEP_VERIFY,    /* in the compiler, up to STEP_EMIT: it believes nobody */
	STEP_PREPARE,   /* LLVM's context, and a code generator for the CPU */
	STEP_TRANSLATE, /* bytecode to IR */
	STEP_LINK,      /* driver and runtime */
	STEP_OPTIMISE,
	STEP_EMIT,  /* machine code, as an object */
	STEP_STORE, /* into the cache */
	STEP_LOAD,  /* the object into executable memory, bound to the maps */
	N_COMPILE_STEPS
};

struct compile_stats {
	uint64_t ns[N_COMPILE_STEPS]; /* 0: not done */
	bool from_cache;
};

static inline uint64_t compile_stats__now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

/* The step has ended that began at *since; the next one begins. stats may be NULL. */
static inline void compile_stats__end(
	struct compile_stats *stats, enum compile_step step, uint64_t *since)
{
	uint64_t now;

	if (!stats)
		return;
	now = compile_stats__now();
	stats->ns[step] += now - *since;
	*since = now;
}

#endif
