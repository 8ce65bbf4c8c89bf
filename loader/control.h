/* SPDX-License-Identifier: BSD-3-Clause
 *
 * control.h -- control lines: one table of commands for --init files, configuration files and the
 * control socket. The words follow bpftool and iproute2; commands.def has the loader's, the
 * dataplane adds its own (dataplane/control/commands.def).
 *
 * A line is cut into words as control-words.h says. DATA, in `map` and `rodata`, is a number for
 * each byte, `hex` and two digits for each byte, or one word or JSON by its type (value.h):
 *
 *	map update rules key 10 0 0 1 value 1            (a byte each)
 *	map update rules key 10.0.0.1 value {"verdict":"XDP_DROP","packets":0}
 *
 * For a per-CPU map one value is given and set in every slot.
 *
 * A file of lines that set up an object may stand in any order where maps are concerned: what must
 * happen before they exist is done first (control__set_up_object()).
 *
 * A command reads its arguments (control-words.h), does what it does, and answers in rows:
 *
 *	struct ebpf_json *row = control__row(c);
 *
 *	ebpf_json__add_string(row, "name", name);
 *	ebpf_json__add_unsigned(row, "entries", n);
 *	err = control__send(c, errmsg);            below 0: nobody listens, stop
 *
 * Threads: a context belongs to one; what it points at may be shared. control__send() may take
 * long, as long as the listener does: never call it under a lock.
 */
#ifndef LOADER_CONTROL_H
#define LOADER_CONTROL_H

#include "control-spec.h"
#include "json-text.h"
#include "object.h"

struct control_context;

/* `args`: what follows the command's words. 0, or negative errno with *errmsg. */
typedef int control_run(struct control_context *c, struct control_words *args, char **errmsg);

struct control_command {
	struct control_spec spec;
	control_run *run;
};

/* Where answers go. */
struct control_reply {
	/* One row, a JSON object on one line, without a newline. Negative errno when nobody
	 * listens any more. */
	int (*row)(void *user, const char *json, size_t len);
	/* For streams: waits so long, or until nobody listens any more: false then. */
	bool (*wait)(void *user, unsigned ms);
	void *user;
};

/* Where the FILE and OUT words of a line are. */
struct control_files {
	/* A descriptor, which the caller closes; negative errno with *errmsg. how: 'r' or 'w',
	 * as control_spec__file_at() says. */
	int (*open)(void *user, const char *word, char how, char **errmsg);
	void *user;
};

/* Opens paths: for lines that the operator gave in a file. */
extern const struct control_files control_files__local;

/* A program that is there, by its name, and the object it came from. */
struct control_object {
	const char *name;
	struct ebpf_object *object;
};

enum control_change {
	CONTROL_CHANGED_TARGETS, /* a program was put into a map */
	CONTROL_CHANGED_LINKS,
};

/* Who runs lines, about what; made by whoever runs them, everything borrowed. */
struct control_context {
	/* The tables that lines are looked up in; ends with NULL. Each ends with NULL words. */
	const struct control_command *const *tables;
	struct ebpf_instance *instance;
	/* The object that is being set up (--init): lines are about it alone. Or NULL, and they
	 * are about `objects`. */
	struct ebpf_object *object;
	const struct control_object *objects;
	size_t n_objects;
	/* If not NULL, fills in `objects` for each command; they are dropped after it. *list and
	 * the names in it are malloc'ed, each object is a reference. -ENOMEM. */
	int (*list_objects)(void *dataplane, struct control_object **list, size_t *n);
	/* If not NULL, is told what a line has changed of what workers go by. */
	void (*changed)(void *dataplane, enum control_change what);
	void *dataplane;                   /* for the dataplane's own commands */
	const struct control_reply *reply; /* NULL: nobody listens */
	const struct control_files *files; /* NULL: lines may name none */
	enum control_role role;            /* what the speaker may do */
	struct ebpf_json row;              /* the one being written: control__free_row() */
};

/* The loader's commands. */
extern const struct control_command control_commands[];
/* They alone, for control_context.tables. */
extern const struct control_command *const control__loader_tables[];

/* Runs one line, whatever its phase. */
int control__run_line(struct control_context *c, const char *line, char **errmsg);
/* The command that a line begins with, and how many words its name has; NULL with *errmsg that
 * says what there is. */
const struct control_command *control__find_command(const struct control_context *c,
	const struct control_words *line, int *n_name, char **errmsg);
int control__run_command(struct control_context *c, const struct control_command *command,
	struct control_words *args, char **errmsg);

/* A new row, begun; and its end, sent. */
struct ebpf_json *control__row(struct control_context *c);
int control__send(struct control_context *c, char **errmsg);
/* False when a stream has to end. */
bool control__wait(struct control_context *c, unsigned ms);
void control__free_row(struct control_context *c);

/* A file that a line names: a descriptor to close, or negative errno with *errmsg. */
int control__open_file(struct control_context *c, const char *word, char how, char **errmsg);

/* MAP in a line: NAME, PROG/NAME or `id N`. */
struct control_map {
	struct ebpf_map *map;       /* borrowed from the object */
	struct ebpf_object *object; /* borrowed from the context */
	size_t index;               /* of the map in the object */
	const char *program;        /* the object's name in the context; NULL: it is being set up */
};

int control__want_map(
	struct control_context *c, struct control_words *w, struct control_map *m, char **errmsg);
/* A map by its name, or by PROG/NAME. */
int control__find_map(
	struct control_context *c, const char *name, struct control_map *m, char **errmsg);

/* The maps that exist, one after the other: of the object that is being set up, or of all; one that
 * several have, several times. Begins as {c}. */
struct control_walk {
	const struct control_context *c;
	size_t object, map;
};

bool control__next_map(struct control_walk *w, struct control_map *m);

/* --- files of lines -------------------------------------------------------------------------- */

/* The lines of a file, read once. */
struct control_file {
	const char *path; /* borrowed; for messages */
	char **lines;
	size_t n_lines;
	size_t n_read; /* so many are the file's; others were added */
};

/* After a failure there is nothing to close. */
int control_file__read(struct control_file *f, const char *path, char **errmsg);
/* The same from a descriptor, which stays open. */
int control_file__read_fd(struct control_file *f, int fd, const char *path, char **errmsg);
/* One line more. */
int control_file__add(struct control_file *f, const char *line, char **errmsg);
void control_file__close(struct control_file *f);
/* Runs the lines of these phases (bits); an error stops, and names file and line if the line is the
 * file's. */
int control_file__run(
	const struct control_file *f, struct control_context *c, unsigned phases, char **errmsg);

/* How an object is set up; everything may be NULL. */
struct control_set_up {
	const struct control_file *lines;
	const struct control_files *files;   /* that lines may name; NULL: none */
	struct ebpf_object *before;          /* whose place it takes: its maps are shared */
	struct ebpf_object_share_opts share; /* those of ebpf_object__share_maps() */
};

/* Creates the object's maps in `inst`, but for those that it shares, and runs the lines, each when
 * it is time. */
int control__set_up_object(struct ebpf_object *obj, struct ebpf_instance *inst,
	const struct control_set_up *how, char **errmsg);

#endif
