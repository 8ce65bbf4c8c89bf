/* SPDX-License-Identifier: BSD-3-Clause
 *
 * figures.h -- what was measured: for each workload, way of running it and engine, the time of a
 * packet, and its ratio to every other engine's. 0 is: not measured.
 *
 * Ratios are medians of the repetitions' own, as clocks drift between repetitions; of several
 * launches, of the launches' medians.
 */
#ifndef XDPK_BENCH_FIGURES_H
#define XDPK_BENCH_FIGURES_H

#include <stdio.h>

#include "engine.h"

#define MAX_WORKLOADS 32
#define MAX_LAUNCHES  99

struct figure {
	double ns;                 /* per packet */
	double ratio[MAX_ENGINES]; /* to that engine */
};

struct figures {
	struct figure at[MAX_WORKLOADS][N_CASE_KINDS][MAX_ENGINES];
};

const char *case_kind__name(enum case_kind kind);
/* Sorts them. */
double median(double *values, size_t n);
/* Each figure becomes the median of the launches that have it. */
void figures__merge(struct figures *out, const struct figures *launches, size_t n);

/* JSON as report__json() writes it. 0, or -1: it is something else. */
int figures__read(struct figures *out, FILE *f);

/* How they were made. */
struct run_facts {
	const char *machine; /* "AMD EPYC ..., Linux 6.12.1" */
	uint32_t launches, repetitions;
	uint32_t packets; /* 0: each workload's own */
};

void report__table(FILE *out, const struct figures *f, const struct run_facts *run);
void report__json(FILE *out, const struct figures *f, const struct run_facts *run);
void report__svg(FILE *out, const struct figures *f, const struct run_facts *run);

#endif
