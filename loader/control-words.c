/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "../vm/core/error.h"
#include "control-words.h"

#define SPACES " \t\r\n\f\v"

/* Copies a JSON value, which begins with a bracket, to its end. False if it has none. */
static bool cut_json(const char **from, char **to)
{
	unsigned depth = 0;
	bool quoted = false;

	for (; **from; *(*to)++ = *(*from)++) {
		char ch = **from;

		if (quoted && ch == '\\' && (*from)[1])
			*(*to)++ = *(*from)++;
		else if (ch == '"')
			quoted = !quoted;
		else if (!quoted && (ch == '{' || ch == '['))
			depth++;
		else if (!quoted && (ch == '}' || ch == ']') && --depth == 0) {
			*(*to)++ = *(*from)++;
			return true;
		}
	}
	return false;
}

/* Copies what stands in quotes, which fall away. False if they do not end. */
static bool cut_quoted(const char **from, char **to)
{
	char quote = *(*from)++;

	for (; **from && **from != quote; *(*to)++ = *(*from)++)
		if (quote == '"' && **from == '\\' && (*from)[1])
			++*from;
	return *(*from)++ == quote;
}

/* Copies a word to its end; never more than is read, so in place is fine. */
static int cut_word(const char **from, char **to, char **errmsg)
{
	const char *begin = *from;

	if ((*begin == '{' || *begin == '[') && !cut_json(from, to))
		return error__set(errmsg, -EINVAL, "a '%c' is not closed", *begin);
	while (**from && !strchr(SPACES, **from)) {
		if (**from != '"' && **from != '\'')
			*(*to)++ = *(*from)++;
		else if (!cut_quoted(from, to))
			return error__set(errmsg, -EINVAL, "a quotation mark is not closed");
	}
	return 0;
}

int control_words__split(struct control_words *w, char *text, char **errmsg)
{
	const char *from = text;
	char *to = text;

	*w = (struct control_words){.word = malloc((strlen(text) / 2 + 2) * sizeof(*w->word))};
	if (!w->word)
		return error__set(errmsg, -ENOMEM, "no memory for a control line");
	for (from += strspn(from, SPACES); *from && *from != '#'; from += strspn(from, SPACES)) {
		char *word = to;
		int err = cut_word(&from, &to, errmsg);

		if (err) {
			free(w->word);
			w->word = NULL;
			return err;
		}
		from += *from != '\0'; /* the white space that the NUL may fall upon */
		*to++ = '\0';
		w->word[w->n++] = word;
	}
	w->word[w->n] = NULL;
	return 0;
}

const char *control_words__next(struct control_words *w)
{
	return w->n ? (w->n--, *w->word++) : NULL;
}

bool control_words__take(struct control_words *w, const char *word)
{
	if (!w->n || strcmp(w->word[0], word) != 0)
		return false;
	control_words__next(w);
	return true;
}

int control_words__expect(struct control_words *w, const char *expected, char **errmsg)
{
	const char *got = control_words__next(w);

	if (!got)
		return error__set(
			errmsg, -EINVAL, "expected '%s', got the end of the line", expected);
	if (strcmp(got, expected) != 0)
		return error__set(errmsg, -EINVAL, "expected '%s', got '%s'", expected, got);
	return 0;
}

const char *control_words__want(struct control_words *w, const char *what, char **errmsg)
{
	const char *word = control_words__next(w);

	if (!word)
		error__set(errmsg, -EINVAL, "expected %s, got the end of the line", what);
	return word;
}

int control_words__want_number(
	struct control_words *w, const char *what, uint32_t *value, char **errmsg)
{
	const char *word = control_words__want(w, what, errmsg);
	uint64_t n;

	if (!word)
		return -EINVAL;
	if (!control__parse_number(word, false, &n) || n > UINT32_MAX)
		return error__set(errmsg, -EINVAL, "expected %s, got '%s'", what, word);
	*value = (uint32_t)n;
	return 0;
}

int control_words__unexpected(const struct control_words *w, const char *known, char **errmsg)
{
	return error__set(errmsg, -EINVAL, "unexpected '%s'%s%s", w->word[0],
		known ? ", expected one of: " : "", known ? known : "");
}

int control_words__end(const struct control_words *w, char **errmsg)
{
	return w->n ? control_words__unexpected(w, NULL, errmsg) : 0;
}

bool control__parse_number(const char *text, bool hex, uint64_t *value)
{
	static const char digits[] = "0123456789abcdefABCDEF";
	int base = hex ? 16 : 10;
	char *end;

	if (!hex && text[0] == '0' && (text[1] == 'x' || text[1] == 'X')) {
		base = 16;
		text += 2;
	}
	if (!*text || !memchr(digits, *text, base == 16 ? 22 : 10))
		return false;
	errno = 0;
	*value = strtoull(text, &end, base);
	return *end == '\0' && errno == 0;
}
