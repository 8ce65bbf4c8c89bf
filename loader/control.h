/* SPDX-License-Identifier: BSD-3-Clause
 *
 * control.h -- control lines about maps, variables and the network. One table of commands; the
 * dataplane adds its own to it. The words follow bpftool and iproute2:
 *
 *	map update NAME key BYTES value BYTES [any|noexist|exist]
 *	map update NAME key BYTES value name OTHER [any|noexist|exist]
 *	map delete NAME key BYTES
 *	map resize NAME max_entries N
 *	map inner NAME type TYPE key N value N entries N [flags N]
 *	rodata set VARIABLE VALUE
 *	link add|set|del IF ...      addr add|del ADDR/LEN dev IF
 *	route add|replace|del ...    rule add|del ...    neigh add|del ADDR dev IF lladdr MAC
 *
 * BYTES are decimal or 0x numbers, one per byte; after the word `hex`, two-digit hex. For a
 * per-CPU map one value is given and set in every slot. OTHER is a map of the object or, for a
 * PROG_ARRAY, a program. VALUE is a number, fitting the
 * variable's size, or `hex BYTES`. `#` begins a comment; empty lines are skipped.
 *
 * A file of such lines may stand in any order where maps are concerned: what must happen before
 * they exist is done first (control__set_up_object()).
 */
#ifndef LOADER_CONTROL_H
#define LOADER_CONTROL_H

#include "object.h"

enum control_phase { CONTROL_WITH_MAPS, CONTROL_BEFORE_MAPS };

struct control_words;

/* What lines are about; both borrowed. */
struct control_target {
	struct object *object;
	struct ebpf_instance *instance;
};

struct control_command {
	const char *words;   /* "map update" */
	const char *args;    /* "NAME key BYTES value BYTES [any|noexist|exist]" */
	const char *summary; /* one line for --help */
	/* What follows `words`. 0 or negative errno with *errmsg. */
	int (*run)(const struct control_target *t, struct control_words *w, char **errmsg);
	enum control_phase phase;
};

/* The loader's commands. Ends with a NULL `words`. */
extern const struct control_command control_commands[];

/* Runs one line, whatever its phase. */
int control__run_line(const struct control_command *table, const struct control_target *target,
	const char *line, char **errmsg);

/* The lines of a file, read once. */
struct control_file {
	const char *path; /* borrowed */
	char **lines;
	size_t n_lines;
};

/* After a failure there is nothing to close. */
int control_file__read(struct control_file *f, const char *path, char **errmsg);
void control_file__close(struct control_file *f);
/* Runs the lines of one phase; an error names file and line and stops. */
int control_file__run(const struct control_file *f, const struct control_command *table,
	enum control_phase phase, const struct control_target *target, char **errmsg);

/* Creates the object's maps in `inst` and runs the file's lines, each when it is time. path
 * NULL: no lines. */
int control__set_up_object(
	struct object *obj, struct ebpf_instance *inst, const char *path, char **errmsg);

#endif
