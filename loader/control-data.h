/* SPDX-License-Identifier: BSD-3-Clause
 *
 * control-data.h -- DATA in a line: the words of a key, a value or a variable.
 *
 *	10 0 0 1          a number for each byte, decimal or 0x
 *	hex 0a 00 00 01   two hex digits for each byte
 *	10.0.0.1          one word, or JSON, as value.h reads it
 */
#ifndef LOADER_CONTROL_DATA_H
#define LOADER_CONTROL_DATA_H

#include "control-words.h"
#include "layout.h"

/* Takes the words before one of `stops` (ends with NULL; NULL: none), or to the end of the line,
 * into layout->size bytes. `what` for the sentence: "key". */
int control__parse_data(struct control_words *w, const char *what, const char *const *stops,
	const struct ebpf_layout *l, void *bytes, char **errmsg);

#endif
