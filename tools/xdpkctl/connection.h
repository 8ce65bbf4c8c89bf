/* SPDX-License-Identifier: BSD-3-Clause
 *
 * connection.h -- a request to xdpk and what it answers (dataplane/control/server.h).
 */
#ifndef XDPKCTL_CONNECTION_H
#define XDPKCTL_CONNECTION_H

#include <stddef.h>

#include "loader/control-spec.h"

struct connection {
	int fd;
	char *text; /* received, from `at` to `end` not yet read */
	size_t size, at, end;
};

enum request_end {
	REQUEST_DONE,
	REQUEST_REFUSED, /* xdpk said no, and why */
	REQUEST_WRONG,   /* it could not be sent: a file that cannot be opened, ... */
	REQUEST_LOST,    /* nobody is there any more */
	REQUEST_ENOUGH,  /* the rows' reader said so */
};

/* path NULL: where it usually is. 0 or negative errno with *errmsg. */
int connection__open(struct connection *c, const char *path, char **errmsg);
void connection__close(struct connection *c);

/* A row, a JSON object as text; below 0: enough. */
typedef int (*row_fn)(void *user, const char *json, size_t len);

/* Sends a line: `spec`'s words and `args`; opens the files that are among them and hands them
 * over; gives the rows as they come. *errmsg unless it is done; *name, if not NULL, is the error's
 * ("ENOENT"), malloc'ed. */
enum request_end connection__request(struct connection *c, const struct control_spec *spec,
	const struct control_words *args, row_fn row, void *user, char **errmsg, char **name);

#endif
