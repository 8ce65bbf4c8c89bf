/* SPDX-License-Identifier: BSD-3-Clause
 *
 * gpu.c -- xdpk-bench gpu: when a device pays.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "../command-line.h"
#include "../measure.h"
#include "gpu.h"
#include "main.h"

enum { EXIT_DIFFERENT = 1, EXIT_BAD = 2 };

#define MAX_WORKERS 64
#define MAX_DEPTH   64

static const char usage[] =
	"usage: xdpk-bench gpu [options] [WORKLOAD...]\n"
	"\n"
	"Measures one core's best engine beside a device, by the size of batches, and finds from\n"
	"which on the device is faster; and `auto`, which chooses, beside the better of both. The\n"
	"device must judge all packets as the core does first.\n"
	"\n"
	"  --device SPEC      cuda, cuda:NUMBER, cuda:NAME, host:THREADS (cuda)\n"
	"  --batches N,N,...  packets in a batch (1,4,16,64,256,1024,4096)\n"
	"  --workers N        threads that have packets judged end to end (1)\n"
	"  --core ENGINE      of the core: llvm, interp (the best)\n"
	"  --depth N          batches of a worker (8)\n"
	"  --deadline US      of a batch, where latency is measured (100)\n"
	"  --entries N        of maps, instead of the workload's own number\n"
	"  --objects FOLDER   of the programs and their control lines\n"
	"  --repetitions N    of each measurement (9)\n"
	"  --quick            short repetitions, three of each\n"
	"  --check            core and device must agree; nothing is measured\n"
	"  --svg FILE         a plot, too\n"
	"  --json-file FILE   JSON, too\n"
	"  --images FOLDER    write there images of the programs, for --objects where there is no\n"
	"                     LLVM; nothing is measured\n"
	"  --readme FILE      Markdown, for a README\n"
	"  --wanted FILE      what is wanted of a GPU, a line for each, and whether it is so;\n"
	"                     if it is not the exit status is 1\n"
	"  --list             workloads\n"
	"  --name             the device's, and its driver's\n"
	"  -j, --json         JSON\n"
	"  -v, --verbose      say what is being measured\n";

struct options {
	struct gpu_plan plan;
	bool chosen[GPU_MAX_SERIES];
	bool json, name;
	const char *svg, *json_file, *readme, *wanted;
};

static void list(void)
{
	for (size_t i = 0; i < n_gpu_workloads; i++) {
		const struct gpu_workload *w = &gpu_workloads[i];

		printf("%-14s %s; packets of", w->base.name, w->base.what);
		for (size_t k = 0; k < 4 && w->lengths[k]; k++)
			printf("%s %u", k ? "," : "", w->lengths[k]);
		puts(" bytes");
	}
}

/* --- options ------------------------------------------------------------------------------- */

static const char *workload_name(size_t i)
{
	return gpu_workloads[i].base.name;
}

static bool read_batches(struct gpu_plan *plan, const char *text)
{
	plan->n_batches = 0;
	do {
		if (plan->n_batches == GPU_MAX_POINTS ||
			!command_line__number(
				&text, 1, EBPF_OFFLOAD_MAX_BATCH, &plan->batches[plan->n_batches]))
			return false;
		plan->n_batches++;
	} while (*text++ == ',');
	return true;
}

enum {
	DEVICE = 256,
	BATCHES,
	WORKERS,
	CORE,
	DEPTH,
	DEADLINE,
	ENTRIES,
	OBJECTS,
	REPETITIONS,
	QUICK,
	CHECK,
	IMAGES,
	SVG,
	JSON_FILE,
	README,
	WANTED,
	NAME
};

static const struct option long_options[] = {
	{"device", required_argument, NULL, DEVICE},
	{"batches", required_argument, NULL, BATCHES},
	{"workers", required_argument, NULL, WORKERS},
	{"core", required_argument, NULL, CORE},
	{"depth", required_argument, NULL, DEPTH},
	{"deadline", required_argument, NULL, DEADLINE},
	{"entries", required_argument, NULL, ENTRIES},
	{"objects", required_argument, NULL, OBJECTS},
	{"repetitions", required_argument, NULL, REPETITIONS},
	{"quick", no_argument, NULL, QUICK},
	{"check", no_argument, NULL, CHECK},
	{"images", required_argument, NULL, IMAGES},
	{"svg", required_argument, NULL, SVG},
	{"json-file", required_argument, NULL, JSON_FILE},
	{"readme", required_argument, NULL, README},
	{"wanted", required_argument, NULL, WANTED},
	{"list", no_argument, NULL, OPTION_LIST},
	{"name", no_argument, NULL, NAME},
	{"json", no_argument, NULL, 'j'},
	{"verbose", no_argument, NULL, 'v'},
	{"help", no_argument, NULL, OPTION_HELP},
	{0},
};

static bool set_option(void *options, int opt, char *arg)
{
	struct options *o = options;
	struct gpu_plan *plan = &o->plan;

	switch (opt) {
	case DEVICE: plan->device = arg; return true;
	case BATCHES: return read_batches(plan, arg);
	case WORKERS: return command_line__count(arg, 1, MAX_WORKERS, &plan->workers);
	case CORE: plan->core = arg; return true;
	case DEPTH: return command_line__count(arg, 1, MAX_DEPTH, &plan->depth);
	case DEADLINE: return command_line__count(arg, 1, 1000000, &plan->deadline_us);
	case ENTRIES: return command_line__count(arg, 1, 11000000, &plan->entries);
	case OBJECTS: plan->objects = arg; return true;
	case REPETITIONS: return command_line__count(arg, 1, MAX_REPETITIONS, &plan->repetitions);
	case QUICK:
		plan->ns = 5e6;
		plan->repetitions = 3;
		return true;
	case CHECK: plan->check_only = true; return true;
	case IMAGES: plan->images = arg; return true;
	case SVG: o->svg = arg; return true;
	case JSON_FILE: o->json_file = arg; return true;
	case README: o->readme = arg; return true;
	case WANTED: o->wanted = arg; return true;
	case NAME: o->name = true; return true;
	case 'j': o->json = true; return true;
	case 'v': plan->verbose = true; return true;
	default: return false;
	}
}

