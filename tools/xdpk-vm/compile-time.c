/* SPDX-License-Identifier: BSD-3-Clause
 *
 * compile-time.c -- every round begins with the object's file; the first one also pays for
 * opening the compiler, and is told apart.
 */
#include <errno.h>
#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "compile-time.h"
#include "core/error.h"
#include "native/elf-object.h"
#include "object-program.h"

enum row { ROW_OPEN, ROW_VERIFY, ROW_STEPS, N_ROWS = ROW_STEPS + N_COMPILE_STEPS };

static const struct {
	const char *name, *what;
} rows[N_ROWS] = {
	[ROW_OPEN] = {"open", "read the object, create its maps"},
	[ROW_VERIFY] = {"load", "relocate, verify, ready for the interpreter"},
	[ROW_STEPS + STEP_REQUEST] = {"request", "make the compile request"},
	[ROW_STEPS + STEP_FIND] = {"find", "look for it in the cache"},
	[ROW_STEPS + STEP_VERIFY] = {"verify", "compiler: verify again"},
	[ROW_STEPS + STEP_PREPARE] = {"prepare", "compiler: set up LLVM for the CPU"},
	[ROW_STEPS + STEP_TRANSLATE] = {"translate", "compiler: bytecode to IR"},
	[ROW_STEPS + STEP_LINK] = {"link", "compiler: add the runtime and the driver"},
	[ROW_STEPS + STEP_OPTIMISE] = {"optimise", "compiler: optimise"},
	[ROW_STEPS + STEP_EMIT] = {"emit", "compiler: make machine code"},
	[ROW_STEPS + STEP_STORE] = {"store", "put it into the cache"},
	[ROW_STEPS + STEP_LOAD] = {"native load", "map the object, bind it to the maps"},
};

struct report {
	uint32_t rounds;
	uint64_t *ns[N_ROWS]; /* by round */
	char program[128];
	uint32_t n_insns;
	uint64_t code_size, object_size;
	uint64_t kib_before, kib_peak; /* memory of the process, in the first compilation */
};

/* A line of /proc/self/status; 0 without /proc. */
static uint64_t status_kib(const char *field)
{
	FILE *f = fopen("/proc/self/status", "r");
	char line[128];
	uint64_t kib = 0;

	while (f && fgets(line, sizeof(line), f))
		if (strncmp(line, field, strlen(field)) == 0)
			kib = strtoull(line + strlen(field), NULL, 10);
	if (f)
		fclose(f);
	return kib;
}

static void restart_peak(void)
{
	FILE *f = fopen("/proc/self/clear_refs", "w");

	if (!f)
		return;
	fputs("5", f);
	fclose(f);
}

static uint64_t code_size(const struct compiled_object *object)
{
	struct elf_object elf;
	uint64_t size = 0;

	if (elf_object__open(&elf, object->elf, object->size, NULL))
		return 0;
	for (uint32_t i = 0; i < elf.n_sections; i++) {
		Elf64_Shdr sh = elf_object__section(&elf, i);

		if (sh.sh_flags & SHF_EXECINSTR)
			size += sh.sh_size;
	}
	return size;
}

static int compile_program(struct report *r, uint32_t round, const struct compile_job *job,
	struct ebpf_program *prog, struct compiled_object *object, char **errmsg)
{
	struct compile_stats stats = {0};
	struct compile_opts opts = job->opts;
	int err;

	opts.stats = &stats;
	if (!round) {
		restart_peak();
		r->kib_before = status_kib("VmRSS:");
	}
	err = program__make_object(prog, &opts, object, errmsg);
	if (err)
		return err;
	if (!round)
		r->kib_peak = status_kib("VmHWM:");
	if (!strcmp(opts.cpu, "native") && !program__load_object(prog, &opts, object, NULL, errmsg))
		return -errno;
	for (int step = 0; step < N_COMPILE_STEPS; step++)
		r->ns[ROW_STEPS + step][round] = stats.ns[step];
	snprintf(r->program, sizeof(r->program), "%s", ebpf_program__name(prog));
	r->n_insns = ebpf_program__n_insns(prog);
	r->code_size = code_size(object);
	r->object_size = object->size;
	return 0;
}

static int run_round(struct report *r, uint32_t round, const struct compile_job *job,
	struct compiled_object *object, char **errmsg)
{
	uint64_t start = compile_stats__now(), opened;
	const struct object_program *p;
	struct ebpf_program *prog = NULL;
	struct opened_object o;
	int err = opened_object__open(&o, job->path, job->init, errmsg);

