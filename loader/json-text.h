/* SPDX-License-Identifier: BSD-3-Clause
 *
 * json-text.h -- JSON, written piece by piece into a growing buffer. Commas come by themselves;
 * brackets and keys are the caller's to pair. Text that is not UTF-8 is taken for Latin-1, byte by
 * byte, so that whatever is written can be read.
 *
 *	struct ebpf_json t = {0};
 *
 *	ebpf_json__open(&t, '{');
 *	ebpf_json__add_string(&t, "name", name);
 *	ebpf_json__key(&t, "queues");
 *	ebpf_json__open(&t, '[');  ebpf_json__unsigned(&t, 0);  ebpf_json__close(&t, ']');
 *	ebpf_json__close(&t, '}');
 *	   ... t.text, t.len
 *	ebpf_json__free(&t);
 *
 * Without memory `failed` is set and nothing more is written: look once, at the end.
 */
#ifndef LOADER_JSON_TEXT_H
#define LOADER_JSON_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#pragma GCC visibility push(default)
#ifdef __cplusplus
extern "C" {
#endif

struct ebpf_json {
	char *text; /* owned; NUL-terminated when len > 0 */
	size_t len, size;
	bool comma; /* before what comes next */
	bool failed;
};

/* Empties the text and keeps its memory. */
void ebpf_json__clear(struct ebpf_json *t);
void ebpf_json__free(struct ebpf_json *t);

void ebpf_json__open(struct ebpf_json *t, char bracket);  /* '{' or '[' */
void ebpf_json__close(struct ebpf_json *t, char bracket); /* '}' or ']' */
void ebpf_json__key(struct ebpf_json *t, const char *key);

void ebpf_json__string(struct ebpf_json *t, const char *s);
void ebpf_json__bytes(struct ebpf_json *t, const void *s, size_t len); /* as a string */
void ebpf_json__unsigned(struct ebpf_json *t, uint64_t value);
void ebpf_json__signed(struct ebpf_json *t, int64_t value);
void ebpf_json__real(struct ebpf_json *t, double value, int decimals); /* not finite: null */
void ebpf_json__bool(struct ebpf_json *t, bool value);
void ebpf_json__null(struct ebpf_json *t);
void ebpf_json__raw(struct ebpf_json *t, const char *json, size_t len); /* a whole value */

/* A key and its value; a string that is NULL is null. */
void ebpf_json__add_string(struct ebpf_json *t, const char *key, const char *s);
void ebpf_json__add_unsigned(struct ebpf_json *t, const char *key, uint64_t value);
void ebpf_json__add_real(struct ebpf_json *t, const char *key, double value, int decimals);
void ebpf_json__add_bool(struct ebpf_json *t, const char *key, bool value);

#ifdef __cplusplus
}
#endif
#pragma GCC visibility pop
#endif
