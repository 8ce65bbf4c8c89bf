/* SPDX-License-Identifier: BSD-3-Clause
 *
 * plot.c -- figures of a device as a plot, for a page that is light or dark: a panel for each
 * workload and length, ns per packet over the size of batches, both logarithmic. The core is a
 * level line; where a curve goes below it the device pays.
 */
#include <math.h>

#include "gpu.h"

#define COLUMNS 2
#define WIDTH   380 /* of a panel */
#define HEIGHT  230
#define LEFT    58
#define RIGHT   20
#define TOP     30
#define BOTTOM  30
#define HEAD    64 /* above all panels */

/* Okabe and Ito, as the other plot has them. */
#define CORE  "#0072b2"
#define ENDS  "#d55e00"
#define THERE "#009e73"

struct panel {
	FILE *out;
	const struct gpu_series *s;
	double x, y; /* its corner */
	double ns_min, ns_max;
};

static double x_of(const struct panel *p, double batch)
{
	double first = log2(p->s->points[0].batch);
	double last = log2(p->s->points[p->s->n_points - 1].batch);
	double share = last > first ? (log2(batch) - first) / (last - first) : 0.5;

	return p->x + LEFT + share * (WIDTH - LEFT - RIGHT);
}

static double y_of(const struct panel *p, double ns)
{
	double share = log(ns / p->ns_min) / log(p->ns_max / p->ns_min);

	return p->y + HEIGHT - BOTTOM - share * (HEIGHT - TOP - BOTTOM);
}

/* Whole decades around all figures. */
static void find_range(struct panel *p)
{
	double min = p->s->core_ns, max = p->s->core_ns;

	for (uint32_t i = 0; i < p->s->n_points; i++) {
		const struct gpu_point *at = &p->s->points[i];

		min = fmin(min, fmin(at->ns, at->there_ns));
		max = fmax(max, fmax(at->ns, at->there_ns));
	}
	p->ns_min = pow(10, floor(log10(min)));
	p->ns_max = pow(10, ceil(log10(max) + 1e-9));
}

static void draw_scales(const struct panel *p)
{
	for (double ns = p->ns_min; ns <= p->ns_max * 1.01; ns *= 10)
		fprintf(p->out,
			"<path class='grid' d='M%.1f %.1f H%.1f'/>"
			"<text x='%.1f' y='%.1f' text-anchor='end'>%g</text>\n",
			p->x + LEFT, y_of(p, ns), p->x + WIDTH - RIGHT, p->x + LEFT - 6,
			y_of(p, ns) + 4, ns);
	for (uint32_t i = 0; i < p->s->n_points; i++)
		fprintf(p->out, "<text x='%.1f' y='%.1f' text-anchor='middle'>%u</text>\n",
			x_of(p, p->s->points[i].batch), p->y + HEIGHT - BOTTOM + 16,
			p->s->points[i].batch);
}

static void draw_curve(const struct panel *p, bool there, const char *colour)
{
	fprintf(p->out, "<polyline fill='none' stroke='%s' stroke-width='2' points='", colour);
	for (uint32_t i = 0; i < p->s->n_points; i++) {
		const struct gpu_point *at = &p->s->points[i];

		fprintf(p->out, "%.1f,%.1f ", x_of(p, at->batch),
			y_of(p, there ? at->there_ns : at->ns));
	}
	fputs("'/>\n", p->out);
}

static void draw_panel(struct panel *p)
{
	find_range(p);
	fprintf(p->out, "<text x='%.1f' y='%.1f' font-weight='bold'>%s, %u bytes</text>\n",
		p->x + LEFT, p->y + 18, p->s->workload, p->s->len);
	draw_scales(p);
	fprintf(p->out, "<path d='M%.1f %.1f H%.1f' stroke='" CORE "' stroke-width='2'/>\n",
		p->x + LEFT, y_of(p, p->s->core_ns), p->x + WIDTH - RIGHT);
	draw_curve(p, false, ENDS);
	draw_curve(p, true, THERE);
}

static void draw_key(FILE *out)
{
	static const struct {
		const char *colour, *text;
	} keys[] = {{CORE, "one core"}, {ENDS, "device, end to end"},
		{THERE, "device, packets in pinned memory"}};
	int x = LEFT;

	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
		fprintf(out,
			"<rect x='%d' y='44' width='10' height='10' fill='%s'/>"
			"<text x='%d' y='53'>%s</text>\n",
			x, keys[i].colour, x + 14, keys[i].text);
		x += 160;
	}
}

void gpu_report__svg(FILE *out, const struct gpu_figures *f, const struct gpu_plan *plan)
{
	uint32_t rows = (f->n_series + COLUMNS - 1) / COLUMNS;

	fprintf(out,
		"<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 %d %u' "
		"font-family='sans-serif' font-size='11'>\n"
		"<style>text { fill: #24292f } .grid { stroke: #8888; stroke-width: 0.5 }\n"
		"@media (prefers-color-scheme: dark) { text { fill: #e6edf3 } }</style>\n"
		"<text x='%d' y='20' font-size='15'>xdpk-bench gpu: ns per packet by packets in a "
		"batch, less is better</text>\n"
		"<text x='%d' y='35' font-size='10'>%s, %u worker%s</text>\n",
		COLUMNS * WIDTH, HEAD + rows * HEIGHT, LEFT, LEFT, f->device, plan->workers,
		plan->workers == 1 ? "" : "s");
	draw_key(out);
	for (uint32_t i = 0; i < f->n_series; i++) {
		struct panel p = {.out = out,
			.s = &f->series[i],
			.x = i % COLUMNS * WIDTH,
			.y = HEAD + i / COLUMNS * HEIGHT};

		draw_panel(&p);
	}
	fputs("</svg>\n", out);
}
