/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "command.h"
#include "core/error.h"
#include "object-program.h"

static const struct {
	const char *name;
	enum ebpf_dump what;
} forms[] = {
	{"bytecode", EBPF_DUMP_BYTECODE},
	{"ir", EBPF_DUMP_IR},
	{"ir-opt", EBPF_DUMP_IR_OPT},
	{"asm", EBPF_DUMP_ASM},
};

static char *dump_program(
	struct opened_object *o, const char *name, enum ebpf_dump what, char **errmsg)
{
	const struct object_program *p = object__find_program(o->obj, name, errmsg);
	struct ebpf_program *prog = p ? object__load_program(o->obj, p->name, NULL, errmsg) : NULL;
	char *text = prog ? ebpf_program__dump(prog, what, NULL, errmsg) : NULL;

	ebpf_program__unref(prog);
	return text;
}

static int dump(const struct command_line *line, char **errmsg)
{
	struct opened_object o;
	char *text;
	size_t i;

	for (i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
		if (strcmp(line->argv[0], forms[i].name))
			continue;
		if (opened_object__open(&o, line->argv[1], line->options['i'], NULL, errmsg))
			return EXIT_UNUSABLE;
		text = dump_program(&o, line->options['p'], forms[i].what, errmsg);
		opened_object__close(&o);
		if (!text)
			return EXIT_UNUSABLE;
		fputs(text, stdout);
		free(text);
		return EXIT_GOOD;
	}
	error__set(errmsg, -EINVAL, "%s is none of bytecode, ir, ir-opt, asm", line->argv[0]);
	return EXIT_UNUSABLE;
}

const struct command dump_command = {
	.name = "dump",
	.args = "FORM PROG.o",
	.summary = "print a program as bytecode, ir, ir-opt (optimised) or asm",
	.options = (const struct command_option[]){OPTION_PROG, OPTION_INIT, {0}},
	.min_args = 2,
	.max_args = 2,
	.run = dump,
};
