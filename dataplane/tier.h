/* SPDX-License-Identifier: BSD-3-Clause
 *
 * tier.h -- which code a program runs in: the interpreter at once, compiled code when a
 * thread off the path has it ready. Workers look once per burst.
 */
#ifndef DATAPLANE_TIER_H
#define DATAPLANE_TIER_H

#include <ebpf-program.h>

struct tier;

enum tier_engine {
	TIER_AUTO,   /* interpreter first, llvm when compiled; stays where it cannot be */
	TIER_INTERP, /* interpreter only */
	TIER_LLVM,   /* compiled before the first packet, or not at all */
};

/* Installs what the program begins with, and starts compiling with TIER_AUTO. NULL with
 * *errmsg. The driver must live as long as the program. */
struct tier *tier__start(struct ebpf_program *prog, const struct ebpf_driver *driver,
	enum tier_engine engine, char **errmsg);
/* Waits for a compilation under way. Gives the sentence, malloc'ed, why there is no compiled
 * code, or NULL. */
char *tier__finish(struct tier *tier);

#endif
