/* SPDX-License-Identifier: BSD-3-Clause
 *
 * cells.h -- a JSON value as a piece of text for a terminal.
 */
#ifndef XDPKCTL_CELLS_H
#define XDPKCTL_CELLS_H

#include <stddef.h>

struct ebpf_json_reader;

/* Bytes that the cells of so many bytes of JSON take at most, each with a NUL. */
#define CELL_ROOM(json_bytes) (4 * (json_bytes))

/* Writes the value that comes next, and where it ends gives back; NULL: no value comes. Nothing is
 * `-`, an array of simple values has commas, others are JSON. What would control the terminal is
 * shown, not sent: \x1b. */
char *cell__write(char *to, struct ebpf_json_reader *r);
/* How many columns of a terminal it takes. */
size_t cell__width(const char *text);
/* The bytes that fit into so many columns. */
size_t cell__fit(const char *text, size_t width);

/* Text as it is, newlines and tabs too, without what would control the terminal; NULL is none. */
void cell__print(const char *text);

#endif
