/* SPDX-License-Identifier: BSD-3-Clause
 *
 * main.c -- xdpk-bench: the figures of the README.
 */
#include <math.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>

#include "command-line.h"
#include "gpu/main.h"
#include "launch.h"
#include "measure.h"
#ifdef HAVE_DATAPLANE
#include "dataplane/dataplane.h"
#endif

#define CHECK_PACKETS 4096

enum { EXIT_DIFFERENT = 1, EXIT_BAD = 2 };

struct options {
	struct plan plan;
	uint32_t launches;
	bool workloads[MAX_WORKLOADS];
	bool json;
	double limit;    /* of llvm / native; 0: none */
	const char *svg; /* file, NULL: none */
};

static const char usage[] =
	"usage: xdpk-bench [options] [WORKLOAD...]\n"
	"       xdpk-bench dataplane [options] [CONTEST...]\n"
	"       xdpk-bench gpu [options] [WORKLOAD...]\n"
	"\n"
	"Runs workloads (all, or those whose names begin so) on every engine, side by side, and\n"
	"prints what a packet takes. The engines must agree about all packets first.\n"
	"\n"
	"  --engines A,B,...  only these\n"
	"  --packets N        in the set, instead of the workload's own number\n"
	"  --quick            one launch, short repetitions\n"
	"  --launches N       how often all is done again by a process of its own (5)\n"
	"  --repetitions N    in each of them (9)\n"
	"  --check            engines must agree; nothing is measured\n"
	"  --limit RATIO      exit 1 if llvm takes more than RATIO times as long as native C\n"
	"  --svg FILE         a plot, too\n"
	"  --list             workloads and engines\n"
	"  -j, --json         JSON\n"
	"  -v, --verbose      say why an engine does not run a workload\n";

static void list(void)
{
	printf("workloads\n");
	for (size_t w = 0; w < n_workloads; w++)
		printf("  %-14s %s\n", workloads[w].name, workloads[w].what);
	printf("\nengines\n");
	for (size_t e = 0; e < n_engines; e++)
		printf("  %-14s %s\n", engines[e]->name, engines[e]->what);
}

/* --- options --------------------------------------------------------------------------- */

/* What is in the arguments stays: launches get them too. */
static bool choose_engines(struct plan *plan, const char *names)
{
	memset(plan->engines, 0, sizeof(plan->engines));
	while (*names) {
		size_t len = strcspn(names, ",");
		bool found = false;

		for (size_t e = 0; e < n_engines; e++)
			if (strlen(engines[e]->name) == len &&
				strncmp(engines[e]->name, names, len) == 0)
				found = plan->engines[e] = true;
		if (!found) {
			fprintf(stderr, "xdpk-bench: no engine %.*s\n", (int)len, names);
			return false;
		}
		names += len + (names[len] == ',');
	}
	return true;
}

static const char *workload_name(size_t i)
{
	return workloads[i].name;
}

enum { QUICK = 256, LAUNCHES, REPETITIONS, PACKETS, ENGINES, CHECK, LIMIT, SVG };

static const struct option long_options[] = {
	{"quick", no_argument, NULL, QUICK},
	{"launches", required_argument, NULL, LAUNCHES},
	{"repetitions", required_argument, NULL, REPETITIONS},
	{"packets", required_argument, NULL, PACKETS},
	{"engines", required_argument, NULL, ENGINES},
	{"check", no_argument, NULL, CHECK},
	{"limit", required_argument, NULL, LIMIT},
	{"svg", required_argument, NULL, SVG},
	{"list", no_argument, NULL, OPTION_LIST},
	{"json", no_argument, NULL, 'j'},
	{"verbose", no_argument, NULL, 'v'},
	{"help", no_argument, NULL, OPTION_HELP},
	{0},
};

static bool set_option(void *options, int opt, char *arg)
{
	struct options *o = options;

	switch (opt) {
	case QUICK:
		o->launches = 1;
		o->plan.ns = 5e6;
		o->plan.quick = true;
		return true;
	case LAUNCHES: return command_line__count(arg, 1, MAX_LAUNCHES, &o->launches);
	case REPETITIONS: return command_line__count(arg, 3, MAX_REPETITIONS, &o->plan.repetitions);
	case PACKETS: return command_line__count(arg, BENCH_BURST, 1 << 22, &o->plan.packets);
	case ENGINES: return choose_engines(&o->plan, arg);
	case CHECK:
		o->plan.check_only = o->plan.quick = true;
		o->plan.packets = o->plan.packets ? o->plan.packets : CHECK_PACKETS;
		return true;
	case LIMIT: o->limit = strtod(arg, NULL); return o->limit > 0;
	case SVG: o->svg = arg; return true;
	case 'j': o->json = true; return true;
	case 'v': o->plan.verbose = true; return true;
	default: return false;
	}
}

