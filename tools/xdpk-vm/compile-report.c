/* SPDX-License-Identifier: BSD-3-Clause
 *
 * compile-report.c -- every step's time in the first round, which opens the compiler and finds
 * nothing warm, and its median.
 */
#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>

#include "compile-time.h"

static const struct {
	const char *name, *what;
} rows[N_COMPILE_ROWS] = {
	[ROW_OPEN] = {"file", "read the object file, create its maps"},
	[ROW_LOAD] = {"program", "relocate, verify, ready for the interpreter"},
	[ROW_STEPS + STEP_REQUEST] = {"request", "make the compile request"},
	[ROW_STEPS + STEP_FIND] = {"find", "hash it, look for it in the cache"},
	[ROW_STEPS + STEP_OPEN] = {"open", "open the compiler, the first time"},
	[ROW_STEPS + STEP_VERIFY] = {"verify", "compiler: verify again"},
	[ROW_STEPS + STEP_PREPARE] = {"prepare", "compiler: set up LLVM for the CPU"},
	[ROW_STEPS + STEP_TRANSLATE] = {"translate", "compiler: bytecode to IR"},
	[ROW_STEPS + STEP_LINK] = {"link", "compiler: add the runtime and the driver"},
	[ROW_STEPS + STEP_OPTIMISE] = {"optimise", "compiler: optimise"},
	[ROW_STEPS + STEP_EMIT] = {"emit", "compiler: make machine code"},
	[ROW_COMPILER] = {"compiler", "its steps together"},
	[ROW_STEPS + STEP_STORE] = {"store", "put the object into the cache"},
	[ROW_STEPS + STEP_LOAD] = {"native load", "map the object, bind it to the maps"},
	[ROW_HIT] = {"cache hit", "request, find and native load of what was compiled before"},
};

static const int order[] = {ROW_OPEN, ROW_LOAD, ROW_STEPS + STEP_REQUEST, ROW_STEPS + STEP_FIND,
	ROW_STEPS + STEP_OPEN, ROW_STEPS + STEP_VERIFY, ROW_STEPS + STEP_PREPARE,
	ROW_STEPS + STEP_TRANSLATE, ROW_STEPS + STEP_LINK, ROW_STEPS + STEP_OPTIMISE,
	ROW_STEPS + STEP_EMIT, ROW_COMPILER, ROW_STEPS + STEP_STORE, ROW_STEPS + STEP_LOAD,
	ROW_HIT};

#define N_ORDER (sizeof(order) / sizeof(order[0]))

_Static_assert(N_ORDER == N_COMPILE_ROWS, "every row is printed");

static int compare(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return x < y ? -1 : x > y;
}

static uint64_t median(uint64_t *ns, uint32_t n)
{
	qsort(ns, n, sizeof(*ns), compare);
	return n % 2 ? ns[n / 2] : (ns[n / 2 - 1] + ns[n / 2]) / 2;
}

void compile_report__print(struct compile_report *r)
{
	printf("%s: %" PRIu32 " instructions, cpu %s, %" PRIu32 " times\n", r->program, r->n_insns,
		r->cpu, r->rounds);
	printf("%-12s %9s %9s\n", "CPU ms", "first", "median");
	for (size_t i = 0; i < N_ORDER; i++) {
		uint64_t *ns = r->ns[order[i]], first = ns[0];

		if (first)
			printf("%-12s %9.3f %9.3f  %s\n", rows[order[i]].name, first / 1e6,
				median(ns, r->rounds) / 1e6, rows[order[i]].what);
	}
	printf("memory: %.1f MB before the first compilation, %.1f MB at its peak\n",
		r->kib_before * 1024 / 1e6, r->kib_peak * 1024 / 1e6);
	printf("code: %" PRIu64 " bytes, in an object of %" PRIu64 " bytes\n", r->code_size,
		r->object_size);
}

void compile_report__print_json(struct compile_report *r)
{
	json_t *steps = json_object(), *o;

	for (size_t i = 0; i < N_ORDER; i++) {
		uint64_t *ns = r->ns[order[i]], first = ns[0];

		if (first)
			json_object_set_new(steps, rows[order[i]].name,
				json_pack("{s:I, s:I}", "first", (json_int_t)first, "median",
					(json_int_t)median(ns, r->rounds)));
	}
	o = json_pack("{s:s, s:I, s:s, s:I, s:o, s:I, s:I, s:I, s:I}", "program", r->program,
		"insns", (json_int_t)r->n_insns, "cpu", r->cpu, "rounds", (json_int_t)r->rounds,
		"ns", steps, "memory_before", (json_int_t)r->kib_before * 1024, "memory_peak",
		(json_int_t)r->kib_peak * 1024, "code_size", (json_int_t)r->code_size,
		"object_size", (json_int_t)r->object_size);
	json_dumpf(o, stdout, JSON_INDENT(2));
	printf("\n");
	json_decref(o);
}
