/* SPDX-License-Identifier: BSD-3-Clause
 *
 * metrics.h -- what is measured, in one walk for whoever shows it: OpenMetrics text, DPDK's
 * telemetry.
 *
 *	metrics__walk(dp, &visitor, user)
 *	    visitor.family(user, metric)              for each row of metrics.def
 *	    visitor.sample(user, metric, sample)      for each of its values
 *
 * Counters only grow (`stats clear` does not touch them) for as long as what they belong to is
 * there.
 *
 * Threads: any but a worker. The dataplane's lock is held meanwhile: visitors collect, and send
 * later.
 */
#ifndef DATAPLANE_METRICS_METRICS_H
#define DATAPLANE_METRICS_METRICS_H

#include <stdint.h>

struct dataplane;
struct metrics_walk;

enum metric_type {
	METRIC_COUNTER,
	METRIC_GAUGE,
	METRIC_HISTOGRAM,
	METRIC_INFO,   /* labels are all; the value is 1 */
	METRIC_STATES, /* 1 for the state that is so, 0 for the others */
};

enum metric_unit { METRIC_PLAIN, METRIC_SECONDS /* values are in ns */ };

struct metric {
	const char *name;
	enum metric_type type;
	enum metric_unit unit;
	const char *help;
	void (*collect)(struct metrics_walk *w);
};

#define METRIC_LABELS 4

struct metric_label {
	const char *name, *value;
};

struct metric_sample {
	const char *part; /* of a histogram: "bucket", "sum" or "count"; otherwise NULL */
	struct metric_label label[METRIC_LABELS];
	unsigned n_labels;
	uint64_t value; /* of counts, in no unit */
};

struct metrics_visitor {
	void (*family)(void *user, const struct metric *m); /* may be NULL */
	void (*sample)(void *user, const struct metric *m, const struct metric_sample *s);
};

void metrics__walk(struct dataplane *dp, const struct metrics_visitor *visitor, void *user);

/* All that is measured, as OpenMetrics text: malloc'ed. NULL without memory. */
char *metrics__text(struct dataplane *dp);

#endif
