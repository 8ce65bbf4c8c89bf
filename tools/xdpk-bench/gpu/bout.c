/* SPDX-License-Identifier: BSD-3-Clause
 *
 * bout.c -- a workload at one length of packets: the best engine of one core is found and measured,
 * then the device with batches of each size.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "../figures.h"
#include "../measure.h"
#include "core/error.h"
#include "gpu.h"
#include "internal.h"

/* Full batches go, others do not. */
#define NEVER_US 10000000
/* Who measures can wait: threads of a busy machine are no broken device. */
#define PATIENCE_MS 30000

/* --- the core --------------------------------------------------------------------------- */

static const struct engine *const core_engines[] = {
#ifdef HAVE_LLVM
	&engine_llvm,
#endif
	&engine_interp,
};
#define N_CORE_ENGINES (sizeof(core_engines) / sizeof(core_engines[0]))

/* The first that there is here: compiled code is never the slower. */
static int open_core(struct gpu_bout *b, char **errmsg)
{
	int err = -1;

	for (size_t e = 0; e < N_CORE_ENGINES && err; e++) {
		if (b->plan->core && strcmp(b->plan->core, core_engines[e]->name))
			continue;
		free(*errmsg);
		*errmsg = NULL;
		b->core = (struct variant){.engine = core_engines[e], .bench = &b->bench};
		err = b->core.engine->open(&b->core, errmsg);
		if (err && b->plan->verbose)
			fprintf(stderr, "%s: not by %s: %s\n", b->bench.workload->name,
				core_engines[e]->name, *errmsg ? *errmsg : "no memory");
	}
	if (err)
		b->core.engine = NULL;
	else
		b->core.engine->select(&b->core);
	if (err && !*errmsg && b->plan->core)
		error__set(errmsg, -1, "there is no engine %s", b->plan->core);
	return err ? -1 : 0;
}

static double measure_core(struct gpu_bout *b)
{
	double ns[MAX_REPETITIONS];

	variant__run_for(&b->core, b->plan->ns);
	for (uint32_t i = 0; i < b->plan->repetitions; i++)
		ns[i] = variant__run_for(&b->core, b->plan->ns);
	traffic__restore(&b->bench.traffic);
	return median(ns, b->plan->repetitions);
}

/* --- the device ------------------------------------------------------------------------- */

static int open_offload(struct gpu_bout *b, uint32_t batch, char **errmsg)
{
	const struct ebpf_offload_opts opts = {.batch = batch,
		.depth = b->plan->depth,
		.deadline_us = NEVER_US,
		.patience_ms = PATIENCE_MS,
		.cpu = b->plan->workers};

	b->offload = ebpf_offload__create(b->dev, b->bench.prog, &opts, errmsg);
	return b->offload ? 0 : -1;
}

static int check_device(const struct gpu_bout *b, char **errmsg)
{
	const char *why;

	if (ebpf_offload__state(b->offload, &why) == EBPF_OFFLOAD_WORKS)
		return 0;
	return error__set(errmsg, -1, "%s: %s", b->dev->name, why);
}

/* It is the device's figures that are wanted. */
static int check_judges(const struct gpu_bout *b, char **errmsg)
{
	struct ebpf_offload_stats s;
	uint64_t here;
	int err = check_device(b, errmsg);

	if (err)
		return err;
	ebpf_offload__stats(b->offload, &s);
	here = s.again + s.fallback + s.on_cpu;
	return here ? error__set(errmsg, -1, "%s: %s left %" PRIu64 " packets to the core",
			      b->bench.workload->name, b->dev->name, here)
		    : 0;
}

static int measure_point(struct gpu_bout *b, struct gpu_point *out, char **errmsg)
{
	int err = gpu_sides__measure(b, out, errmsg);

	if (!err)
		err = gpu_there__measure(b, out, errmsg);
	if (!err)
		err = gpu_workers__latency(b, out, errmsg);
	return err ? err : check_device(b, errmsg);
}

/* 0, 1 or -1, as gpu_bout__run() has it. */
static int run_point(
	struct gpu_bout *b, struct gpu_point *out, struct gpu_figures *figures, char **errmsg)
{
	int err = open_offload(b, out->batch, errmsg);

	if (!err)
		err = gpu_workers__agree(b, errmsg);
	if (!err)
		err = check_judges(b, errmsg);
	if (!err && !b->plan->check_only && !figures->copy_in)
		err = gpu_there__copies(b, figures, errmsg);
	if (!err && !b->plan->check_only)
		err = measure_point(b, out, errmsg);
	ebpf_offload__destroy(b->offload);
	b->offload = NULL;
	return err;
}

static int run(struct gpu_bout *b, struct gpu_figures *figures, char **errmsg)
{
	struct gpu_series *s = &figures->series[figures->n_series];
	int err = open_core(b, errmsg);

	if (err)
		return err;
	s->engine = b->core.engine->name;
	if (!b->plan->check_only)
		s->core_ns = measure_core(b);
	for (uint32_t i = 0; i < b->plan->n_batches && !err; i++) {
		s->points[i].batch = b->plan->batches[i];
		err = run_point(b, &s->points[i], figures, errmsg);
		s->n_points += !err;
	}
	figures->n_series += !err;
	return err;
}

/* --- both -------------------------------------------------------------------------------- */

static bool place(const char **name, char *path, size_t size, const char *folder)
{
	int n = *name ? snprintf(path, size, "%s/%s", folder, *name) : 0;

	if (*name)
		*name = path;
	return n >= 0 && (size_t)n < size;
}

/* Batches of all workers that are away, and as many at home. */
static uint32_t count_packets(const struct gpu_plan *plan, const struct workload *w)
{
	uint32_t most = 0;

	for (uint32_t i = 0; i < plan->n_batches; i++)
		most = plan->batches[i] > most ? plan->batches[i] : most;
	most *= 2 * plan->depth * plan->workers;
	return plan->entries ? most : w->packets > most ? w->packets : most;
}

int gpu_bout__open(struct gpu_bout *b, const struct gpu_workload *w, uint32_t len, char **errmsg)
{
	const struct gpu_plan *plan = b->plan;

	b->workload = w->base;
	b->workload.packet_len = len;
	if (plan->entries && b->workload.entries)
		b->workload.entries = plan->entries;
	if (!place(&b->workload.object, b->object, sizeof(b->object), plan->objects) ||
		!place(&b->workload.init, b->init, sizeof(b->init), plan->objects))
		return error__set(errmsg, -1, "%s: names are too long", plan->objects);
	return case__open(&b->bench, &b->workload, CASE_AS_IT_IS, count_packets(plan, &b->workload),
		plan->workers + 1, errmsg);
}

int gpu_bout__run(const struct gpu_plan *plan, struct ebpf_gpu_device *dev,
	const struct gpu_workload *w, uint32_t len, struct gpu_figures *out, char **errmsg)
{
	struct gpu_bout b = {.plan = plan, .dev = dev};
	int err;

	if (out->n_series == GPU_MAX_SERIES)
		return error__set(errmsg, -1, "too many series");
	out->series[out->n_series] = (struct gpu_series){.workload = w->base.name, .len = len};
	err = gpu_bout__open(&b, w, len, errmsg);
	if (!err)
		err = run(&b, out, errmsg);
	if (b.core.engine && b.core.engine->close)
		b.core.engine->close(&b.core);
	case__close(&b.bench);
	return err;
}
