/* SPDX-License-Identifier: BSD-3-Clause
 *
 * own.h -- xdpkctl's options, and the commands that it runs by itself.
 */
#ifndef XDPKCTL_OWN_H
#define XDPKCTL_OWN_H

#include <stdbool.h>

#include "loader/control-words.h"
#include "render.h"

enum exit_status {
	EXIT_DONE,
	EXIT_REFUSED, /* by xdpk, which said why */
	EXIT_WRONG,   /* there is no such command or option, or a file cannot be opened */
	EXIT_NOBODY,  /* no xdpk is there, or it went away */
};

struct connection;

struct ctl {
	const char *socket; /* NULL: where it usually is */
	enum render_as as;
};

/* Connects, or tells why not: false. */
bool ctl__connect(const struct ctl *ctl, struct connection *c);
/* Runs a line of the user's and prints what comes of it. */
enum exit_status ctl__run(const struct ctl *ctl, struct control_words *line);

typedef enum exit_status own_run(const struct ctl *ctl, struct control_words *args);

#define COMMAND(function, ...) own_run function;
#include "own.def"
#undef COMMAND

/* What completes the last of these words, a line each (completion.c). */
enum exit_status complete(const struct ctl *ctl, struct control_words *line);
/* How to call xdpkctl: options, exit statuses. */
void help__print(void);

#endif
