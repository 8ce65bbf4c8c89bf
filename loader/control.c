/* SPDX-License-Identifier: BSD-3-Clause
 *
 * control.c -- control lines: split into words, found in a table, run. Knows no command.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../vm/core/error.h"
#include "control.h"

#define SPACES " \t\r\n\f\v"

/* Cuts the text into words, in place; a word that begins with # ends the line. NULL without
 * memory. */
static char **split(char *text, int *n_words)
{
	char **words = malloc((strlen(text) / 2 + 2) * sizeof(*words)), *save = NULL;
	int n = 0;

	for (char *w = strtok_r(text, SPACES, &save); words && w && *w != '#';
		w = strtok_r(NULL, SPACES, &save))
		words[n++] = w;
	if (words)
		words[n] = NULL;
	*n_words = n;
	return words;
}

/* How many words a command's name has if the line begins with it; else 0. */
static int match(const char *name, char **words, int n_words)
{
	int n = 0;

	for (; *name; n++) {
		size_t len = strcspn(name, " ");

		if (n == n_words || strlen(words[n]) != len || strncmp(words[n], name, len) != 0)
			return 0;
		name += len;
		name += strspn(name, " ");
	}
	return n;
}

static int unknown_command(
	const struct control_command *table, char **words, int n_words, char **errmsg)
{
	char *known = NULL;
	size_t size;
	FILE *f = open_memstream(&known, &size);
	int err;

	for (const struct control_command *c = table; f && c->words; c++)
		fprintf(f, "%s%s", c == table ? "" : ", ", c->words);
	if (f)
		fclose(f);
	err = error__set(errmsg, -EINVAL, "unknown command '%s%s%s', expected one of: %s", words[0],
		n_words > 1 ? " " : "", n_words > 1 ? words[1] : "", known ? known : "");
	free(known);
	return err;
}

int control__run_line(
	const struct control_command *table, void *target, const char *line, char **errmsg)
{
	char *text = strdup(line), **words = NULL;
	const struct control_command *c;
	int n_words = 0, n_name = 0, err;

	if (errmsg)
		*errmsg = NULL;
	if (text)
		words = split(text, &n_words);
	if (!words) {
		free(text);
		return error__set(errmsg, -ENOMEM, "no memory for a control line");
	}
	for (c = table; c->words && !n_name; c++)
		n_name = match(c->words, words, n_words);
	if (n_name)
		err = c[-1].run(target, n_words - n_name, words + n_name, errmsg);
	else
		err = n_words ? unknown_command(table, words, n_words, errmsg) : 0;
	free(words);
	free(text);
	return err;
}

int control__run_file(
	const struct control_command *table, void *target, const char *path, char **errmsg)
{
	FILE *f = fopen(path, "re");
	char *line = NULL;
	size_t size = 0;
	int err = 0;

	if (!f)
		return error__set(errmsg, -errno, "%s: %s", path, strerror(errno));
	if (errmsg)
		*errmsg = NULL;
	for (int n = 1; !err; n++) {
		ssize_t len = getline(&line, &size, f);

		if (len < 0)
			break;
		if (memchr(line, 0, len))
			err = error__set(errmsg, -EINVAL, "the line holds a NUL byte");
		else
			err = control__run_line(table, target, line, errmsg);
		if (err)
			error__prefix(errmsg, "%s:%d", path, n);
	}
	if (!err && ferror(f))
		err = error__set(errmsg, -EIO, "%s: cannot be read", path);
	free(line);
	fclose(f);
	if (err)
		errno = -err;
	return err;
}
