/* SPDX-License-Identifier: BSD-3-Clause
 *
 * control-words.h -- a control line, cut into words, and what is left of it, read word by word.
 * Errors: -EINVAL with a sentence that says what was expected.
 *
 * Words are separated by white space; one that begins with # ends the line. As in a shell, '...'
 * and "..." keep white space, in the latter \ takes the next character for itself; a word that
 * begins with { or [ is JSON and goes on to its closing bracket, as it is.
 */
#ifndef LOADER_CONTROL_WORDS_H
#define LOADER_CONTROL_WORDS_H

#include <stdbool.h>
#include <stdint.h>

struct control_words {
	int n;
	char **word;
};

/* Cuts the text in place. w->word is malloc'ed, to be freed from where it begins; after a failure
 * it is NULL. */
int control_words__split(struct control_words *w, char *text, char **errmsg);

/* NULL at the end. */
const char *control_words__next(struct control_words *w);
/* The next word if it is this one. */
bool control_words__take(struct control_words *w, const char *word);
int control_words__expect(struct control_words *w, const char *word, char **errmsg);
/* `what` for the sentence: "a map's name". NULL at the end, with *errmsg. */
const char *control_words__want(struct control_words *w, const char *what, char **errmsg);
int control_words__want_number(
	struct control_words *w, const char *what, uint32_t *value, char **errmsg);
/* There is another word; `known`: what could be, with commas between, or NULL. */
int control_words__unexpected(const struct control_words *w, const char *known, char **errmsg);
int control_words__end(const struct control_words *w, char **errmsg);

/* A number without sign: digits, or 0x and hex digits; with `hex`, hex digits alone. */
bool control__parse_number(const char *text, bool hex, uint64_t *value);

#endif
