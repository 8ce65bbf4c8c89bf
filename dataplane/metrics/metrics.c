/* SPDX-License-Identifier: BSD-3-Clause
 *
 * metrics.c -- the table of families, and the walk over it.
 */
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "metrics/collect.h"

static const struct metric metrics[] = {
#define METRIC(function, name, type, unit, help) {name, type, unit, help, function},
#include "metrics.def"
#undef METRIC
};

void metrics__walk(struct dataplane *dp, const struct metrics_visitor *visitor, void *user)
{
	struct metrics_walk w = {.dp = dp, .visitor = visitor, .user = user};

	pthread_mutex_lock(&dp->lock);
	for (unsigned i = 0; i < sizeof(metrics) / sizeof(*metrics); i++) {
		w.metric = &metrics[i];
		if (visitor->family)
			visitor->family(user, w.metric);
		w.metric->collect(&w);
	}
	pthread_mutex_unlock(&dp->lock);
}

void metrics__add(struct metrics_walk *w, uint64_t value, ...)
{
	struct metric_sample s = {.value = value};
	const char *name;
	va_list labels;

	va_start(labels, value);
	while (s.n_labels < METRIC_LABELS && (name = va_arg(labels, const char *)) != NULL)
		s.label[s.n_labels++] = (struct metric_label){name, va_arg(labels, const char *)};
	va_end(labels);
	w->visitor->sample(w->user, w->metric, &s);
}

struct metric_number metrics__number(uint64_t number)
{
	struct metric_number n;

	snprintf(n.text, sizeof(n.text), "%" PRIu64, number);
	return n;
}

/* A bound in its unit, as OpenMetrics would have numbers in labels: %g, and always a float. */
static struct metric_number bound_text(const struct metric *m, uint64_t bound)
{
	double value = m->unit == METRIC_SECONDS ? (double)bound * 1e-9 : (double)bound;
	struct metric_number n;

	snprintf(n.text, sizeof(n.text), "%g", value);
	if (!strpbrk(n.text, ".e"))
		snprintf(n.text, sizeof(n.text), "%.1f", value);
	return n;
}

void metrics__add_histogram(struct metrics_walk *w, const struct metric_histogram *h,
	const char *label, const char *value)
{
	struct metric_sample s = {.part = "bucket", .label = {{label, value}, {"le", NULL}}};

	for (unsigned i = 0; i < h->n; i++) {
		struct metric_number le = bound_text(w->metric, h->bound[i]);

		s.n_labels = 2;
		s.label[1].value = i + 1 < h->n ? le.text : "+Inf";
		s.value += h->count[i];
		w->visitor->sample(w->user, w->metric, &s);
	}
	s.n_labels = 1;
	s.part = "count";
	w->visitor->sample(w->user, w->metric, &s);
	s.part = "sum";
	s.value = h->sum;
	w->visitor->sample(w->user, w->metric, &s);
}
