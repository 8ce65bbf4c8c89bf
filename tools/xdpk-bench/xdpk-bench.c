/* SPDX-License-Identifier: BSD-3-Clause
 *
 * xdpk-bench.c -- the figures of the README.
 *
 * One process, pinned to a CPU. In every repetition each variant runs in turn for the same
 * time; the first repetition warms up and is dropped. What is reported is the median, and of
 * ratios the median of the repetitions' own ratios, as clocks drift between repetitions.
 */
#include <getopt.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "firewall.h"

#ifndef BENCH_FIREWALL_NATIVE
#define BENCH_FIREWALL_NATIVE NULL
#endif

#define MAX_REPETITIONS 101

struct plan {
	uint32_t repetitions;
	double seconds; /* of each variant in each repetition */
};

struct figures {
	double ns[MAX_VARIANTS];    /* per packet */
	double ratio[MAX_VARIANTS]; /* to the first variant's */
};

/* The thread's own time: others on the machine cost it their cache lines, but no more. */
static double now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &ts);
	return ts.tv_sec * 1e9 + ts.tv_nsec;
}

static double ns_per_packet(
	struct firewall *f, const struct variant *v, struct bench_packet *packets, double seconds)
{
	double start = now_ns(), end;
	uint64_t rounds = 0;

	do {
		firewall__run(f, v, packets);
		rounds++;
		end = now_ns();
	} while (end - start < seconds * 1e9);
	return (end - start) / rounds / BENCH_PACKETS;
}

/* Every variant must decide alike, or there is nothing to compare. */
static bool agree(struct firewall *f, struct bench_packet *packets)
{
	static uint32_t first[BENCH_PACKETS];

	for (uint32_t v = 0; v < f->n_variants; v++) {
		firewall__run(f, &f->variants[v], packets);
		for (uint32_t i = 0; i < BENCH_PACKETS; i++) {
			if (v == 0)
				first[i] = packets[i].verdict;
			else if (packets[i].verdict != first[i]) {
				fprintf(stderr, "xdpk-bench: packet %u: %s says %u, %s says %u\n",
					i, f->variants[0].name, first[i], f->variants[v].name,
					packets[i].verdict);
				return false;
			}
		}
	}
	return true;
}

static int by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static double median(double *values, uint32_t n)
{
	qsort(values, n, sizeof(*values), by_value);
	return n % 2 ? values[n / 2] : (values[n / 2 - 1] + values[n / 2]) / 2;
}

static void measure(struct firewall *f, struct bench_packet *packets, const struct plan *plan,
	struct figures *out)
{
	static double ns[MAX_VARIANTS][MAX_REPETITIONS], ratio[MAX_VARIANTS][MAX_REPETITIONS];

	for (uint32_t rep = 0; rep <= plan->repetitions; rep++) {
		uint32_t at = rep ? rep - 1 : 0; /* the first is overwritten */

		for (uint32_t v = 0; v < f->n_variants; v++) {
			ns[v][at] = ns_per_packet(f, &f->variants[v], packets, plan->seconds);
			ratio[v][at] = ns[v][at] / ns[0][at];
		}
	}
	for (uint32_t v = 0; v < f->n_variants; v++) {
		out->ns[v] = median(ns[v], plan->repetitions);
		out->ratio[v] = median(ratio[v], plan->repetitions);
	}
}

static void machine_name(char *text, size_t size)
{
	FILE *cpuinfo = fopen("/proc/cpuinfo", "r");
	char line[256];

	snprintf(text, size, "unknown CPU");
	while (cpuinfo && fgets(line, sizeof(line), cpuinfo)) {
		char *colon = strchr(line, ':');

		if (strncmp(line, "model name", 10) == 0 && colon) {
			snprintf(text, size, "%.*s", (int)strcspn(colon + 2, "\n\""), colon + 2);
			break;
		}
	}
	if (cpuinfo)
		fclose(cpuinfo);
}

