/* SPDX-License-Identifier: BSD-3-Clause
 *
 * control-file.c -- files of control lines, and objects that are set up by them.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../vm/core/error.h"
#include "control.h"

int control_file__add(struct control_file *f, const char *line, char **errmsg)
{
	char **grown = realloc(f->lines, (f->n_lines + 1) * sizeof(*grown));

	if (grown)
		f->lines = grown;
	if (!grown || !(grown[f->n_lines] = strdup(line)))
		return error__set(errmsg, -ENOMEM, "no memory for a control line");
	f->n_lines++;
	return 0;
}

static int read_lines(struct control_file *f, FILE *file, char **errmsg)
{
	char *line = NULL;
	size_t size = 0;
	ssize_t len;
	int err = 0;

	while (!err && (len = getline(&line, &size, file)) >= 0) {
		err = control_file__add(f, line, errmsg);
		f->n_read = f->n_lines;
		if (!err && memchr(line, 0, (size_t)len))
			err = error__set(errmsg, -EINVAL, "the line holds a NUL byte");
		if (err)
			error__prefix(errmsg, "%s:%zu", f->path, f->n_lines);
	}
	if (!err && ferror(file))
		err = error__set(errmsg, -EIO, "%s: cannot be read", f->path);
	free(line);
	return err;
}

static int read_file(struct control_file *f, FILE *file, const char *path, char **errmsg)
{
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

int control_file__read(struct control_file *f, const char *path, char **errmsg)
{
	return read_file(f, fopen(path, "re"), path, errmsg);
}

int control_file__read_fd(struct control_file *f, int fd, const char *path, char **errmsg)
{
	int own = fcntl(fd, F_DUPFD_CLOEXEC, 0);
	FILE *file = own >= 0 ? fdopen(own, "r") : NULL;
	int saved = errno;

	if (!file && own >= 0)
		close(own);
	errno = saved;
	return read_file(f, file, path, errmsg);
}

void control_file__close(struct control_file *f)
{
	for (size_t i = 0; i < f->n_lines; i++)
		free(f->lines[i]);
	free(f->lines);
	*f = (struct control_file){0};
}

/* Runs a line of these phases; leaves others alone, once it is sure that there is such a
 * command. */
static int run_line(struct control_context *c, unsigned phases, const char *line, char **errmsg)
{
	const struct control_command *command;
	struct control_words words = {0};
	char **first, *text = strdup(line);
	int n_name, err;

	if (!text)
		return error__set(errmsg, -ENOMEM, "no memory for a control line");
	err = control_words__split(&words, text, errmsg);
	first = words.word;
	if (!err && words.n) {
		command = control__find_command(c, &words, &n_name, errmsg);
		words = (struct control_words){words.n - n_name, words.word + n_name};
		if (!command)
			err = -EINVAL;
		else if (command->spec.phase & phases)
			err = control__run_command(c, command, &words, errmsg);
	}
	free(first);
	free(text);
	return err;
}

int control__run_line(struct control_context *c, const char *line, char **errmsg)
{
	if (errmsg)
		*errmsg = NULL;
	return run_line(c, CONTROL_EVERY_PHASE, line, errmsg);
}

int control_file__run(
	const struct control_file *f, struct control_context *c, unsigned phases, char **errmsg)
{
	int err = 0;

	if (errmsg)
		*errmsg = NULL;
	for (size_t i = 0; i < f->n_lines && !err; i++) {
		err = run_line(c, phases, f->lines[i], errmsg);
		if (err && i < f->n_read)
			error__prefix(errmsg, "%s:%zu", f->path, i + 1);
	}
	return err;
}

int control__set_up_object(struct ebpf_object *obj, struct ebpf_instance *inst,
	const struct control_set_up *how, char **errmsg)
{
	static const struct control_file none;
	const struct control_file *lines = how->lines ? how->lines : &none;
	struct control_context c = {.tables = control__loader_tables,
		.instance = inst,
		.object = obj,
		.files = how->files,
		.role = CONTROL_OPERATOR};
	int err = control_file__run(lines, &c, CONTROL_BEFORE_MAPS, errmsg);

	if (!err && how->before)
		err = ebpf_object__share_maps(obj, how->before, &how->share, errmsg);
	if (!err)
		err = ebpf_object__create_maps(obj, inst, errmsg);
	if (!err)
		err = control_file__run(lines, &c, CONTROL_BEFORE_LOAD | CONTROL_ANY_TIME, errmsg);
	control__free_row(&c);
	return err;
}

int ebpf_object__set_up(
	struct ebpf_object *obj, struct ebpf_instance *inst, const char *path, char **errmsg)
{
	struct control_file lines = {0};
	int err = path ? control_file__read(&lines, path, errmsg) : 0;

	if (!err)
		err = control__set_up_object(obj, inst,
			&(struct control_set_up){.lines = &lines, .files = &control_files__local},
			errmsg);
	control_file__close(&lines);
	return err;
}

static int open_path(void *user, const char *word, char how, char **errmsg)
{
	bool standard = strcmp(word, "-") == 0;
	int fd = standard     ? fcntl(how == 'w', F_DUPFD_CLOEXEC, 0)
		 : how == 'w' ? open(word, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666)
			      : open(word, O_RDONLY | O_CLOEXEC);

	return fd >= 0 ? fd : error__set(errmsg, -errno, "%s: %s", word, strerror(errno));
}

const struct control_files control_files__local = {.open = open_path};
