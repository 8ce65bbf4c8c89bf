/* SPDX-License-Identifier: BSD-3-Clause
 *
 * report.c -- figures of a device as tables and as JSON.
 */
#include <jansson.h>

#include "gpu.h"

uint32_t gpu_series__crossover(const struct gpu_series *s, bool there)
{
	uint32_t from = 0;

	for (uint32_t i = s->n_points; i-- > 0;) {
		const struct gpu_point *p = &s->points[i];

		if ((there ? p->there_ns : p->ns) > s->core_ns)
			break;
		from = p->batch;
	}
	return from;
}

double gpu_point__share_of_copy(const struct gpu_point *p, const struct gpu_figures *f)
{
	return p->bytes / p->there_ns / f->copy_in;
}

/* --- tables -------------------------------------------------------------------------------- */

static void print_crossover(FILE *out, const struct gpu_series *s, const char *what, bool there)
{
	uint32_t from = gpu_series__crossover(s, there);

	if (from)
		fprintf(out, "%s: faster than the core from batches of %u\n", what, from);
	else
		fprintf(out, "%s: not faster than the core\n", what);
}

static void print_series(FILE *out, const struct gpu_figures *f, const struct gpu_series *s)
{
	fprintf(out,
		"\n%s, packets of %u bytes: one core (%s) %.1f ns\n\n"
		"%6s  %10s  %8s  %8s  %8s  %8s  %8s  %8s  %8s  %8s  %8s  %9s\n",
		s->workload, s->len, s->engine, s->core_ns, "batch", "end to end", "worker",
		"there", "kernel", "GB/s", "of copy", "p50 us", "p99 us", "cpu", "auto",
		"to better");
	for (uint32_t i = 0; i < s->n_points; i++) {
		const struct gpu_point *p = &s->points[i];

		fprintf(out,
			"%6u  %10.1f  %8.1f  %8.1f  %8.1f  %8.2f  %7.0f%%  %8.1f  %8.1f  %8.1f  "
			"%8.1f  %9.2f\n",
			p->batch, p->ns, p->worker_ns, p->there_ns, p->kernel_ns,
			p->bytes / p->there_ns, 100 * gpu_point__share_of_copy(p, f), p->p50_us,
			p->p99_us, p->cpu_ns, p->auto_ns, p->auto_ratio);
	}
	print_crossover(out, s, "end to end", false);
	print_crossover(out, s, "packets there", true);
}

void gpu_report__table(FILE *out, const struct gpu_figures *f, const struct gpu_plan *plan)
{
	fprintf(out,
		"%s; copies of 64 MiB: %.2f GB/s in, %.2f GB/s out\n"
		"%u worker%s, %u batches each, median of %u repetitions; latency at half of the "
		"rate, deadline %u us\n"
		"ns per packet, by the clock; cpu and auto: by the workers' cores, and by either, "
		"without deadline, by their time\n"
		"%s",
		f->device, f->copy_in, f->copy_out, plan->workers, plan->workers == 1 ? "" : "s",
		plan->depth, plan->repetitions, plan->deadline_us,
		f->is_gpu ? "" : "These are threads of this machine's CPU: no figures of a GPU.\n");
	for (uint32_t i = 0; i < f->n_series; i++)
		print_series(out, f, &f->series[i]);
}

/* --- JSON ---------------------------------------------------------------------------------- */

static json_t *json_of_point(const struct gpu_figures *f, const struct gpu_point *p)
{
	return json_pack("{s:i, s:f, s:f, s:f, s:f, s:f, s:f, s:f, s:f, s:f, s:f, s:f}", "batch",
		(int)p->batch, "end_to_end_ns", p->ns, "worker_ns", p->worker_ns, "there_ns",
		p->there_ns, "kernel_ns", p->kernel_ns, "bytes", p->bytes, "share_of_copy",
		gpu_point__share_of_copy(p, f), "p50_us", p->p50_us, "p99_us", p->p99_us, "cpu_ns",
		p->cpu_ns, "auto_ns", p->auto_ns, "auto_to_better", p->auto_ratio);
}

static json_t *json_of_series(const struct gpu_figures *f, const struct gpu_series *s)
{
	json_t *points = json_array();

	for (uint32_t i = 0; i < s->n_points; i++)
		json_array_append_new(points, json_of_point(f, &s->points[i]));
	return json_pack("{s:s, s:i, s:s, s:f, s:i, s:i, s:o}", "workload", s->workload, "length",
		(int)s->len, "engine", s->engine, "core_ns", s->core_ns, "crossover_end_to_end",
		(int)gpu_series__crossover(s, false), "crossover_there",
		(int)gpu_series__crossover(s, true), "points", points);
}

void gpu_report__json(FILE *out, const struct gpu_figures *f, const struct gpu_plan *plan)
{
	json_t *list = json_array(), *root;

	for (uint32_t i = 0; i < f->n_series; i++)
		json_array_append_new(list, json_of_series(f, &f->series[i]));
	root = json_pack("{s:s, s:b, s:f, s:f, s:i, s:i, s:i, s:i, s:o}", "device", f->device,
		"is_gpu", (int)f->is_gpu, "copy_in_gb_s", f->copy_in, "copy_out_gb_s", f->copy_out,
		"workers", (int)plan->workers, "depth", (int)plan->depth, "deadline_us",
		(int)plan->deadline_us, "repetitions", (int)plan->repetitions, "series", list);
	json_dumpf(root, out, JSON_INDENT(1) | JSON_REAL_PRECISION(6));
	fputc('\n', out);
	json_decref(root);
}
