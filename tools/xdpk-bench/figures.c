/* SPDX-License-Identifier: BSD-3-Clause
 *
 * figures.c -- see figures.h.
 */
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "figures.h"

static const char *const kind_names[N_CASE_KINDS] = {[CASE_AS_IT_IS] = "as it is",
	[CASE_RANDOM] = "random",
	[CASE_RAW] = "raw",
	[CASE_LOOKUP] = "lookup",
	[CASE_INSERT] = "insert"};

const char *case_kind__name(enum case_kind kind)
{
	return kind_names[kind];
}

static int by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

double median(double *values, size_t n)
{
	qsort(values, n, sizeof(*values), by_value);
	return n % 2 ? values[n / 2] : (values[n / 2 - 1] + values[n / 2]) / 2;
}

/* A figure is an array of doubles that are merged each by itself, and so are all of them. */
_Static_assert(sizeof(struct figure) == (1 + MAX_ENGINES) * sizeof(double), "nothing else");

void figures__merge(struct figures *out, const struct figures *launches, size_t n)
{
	double *merged = (double *)out, column[MAX_LAUNCHES];

	for (size_t i = 0; i < sizeof(*out) / sizeof(double); i++) {
		size_t there = 0;

		for (size_t launch = 0; launch < n; launch++) {
			double value = ((const double *)&launches[launch])[i];

			if (value)
				column[there++] = value;
		}
		merged[i] = there ? median(column, there) : 0;
	}
}

/* --- reading --------------------------------------------------------------------------- */

static int find_workload(const char *name)
{
	for (size_t w = 0; w < n_workloads; w++)
		if (strcmp(workloads[w].name, name) == 0)
			return (int)w;
	return -1;
}

static int find_engine(const char *name)
{
	for (size_t e = 0; e < n_engines; e++)
		if (strcmp(engines[e]->name, name) == 0)
			return (int)e;
	return -1;
}

static int find_kind(const char *name)
{
	for (int k = 0; k < N_CASE_KINDS; k++)
		if (strcmp(kind_names[k], name) == 0)
			return k;
	return -1;
}

static int read_figure(struct figures *out, json_t *entry)
{
	const char *workload, *kind, *engine, *to;
	json_t *ratios, *ratio;
	struct figure *f;
	double ns;
	int w, k, e;

	if (json_unpack(entry, "{s:s, s:s, s:s, s:F, s:o}", "workload", &workload, "kind", &kind,
		    "engine", &engine, "ns_per_packet", &ns, "ratio_to", &ratios))
		return -1;
	w = find_workload(workload);
	k = find_kind(kind);
	e = find_engine(engine);
	if (w < 0 || k < 0 || e < 0)
		return -1;
	f = &out->at[w][k][e];
	f->ns = ns;
	json_object_foreach(ratios, to, ratio) {
		int other = find_engine(to);

		if (other < 0)
			return -1;
		f->ratio[other] = json_number_value(ratio);
	}
	return 0;
}

int figures__read(struct figures *out, FILE *f)
{
	json_t *root = json_loadf(f, 0, NULL), *entry;
	json_t *list = json_object_get(root, "figures");
	int err = json_is_array(list) ? 0 : -1;
	size_t i;

	memset(out, 0, sizeof(*out));
	json_array_foreach(list, i, entry) {
		if (!err)
			err = read_figure(out, entry);
	}
	json_decref(root);
	return err;
}
