/* SPDX-License-Identifier: BSD-3-Clause
 *
 * programs.h -- the dataplane's programs, by name. A name stays when the program behind it is
 * replaced; so do its attachments and its counters.
 *
 *	dataplane__add_prog()       verified and in the interpreter at once, compiled later
 *	                            (tier.h), or compiled at once if the cache has it
 *	dataplane__replace_prog()   compiled first if its predecessor was, then swapped in one
 *	                            moment: each burst is judged by the one or by the other
 *	dataplane__del_prog()
 *
 * Threads: see dataplane.h.
 */
#ifndef DATAPLANE_PROGRAMS_H
#define DATAPLANE_PROGRAMS_H

#include <stdbool.h>

#include <ebpf-program.h>

#include "loader/object.h"
#include "tier.h"

#define PROG_NAME_MAX 64

struct dataplane;
struct gpu_opts;
struct prog_offload;

struct prog {
	char name[PROG_NAME_MAX];   /* empty: a free place */
	struct ebpf_object *object; /* owned; or NULL */
	struct ebpf_program *program;
	enum tier_engine engine;
	struct tier *tier;
	struct prog_offload *offload;         /* or NULL (gpu/prog-offload.h) */
	struct ebpf_object_run_config config; /* how it is attached unless something else is said */
	unsigned attached;                    /* to how many ports */
	uint64_t replaced;                    /* how often */
};

struct prog_opts {
	const char *name;             /* NULL: the program's own */
	struct ebpf_object *object;   /* that it is from, for its maps; or NULL */
	struct ebpf_program *program; /* loaded in the dataplane's instance */
	enum tier_engine engine;
	/* A device to run on. NULL: none; of a successor: as its predecessor. */
	const struct gpu_opts *gpu;
};

/* Takes over the object and the reference to the program, unless it fails: then they stay the
 * caller's. NULL with *errmsg: -EEXIST, -ENOSPC, -ENOTSUP (it cannot be compiled), -EINVAL
 * (it is for no port). */
struct prog *dataplane__add_prog(struct dataplane *dp, const struct prog_opts *opts, char **errmsg);
/* The same for a program whose name is there already. What was before goes when no worker runs it
 * any more; if anything fails, it goes on. */
int dataplane__replace_prog(struct dataplane *dp, const struct prog_opts *opts, char **errmsg);
/* -ENOENT, -EBUSY: it is attached. */
int dataplane__del_prog(struct dataplane *dp, const char *name, char **errmsg);

/* Maps have got programs: those that compiled ones lead to are compiled soon. */
void dataplane__compile_targets(struct dataplane *dp);

/* Lets go of all that it holds; a free place holds nothing. No worker runs it. */
void prog__release(struct prog *prog);

/* Under the lock. NULL if there is none. */
struct prog *dataplane__find_prog(struct dataplane *dp, const char *name);

#endif
