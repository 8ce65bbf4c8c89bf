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

bool control_token__next(struct control_token *t, const char **args)
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

static bool token_is(const struct control_token *t, const char *word)
{
	return strlen(word) == t->len && strncmp(t->text, word, t->len) == 0;
}

static bool is_file(const struct control_token *t)
{
	return token_is(t, "FILE") || token_is(t, "OUT");
}

/* What the words from `first` on are, which may be left out: the group of tokens that begins with
 * that very word, or one that is a file. How many words it takes; *t is word i's if it is among
 * them. */
static int take_group(const char *args, const struct control_words *w, int first, int i,
	struct control_token *t, bool *found)
{
	struct control_token each;

	while (control_token__next(&each, &args)) {
		int n = 1;

		if (!(each.begins && token_is(&each, w->word[first])) &&
			!(each.begins && each.ends && is_file(&each)))
			continue;
		*found = i == first;
		*t = each;
		for (; !each.ends && control_token__next(&each, &args); n++) {
			if (first + n == i) {
				*found = true;
				*t = each;
			}
		}
		return n;
	}
	return 1;
}

bool control_spec__token_at(const struct control_spec *spec, const struct control_words *args,
	int i, struct control_token *t)
{
	const char *at = spec->args;
	bool found = false;
	int n = 0;

	for (; control_token__next(t, &at) && !t->begins; n++)
		if (n == i)
			return true;
	while (n <= i)
		n += take_group(spec->args, args, n, i, t, &found);
	return found;
}

char control_spec__file_at(const struct control_spec *spec, const struct control_words *args, int i)
{
	struct control_token t;

	if (!control_spec__token_at(spec, args, i, &t) || !is_file(&t))
		return 0;
	return token_is(&t, "FILE") ? 'r' : 'w';
}
