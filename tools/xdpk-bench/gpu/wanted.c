/* SPDX-License-Identifier: BSD-3-Clause
 *
 * wanted.c -- what is wanted of a GPU, and whether these figures are that; and the figures as a
 * part of a README.
 *
 * Threads of this machine that stand for a device need not be fast: of them nothing is wanted but
 * that `auto` leaves to them no more than pays.
 */
#include <string.h>

#include "gpu.h"

#define LEAST_SPEED_UP   10
#define LEAST_OF_COPY    0.7
#define MOST_OF_BETTER   1.1
#define SCAN             "scan"
#define LEAST_SCAN_BYTES 1500

struct wanted {
	const struct gpu_figures *f;
	const struct gpu_plan *plan;
	FILE *out;
	bool all; /* met so far */
};

static const struct gpu_series *find_scan(const struct gpu_figures *f)
{
	for (uint32_t i = 0; i < f->n_series; i++)
		if (!strcmp(f->series[i].workload, SCAN) && f->series[i].len >= LEAST_SCAN_BYTES)
			return &f->series[i];
	return NULL;
}

/* The batches with which packets that are there take least. */
static const struct gpu_point *best_point(const struct gpu_series *s)
{
	const struct gpu_point *best = &s->points[0];

	for (uint32_t i = 1; i < s->n_points; i++)
		if (s->points[i].there_ns < best->there_ns)
			best = &s->points[i];
	return best;
}

static const char *verdict(struct wanted *w, bool met, bool of_gpus)
{
	if (of_gpus && !w->f->is_gpu)
		return "no GPU";
	w->all &= met;
	return met ? "pass" : "FAIL";
}

static void check_speed_up(struct wanted *w, const struct gpu_series *s, const struct gpu_point *p)
{
	double there = s->core_ns / p->there_ns;

	fprintf(w->out,
		"%s: %s, %u bytes: %.1f times one core (%s) with packets in pinned memory, at "
		"least %d; end to end with %u worker%s %.1f times\n",
		verdict(w, there >= LEAST_SPEED_UP, true), s->workload, s->len, there, s->engine,
		LEAST_SPEED_UP, w->plan->workers, w->plan->workers == 1 ? "" : "s",
		s->core_ns / p->ns);
}

static void check_copies(struct wanted *w, const struct gpu_series *s, const struct gpu_point *p)
{
	double share = gpu_point__share_of_copy(p, w->f);

	fprintf(w->out, "%s: %s, %u bytes: %.0f%% of the bandwidth of copies, at least %.0f%%\n",
		verdict(w, share >= LEAST_OF_COPY, true), s->workload, s->len, 100 * share,
		100 * LEAST_OF_COPY);
}

static void check_latency(struct wanted *w, const struct gpu_series *s, const struct gpu_point *p)
{
	fprintf(w->out,
		"%s: %s, %u bytes: latency p50 %.1f us, p99 %.1f us, in batches of %u, deadline %u "
		"us\n",
		verdict(w, p->p50_us > 0, true), s->workload, s->len, p->p50_us, p->p99_us,
		p->batch, w->plan->deadline_us);
}

static void check_auto(struct wanted *w)
{
	const struct gpu_series *worst = NULL;
	const struct gpu_point *at = NULL;

	for (uint32_t i = 0; i < w->f->n_series; i++) {
		const struct gpu_series *s = &w->f->series[i];

		for (uint32_t k = 0; k < s->n_points; k++) {
			if (at && s->points[k].auto_ratio <= at->auto_ratio)
				continue;
			worst = s;
			at = &s->points[k];
		}
	}
	if (at)
		fprintf(w->out,
			"%s: auto takes at most %.2f times the better side, at most %.2f: %s, %u "
			"bytes, batches of %u\n",
			verdict(w, at->auto_ratio <= MOST_OF_BETTER, false), at->auto_ratio,
			MOST_OF_BETTER, worst->workload, worst->len, at->batch);
}

bool gpu_wanted__check(FILE *out, const struct gpu_figures *f, const struct gpu_plan *plan)
{
	struct wanted w = {.f = f, .plan = plan, .out = out, .all = true};
	const struct gpu_series *scan = find_scan(f);

	if (scan) {
		const struct gpu_point *best = best_point(scan);

		check_speed_up(&w, scan, best);
		check_copies(&w, scan, best);
		check_latency(&w, scan, best);
	} else {
		fprintf(out, "not measured: scan of %d bytes or more\n", LEAST_SCAN_BYTES);
		w.all &= !f->is_gpu;
	}
	check_auto(&w);
	return w.all;
}

/* --- a part of a README -------------------------------------------------------------------- */

static void print_row(FILE *out, const struct gpu_figures *f, const struct gpu_series *s)
{
	const struct gpu_point *p = best_point(s);

	fprintf(out,
		"| %s | %u | %.0f (%s) | %u | %.1f | %.1f | %.1f | %.0f%% | %.1f, %.1f | %.2f |\n",
		s->workload, s->len, s->core_ns, s->engine, p->batch, p->there_ns, p->kernel_ns,
		p->ns, 100 * gpu_point__share_of_copy(p, f), p->p50_us, p->p99_us, p->auto_ratio);
}

void gpu_report__readme(FILE *out, const struct gpu_figures *f, const struct gpu_plan *plan)
{
	fprintf(out,
		"%s%s: ns per packet, medians of %u repetitions, in batches of the size that "
		"serves best; copies of 64 MiB reach %.2f GB/s in and %.2f GB/s out; end to end is "
		"with %u worker%s, latency at half of that rate with a deadline of %u us; `auto` "
		"is how many times as long it takes as the better of core and device.\n\n"
		"| workload | bytes | one core | batch | in pinned memory | kernel | end to end | "
		"of copies | p50, p99 us | auto |\n"
		"|---|---|---|---|---|---|---|---|---|---|\n",
		f->device, f->is_gpu ? "" : " (threads of the CPU: no GPU's figures)",
		plan->repetitions, f->copy_in, f->copy_out, plan->workers,
		plan->workers == 1 ? "" : "s", plan->deadline_us);
	for (uint32_t i = 0; i < f->n_series; i++)
		print_row(out, f, &f->series[i]);
}
