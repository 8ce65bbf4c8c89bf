/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "command.h"
#include "compile-time.h"
#include "core/error.h"
#include "make-image.h"

#define DEFAULT_ROUNDS 5

static int read_rounds(const char *text, uint32_t *n, char **errmsg)
{
	char *end;
	unsigned long value = strtoul(text, &end, 10);

	if (*text < '0' || *text > '9' || *end || !value || value > COMPILE_MAX_ROUNDS)
		return error__set(
			errmsg, -EINVAL, "--repeat %s: must be 1 to %d", text, COMPILE_MAX_ROUNDS);
	*n = (uint32_t)value;
	return 0;
}

/* One program, without an image: what its first driver and CPU cost. */
static int measure(const struct image_job *image, const char *const *o, char **errmsg)
{
	struct compile_job job = {.path = image->path,
		.program = image->program,
		.init = image->init,
		.opts = {.backend = "llvm", .cpu = image->cpus.word[0]}};
	uint32_t rounds = DEFAULT_ROUNDS;
	struct compiled_object object = {0};
	struct compile_report report;
	struct ebpf_driver driver;
	int err = o['r'] ? read_rounds(o['r'], &rounds, errmsg) : 0;

	if (!err && o['d'])
		err = drivers__find(&driver, image->drivers.word[0], errmsg);
	if (err)
		return err;
	if (o['d'] && driver.name)
		job.opts.driver = &driver;
	err = compile_time__measure(&report, &job, rounds, &object, errmsg);
	if (!err && o['j'])
		compile_report__print_json(&report);
	else if (!err)
		compile_report__print(&report);
	compile_time__release(&report);
	free(object.elf);
	return err;
}

static int write_file(const char *path, const uint8_t *bytes, size_t size, char **errmsg)
{
	FILE *f = fopen(path, "wb");
	size_t written;

	if (!f)
		return error__set(errmsg, -errno, "%s: %s", path, strerror(errno));
	written = fwrite(bytes, 1, size, f);
	if (fclose(f) || written != size)
		return error__set(errmsg, -EIO, "%s: cannot be written", path);
	return 0;
}

static int make(const struct image_job *job, const char *output, char **errmsg)
{
	uint8_t *elf;
	size_t size;
	int err = image_job__run(job, &elf, &size, errmsg);

	if (err)
		return err;
	err = write_file(output, elf, size, errmsg);
	free(elf);
	return err;
}

static int read_targets(struct image_job *job, const char *text, char **errmsg)
{
	struct words targets;
	int err = words__cut(&targets, "target", text, errmsg);

	for (unsigned i = 0; i < targets.n && !err; i++) {
		if (strcmp(targets.word[i], "elf") == 0)
			job->for_cpu = true;
		else if (strcmp(targets.word[i], "ptx") == 0)
			job->for_gpu = true;
		else
			err = error__set(
				errmsg, -EINVAL, "--target %s: it is elf, ptx or both", text);
	}
	words__release(&targets);
	return err;
}

#ifdef HAVE_MBUF_DRIVER
#define USUAL_DRIVERS "replay,mbuf"
#else
#define USUAL_DRIVERS "replay"
#endif

static int read_job(struct image_job *job, const struct command_line *line, char **errmsg)
{
	const char *const *o = line->options;
	int err;

	*job = (struct image_job){.path = line->argv[0], .program = o['p'], .init = o['i']};
	err = read_targets(job, o['T'] ? o['T'] : "elf", errmsg);
	if (!err)
		err = words__cut(&job->drivers, "driver", o['d'] ? o['d'] : USUAL_DRIVERS, errmsg);
	if (!err)
		err = words__cut(&job->cpus, "cpu", o['c'] ? o['c'] : "native", errmsg);
	for (unsigned i = 0; i < job->cpus.n; i++)
		if (strcmp(job->cpus.word[i], "baseline") == 0)
			job->cpus.word[i] = "x86-64";
	return err;
}

static int compile(const struct command_line *line, char **errmsg)
{
	const char *const *o = line->options;
	bool measures = o['t'] || o['r'] || o['j'];
	struct image_job job;
	int err = read_job(&job, line, errmsg);

	if (!err && measures == !!o['o'])
		err = error__set(errmsg, -EINVAL,
			measures ? "--time makes no image for --output"
				 : "--output IMAGE.o is missing, where the image goes");
	if (!err)
		err = measures ? measure(&job, o, errmsg) : make(&job, o['o'], errmsg);
	words__release(&job.drivers);
	words__release(&job.cpus);
	return err == -EACCES || (err == -ENOTSUP && !job.for_cpu) ? EXIT_BAD
	       : err                                               ? EXIT_UNUSABLE
								   : EXIT_GOOD;
}

const struct command compile_command = {
	.name = "compile",
	.args = "PROG.o|BYTECODE",
	.summary = "compile programs ahead of time, to an image",
	.details = "An image is the object file with machine code of its XDP programs, or with a "
		   "kernel for GPUs:\nxdpk-replay, xdpk and xdpk-vm take it in place of the "
		   "object, and "
		   "need no LLVM. Bytecode of\na raw program is for `run`. With --time it tells "
		   "instead "
		   "what each step of compiling took,\nin CPU time: the first time in this "
		   "process, and "
		   "the median of all.\n",
	.options =
		(const struct command_option[]){
			OPTION_PROG,
			OPTION_INIT,
			{'o', "output", "IMAGE.o", "write the image there"},
			{'c', "cpu", "NAMES",
				"native (the default), baseline, x86-64-v2, -v3 or -v4"},
			{'T', "target", "NAMES", "elf (the default), ptx or both: elf,ptx"},
			{'d', "driver", "NAMES",
				"replay, mbuf, kernel, none or FILE.bc (" USUAL_DRIVERS ")"},
			{'t', "time", NULL, "print time and memory of every step"},
			{'r', "repeat", "N", "the same, measured N times (default 5)"},
			{'j', "json", NULL, "the same as JSON"},
			{0},
		},
	.min_args = 1,
	.max_args = 1,
	.run = compile,
};
