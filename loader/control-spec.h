/* SPDX-License-Identifier: BSD-3-Clause
 *
 * control-spec.h -- what a command is like, without what it does: for those who run it, and for
 * those who only speak of it (help, completion, the manual page, how to render what it answers).
 *
 * Commands stand in .def files, a row each:
 *
 *	COMMAND(function, "words", "args", "summary", role, shape, phase)
 *
 * In `args`, CAPITALS stand for a word of the user's, a|b for a choice, [...] for what may be left
 * out, `...` for what may be repeated. FILE is a file to read and OUT one to write, which whoever
 * speaks to a server opens and hands over; `-` is the standard input or output.
 */
#ifndef LOADER_CONTROL_SPEC_H
#define LOADER_CONTROL_SPEC_H

#include <stddef.h>

#include "control-words.h"

/* What a command needs to be run, and what somebody may do. */
enum control_role { CONTROL_READER, CONTROL_OPERATOR };

/* What a command answers. */
enum control_shape {
	CONTROL_NOTHING,
	CONTROL_TABLE,  /* rows with the same keys */
	CONTROL_OBJECT, /* one row, to be shown key by key */
	CONTROL_STREAM, /* rows as they come, until somebody has enough */
	CONTROL_TEXT,   /* rows {"text":"..."}, each a piece of text to be shown as it is */
};

/* When a line may be run: bits, to say which lines of a file are run now. */
enum control_phase {
	CONTROL_BEFORE_MAPS = 1, /* while an object is set up, before its maps exist */
	CONTROL_BEFORE_LOAD = 2, /* while an object is set up, when its maps exist */
	CONTROL_ANY_TIME = 4,    /* when maps exist */
	CONTROL_EVERY_PHASE = 7,
};

struct control_spec {
	const char *words;   /* "map update" */
	const char *args;    /* "MAP key DATA value DATA [any|noexist|exist]" */
	const char *summary; /* one line for --help */
	enum control_role role;
	enum control_shape shape;
	enum control_phase phase;
};

#define CONTROL_MAX_FILES 8 /* that a line may name */

/* How many words the command's name has if the line begins with it; else 0. */
int control_spec__match(const struct control_spec *spec, const struct control_words *line);

/* A word of `args`, without its brackets and dots. */
struct control_token {
	const char *text;
	size_t len;
	bool begins, ends; /* something that may be left out */
};

/* The next one; false at the end. */
bool control_token__next(struct control_token *t, const char **args);
/* What word i after the command's name is; false if that is not said. */
bool control_spec__token_at(const struct control_spec *spec, const struct control_words *args,
	int i, struct control_token *t);

/* Is word i after the command's name a file? 'r': one to read, 'w': one to write, 0: no. */
char control_spec__file_at(
	const struct control_spec *spec, const struct control_words *args, int i);

#endif
