/* SPDX-License-Identifier: BSD-3-Clause
 *
 * instructions -- runs compiled programs of the bench so that their instructions can be counted.
 *
 *	instructions make WORKLOAD FILE   compiles for one kind of CPU, which all machines have
 *	instructions run WORKLOAD FILE    loads that and runs all packets: once to warm up, then
 *	                                  in counted_pass(), for which callgrind waits; prints
 *	                                  their number
 *
 * Compiling under callgrind would take minutes: so it is another run that is counted.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "case.h"
#include "core/program.h"

#define CPU "x86-64-v3"

extern const unsigned char driver_bench[];
extern const unsigned long driver_bench_size;

void counted_pass(struct bench_case *c, ebpf_driver_fn driver);

__attribute__((noinline)) void counted_pass(struct bench_case *c, ebpf_driver_fn driver)
{
	struct bench_burst burst = {.n = BENCH_BURST};

	for (uint32_t i = 0; i < c->traffic.n; i += BENCH_BURST) {
		burst.packets = c->traffic.packets + i;
		driver(&c->env, &burst);
	}
}

static const struct workload *find_workload(const char *name)
{
	for (size_t w = 0; w < n_workloads; w++)
		if (strcmp(workloads[w].name, name) == 0)
			return &workloads[w];
	return NULL;
}

static int make(struct bench_case *c, const struct compile_opts *opts, FILE *f, char **errmsg)
{
	struct compiled_object object;
	bool written;

	if (program__make_object(c->prog, opts, &object, errmsg))
		return -1;
	written = fwrite(object.elf, 1, object.size, f) == object.size;
	free(object.elf);
	return written ? 0 : -1;
}

static int run(struct bench_case *c, const struct compile_opts *opts, FILE *f, char **errmsg)
{
	struct compiled_object object = {.elf = NULL};
	const struct ebpf_code *code = NULL;
	size_t room = 1 << 20;

	object.elf = malloc(room);
	if (!object.elf)
		return -1;
	object.size = fread(object.elf, 1, room, f);
	code = program__load_object(c->prog, opts, &object, NULL, errmsg);
	free(object.elf);
	if (!code)
		return -1;
	ebpf_program__install(c->prog, code);
	for (uint32_t i = 0; i < c->traffic.n; i += BENCH_BURST)
		code->driver(&c->env, &(struct bench_burst){c->traffic.packets + i, BENCH_BURST});
	traffic__restore(&c->traffic);
	counted_pass(c, code->driver);
	printf("%u\n", c->traffic.n);
	return 0;
}

static const char usage[] = "usage: instructions make|run WORKLOAD FILE\n";

int main(int argc, char **argv)
{
	const struct ebpf_driver driver = {
		.name = "bench", .bitcode = driver_bench, .bitcode_size = driver_bench_size};
	const struct compile_opts opts = {.backend = "llvm", .driver = &driver, .cpu = CPU};
	bool makes = argc == 4 && strcmp(argv[1], "make") == 0;
	const struct workload *w = argc == 4 ? find_workload(argv[2]) : NULL;
	static struct bench_case c;
	char *errmsg = NULL;
	FILE *f;
	int err;

	if (!w || (!makes && strcmp(argv[1], "run") != 0)) {
		fputs(usage, stderr);
		return 2;
	}
	f = fopen(argv[3], makes ? "wb" : "rb");
	if (!f) {
		perror(argv[3]);
		return 2;
	}
	err = case__open(&c, w, CASE_AS_IT_IS, 4096, 1, &errmsg);
	if (!err)
		err = makes ? make(&c, &opts, f, &errmsg) : run(&c, &opts, f, &errmsg);
	if (fclose(f))
		err = -1;
	if (err)
		fprintf(stderr, "instructions: %s: %s\n", w->name, errmsg ? errmsg : argv[3]);
	case__close(&c);
	return err ? 2 : 0;
}
