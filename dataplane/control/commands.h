/* SPDX-License-Identifier: BSD-3-Clause
 *
 * commands.h -- the dataplane's commands: the loader's and those of commands.def. In their context
 * `dataplane` is a struct dataplane. They take its lock for as long as they look at its lists, and
 * never while they send a row.
 */
#ifndef CONTROL_COMMANDS_H
#define CONTROL_COMMANDS_H

#include "../../loader/control.h"

struct dataplane;
struct ebpf_json;
struct prog;

#define COMMAND(function, ...) control_run function;
#include "commands.def"
#undef COMMAND

/* For contexts: all commands. */
extern const struct control_command *const control__dataplane_tables[];

/* control_context.list_objects */
int control__list_objects(void *dataplane, struct control_object **list, size_t *n);
/* control_context.changed */
void control__changed(void *dataplane, enum control_change what);

/* A line without arguments: a row for each program, by add(), under the lock; false: none for this
 * one. */
int control__send_progs(struct control_context *c, struct control_words *w,
	bool (*add)(struct ebpf_json *row, const struct prog *p), char **errmsg);

/* A line's PORT. Under the lock. The slot, or -ENODEV with *errmsg that says what there is. */
int control__want_port(struct dataplane *dp, struct control_words *w, char **errmsg);
int control__find_port(struct dataplane *dp, const char *name, char **errmsg);
/* A line's ACTION,... or none: bits of verdicts. */
int control__want_actions(struct control_words *w, int *actions, char **errmsg);

#endif
