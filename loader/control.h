/* SPDX-License-Identifier: BSD-3-Clause
 *
 * control.h -- control lines about maps and variables. One table of commands; the dataplane
 * adds its own to it. The words follow bpftool:
 *
 *	map update NAME key BYTES value BYTES [any|noexist|exist]
 *	map delete NAME key BYTES
 *	rodata set VARIABLE VALUE
 *
 * BYTES are decimal or 0x numbers, one per byte; after the word `hex`, two-digit hex. For a
 * per-CPU map one value is given and set in every slot. VALUE is a number, fitting the
 * variable's size, or `hex BYTES`. `#` begins a comment; empty lines are skipped.
 */
#ifndef LOADER_CONTROL_H
#define LOADER_CONTROL_H

#include "object.h"

struct control_command {
	const char *words;   /* "map update" */
	const char *args;    /* "NAME key BYTES value BYTES [any|noexist|exist]" */
	const char *summary; /* one line for --help */
	/* argv: what follows `words`. 0 or negative errno with *errmsg. */
	int (*run)(void *target, int argc, char **argv, char **errmsg);
};

/* The loader's commands; target is a struct object * whose maps are created. Ends with a NULL
 * `words`. */
extern const struct control_command control_object_commands[];

/* Runs one line. */
int control__run_line(
	const struct control_command *table, void *target, const char *line, char **errmsg);
/* Runs a file; an error names file and line and stops. */
int control__run_file(
	const struct control_command *table, void *target, const char *path, char **errmsg);

#endif
