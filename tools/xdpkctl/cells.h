/* SPDX-License-Identifier: BSD-3-Clause
 *
 * cells.h -- a JSON value as a piece of text for a terminal.
 */
#ifndef XDPKCTL_CELLS_H
#define XDPKCTL_CELLS_H

#include <jansson.h>
#include <stddef.h>

/* malloc'ed; NULL without memory. Nothing is `-`, an array of simple values has commas, others are
 * JSON. What would control the terminal is shown, not sent: \x1b. */
char *cell__text(const json_t *value);
/* How many columns of a terminal it takes. */
size_t cell__width(const char *text);
/* The bytes that fit into so many columns. */
size_t cell__fit(const char *text, size_t width);

/* Text as it is, newlines and tabs too, without what would control the terminal; NULL is none. */
void cell__print(const char *text);

#endif
