/* SPDX-License-Identifier: BSD-3-Clause
 *
 * control.c -- commands: found in the tables, run, and the rows that they answer. Knows none of
 * them.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../vm/core/error.h"
#include "control.h"

/* Do two commands begin with the same word? */
static bool same_object(const char *words, const char *word)
{
	size_t len = strcspn(words, " ");

	return strlen(word) == len && strncmp(words, word, len) == 0;
}

/* The commands about what the line is about; if it is about nothing known, what there is. */
static void print_known(const struct control_context *c, const char *first, FILE *f)
{
	const char *last = "", *comma = "";
	bool known = false;

	for (int i = 0; c->tables[i]; i++)
		for (const struct control_command *k = c->tables[i]; k->spec.words; k++)
			known |= same_object(k->spec.words, first);
	for (int i = 0; c->tables[i]; i++) {
		for (const struct control_command *k = c->tables[i]; k->spec.words; k++) {
			const char *words = k->spec.words;
			size_t len = known ? strlen(words) : strcspn(words, " ");

			if (known ? !same_object(words, first)
				  : strncmp(words, last, len) == 0 && last[len] == words[len])
				continue;
			fprintf(f, "%s%.*s", comma, (int)len, words);
			comma = ", ";
			last = words;
		}
	}
}

const struct control_command *control__find_command(const struct control_context *c,
	const struct control_words *line, int *n_name, char **errmsg)
{
	char *known = NULL;
	size_t size;
	FILE *f;

	*n_name = 0;
	for (int i = 0; c->tables[i]; i++)
		for (const struct control_command *k = c->tables[i]; k->spec.words; k++)
			if ((*n_name = control_spec__match(&k->spec, line)) != 0)
				return k;
	f = open_memstream(&known, &size);
	if (f) {
		print_known(c, line->word[0], f);
		fclose(f);
	}
	error__set(errmsg, -EINVAL, "unknown command '%s%s%s', expected one of: %s", line->word[0],
		line->n > 1 ? " " : "", line->n > 1 ? line->word[1] : "", known ? known : "");
	free(known);
	return NULL;
}

static void drop_objects(struct control_context *c)
{
	for (size_t i = 0; i < c->n_objects; i++) {
		free((char *)c->objects[i].name);
		ebpf_object__close(c->objects[i].object);
	}
	free((struct control_object *)c->objects);
	c->objects = NULL;
	c->n_objects = 0;
}

int control__run_command(struct control_context *c, const struct control_command *command,
	struct control_words *args, char **errmsg)
{
	const struct control_spec *spec = &command->spec;
	struct control_object *objects = NULL;
	int err;

	if (spec->role > c->role)
		return error__set(errmsg, -EPERM,
			"%s changes something, and you may only look: be the user that xdpk runs "
			"as",
			spec->words);
	if (spec->phase != CONTROL_ANY_TIME && !c->object)
		return error__set(errmsg, -EBUSY,
			"%s is for an object that is being loaded: put it in a file, and that "
			"behind `init` when you load it",
			spec->words);
	if (!c->list_objects)
		return command->run(c, args, errmsg);
	err = c->list_objects(c->dataplane, &objects, &c->n_objects);
	c->objects = objects;
	if (err)
		error__set(errmsg, err, "no memory for the programs' names");
	else
		err = command->run(c, args, errmsg);
	drop_objects(c);
	return err;
}

struct ebpf_json *control__row(struct control_context *c)
{
	ebpf_json__clear(&c->row);
	ebpf_json__open(&c->row, '{');
	return &c->row;
}

int control__send(struct control_context *c, char **errmsg)
{
	int err;

	ebpf_json__close(&c->row, '}');
	if (c->row.failed)
		return error__set(errmsg, -ENOMEM, "no memory for the answer");
	if (!c->reply)
		return 0;
	err = c->reply->row(c->reply->user, c->row.text, c->row.len);
	return err ? error__set(errmsg, err, "the answer was not read: %s", strerror(-err)) : 0;
}

bool control__wait(struct control_context *c, unsigned ms)
{
	return c->reply && c->reply->wait && c->reply->wait(c->reply->user, ms);
}

void control__free_row(struct control_context *c)
{
	ebpf_json__free(&c->row);
}

int control__open_file(struct control_context *c, const char *word, char how, char **errmsg)
{
	if (!c->files)
		return error__set(errmsg, -EPERM, "%s: no files can be named here", word);
	return c->files->open(c->files->user, word, how, errmsg);
}
