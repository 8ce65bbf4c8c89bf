/* SPDX-License-Identifier: BSD-3-Clause
 *
 * json-reader.h -- JSON, read piece by piece where it lies: no tree is built, since a file may have
 * millions of lines. The text is written over as it is read (strings end in NUL where they are).
 *
 *	struct json_reader r = {text, text};
 *
 *	if (json_reader__take(&r, '{') && !json_reader__take(&r, '}')) {
 *		do
 *			name = json_reader__name(&r);     NULL: json_reader__fail()
 *			   ... the value: json_reader__peek(&r) says how it begins
 *		while (json_reader__take(&r, ','));
 *		if (!json_reader__take(&r, '}'))
 *			return json_reader__fail(&r, "'}'", errmsg);
 *	}
 */
#ifndef LOADER_JSON_READER_H
#define LOADER_JSON_READER_H

#include <stdbool.h>
#include <stddef.h>

#pragma GCC visibility push(default)
#ifdef __cplusplus
extern "C" {
#endif

struct json_reader {
	char *at;          /* what is left, to a NUL */
	const char *begin; /* for messages */
};

/* The next character that is no white space. */
char json_reader__peek(struct json_reader *r);
/* Takes it if it is this one. */
bool json_reader__take(struct json_reader *r, char c);
/* Takes a string, in UTF-8; NULL if there is none, or none that ends. */
char *json_reader__string(struct json_reader *r);
/* A string and a colon. */
char *json_reader__name(struct json_reader *r);
/* How long the number, true, false or null is that comes next; 0: none comes. */
size_t json_reader__word(struct json_reader *r);
/* Takes any value, leaves it as it is, and looks no further than at its brackets. */
bool json_reader__skip(struct json_reader *r);

/* "no JSON: expected EXPECTED in column N", -EINVAL */
int json_reader__fail(const struct json_reader *r, const char *expected, char **errmsg);

#ifdef __cplusplus
}
#endif
#pragma GCC visibility pop
#endif
