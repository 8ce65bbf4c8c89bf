/* SPDX-License-Identifier: BSD-3-Clause
 *
 * collect.h -- for those who give values to families.
 */
#ifndef DATAPLANE_METRICS_COLLECT_H
#define DATAPLANE_METRICS_COLLECT_H

#include "dataplane.h"
#include "metrics/metrics.h"

struct metrics_walk {
	const struct dataplane *dp; /* locked */
	const struct metrics_visitor *visitor;
	void *user;
	const struct metric *metric;
};

#define METRIC(function, ...) void function(struct metrics_walk *w);
#include "metrics.def"
#undef METRIC

/* A value, and names and values of its labels, up to NULL. */
__attribute__((sentinel)) void metrics__add(struct metrics_walk *w, uint64_t value, ...);

/* Counts of values up to bound[i]; the last one is of all that are greater than the one before. */
struct metric_histogram {
	const uint64_t *count, *bound;
	unsigned n;
	uint64_t sum;
};

void metrics__add_histogram(struct metrics_walk *w, const struct metric_histogram *h,
	const char *label, const char *value);

/* A number as a label's value. */
struct metric_number {
	char text[24];
};

struct metric_number metrics__number(uint64_t number);

#endif
