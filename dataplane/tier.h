/* SPDX-License-Identifier: BSD-3-Clause
 *
 * tier.h -- which code each program runs in: compiled code at once where the cache has it, else the
 * interpreter until a thread beside the workers has compiled it. Workers look once per burst.
 *
 * That thread compiles one program after the other, in the order in which they were started. It
 * costs packets nothing: compiling is another process's work (ebpf-program.h: struct
 *ebpf_compiler).
 *
 * The user's steps:
 *
 *	tiers = tiers__create(inst);
 *	tier = tier__start(tiers, prog, driver, TIER_AUTO, &err);   for each program
 *	status = tier__status(tier);                                whenever it is asked for
 *	tier__release(tier);                                        before the program goes
 *	tiers__stop(tiers);
 *	tiers__destroy(tiers);                                      when all are released
 *
 * Threads: all of them may be called from anywhere; one tier belongs to one thread at a time.
 */
#ifndef DATAPLANE_TIER_H
#define DATAPLANE_TIER_H

#include <stdbool.h>
#include <stdint.h>

#include <ebpf-program.h>

struct tier;
struct tiers;

enum tier_engine {
	TIER_AUTO,   /* as above; stays interpreted where it cannot be compiled */
	TIER_INTERP, /* interpreter only */
	TIER_LLVM,   /* compiled before the first packet, or not at all */
};

enum tier_state { TIER_INTERPRETED, TIER_COMPILING, TIER_COMPILED, TIER_FAILED };

struct tier_status {
	enum tier_state state;
	bool from_cache;
	uint64_t ns; /* that compiling took or has taken, waiting for others aside; 0: none yet */
	/* malloc'ed: why it is not compiled, or a program that it goes on in; NULL: nothing to say
	 */
	char *why;
};

/* NULL without memory or threads. */
struct tiers *tiers__create(struct ebpf_instance *inst);
/* Compiles no more: what is under way is ended, what waits stays interpreted. The instance
 * compiles no more, either. */
void tiers__stop(struct tiers *tiers);
void tiers__destroy(struct tiers *tiers); /* NULL is fine */

/* Installs what the program begins with: with TIER_LLVM it returns when that is compiled. NULL with
 * *errmsg. driver may be NULL; it must live as long as the program. */
struct tier *tier__start(struct tiers *tiers, struct ebpf_program *prog,
	const struct ebpf_driver *driver, enum tier_engine engine, char **errmsg);
/* Maps have got programs: those that this one leads to are compiled, too, if it is or will be. */
void tier__revisit(struct tier *tier);
void tier__release(struct tier *tier); /* NULL is fine */

struct tier_status tier__status(const struct tier *tier);
/* Returns when the program is compiled or will not be. */
void tier__wait(const struct tier *tier);
/* "interpreted", "compiling", "compiled", "failed" */
const char *tier_state__text(enum tier_state state);

#endif
