/* SPDX-License-Identifier: BSD-3-Clause
 *
 * row.h -- a row of an answer as cells of text. It is cut up where it lies, without a tree: a map
 * may have a million elements.
 */
#ifndef XDPKCTL_ROW_H
#define XDPKCTL_ROW_H

#include <stdbool.h>
#include <stddef.h>

#define ROW_CELLS 64 /* what is more is left out */

struct cell {
	const char *key;
	const char *text;
	bool is_number; /* or nothing */
};

struct row {
	struct cell cell[ROW_CELLS];
	unsigned n;
	char *json, *text; /* what keys and texts point into; kept from row to row */
	size_t size;
};

/* A JSON object. False if it is none, or without memory. */
bool row__read(struct row *row, const char *json, size_t len);
/* NULL: the row has no such key. */
const struct cell *row__find(const struct row *row, const char *key);
void row__free(struct row *row);

#endif