	if (err)
		return err;
	opened = compile_stats__now();
	p = object__find_program(o.obj, job->program, errmsg);
	if (p)
		prog = object__load_program(o.obj, p->name, NULL, errmsg);
	r->ns[ROW_OPEN][round] = opened - start;
	r->ns[ROW_VERIFY][round] = compile_stats__now() - opened;
	err = prog ? compile_program(r, round, job, prog, object, errmsg) : -EINVAL;
	ebpf_program__unref(prog);
	opened_object__close(&o);
	return err;
}

static int compare(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return x < y ? -1 : x > y;
}

/* Sorts the samples. */
static uint64_t median(uint64_t *ns, uint32_t n)
{
	qsort(ns, n, sizeof(*ns), compare);
	return n % 2 ? ns[n / 2] : (ns[n / 2 - 1] + ns[n / 2]) / 2;
}

static bool in_compiler(int row)
{
	return row >= ROW_STEPS + STEP_VERIFY && row <= ROW_STEPS + STEP_EMIT;
}

/* The steps inside the compiler together, by round. */
static void add_up(const struct report *r, uint64_t *sum)
{
	for (uint32_t round = 0; round < r->rounds; round++)
		for (int row = 0; row < N_ROWS; row++)
			if (in_compiler(row))
				sum[round] += r->ns[row][round];
}

static void print_row(const char *name, const char *what, uint64_t *ns, uint32_t n)
{
	double first = ns[0] / 1e6;

	printf("%-12s %9.3f %9.3f  %s\n", name, first, median(ns, n) / 1e6, what);
}

static void print_text(struct report *r, const struct compile_job *job, uint64_t *compiler)
{
	printf("%s: %" PRIu32 " instructions, cpu %s, median of %" PRIu32 "\n", r->program,
		r->n_insns, job->opts.cpu, r->rounds);
	printf("%-12s %9s %9s\n", "ms", "first", "median");
	for (int row = 0; row < N_ROWS; row++)
		if (r->ns[row][0])
			print_row(rows[row].name, rows[row].what, r->ns[row], r->rounds);
	print_row("compiler", "the steps inside it together", compiler, r->rounds);
	printf("memory: %.1f MB before the first compilation, %.1f MB at its peak\n",
		r->kib_before * 1024 / 1e6, r->kib_peak * 1024 / 1e6);
	printf("code: %" PRIu64 " bytes, the object: %" PRIu64 " bytes\n", r->code_size,
		r->object_size);
}

static json_t *samples(uint64_t *ns, uint32_t n)
{
	json_int_t first = (json_int_t)ns[0];

	return json_pack("{s:I, s:I}", "first", first, "median", (json_int_t)median(ns, n));
}

static void print_json(struct report *r, const struct compile_job *job, uint64_t *compiler)
{
	json_t *steps = json_object(), *o;

	for (int row = 0; row < N_ROWS; row++)
		if (r->ns[row][0])
			json_object_set_new(steps, rows[row].name, samples(r->ns[row], r->rounds));
	json_object_set_new(steps, "compiler", samples(compiler, r->rounds));
	o = json_pack("{s:s, s:I, s:s, s:I, s:o, s:I, s:I, s:I, s:I}", "program", r->program,
		"insns", (json_int_t)r->n_insns, "cpu", job->opts.cpu, "rounds",
		(json_int_t)r->rounds, "ns", steps, "memory_before",
		(json_int_t)r->kib_before * 1024, "memory_peak", (json_int_t)r->kib_peak * 1024,
		"code_size", (json_int_t)r->code_size, "object_size", (json_int_t)r->object_size);
	json_dumpf(o, stdout, JSON_INDENT(2));
	printf("\n");
	json_decref(o);
}

int compile_time__run(const struct compile_job *job, uint32_t rounds, bool as_json,
	struct compiled_object *object, char **errmsg)
{
	uint64_t *ns = calloc((N_ROWS + 1) * (size_t)rounds, sizeof(*ns));
	uint64_t *compiler = ns + N_ROWS * (size_t)rounds;
	struct report r = {.rounds = rounds};
	int err = 0;

	if (!ns)
		return error__set(errmsg, -ENOMEM, "no memory for %" PRIu32 " rounds", rounds);
	for (int row = 0; row < N_ROWS; row++)
		r.ns[row] = ns + row * (size_t)rounds;
	for (uint32_t round = 0; round < rounds && !err; round++) {
		free(object->elf);
		object->elf = NULL;
		err = run_round(&r, round, job, object, errmsg);
	}
	add_up(&r, compiler);
	if (!err && as_json)
		print_json(&r, job, compiler);
	else if (!err)
		print_text(&r, job, compiler);
	free(ns);
	return err;
}
