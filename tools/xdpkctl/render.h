/* SPDX-License-Identifier: BSD-3-Clause
 *
 * render.h -- rows for people or for programs, on standard output.
 *
 *	for people  a table that fits the terminal, an object key by key, text as it is
 *	-j          one JSON value: an array of the rows, or the object; a stream is JSON lines
 *	-p          the same, indented
 */
#ifndef XDPKCTL_RENDER_H
#define XDPKCTL_RENDER_H

#include <stddef.h>

#include "loader/control-spec.h"

enum render_as { RENDER_TEXT, RENDER_JSON, RENDER_PRETTY };

struct renderer;

/* NULL without memory. */
struct renderer *renderer__begin(enum control_shape shape, enum render_as as);
/* row_fn: `user` is the renderer. Below 0 when nobody reads standard output. */
int renderer__row(void *user, const char *json, size_t len);
/* Prints what is still to be printed, and goes. */
void renderer__end(struct renderer *r, bool failed);

/* {"error": ...} where JSON is wanted, on standard output; else a line on standard error. */
void render__error(enum render_as as, const char *error, const char *name);

#endif
