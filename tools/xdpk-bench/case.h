/* SPDX-License-Identifier: BSD-3-Clause
 *
 * case.h -- a workload made ready to run: its object loaded, its maps filled, its packets made.
 *
 * A workload is run in up to three ways, whose figures are compared only among themselves:
 *
 *	as it is   one packet after the other of the set
 *	random     the program chooses its packet's flow or route, so that what is run on one
 *	           packet again and again (the kernel's test run) has as much to do
 *	raw        of the same source, for r1 = packet
 *
 * or, where there is no program but tables, as lookups and as insertions.
 */
#ifndef XDPK_BENCH_CASE_H
#define XDPK_BENCH_CASE_H

#include "ebpf-program.h"
#include "tables.h"
#include "traffic.h"

enum case_kind {
	CASE_AS_IT_IS,
	CASE_RANDOM,
	CASE_RAW,
	CASE_LOOKUP, /* no program: lookups in a table */
	CASE_INSERT, /* insertions into it */
	N_CASE_KINDS
};

/* Of a program that chooses for itself: nearly the one that the kernel has. */
#define RANDOM_PACKETS 64

struct bench_case {
	const struct workload *workload;
	enum case_kind kind;
	struct traffic traffic;
	struct ebpf_instance *inst;
	struct ebpf_object *obj;
	struct ebpf_program *prog;
	struct ebpf_env env; /* runs prog */
	struct tables table; /* instead of all of them but the instance */
};

/* The object that is run; NULL: the workload is not run in this way. */
const char *case__object(const struct workload *w, enum case_kind kind);
/* packets 0: as many as the workload says. Random programs have RANDOM_PACKETS. The instance has so
 * many workers, of which the first has the case's env. 0, or -1 with *errmsg; close it in any case.
 */
int case__open(struct bench_case *c, const struct workload *w, enum case_kind kind,
	uint32_t packets, uint32_t workers, char **errmsg);
void case__close(struct bench_case *c);

#endif
