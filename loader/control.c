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
#include "control-words.h"

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

enum { ANY_PHASE = -1 };

/* Runs a line of the given phase; leaves others alone. */
static int run_line(const struct control_command *table, int phase,
	const struct control_target *target, const char *line, char **errmsg)
{
	char *text = strdup(line), **words = NULL;
	const struct control_command *c;
	int n_words = 0, n_name = 0, err = 0;

	if (text)
		words = split(text, &n_words);
	if (!words) {
		free(text);
		return error__set(errmsg, -ENOMEM, "no memory for a control line");
	}
	for (c = table; c->words; c++) {
		n_name = match(c->words, words, n_words);
		if (n_name)
			break;
	}
	if (n_words && !n_name)
		err = unknown_command(table, words, n_words, errmsg);
	else if (n_words && (phase == ANY_PHASE || phase == (int)c->phase))
		err = c->run(
			target, &(struct control_words){n_words - n_name, words + n_name}, errmsg);
	free(words);
	free(text);
	return err;
}

int control__run_line(const struct control_command *table, const struct control_target *target,
	const char *line, char **errmsg)
{
	if (errmsg)
		*errmsg = NULL;
	return run_line(table, ANY_PHASE, target, line, errmsg);
}

static int add_line(struct control_file *f, const char *line, ssize_t len, char **errmsg)
{
	char **grown = realloc(f->lines, (f->n_lines + 1) * sizeof(*grown));

	if (grown)
		f->lines = grown;
	if (!grown || !(grown[f->n_lines] = strdup(line)))
		return error__set(errmsg, -ENOMEM, "no memory for a control line");
	f->n_lines++;
	return memchr(line, 0, len) ? error__set(errmsg, -EINVAL, "the line holds a NUL byte") : 0;
}

static int read_lines(struct control_file *f, FILE *file, char **errmsg)
{
	char *line = NULL;
	size_t size = 0;
	ssize_t len;
	int err = 0;

	while (!err && (len = getline(&line, &size, file)) >= 0) {
		err = add_line(f, line, len, errmsg);
		if (err)
			error__prefix(errmsg, "%s:%zu", f->path, f->n_lines);
	}
	if (!err && ferror(file))
		err = error__set(errmsg, -EIO, "%s: cannot be read", f->path);
	free(line);
	return err;
}

int control_file__read(struct control_file *f, const char *path, char **errmsg)
{
	FILE *file = fopen(path, "re");
	int err;

	*f = (struct control_file){.path = path};
	if (!file)
		return error__set(errmsg, -errno, "%s: %s", path, strerror(errno));
	if (errmsg)
		*errmsg = NULL;
	err = read_lines(f, file, errmsg);
	fclose(file);
	if (err) {
		control_file__close(f);
		errno = -err;
	}
	return err;
}

void control_file__close(struct control_file *f)
{
	for (size_t i = 0; i < f->n_lines; i++)
		free(f->lines[i]);
	free(f->lines);
	*f = (struct control_file){0};
}

int control_file__run(const struct control_file *f, const struct control_command *table,
	enum control_phase phase, const struct control_target *target, char **errmsg)
{
	int err = 0;

	if (errmsg)
		*errmsg = NULL;
	for (size_t i = 0; i < f->n_lines && !err; i++) {
		err = run_line(table, phase, target, f->lines[i], errmsg);
		if (err)
			error__prefix(errmsg, "%s:%zu", f->path, i + 1);
	}
	return err;
}
