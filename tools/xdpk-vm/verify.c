/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "command.h"
#include "core/error.h"
#include "kernel-needs.h"
#include "object-program.h"

struct outcome {
	const char *program;
	int status;         /* EXIT_UNUSABLE: there is no verdict, and `reason` says why */
	char *reason, *log; /* malloc'ed; the log of a rejection ends with the reason */
	struct ebpf_verify_stats stats;
};

static const char *const verdicts[] = {
	[EXIT_GOOD] = "accepted",
	[EXIT_BAD] = "rejected",
	[EXIT_UNUSABLE] = "not verified",
};

static void verify_program(
	struct opened_object *o, const char *name, int log_level, struct outcome *out)
{
	struct ebpf_load_opts opts = {
		.log_level = log_level, .log = &out->log, .stats = &out->stats};
	const struct ebpf_program_spec *spec =
		ebpf_object__program_spec(o->obj, name, &out->reason);
	int err;

	*out = (struct outcome){.program = name, .status = EXIT_UNUSABLE, .reason = out->reason};
	if (!spec)
		return;
	err = ebpf_program__verify(o->inst, spec, &opts, &out->reason);
	if (!err)
		out->status = EXIT_GOOD;
	else if (err == -EACCES || err == -EINVAL || err == -E2BIG)
		out->status = EXIT_BAD;
}

static void print_text(const struct outcome *out)
{
	const struct ebpf_verify_stats *s = &out->stats;

	if (out->log)
		fputs(out->log, stdout);
	printf("%s: %s", out->program, verdicts[out->status]);
	if (out->reason && !out->log)
		printf(": %s", out->reason);
	printf("\n");
	if (out->status != EXIT_UNUSABLE)
		printf("%s: examined %" PRIu64 " instructions, %u states (%u at the peak), "
		       "%.1f MB, %.3f ms\n",
			out->program, s->insns_examined, s->states_total, s->states_peak,
			s->memory / 1e6, s->ns / 1e6);
}

static json_t *to_json(const struct outcome *out)
{
	const struct ebpf_verify_stats *s = &out->stats;
	json_t *o = json_pack(
		       "{s:s, s:s}", "program", out->program, "verdict", verdicts[out->status]),
	       *stats;

	if (out->status != EXIT_UNUSABLE) {
		stats = json_pack("{s:I, s:I, s:I, s:I, s:I}", "insns_examined",
			(json_int_t)s->insns_examined, "states", (json_int_t)s->states_total,
			"states_peak", (json_int_t)s->states_peak, "memory", (json_int_t)s->memory,
			"ns", (json_int_t)s->ns);
		json_object_update(o, stats);
		json_decref(stats);
	}
	if (out->reason)
		json_object_set_new(o, "reason", json_string(out->reason));
	if (out->log)
		json_object_set_new(o, "log", json_string(out->log));
	return o;
}

/* What there is to say of it as a kernel, if that was asked for: one that cannot be one is as good
 * as rejected. */
static void examine_kernel(
	const struct command_line *line, struct opened_object *o, struct outcome *out, json_t *item)
{
	struct kernel_needs needs;

	if (!line->options['k'] || out->status != EXIT_GOOD)
		return;
	if (!kernel_needs__find(&needs, o->obj, out->program))
		out->status = EXIT_BAD;
	if (item)
		json_object_set_new(item, "kernel", kernel_needs__to_json(&needs));
	else
		kernel_needs__print(&needs);
	kernel_needs__release(&needs);
}

/* Verifies one program and adds it to the list, or prints it where there is none. */
static int verify_one(
	const struct command_line *line, struct opened_object *o, const char *name, json_t *list)
{
	struct outcome out = {0};
	json_t *item = NULL;

	verify_program(o, name, line->options['v'] ? 2 : 0, &out);
	if (list)
		json_array_append_new(list, item = to_json(&out));
	else
		print_text(&out);
	examine_kernel(line, o, &out, item);
	free(out.reason);
	free(out.log);
	return out.status;
}

/* The program named, or all XDP programs of the object. */
static int verify_object(
	const struct command_line *line, struct opened_object *o, json_t *list, char **errmsg)
{
	const struct ebpf_object_program *p =
		ebpf_object__find_program(o->obj, line->options['p'], errmsg);
	int status = EXIT_GOOD, one;

	if (!p)
		return EXIT_UNUSABLE;
	if (line->options['p'])
		return verify_one(line, o, p->name, list);
	for (size_t i = 0; i < ebpf_object__n_programs(o->obj); i++) {
		p = ebpf_object__program(o->obj, i);
		if (!p->is_xdp)
			continue;
		one = verify_one(line, o, p->name, list);
		status = one > status ? one : status;
	}
	return status;
}

static int verify(const struct command_line *line, char **errmsg)
{
	json_t *list = line->options['j'] ? json_array() : NULL;
	struct opened_object o;
	int status = EXIT_UNUSABLE;

	if (!opened_object__open(&o, line->argv[0], line->options['i'], NULL, errmsg)) {
		status = verify_object(line, &o, list, errmsg);
		opened_object__close(&o);
	}
	if (list && json_array_size(list)) {
		json_dumpf(list, stdout, JSON_INDENT(2));
		printf("\n");
	}
	json_decref(list);
	return status;
}

const struct command verify_command = {
	.name = "verify",
	.args = "PROG.o",
	.summary = "verify the XDP programs of an object file",
	.details = "Exit status 0 if all are accepted, 1 if one is rejected, 2 if the object or a "
		   "program in\nit cannot be read.\n",
	.options =
		(const struct command_option[]){
			OPTION_PROG,
			OPTION_INIT,
			{'v', "verbose", NULL, "print the verifier's log"},
			{'k', "offload", NULL,
				"and what it needs to run on a device, or why it cannot"},
			{'j', "json", NULL, "print JSON"},
			{0},
		},
	.min_args = 1,
	.max_args = 1,
	.run = verify,
};
