/* SPDX-License-Identifier: BSD-3-Clause
 *
 * json-reader.h -- JSON, read piece by piece where it lies: no tree is built, since a file may have
 * millions of lines. The text is written over as it is read (strings end in NUL where they are).
 *
 *	struct ebpf_json_reader r = {text, text};
 *
 *	if (ebpf_json_reader__take(&r, '{') && !ebpf_json_reader__take(&r, '}')) {
 *		do
 *			name = ebpf_json_reader__name(&r);     NULL: ebpf_json_reader__fail()
 *			   ... the value: ebpf_json_reader__peek(&r) says how it begins
 *		while (ebpf_json_reader__take(&r, ','));
 *		if (!ebpf_json_reader__take(&r, '}'))
 *			return ebpf_json_reader__fail(&r, "'}'", errmsg);
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

struct ebpf_json_reader {
	char *at;          /* what is left, to a NUL */
	const char *begin; /* for messages */
};

/* The next character that is no white space. */
char ebpf_json_reader__peek(struct ebpf_json_reader *r);
/* Takes it if it is this one. */
bool ebpf_json_reader__take(struct ebpf_json_reader *r, char c);
/* Takes a string, in UTF-8; NULL if there is none, or none that ends. */
char *ebpf_json_reader__string(struct ebpf_json_reader *r);
/* A string and a colon. */
char *ebpf_json_reader__name(struct ebpf_json_reader *r);
/* How long the number, true, false or null is that comes next; 0: none comes. */
size_t ebpf_json_reader__word(struct ebpf_json_reader *r);
/* Takes any value, leaves it as it is, and looks no further than at its brackets. */
bool ebpf_json_reader__skip(struct ebpf_json_reader *r);

/* "no JSON: expected EXPECTED in column N", -EINVAL */
int ebpf_json_reader__fail(const struct ebpf_json_reader *r, const char *expected, char **errmsg);

#ifdef __cplusplus
}
#endif
#pragma GCC visibility pop
#endif