static void print(
	const struct firewall *f, const struct plan *plan, const struct figures *fig, bool json)
{
	char cpu[128];

	machine_name(cpu, sizeof(cpu));
	if (json) {
		printf("{\"benchmark\": \"firewall\", \"cpu\": \"%s\", \"packets\": %d, "
		       "\"flows\": %d, \"burst\": %d, \"repetitions\": %u, \"variants\": [",
			cpu, BENCH_PACKETS, BENCH_FLOWS, BENCH_BURST, plan->repetitions);
		for (uint32_t v = 0; v < f->n_variants; v++)
			printf("%s{\"name\": \"%s\", \"ns_per_packet\": %.2f, \"ratio\": %.3f}",
				v ? ", " : "", f->variants[v].name, fig->ns[v], fig->ratio[v]);
		printf("]}\n");
		return;
	}
	printf("firewall: %d packets, %d flows, bursts of %d, one core, median of %u\n%s\n\n",
		BENCH_PACKETS, BENCH_FLOWS, BENCH_BURST, plan->repetitions, cpu);
	printf("%-8s  %9s  %8s\n", "", "ns/packet", "ratio");
	for (uint32_t v = 0; v < f->n_variants; v++)
		printf("%-8s  %9.2f  %8.2f\n", f->variants[v].name, fig->ns[v], fig->ratio[v]);
}

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

static int run(const char *object, const struct plan *plan, bool json, double limit)
{
	static struct bench_packet packets[BENCH_PACKETS];
	struct figures figures;
	struct firewall f;
	char *errmsg = NULL;

	if (firewall__open(&f, object, BENCH_FIREWALL_NATIVE, &errmsg)) {
		fprintf(stderr, "xdpk-bench: %s\n", errmsg ? errmsg : "out of memory");
		return 2;
	}
	if (!bench_traffic__create(packets)) {
		fprintf(stderr, "xdpk-bench: no memory for the packets\n");
		return 2;
	}
	pin();
	if (!agree(&f, packets))
		return 1;
	measure(&f, packets, plan, &figures);
	print(&f, plan, &figures, json);
	bench_traffic__destroy(packets);
	firewall__close(&f);
	if (limit > 0 && f.n_variants > 1 && figures.ratio[1] > limit) {
		fprintf(stderr, "xdpk-bench: %s is %.2f times %s, more than %.2f\n",
			f.variants[1].name, figures.ratio[1], f.variants[0].name, limit);
		return 1;
	}
	return 0;
}

static const char usage[] =
	"usage: xdpk-bench firewall [options]\n"
	"\n"
	"The sample firewall over generated traffic, in every way that it can run; `native` is\n"
	"its source compiled as C for this very machine.\n"
	"\n"
	"  --quick        shorter repetitions\n"
	"  --limit RATIO  exit 1 if the second variant takes more than RATIO times the first\n"
	"  --object FILE  the compiled sample, if not the build's own\n"
	"  -j             JSON\n";

int main(int argc, char **argv)
{
	static const struct option options[] = {{"quick", no_argument, NULL, 'q'},
		{"limit", required_argument, NULL, 'l'}, {"object", required_argument, NULL, 'o'},
		{"json", no_argument, NULL, 'j'}, {"help", no_argument, NULL, 'h'}, {0}};
	struct plan plan = {.repetitions = 21, .seconds = 0.1};
	const char *object = BENCH_FIREWALL_OBJECT;
	double limit = 0;
	bool json = false;
	int opt;

	while ((opt = getopt_long(argc, argv, "jh", options, NULL)) != -1) {
		switch (opt) {
		case 'q': plan = (struct plan){.repetitions = 15, .seconds = 0.02}; break;
		case 'l': limit = strtod(optarg, NULL); break;
		case 'o': object = optarg; break;
		case 'j': json = true; break;
		case 'h': fputs(usage, stdout); return 0;
		default: return 2;
		}
	}
	if (optind + 1 != argc || strcmp(argv[optind], "firewall") != 0) {
		fputs(usage, stderr);
		return 2;
	}
	return run(object, &plan, json, limit);
}
