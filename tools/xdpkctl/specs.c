/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "specs.h"
#include "vm/core/error.h"

const struct control_spec specs[] = {
#define COMMAND(function, ...) {__VA_ARGS__},
#include "dataplane/control/commands.def"
#include "loader/commands.def"
#undef COMMAND
#define COMMAND(function, words, args, summary) {words, args, summary},
#include "own.def"
#undef COMMAND
	{0},
};

bool spec__is_about(const struct control_spec *spec, const char *word)
{
	size_t len = strcspn(spec->words, " ");

	return strlen(word) == len && strncmp(spec->words, word, len) == 0;
}

static bool is_known(const char *first)
{
	for (const struct control_spec *s = specs; s->words; s++)
		if (spec__is_about(s, first))
			return true;
	return false;
}

/* The commands about what the line is about, or what it could be about. */
static void print_choices(FILE *f, const char *first)
{
	const struct control_spec *before = NULL;
	const char *comma = "";
	bool known = is_known(first);

	for (const struct control_spec *s = specs; s->words; s++) {
		size_t len = known ? strlen(s->words) : strcspn(s->words, " ");

		if (known ? !spec__is_about(s, first)
			  : before && !strncmp(before->words, s->words, len + 1))
			continue;
		fprintf(f, "%s%.*s", comma, (int)len, s->words);
		comma = ", ";
		before = s;
	}
}

const struct control_spec *specs__find(const struct control_words *line, int *n_name, char **errmsg)
{
	char *choices = NULL;
	size_t size;
	FILE *f;

	for (const struct control_spec *s = specs; s->words; s++)
		if ((*n_name = control_spec__match(s, line)) != 0)
			return s;
	f = open_memstream(&choices, &size);
	if (f) {
		print_choices(f, line->word[0]);
		fclose(f);
	}
	error__set(errmsg, -EINVAL, "there is no command '%s%s%s'; there are: %s", line->word[0],
		line->n > 1 ? " " : "", line->n > 1 ? line->word[1] : "", choices ? choices : "");
	free(choices);
	return NULL;
}
