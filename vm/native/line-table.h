/* SPDX-License-Identifier: BSD-3-Clause
 *
 * line-table.h -- which line the code of an image comes from, out of its object's .debug_line
 * (DWARF 4, section 6.2). The object is untrusted input: what is damaged, or of another version,
 * has no lines from there on.
 */
#ifndef VM_NATIVE_LINE_TABLE_H
#define VM_NATIVE_LINE_TABLE_H

#include "link.h"

/* From `address` to the next row's. */
struct line_row {
	uint64_t address;
	const char *folder, *file; /* folder "": none is known */
	uint32_t line;             /* 0: no line in particular */
};

struct line_table {
	struct line_row *rows; /* in the object's order: ascending in a function */
	uint32_t n_rows, room;
	uint8_t *bytes; /* the section, relocated; names are in it */
};

/* False without memory; without lines n_rows is 0. The link must have been filled. */
bool line_table__read(struct line_table *t, const struct link *l);
void line_table__release(struct line_table *t);

#endif