/* --- a run --------------------------------------------------------------------------------- */

static int measure_all(
	const struct options *o, struct ebpf_gpu_device *dev, struct gpu_figures *f, char **errmsg)
{
	for (size_t i = 0; i < n_gpu_workloads; i++) {
		const struct gpu_workload *w = &gpu_workloads[i];

		for (size_t k = 0; o->chosen[i] && k < 4 && w->lengths[k]; k++) {
			int err;

			if (o->plan.verbose)
				fprintf(stderr, "%s, %u bytes\n", w->base.name, w->lengths[k]);
			err = gpu_bout__run(&o->plan, dev, w, w->lengths[k], f, errmsg);
			if (err)
				return err;
		}
	}
	return 0;
}

static int write_images(const struct options *o)
{
	char *errmsg = NULL;
	int err = 0;

	for (size_t i = 0; i < n_gpu_workloads && !err; i++)
		if (o->chosen[i])
			err = gpu_images__write(&o->plan, &gpu_workloads[i], &errmsg);
	if (err)
		fprintf(stderr, "xdpk-bench: %s\n", errmsg ? errmsg : "out of memory");
	free(errmsg);
	return err ? EXIT_BAD : 0;
}

typedef void (*write_fn)(FILE *out, const struct gpu_figures *f, const struct gpu_plan *plan);

static bool write_file(
	const char *path, write_fn write, const struct gpu_figures *f, const struct gpu_plan *plan)
{
	FILE *out = path ? fopen(path, "w") : NULL;

	if (!path)
		return true;
	if (out)
		write(out, f, plan);
	if (out && !fclose(out))
		return true;
	perror(path);
	return false;
}

/* 0, EXIT_DIFFERENT: something is missing, or EXIT_BAD */
static int check_wanted(const struct options *o, const struct gpu_figures *f)
{
	FILE *out = o->wanted ? fopen(o->wanted, "w") : NULL;
	bool all;

	if (!o->wanted)
		return 0;
	all = out && gpu_wanted__check(out, f, &o->plan);
	if (out && !fclose(out))
		return all ? 0 : EXIT_DIFFERENT;
	perror(o->wanted);
	return EXIT_BAD;
}

static int report(const struct options *o, const struct gpu_figures *f)
{
	(o->json ? gpu_report__json : gpu_report__table)(stdout, f, &o->plan);
	if (!write_file(o->svg, gpu_report__svg, f, &o->plan) ||
		!write_file(o->json_file, gpu_report__json, f, &o->plan) ||
		!write_file(o->readme, gpu_report__readme, f, &o->plan))
		return EXIT_BAD;
	return check_wanted(o, f);
}

/* NVIDIA's driver beside it tells its version in a line. */
static void describe(struct gpu_figures *f, const struct ebpf_gpu_device *dev)
{
	FILE *version = fopen("/proc/driver/nvidia/version", "r");
	char line[128] = "";

	f->is_gpu = dev->ops->target == EBPF_TARGET_PTX;
	if (version && f->is_gpu && fgets(line, sizeof(line), version))
		line[strcspn(line, "\n")] = '\0';
	if (version)
		fclose(version);
	snprintf(f->device, sizeof(f->device), "%s%s%s%s%s", dev->name, *dev->driver ? ", " : "",
		dev->driver, *line ? ", " : "", line);
}

static int run(const struct options *o)
{
	static struct gpu_figures figures;
	char *errmsg = NULL;
	struct ebpf_gpu_device *dev = ebpf_gpu_device__open(o->plan.device, &errmsg);
	int err = -1;

	if (dev)
		describe(&figures, dev);
	if (dev)
		err = o->name ? 0 : measure_all(o, dev, &figures, &errmsg);
	if (err < 0)
		fprintf(stderr, "xdpk-bench: %s\n", errmsg ? errmsg : "out of memory");
	free(errmsg);
	ebpf_gpu_device__close(dev);
	if (err)
		return err < 0 ? EXIT_BAD : EXIT_DIFFERENT;
	if (o->name)
		puts(figures.device);
	return o->name || o->plan.check_only ? 0 : report(o, &figures);
}

int gpu__main(int argc, char **argv)
{
	struct options o = {.plan = {.device = "cuda",
				    .objects = XDPK_BENCH_SAMPLES,
				    .batches = {1, 4, 16, 64, 256, 1024, 4096},
				    .n_batches = 7,
				    .workers = 1,
				    .depth = 8,
				    .deadline_us = 100,
				    .repetitions = 9,
				    .ns = 50e6}};
	const struct command_line line = {.usage = usage,
		.options = long_options,
		.list = list,
		.set = set_option,
		.user = &o,
		.thing = "workload",
		.name = workload_name,
		.n = n_gpu_workloads,
		.chosen = o.chosen};
	int status = command_line__read(&line, argc, argv);

	if (status >= 0)
		return status;
	return o.plan.images ? write_images(&o) : run(&o);
}
