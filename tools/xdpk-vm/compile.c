/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "command.h"
#include "compile-time.h"
#include "core/error.h"
#include "input.h"
#include "object-program.h"

#define DEFAULT_ROUNDS 5

static int make_object(const struct compile_job *job, struct compiled_object *object, char **errmsg)
{
	const struct object_program *p;
	struct ebpf_program *prog = NULL;
	struct opened_object o;
	int err = opened_object__open(&o, job->path, job->init, NULL, errmsg);

	if (err)
		return err;
	p = object__find_program(o.obj, job->program, errmsg);
	if (p)
		prog = object__load_program(o.obj, p->name, NULL, errmsg);
	err = prog ? program__make_object(prog, &job->opts, object, errmsg) : -EINVAL;
	ebpf_program__unref(prog);
	opened_object__close(&o);
	return err;
}

static int write_object(const struct compiled_object *object, const char *path, char **errmsg)
{
	FILE *f = fopen(path, "wb");
	size_t written;

	if (!f)
		return error__set(errmsg, -errno, "%s: %s", path, strerror(errno));
	written = fwrite(object->elf, 1, object->size, f);
	if (fclose(f) || written != object->size)
		return error__set(errmsg, -EIO, "%s: cannot be written", path);
	return 0;
}

static int read_driver(struct ebpf_driver *driver, const char *path, char **errmsg)
{
	uint8_t *bitcode;
	int err = input__file(path, &bitcode, &driver->bitcode_size, errmsg);

	driver->name = path;
	driver->bitcode = err ? NULL : bitcode;
	return err;
}

static int read_rounds(const char *text, uint32_t *rounds, char **errmsg)
{
	char *end;
	unsigned long n = strtoul(text, &end, 10);

	if (*text < '0' || *text > '9' || *end || !n || n > COMPILE_MAX_ROUNDS)
		return error__set(
			errmsg, -EINVAL, "--repeat %s: must be 1 to %d", text, COMPILE_MAX_ROUNDS);
	*rounds = (uint32_t)n;
	return 0;
}

static int measure(const struct compile_job *job, uint32_t rounds, bool as_json,
	struct compiled_object *object, char **errmsg)
{
	struct compile_report report;
	int err = compile_time__measure(&report, job, rounds, object, errmsg);

	if (!err && as_json)
		compile_report__print_json(&report);
	else if (!err)
		compile_report__print(&report);
	compile_time__release(&report);
	return err;
}

static int run_job(const struct command_line *line, const struct compile_job *job, char **errmsg)
{
	const char *const *o = line->options;
	struct compiled_object object = {0};
	uint32_t rounds = DEFAULT_ROUNDS;
	int err = o['r'] ? read_rounds(o['r'], &rounds, errmsg) : 0;

	if (!err && (o['t'] || o['r'] || o['j']))
		err = measure(job, rounds, o['j'] != NULL, &object, errmsg);
	else if (!err)
		err = make_object(job, &object, errmsg);
	if (!err && o['o'])
		err = write_object(&object, o['o'], errmsg);
	free(object.elf);
	return err;
}

static int compile(const struct command_line *line, char **errmsg)
{
	const char *const *o = line->options;
	struct ebpf_driver driver = {0};
	struct compile_job job = {.path = line->argv[0],
		.program = o['p'],
		.init = o['i'],
		.opts = {.backend = "llvm", .cpu = o['c'] ? o['c'] : "native"}};
	int err = 0;

	if (o['d']) {
		err = read_driver(&driver, o['d'], errmsg);
		job.opts.driver = &driver;
	}
	if (!err)
		err = run_job(line, &job, errmsg);
	free((void *)driver.bitcode);
	return err == -EACCES ? EXIT_BAD : err ? EXIT_UNUSABLE : EXIT_GOOD;
}

const struct command compile_command = {
	.name = "compile",
	.args = "PROG.o",
	.summary = "compile a program of an object file",
	.details =
		"Makes a relocatable ELF object of this machine's instructions. With --time it "
		"tells what each\nstep took, in CPU time: the first time in this process, and the "
		"median of all.\n",
	.options =
		(const struct command_option[]){
			OPTION_PROG,
			OPTION_INIT,
			{'o', "output", "OUT.o", "write the object there"},
			{'c', "cpu", "NAME", "x86-64, x86-64-v2, -v3 or -v4; default: native"},
			{'d', "driver", "FILE.bc",
				"put the program into this loop, LLVM bitcode with ebpf_driver()"},
			{'t', "time", NULL, "print time and memory of every step"},
			{'r', "repeat", "N", "the same, measured N times (default 5)"},
			{'j', "json", NULL, "the same as JSON"},
			{0},
		},
	.min_args = 1,
	.max_args = 1,
	.run = compile,
};