/* --- a run ----------------------------------------------------------------------------- */

static void pin(void)
{
	cpu_set_t one;
	int cpu = sched_getcpu();

	if (cpu < 0)
		return;
	CPU_ZERO(&one);
	CPU_SET(cpu, &one);
	sched_setaffinity(0, sizeof(one), &one); /* where it is not allowed, it floats */
}

static int measure_all(const struct options *o, struct figures *figures)
{
	pin();
	for (size_t w = 0; w < n_workloads; w++)
		for (int kind = 0; o->workloads[w] && kind < N_CASE_KINDS; kind++) {
			char *errmsg = NULL;
			int err = measure(&o->plan, w, kind, figures, &errmsg);

			if (err < 0)
				fprintf(stderr, "xdpk-bench: %s\n",
					errmsg ? errmsg : "out of memory");
			free(errmsg);
			if (err)
				return err < 0 ? EXIT_BAD : EXIT_DIFFERENT;
		}
	return 0;
}

static void describe_machine(char *text, size_t size)
{
	FILE *cpuinfo = fopen("/proc/cpuinfo", "r");
	char line[256], cpu[128] = "unknown CPU";
	struct utsname uts;

	while (cpuinfo && fgets(line, sizeof(line), cpuinfo)) {
		char *colon = strchr(line, ':');

		if (strncmp(line, "model name", 10) == 0 && colon) {
			snprintf(
				cpu, sizeof(cpu), "%.*s", (int)strcspn(colon + 2, "\n"), colon + 2);
			break;
		}
	}
	if (cpuinfo)
		fclose(cpuinfo);
	uname(&uts);
	snprintf(text, size, "%s, Linux %s", cpu, uts.release);
}

/* Is compiled code as fast as it must be, in all workloads that were run? */
static int check_limit(const struct figures *f, double limit)
{
	bool measured = false;
	int status = 0;

	for (size_t w = 0; w < n_workloads; w++)
		for (size_t e = 0; e < n_engines; e++) {
			double ratio = f->at[w][CASE_AS_IT_IS][e].ratio[0];

			if (strcmp(engines[e]->name, "llvm") != 0 || !ratio)
				continue;
			measured = true;
			if (ratio <= limit)
				continue;
			fprintf(stderr, "xdpk-bench: %s: llvm is %.2f times %s, more than %.2f\n",
				workloads[w].name, ratio, engines[0]->name, limit);
			status = EXIT_DIFFERENT;
		}
	if (measured)
		return status;
	fprintf(stderr, "xdpk-bench: llvm and %s were not both measured\n", engines[0]->name);
	return EXIT_BAD;
}

static int report(const struct options *o, const struct figures *figures)
{
	char machine[256];
	struct run_facts run = {machine, o->launches, o->plan.repetitions, o->plan.packets};

	describe_machine(machine, sizeof(machine));
	if (o->json)
		report__json(stdout, figures, &run);
	else
		report__table(stdout, figures, &run);
	if (o->svg) {
		FILE *out = fopen(o->svg, "w");

		if (!out) {
			perror(o->svg);
			return EXIT_BAD;
		}
		report__svg(out, figures, &run);
		fclose(out);
	}
	/* Launches have none but infinity: the median counts. */
	return o->limit && isfinite(o->limit) ? check_limit(figures, o->limit) : 0;
}

int main(int argc, char **argv)
{
	static struct figures figures;
	struct options o = {.launches = 5, .plan = {.repetitions = 9, .ns = 20e6}};
	const struct command_line line = {.usage = usage,
		.options = long_options,
		.list = list,
		.set = set_option,
		.user = &o,
		.thing = "workload",
		.name = workload_name,
		.n = n_workloads,
		.chosen = o.workloads};
	int err;

#ifdef HAVE_DATAPLANE
	if (argc > 1 && !strcmp(argv[1], "dataplane"))
		return dataplane__main(argc - 1, argv + 1);
#endif
	if (argc > 1 && !strcmp(argv[1], "gpu"))
		return gpu__main(argc - 1, argv + 1);
	for (size_t e = 0; e < n_engines; e++)
		o.plan.engines[e] = true;
	err = command_line__read(&line, argc, argv);
	if (err >= 0)
		return err;
	if (o.launches > 1 && !o.plan.check_only)
		err = launch__all(argv, o.launches, &figures);
	else
		err = measure_all(&o, &figures);
	if (err || o.plan.check_only)
		return err;
	return report(&o, &figures);
}
