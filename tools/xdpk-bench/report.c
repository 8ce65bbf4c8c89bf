/* SPDX-License-Identifier: BSD-3-Clause
 *
 * report.c -- figures as JSON and as tables: one for each way of running workloads, a line for
 * each of them, a column for each engine and for each ratio that matters there.
 */
#include <jansson.h>
#include <string.h>

#include "figures.h"

/* --- JSON ------------------------------------------------------------------------------ */

static json_t *json_of(const struct figure *f, size_t w, enum case_kind kind, size_t e)
{
	json_t *ratios = json_object();

	for (size_t to = 0; to < n_engines; to++)
		if (f->ratio[to])
			json_object_set_new(ratios, engines[to]->name, json_real(f->ratio[to]));
	return json_pack("{s:s, s:s, s:s, s:f, s:o}", "workload", workloads[w].name, "kind",
		case_kind__name(kind), "engine", engines[e]->name, "ns_per_packet", f->ns,
		"ratio_to", ratios);
}

void report__json(FILE *out, const struct figures *f, const struct run_facts *run)
{
	json_t *list = json_array(), *root;

	for (size_t w = 0; w < n_workloads; w++)
		for (int k = 0; k < N_CASE_KINDS; k++)
			for (size_t e = 0; e < n_engines; e++)
				if (f->at[w][k][e].ns)
					json_array_append_new(
						list, json_of(&f->at[w][k][e], w, k, e));
	root = json_pack("{s:s, s:i, s:i, s:i, s:o}", "machine", run->machine, "burst", BENCH_BURST,
		"launches", (int)run->launches, "repetitions", (int)run->repetitions, "figures",
		list);
	json_dumpf(root, out, JSON_INDENT(1) | JSON_REAL_PRECISION(6));
	fputc('\n', out);
	json_decref(root);
}

/* --- tables ---------------------------------------------------------------------------- */

/* How many times the one takes what the other takes. */
struct comparison {
	const char *engine, *to;
};

#define MAX_RATIOS 3

static const struct table {
	const char *title;
	struct comparison ratios[MAX_RATIOS];
} tables[N_CASE_KINDS] = {
	[CASE_AS_IT_IS] = {"ns per packet", {{"llvm", "native"}, {"llvm", "staged"}}},
	[CASE_RANDOM] = {"ns per packet net of an empty program, flow or route chosen at random by "
			 "the program",
		{{"kernel", "llvm"}, {"kernel", "llvm-set"}}},
	[CASE_RAW] = {"ns per packet, r1 = packet",
		{{"llvm", "rte-jit"}, {"interp", "rte-interp"}}},
	[CASE_LOOKUP] = {"ns per lookup of keys that are there, in random order",
		{{"map", "rte"}, {"map", "rte-bulk"}, {"map-burst", "rte-bulk"}}},
	[CASE_INSERT] = {"ns per insertion, of all entries into an empty map"},
};

static double find_ratio(const struct figure *line, const struct comparison *c)
{
	for (size_t e = 0; e < n_engines; e++)
		for (size_t to = 0; to < n_engines; to++)
			if (strcmp(engines[e]->name, c->engine) == 0 &&
				strcmp(engines[to]->name, c->to) == 0)
				return line[e].ratio[to];
	return 0;
}

static bool has_line(const struct figure *line)
{
	for (size_t e = 0; e < n_engines; e++)
		if (line[e].ns)
			return true;
	return false;
}

static int width_of(size_t engine)
{
	size_t name = strlen(engines[engine]->name);

	return name < 8 ? 8 : (int)name;
}

static void print_number(FILE *out, int width, double number)
{
	if (number)
		fprintf(out, "  %*.*f", width, number < 100 ? 2 : 0, number);
	else
		fprintf(out, "  %*s", width, "-");
}

/* The engines and the ratios that there are figures of. */
struct columns {
	bool engine[MAX_ENGINES];
	bool ratio[MAX_RATIOS];
};

static struct columns find_columns(const struct figures *f, enum case_kind kind)
{
	const struct comparison *ratios = tables[kind].ratios;
	struct columns c = {0};

	for (size_t w = 0; w < n_workloads; w++) {
		for (size_t e = 0; e < n_engines; e++)
			c.engine[e] |= f->at[w][kind][e].ns != 0;
		for (size_t r = 0; r < MAX_RATIOS && ratios[r].engine; r++)
			c.ratio[r] |= find_ratio(f->at[w][kind], &ratios[r]) != 0;
	}
	return c;
}

static void print_line(FILE *out, const char *name, const struct figure *line,
	const struct columns *c, const struct comparison *ratios)
{
	fprintf(out, "%-14s", name);
	for (size_t e = 0; e < n_engines; e++)
		if (c->engine[e])
			print_number(out, width_of(e), line[e].ns);
	for (size_t r = 0; r < MAX_RATIOS; r++)
		if (c->ratio[r])
			print_number(out,
				(int)(strlen(ratios[r].engine) + strlen(ratios[r].to)) + 1,
				find_ratio(line, &ratios[r]));
	fputc('\n', out);
}

static void print_table(FILE *out, const struct figures *f, enum case_kind kind)
{
	const struct table *t = &tables[kind];
	struct columns c = find_columns(f, kind);

	fprintf(out, "\n%s\n\n%-14s", t->title, "");
	for (size_t e = 0; e < n_engines; e++)
		if (c.engine[e])
			fprintf(out, "  %*s", width_of(e), engines[e]->name);
	for (size_t r = 0; r < MAX_RATIOS; r++)
		if (c.ratio[r])
			fprintf(out, "  %s/%s", t->ratios[r].engine, t->ratios[r].to);
	fputc('\n', out);
	for (size_t w = 0; w < n_workloads; w++)
		if (has_line(f->at[w][kind]))
			print_line(out, workloads[w].name, f->at[w][kind], &c, t->ratios);
}

void report__table(FILE *out, const struct figures *f, const struct run_facts *run)
{
	fprintf(out, "%s\none core, bursts of %d, median of %u repetitions and %u launch%s\n",
		run->machine, BENCH_BURST, run->repetitions, run->launches,
		run->launches == 1 ? "" : "es");
	for (int k = 0; k < N_CASE_KINDS; k++)
		for (size_t w = 0; w < n_workloads; w++)
			if (has_line(f->at[w][k])) {
				print_table(out, f, k);
				break;
			}
}
