/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "command.h"
#include "core/error.h"
#include "object-program.h"

struct outcome {
	const char *program;
	bool accepted;
	char *reason, *log;
	struct ebpf_verify_stats stats;
};

/* EXIT_UNUSABLE with *errmsg where it came to no verdict. */
static int verify_program(struct opened_object *o, const char *name, int log_level,
	struct outcome *out, char **errmsg)
{
	struct ebpf_load_opts opts = {
		.log_level = log_level, .log = &out->log, .stats = &out->stats};
	const struct ebpf_program_spec *spec = object__program_spec(o->obj, name, errmsg);
	int err;

	out->program = name;
	if (!spec)
		return EXIT_UNUSABLE;
	err = ebpf_program__verify(o->inst, spec, &opts, &out->reason);
	out->accepted = !err;
	if (!err)
		return EXIT_GOOD;
	if (err == -EACCES || err == -EINVAL || err == -E2BIG)
		return EXIT_BAD;
	*errmsg = out->reason;
	out->reason = NULL;
	error__prefix(errmsg, "%s", name);
	return EXIT_UNUSABLE;
}

static void print_text(const struct outcome *out)
{
	const struct ebpf_verify_stats *s = &out->stats;

	if (out->log)
		fputs(out->log, stdout);
	printf("%s: %s", out->program, out->accepted ? "accepted" : "rejected");
	if (out->reason)
		printf(": %s", out->reason);
	printf("\n%s: examined %" PRIu64 " instructions, %u states (%u at the peak), %.3f ms\n",
		out->program, s->insns_examined, s->states_total, s->states_peak, s->ns / 1e6);
}

static json_t *to_json(const struct outcome *out)
{
	const struct ebpf_verify_stats *s = &out->stats;
	json_t *o = json_pack("{s:s, s:b, s:I, s:I, s:I, s:I}", "program", out->program, "accepted",
		out->accepted, "insns_examined", (json_int_t)s->insns_examined, "states",
		(json_int_t)s->states_total, "states_peak", (json_int_t)s->states_peak, "ns",
		(json_int_t)s->ns);

	if (out->reason)
		json_object_set_new(o, "reason", json_string(out->reason));
	if (out->log)
		json_object_set_new(o, "log", json_string(out->log));
	return o;
}

/* Verifies one program and adds it to the list, or prints it where there is none. */
static int verify_one(const struct command_line *line, struct opened_object *o, const char *name,
	json_t *list, char **errmsg)
{
	struct outcome out = {0};
	int status = verify_program(o, name, line->options['v'] ? 2 : 0, &out, errmsg);

	if (status != EXIT_UNUSABLE && list)
		json_array_append_new(list, to_json(&out));
	else if (status != EXIT_UNUSABLE)
		print_text(&out);
	free(out.reason);
	free(out.log);
	return status;
}

/* The program named, or all XDP programs of the object. */
static int verify_object(
	const struct command_line *line, struct opened_object *o, json_t *list, char **errmsg)
{
	const struct object_program *p = object__find_program(o->obj, line->options['p'], errmsg);
	int status = EXIT_GOOD, one;
	size_t i;

	if (!p)
		return EXIT_UNUSABLE;
	if (line->options['p'])
		return verify_one(line, o, p->name, list, errmsg);
	for (i = 0; i < object__n_programs(o->obj) && status != EXIT_UNUSABLE; i++) {
		p = object__program(o->obj, i);
		if (!p->is_xdp)
			continue;
		one = verify_one(line, o, p->name, list, errmsg);
		status = one > status ? one : status;
	}
	return status;
}

static int verify(const struct command_line *line, char **errmsg)
{
	json_t *list = line->options['j'] ? json_array() : NULL;
	struct opened_object o;
	int status = EXIT_UNUSABLE;

	if (!opened_object__open(&o, line->argv[0], errmsg)) {
		status = verify_object(line, &o, list, errmsg);
		opened_object__close(&o);
	}
	if (list && status != EXIT_UNUSABLE) {
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
	.details = "Exit status 0 if all are accepted, 1 if one is rejected, 2 if the object "
		   "cannot be read.\n",
	.options =
		(const struct command_option[]){
			OPTION_PROG,
			{'v', "verbose", NULL, "print the verifier's log"},
			{'j', "json", NULL, "print JSON"},
			{0},
		},
	.min_args = 1,
	.max_args = 1,
	.run = verify,
};
