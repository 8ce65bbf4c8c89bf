/* SPDX-License-Identifier: BSD-3-Clause */
#include <string.h>

#include "control-spec.h"

int control_spec__match(const struct control_spec *spec, const struct control_words *line)
{
	const char *name = spec->words;
	int n = 0;

	for (; *name; n++) {
		size_t len = strcspn(name, " ");

		if (n == line->n || strlen(line->word[n]) != len ||
			strncmp(line->word[n], name, len) != 0)
			return 0;
		name += len;
		name += strspn(name, " ");
	}
	return n;
}

/* A word of `args`, without its brackets and dots. */
struct token {
	const char *text;
	size_t len;
	bool begins, ends; /* something that may be left out */
};

static bool next_token(const char **args, struct token *t)
{
	const char *at = *args + strspn(*args, " ");
	size_t all = strcspn(at, " ");

	t->begins = *at == '[';
	t->ends = memchr(at, ']', all) != NULL;
	*args = at + all;
	t->text = at + t->begins;
	t->len = strcspn(t->text, " ].");
	return t->len > 0;
}

static char file_kind(const struct token *t)
{
	if (t->len == 4 && strncmp(t->text, "FILE", 4) == 0)
		return 'r';
	return t->len == 3 && strncmp(t->text, "OUT", 3) == 0 ? 'w' : 0;
}

/* What the words from `first` on are, which may be left out: the group of tokens that begins with
 * that very word, or one that is a file. How many words it takes; *kind is word i's if it is
 * among them. */
static int take_optional(
	const char *args, const struct control_words *w, int first, int i, char *kind)
{
	struct token t;

	while (next_token(&args, &t)) {
		bool named = t.begins && strlen(w->word[first]) == t.len &&
			     strncmp(t.text, w->word[first], t.len) == 0;
		bool is_file = t.begins && t.ends && file_kind(&t);
		int n = 1;

		if (!named && !is_file)
			continue;
		*kind = is_file && i == first ? file_kind(&t) : 0;
		for (; !t.ends && next_token(&args, &t); n++)
			if (first + n == i)
				*kind = file_kind(&t);
		return n;
	}
	return 1;
}

char control_spec__file_at(const struct control_spec *spec, const struct control_words *args, int i)
{
	const char *at = spec->args;
	struct token t;
	char kind = 0;
	int n = 0;

	for (; next_token(&at, &t) && !t.begins; n++)
		if (n == i)
			return file_kind(&t);
	while (n <= i)
		n += take_optional(spec->args, args, n, i, &kind);
	return kind;
}
