/* SPDX-License-Identifier: BSD-3-Clause
 *
 * json-text.h -- JSON, written piece by piece into a growing buffer. Commas come by themselves;
 * brackets and keys are the caller's to pair. Text that is not UTF-8 is taken for Latin-1, byte by
 * byte, so that whatever is written can be read.
 *
 *	struct json_text t = {0};
 *
 *	json_text__open(&t, '{');
 *	json_text__add_string(&t, "name", name);
 *	json_text__key(&t, "queues");
 *	json_text__open(&t, '[');  json_text__unsigned(&t, 0);  json_text__close(&t, ']');
 *	json_text__close(&t, '}');
 *	   ... t.text, t.len
 *	json_text__free(&t);
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

struct json_text {
	char *text; /* owned; NUL-terminated when len > 0 */
	size_t len, size;
	bool comma; /* before what comes next */
	bool failed;
};

/* Empties the text and keeps its memory. */
void json_text__clear(struct json_text *t);
void json_text__free(struct json_text *t);

void json_text__open(struct json_text *t, char bracket);  /* '{' or '[' */
void json_text__close(struct json_text *t, char bracket); /* '}' or ']' */
void json_text__key(struct json_text *t, const char *key);

void json_text__string(struct json_text *t, const char *s);
void json_text__bytes(struct json_text *t, const void *s, size_t len); /* as a string */
void json_text__unsigned(struct json_text *t, uint64_t value);
void json_text__signed(struct json_text *t, int64_t value);
void json_text__real(struct json_text *t, double value, int decimals); /* not finite: null */
void json_text__bool(struct json_text *t, bool value);
void json_text__null(struct json_text *t);
void json_text__raw(struct json_text *t, const char *json, size_t len); /* a whole value */

/* A key and its value; a string that is NULL is null. */
void json_text__add_string(struct json_text *t, const char *key, const char *s);
void json_text__add_unsigned(struct json_text *t, const char *key, uint64_t value);
void json_text__add_real(struct json_text *t, const char *key, double value, int decimals);
void json_text__add_bool(struct json_text *t, const char *key, bool value);

#ifdef __cplusplus
}
#endif
#pragma GCC visibility pop
#endif
