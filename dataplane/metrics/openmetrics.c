/* SPDX-License-Identifier: BSD-3-Clause
 *
 * openmetrics.c -- the OpenMetrics text format, version 1.0.0.
 */
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

#include "metrics/metrics.h"

static const char *const type_words[] = {
	[METRIC_COUNTER] = "counter",
	[METRIC_GAUGE] = "gauge",
	[METRIC_HISTOGRAM] = "histogram",
	[METRIC_INFO] = "info",
	[METRIC_STATES] = "stateset",
};

static const char *unit_suffix(const struct metric *m)
{
	return m->unit == METRIC_SECONDS ? "_seconds" : "";
}

static void write_family(void *user, const struct metric *m)
{
	const char *unit = unit_suffix(m);
	FILE *out = user;

	fprintf(out, "# TYPE xdpk_%s%s %s\n", m->name, unit, type_words[m->type]);
	if (*unit)
		fprintf(out, "# UNIT xdpk_%s%s seconds\n", m->name, unit);
	fprintf(out, "# HELP xdpk_%s%s %s\n", m->name, unit, m->help);
}

static void write_escaped(FILE *out, const char *text)
{
	for (; *text; text++) {
		if (*text == '\n')
			fputs("\\n", out);
		else if (*text == '"' || *text == '\\')
			fprintf(out, "\\%c", *text);
		else
			fputc(*text, out);
	}
}

static void write_labels(FILE *out, const struct metric_sample *s)
{
	for (unsigned i = 0; i < s->n_labels; i++) {
		fprintf(out, "%c%s=\"", i ? ',' : '{', s->label[i].name);
		write_escaped(out, s->label[i].value);
		fputc('"', out);
	}
	if (s->n_labels)
		fputc('}', out);
}

static const char *suffix(const struct metric *m)
{
	return m->type == METRIC_COUNTER ? "_total" : m->type == METRIC_INFO ? "_info" : "";
}

static void write_sample(void *user, const struct metric *m, const struct metric_sample *s)
{
	bool is_time = m->unit == METRIC_SECONDS && (!s->part || *s->part == 's');
	FILE *out = user;

	fprintf(out, "xdpk_%s%s%s%s", m->name, unit_suffix(m), s->part ? "_" : suffix(m),
		s->part ? s->part : "");
	write_labels(out, s);
	if (is_time)
		fprintf(out, " %" PRIu64 ".%09" PRIu64 "\n", s->value / 1000000000,
			s->value % 1000000000);
	else
		fprintf(out, " %" PRIu64 "\n", s->value);
}

char *metrics__text(struct dataplane *dp)
{
	static const struct metrics_visitor visitor = {write_family, write_sample};
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	if (!out)
		return NULL;
	metrics__walk(dp, &visitor, out);
	fputs("# EOF\n", out);
	if (!ferror(out) && !fclose(out))
		return text;
	free(text);
	return NULL;
}
