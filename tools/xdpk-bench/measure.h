/* SPDX-License-Identifier: BSD-3-Clause
 *
 * measure.h -- all variants of a case against each other.
 *
 * First they must agree: the same verdicts, and packets the same byte by byte. Then they take
 * turns; in every repetition each runs for the same time. The first repetition warms up and is
 * dropped. Time is the thread's own: others on the machine cost it their cache lines, but no more.
 */
#ifndef XDPK_BENCH_MEASURE_H
#define XDPK_BENCH_MEASURE_H

#include "figures.h"

struct plan {
	uint32_t repetitions; /* that count */
	double ns;            /* of each variant in each repetition */
	uint32_t packets;     /* 0: as many as the workload says */
	bool engines[MAX_ENGINES];
	bool check_only;
	bool quick;   /* nothing that takes long */
	bool verbose; /* says which engines cannot run it, and why */
};

#define MAX_REPETITIONS 101

/* Of workload w: 0, 1: engines differ (told on stderr), or -1 with *errmsg. What is not run in this
 * way has no figures. */
int measure(
	const struct plan *plan, size_t w, enum case_kind kind, struct figures *out, char **errmsg);

/* Runs for at least `ns` of the thread's own time; ns per packet. */
double variant__run_for(struct variant *v, double ns);

#endif
