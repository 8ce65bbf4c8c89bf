/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "../vm/core/error.h"
#include "control-words.h"

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

int control_words__end(const struct control_words *w, char **errmsg)
{
	return w->n ? error__set(errmsg, -EINVAL, "unexpected '%s'", w->word[0]) : 0;
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
