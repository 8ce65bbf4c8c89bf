/* SPDX-License-Identifier: BSD-3-Clause
 *
 * plot.c -- figures as a plot, for a page that is light or dark: for each workload as it is a group
 * of bars, one for each engine, ns per packet on a logarithmic scale, the figure beside its bar.
 * Engines whose figures come from programs that choose their packets (the kernel) are taken from
 * there.
 */
#include <math.h>
#include <string.h>

#include "figures.h"

#define WIDTH     760
#define LEFT      110 /* names */
#define RIGHT     60  /* the figure beside the longest bar */
#define TOP       70  /* title, key */
#define BOTTOM    44  /* scale */
#define BAR       9
#define GROUP_GAP 9
#define NS_MIN    0.5

/* Colours that can be told apart on white and on black, in print, and by all eyes
 * (Okabe and Ito). */
static const struct {
	const char *engine, *colour;
} bars[] = {
	{"native", "#999999"},
	{"staged", "#cc79a7"},
	{"llvm", "#0072b2"},
	{"interp", "#e69f00"},
	{"kernel", "#d55e00"},
};
#define N_BARS (sizeof(bars) / sizeof(bars[0]))

struct plot {
	FILE *out;
	const struct figures *figures;
	double ns_max;
};

static double figure_of(const struct figures *f, size_t w, const char *engine)
{
	for (size_t e = 0; e < n_engines; e++) {
		const struct figure *as_it_is = &f->at[w][CASE_AS_IT_IS][e];

		if (strcmp(engines[e]->name, engine) == 0)
			return as_it_is->ns ? as_it_is->ns : f->at[w][CASE_RANDOM][e].ns;
	}
	return 0;
}

static unsigned n_bars(const struct figures *f, size_t w)
{
	unsigned n = 0;

	for (size_t b = 0; b < N_BARS; b++)
		n += figure_of(f, w, bars[b].engine) > 0;
	return n;
}

static double x_of(const struct plot *p, double ns)
{
	double share = log(fmax(ns, NS_MIN) / NS_MIN) / log(p->ns_max / NS_MIN);

	return LEFT + share * (WIDTH - LEFT - RIGHT);
}

static void draw_key(const struct plot *p)
{
	double x = LEFT;

	for (size_t b = 0; b < N_BARS; b++) {
		bool used = false;

		for (size_t w = 0; w < n_workloads; w++)
			used |= figure_of(p->figures, w, bars[b].engine) > 0;
		if (!used)
			continue;
		fprintf(p->out, "<rect x='%.0f' y='42' width='10' height='10' fill='%s'/>", x,
			bars[b].colour);
		fprintf(p->out, "<text x='%.0f' y='51'>%s</text>\n", x + 14, bars[b].engine);
		x += 40 + 7 * (double)strlen(bars[b].engine);
	}
}

static void draw_scale(const struct plot *p, double bottom)
{
	for (double ns = 1; ns <= p->ns_max; ns *= 10)
		fprintf(p->out,
			"<path class='grid' d='M%.1f %d V%.0f'/>"
			"<text x='%.1f' y='%.0f' text-anchor='middle'>%.0f</text>\n",
			x_of(p, ns), TOP - 8, bottom, x_of(p, ns), bottom + 16, ns);
	fprintf(p->out, "<text x='%d' y='%.0f' text-anchor='middle'>ns per packet</text>\n",
		(LEFT + WIDTH - RIGHT) / 2, bottom + 34);
}

static double draw_group(const struct plot *p, size_t w, double y)
{
	unsigned n = n_bars(p->figures, w);

	fprintf(p->out, "<text x='%d' y='%.1f' text-anchor='end'>%s</text>\n", LEFT - 8,
		y + n * BAR / 2.0 + 4, workloads[w].name);
	for (size_t b = 0; b < N_BARS; b++) {
		double ns = figure_of(p->figures, w, bars[b].engine), end = x_of(p, ns);

		if (ns <= 0)
			continue;
		fprintf(p->out,
			"<rect x='%d' y='%.1f' width='%.1f' height='%d' fill='%s'/>"
			"<text class='figure' x='%.1f' y='%.1f'>%.*f</text>\n",
			LEFT, y, end - LEFT, BAR - 1, bars[b].colour, end + 4, y + BAR - 1.5,
			ns < 100 ? 1 : 0, ns);
		y += BAR;
	}
	return y + GROUP_GAP;
}

void report__svg(FILE *out, const struct figures *f, const struct run_facts *run)
{
	struct plot p = {.out = out, .figures = f, .ns_max = 10};
	double height = TOP, y = TOP;

	for (size_t w = 0; w < n_workloads; w++) {
		if (!n_bars(f, w))
			continue;
		height += n_bars(f, w) * BAR + GROUP_GAP;
		for (size_t b = 0; b < N_BARS; b++)
			p.ns_max = fmax(p.ns_max, figure_of(f, w, bars[b].engine));
	}
	fprintf(out,
		"<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 %d %.0f' "
		"font-family='sans-serif' font-size='12'>\n"
		"<style>text { fill: #24292f } .grid { stroke: #8888; stroke-width: 0.5 }\n"
		".figure { font-size: 9px }\n"
		"@media (prefers-color-scheme: dark) { text { fill: #e6edf3 } }</style>\n"
		"<text x='%d' y='20' font-size='15'>xdpk-bench: ns per packet, less is "
		"better</text>\n"
		"<text x='%d' y='34' font-size='10'>%s; one core, bursts of %d; kernel: test runs, "
		"net of an empty program</text>\n",
		WIDTH, height + BOTTOM, LEFT, LEFT, run->machine, BENCH_BURST);
	draw_key(&p);
	draw_scale(&p, height);
	for (size_t w = 0; w < n_workloads; w++)
		if (n_bars(f, w))
			y = draw_group(&p, w, y);
	fputs("</svg>\n", out);
}
