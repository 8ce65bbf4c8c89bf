/* SPDX-License-Identifier: BSD-3-Clause
 *
 * completion.c -- what may come next on a command line. The shell's script asks
 * `xdpkctl --complete WORD...`, the last of which is the one to complete; names of maps, programs
 * and ports are asked of xdpk, if there is one.
 */
#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "connection.h"
#include "own.h"
#include "specs.h"

static const char script[] =
	"_xdpkctl()\n"
	"{\n"
	"\tlocal IFS=$'\\n'\n"
	"\tCOMPREPLY=($(\"${COMP_WORDS[0]}\" --complete \"${COMP_WORDS[@]:1:COMP_CWORD}\" "
	"2>/dev/null))\n"
	"}\n"
	"complete -o default -F _xdpkctl xdpkctl\n";

enum exit_status own__completion(const struct ctl *ctl, struct control_words *args)
{
	fputs(script, stdout);
	return EXIT_DONE;
}

static void offer(const char *text, size_t len, const char *begin)
{
	if (len >= strlen(begin) && strncmp(text, begin, strlen(begin)) == 0)
		printf("%.*s\n", (int)len, text);
}

/* The next word of every command that begins with the words before the last. */
static void offer_commands(const struct control_words *line)
{
	const char *begin = line->word[line->n - 1], *before = "";

	for (const struct control_spec *s = specs; s->words; s++) {
		const char *at = s->words;
		int i = 0;

		for (; i < line->n - 1 && *at; i++) {
			size_t len = strcspn(at, " ");

			if (strlen(line->word[i]) != len || strncmp(line->word[i], at, len))
				break;
			at += len + (at[len] == ' ');
		}
		if (i < line->n - 1 || !*at)
			continue;
		if (strncmp(at, before, strcspn(at, " ") + 1) && strcspn(at, " "))
			offer(at, strcspn(at, " "), begin);
		before = at;
	}
}

static int offer_name(void *user, const char *json, size_t len)
{
	json_t *row = json_loadb(json, len, 0, NULL);
	const char *name = json_string_value(json_object_get(row, "name"));

	if (name)
		offer(name, strlen(name), user);
	json_decref(row);
	return 0;
}

static void offer_names(const struct ctl *ctl, const char *list, const char *begin)
{
	const struct control_words none = {0};
	struct connection c;

	for (const struct control_spec *s = specs; s->words; s++) {
		if (strcmp(s->words, list) || connection__open(&c, ctl->socket, NULL))
			continue;
		connection__request(&c, s, &none, offer_name, (void *)begin, NULL, NULL);
		connection__close(&c);
	}
}

/* A token is choices, a|b|C, of words and of names to fill in. */
static void offer_token(const struct ctl *ctl, const struct control_token *t, const char *begin)
{
	static const struct {
		const char *token, *list;
	} names[] = {{"MAP", "map list"}, {"PROG", "prog list"}, {"PORT", "port list"}};

	for (size_t at = 0, len; at < t->len; at += len + 1) {
		const char *choice = t->text + at;

		len = strcspn(choice, "|] .");
		if (*choice >= 'a' && *choice <= 'z')
			offer(choice, len, begin);
		for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
			if (strlen(names[i].token) == len && !strncmp(names[i].token, choice, len))
				offer_names(ctl, names[i].list, begin);
	}
}

/* What may follow in any order. */
static void offer_options(const struct ctl *ctl, const struct control_spec *spec, const char *begin)
{
	const char *at = spec->args;
	struct control_token t;

	while (control_token__next(&t, &at))
		if (t.begins)
			offer_token(ctl, &t, begin);
}

enum exit_status complete(const struct ctl *ctl, struct control_words *line)
{
	const char *begin;
	struct control_token t;
	int n_name = 0;
	const struct control_spec *spec;

	if (!line->n)
		return EXIT_WRONG;
	begin = line->word[line->n - 1];
	spec = specs__find(line, &n_name, NULL);
	if (!spec || n_name == line->n) {
		offer_commands(line);
	} else {
		struct control_words args = {line->n - n_name, line->word + n_name};

		if (control_spec__token_at(spec, &args, args.n - 1, &t) && !t.begins)
			offer_token(ctl, &t, begin);
		else
			offer_options(ctl, spec, begin);
	}
	return EXIT_DONE;
}
