/* SPDX-License-Identifier: BSD-3-Clause
 *
 * succession.h -- with a program those of its object that are at entries of maps are replaced: who
 * is judged by the one is judged by those of the same version there.
 *
 * An entry has one program, and workers change over one after the other. So for a while they go by
 * a plan that has a table beside it, where the heirs of programs at entries stand:
 *
 *	plan        judges    at the entry    table     judges there
 *	before      A         a               -         a
 *	between     B         a, then b       a: b      b
 *	after       B         b               -         b
 *
 * Threads: prepared by one thread, without the lock, as that may take long; read by workers.
 */
#ifndef DATAPLANE_SUCCESSION_H
#define DATAPLANE_SUCCESSION_H

#include "loader/object.h"
#include "tier.h"

struct dataplane;

struct succession {
	/* Borrowed, as its programs are; NULL: there is nothing to do. */
	struct ebpf_object *object;
	struct ebpf_object_heir *heirs;
	size_t n;
};

/* Of the program's object for that of the one before; each may be NULL. With TIER_LLVM heirs are
 * compiled when it returns. */
int succession__prepare(struct succession *s, struct dataplane *dp, struct ebpf_object *object,
	struct ebpf_object *before, enum tier_engine engine, char **errmsg);
/* Under the lock, workers going by the table: heirs are at the entries from now on. Without memory
 * an entry keeps its program. */
void succession__put_heirs(const struct succession *s);
void succession__drop(struct succession *s);

/* Who is at an entry in fact. */
const struct ebpf_program *succession__of(
	const struct succession *s, const struct ebpf_program *prog);

#endif
