/* SPDX-License-Identifier: BSD-3-Clause
 *
 * compile-time.c -- every round begins with the object's file and an empty cache, in a folder of
 * its own, from which the object is then taken once more.
 */
#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "compile-time.h"
#include "core/error.h"
#include "native/elf-object.h"
#include "object-program.h"

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

static void empty(const char *folder)
{
	DIR *dir = opendir(folder);
	struct dirent *d;

	while (dir && (d = readdir(dir)) != NULL)
		unlinkat(dirfd(dir), d->d_name, 0);
	if (dir)
		closedir(dir);
}

static uint64_t sum(const uint64_t *ns, int from, int to)
{
	uint64_t total = 0;

	for (int step = from; step <= to; step++)
		total += ns[step];
	return total;
}

/* What was just compiled, again. */
static int measure_hit(
	struct ebpf_program *prog, struct compile_opts opts, uint64_t *ns, char **errmsg)
{
	struct compile_stats stats = {0};
	const struct ebpf_code *code;

	opts.stats = &stats;
	code = program__compile(prog, &opts, NULL, errmsg);
	if (code && stats.from_cache)
		*ns = sum(stats.ns, 0, N_COMPILE_STEPS - 1);
	return code ? 0 : -errno;
}

static int compile_program(struct compile_report *r, uint32_t round, const struct compile_job *job,
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
	if (!strcmp(opts.cpu, "native")) {
		if (!program__load_object(prog, &opts, object, NULL, errmsg))
			return -errno;
		err = measure_hit(prog, job->opts, &r->ns[ROW_HIT][round], errmsg);
	}
	for (int step = 0; step < N_COMPILE_STEPS; step++)
		r->ns[ROW_STEPS + step][round] = stats.ns[step];
	r->ns[ROW_COMPILER][round] = sum(stats.ns, STEP_VERIFY, STEP_EMIT);
	snprintf(r->program, sizeof(r->program), "%s", ebpf_program__name(prog));
	r->n_insns = ebpf_program__n_insns(prog);
	r->code_size = code_size(object);
	r->object_size = object->size;
	return err;
}

static int run_round(struct compile_report *r, uint32_t round, const struct compile_job *job,
	const char *cache_dir, struct compiled_object *object, char **errmsg)
{
	uint64_t start = compile_stats__now(), opened;
	const struct ebpf_object_program *p;
	struct ebpf_program *prog = NULL;
	struct opened_object o;
	int err = opened_object__open(&o, job->path, job->init, cache_dir, errmsg);

	if (err)
		return err;
	opened = compile_stats__now();
	p = ebpf_object__find_program(o.obj, job->program, errmsg);
	if (p)
		prog = ebpf_object__load_program(o.obj, p->name, NULL, errmsg);
	r->ns[ROW_OPEN][round] = opened - start;
	r->ns[ROW_LOAD][round] = compile_stats__now() - opened;
	err = prog ? compile_program(r, round, job, prog, object, errmsg) : -EINVAL;
	ebpf_program__unref(prog);
	opened_object__close(&o);
	return err;
}

int compile_time__measure(struct compile_report *r, const struct compile_job *job, uint32_t rounds,
	struct compiled_object *object, char **errmsg)
{
	uint64_t *ns = calloc(N_COMPILE_ROWS * (size_t)rounds, sizeof(*ns));
	char cache_dir[] = "/tmp/xdpk-vm.XXXXXX";
	int err = 0;

	*r = (struct compile_report){.rounds = rounds, .cpu = job->opts.cpu};
	if (!ns)
		return error__set(errmsg, -ENOMEM, "no memory for %" PRIu32 " rounds", rounds);
	for (int row = 0; row < N_COMPILE_ROWS; row++)
		r->ns[row] = ns + row * (size_t)rounds;
	if (!mkdtemp(cache_dir))
		return error__set(errmsg, -errno, "%s: %s", cache_dir, strerror(errno));
	for (uint32_t round = 0; round < rounds && !err; round++) {
		free(object->elf);
		object->elf = NULL;
		err = run_round(r, round, job, cache_dir, object, errmsg);
		empty(cache_dir);
	}
	rmdir(cache_dir);
	return err;
}

void compile_time__release(struct compile_report *r)
{
	free(r->ns[0]);
}
