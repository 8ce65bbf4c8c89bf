/* SPDX-License-Identifier: BSD-3-Clause
 *
 * config.c -- remember the lines that have been run, word by word, and what they made; compare.
 */
#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "background.h"
#include "config.h"
#include "control/commands.h"
#include "core/error.h"
#include "dataplane.h"
#include "notify.h"
#include "port-line.h"

/* What can be undone; the last ones first. */
enum kind { PORT_ADD, PROG_LOAD, NET_ATTACH, OTHER };

static const struct {
	const char *first, *second; /* words of the command */
	const char *undo, *change;  /* the command that undoes it, or changes it */
} kinds[] = {
	[PORT_ADD] = {"port", "add", "port del", NULL},
	[PROG_LOAD] = {"prog", "load", "prog unload", "prog replace"},
	[NET_ATTACH] = {"net", "attach", "net detach", "net order"},
	[OTHER] = {"", "", NULL, NULL},
};

/* A line that has been run. */
struct applied {
	enum kind kind;
	char *text; /* its words, with a space between */
	char *made; /* what undoing and changing take: NAME, or PROG port PORT. NULL: OTHER */
	bool kept;  /* it is in the file that is being read */
};

struct config {
	struct dataplane *dp;
	const char *path;
	struct applied *lines;
	size_t n_lines;
	size_t line;       /* of the file, that is being done */
	unsigned restarts; /* arguments of ports that stay as they are */
	pthread_t thread;
	bool listening, stop;
};

/* The path of a file that a line names, to be freed: relative ones begin where the file of the
 * lines is. */
static char *resolve(const struct config *config, const char *word)
{
	const char *slash = strrchr(config->path, '/');
	char *path;

	if (*word == '/' || !slash || !strcmp(word, "-"))
		return strdup(word);
	return asprintf(&path, "%.*s/%s", (int)(slash - config->path), config->path, word) < 0
		       ? NULL
		       : path;
}

static int open_file(void *user, const char *word, char how, char **errmsg)
{
	char *path = resolve(user, word);
	int fd = path ? control_files__local.open(NULL, path, how, errmsg)
		      : error__set(errmsg, -ENOMEM, "no memory for a path");

	free(path);
	return fd;
}

static int run(struct config *config, const char *line, char **errmsg)
{
	const struct control_files files = {.open = open_file, .user = config};
	struct control_context c = {.tables = control__dataplane_tables,
		.instance = config->dp->instance,
		.list_objects = control__list_objects,
		.changed = control__changed,
		.dataplane = config->dp,
		.files = &files,
		.role = CONTROL_OPERATOR};
	int err = control__run_line(&c, line, errmsg);

	control__free_row(&c);
	return err;
}

/* words[from...], each quoted so that it is read as the same word again. */
static char *join(const struct control_words *w, int from)
{
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	for (int i = from; out && i < w->n; i++) {
		fputs(i > from ? " \"" : "\"", out);
		for (const char *c = w->word[i]; *c; c++)
			fprintf(out, "%s%c", strchr("\\\"", *c) ? "\\" : "", *c);
		fputc('"', out);
	}
	if (out && fclose(out)) {
		free(text);
		text = NULL;
	}
	return out ? text : NULL;
}

static enum kind find_kind(const struct control_words *w)
{
	enum kind kind = PORT_ADD;

	while (kind < OTHER && (w->n < 3 || strcmp(w->word[0], kinds[kind].first) ||
				       strcmp(w->word[1], kinds[kind].second)))
		kind++;
	return kind;
}

/* What follows a word, in a line, or NULL. */
static const char *word_after(const struct control_words *w, const char *word)
{
	for (int i = 3; i + 1 < w->n; i++)
		if (!strcmp(w->word[i], word))
			return w->word[i + 1];
	return NULL;
}

/* A program without `as` has its function's name, which its object knows. */
static char *name_of_program(const struct config *config, const struct control_words *w)
{
	const char *name = word_after(w, "as");
	struct ebpf_object *object;
	const struct ebpf_object_program *chosen;
	char *copy = NULL, *path;

	if (!name)
		name = word_after(w, "prog");
	if (name)
		return strdup(name);
	path = resolve(config, w->word[2]);
	object = path ? ebpf_object__open(path, NULL) : NULL;
	chosen = object ? ebpf_object__find_program(object, NULL, NULL) : NULL;
	if (chosen)
		copy = strdup(chosen->name);
	ebpf_object__close(object);
	free(path);
	return copy;
}

static char *name_what_is_made(
	const struct config *config, enum kind kind, const struct control_words *w)
{
	char *made = NULL;

	switch (kind) {
	case PORT_ADD: return strndup(w->word[2], strcspn(w->word[2], ","));
	case PROG_LOAD: return name_of_program(config, w);
	case NET_ATTACH:
		if (w->n < 5 || asprintf(&made, "%s port %s", w->word[2], w->word[4]) < 0)
			return NULL;
		return made;
	default: return NULL;
	}
}

/* A line that has been run before, of this kind, and not yet been met again: with the same words,
 * or that has made the same. */
static struct applied *find(
	struct config *config, enum kind kind, const char *text, const char *made)
{
	for (size_t i = 0; i < config->n_lines; i++) {
		struct applied *a = &config->lines[i];

		if (a->kind != kind || a->kept)
			continue;
		if ((text && !strcmp(a->text, text)) || (made && a->made && !strcmp(a->made, made)))
			return a;
	}
	return NULL;
}

static void forget(struct config *config, size_t i)
{
	free(config->lines[i].text);
	free(config->lines[i].made);
	config->lines[i] = config->lines[--config->n_lines];
}

/* --- ports ------------------------------------------------------------------------------- */

struct port_line {
	struct config *config;
	const struct applied *applied;
	unsigned restarts;
	char **errmsg;
};

/* pass and mtu can be changed; what else is different is told. */
static int change_argument(void *user, const struct port_difference *d)
{
	struct port_line *l = user;
	const char *equals = *d->name ? (d->is_devices ? "=" : " ") : "", *port = l->applied->made;
	char *line = NULL;
	int err = 0;

	if (!d->is_devices && !strcmp(d->name, "pass"))
		err = asprintf(&line, "port set %s pass %s", port, d->is ? d->is : "drop");
	else if (!d->is_devices && !strcmp(d->name, "mtu") && d->is)
		err = asprintf(&line, "link set %s mtu %s", port, d->is);
	if (err < 0)
		return error__set(l->errmsg, -ENOMEM, "no memory for a control line");
	if (line) {
		err = run(l->config, line, l->errmsg);
		free(line);
		return err;
	}
	fprintf(stderr, "xdpk: reload: %s:%zu: port %s: %s%s%s", l->config->path, l->config->line,
		port, d->name, equals, d->is ? d->is : d->was);
	if (d->is && d->was)
		fprintf(stderr, " (it is %s)", d->was);
	fprintf(stderr, "%s: restart needed\n", d->is ? "" : " is gone");
	l->restarts++;
	return 0;
}

/* *done: nothing has stayed as it was. */
static int change_port(struct config *config, const struct applied *a,
	const struct control_words *w, bool *done, char **errmsg)
{
	struct port_line l = {.config = config, .applied = a, .errmsg = errmsg};
	struct control_words was = {0};
	char **words, *text = strdup(a->text);
	int err = text ? control_words__split(&was, text, errmsg)
		       : error__set(errmsg, -ENOMEM, "no memory for a control line");

	words = was.word;
	if (!err) {
		*errmsg = NULL;
		err = port_line__compare(&was, w, change_argument, &l);
	}
	if (err == -ENOMEM && !*errmsg)
		error__set(errmsg, err, "no memory for a control line");
	free(words);
	free(text);
	config->restarts += l.restarts;
	*done = !l.restarts;
	return err;
}

/* The command that changes what a line has made, to what the words now say. */
static int change(struct config *config, const struct applied *a, const struct control_words *w,
	char **errmsg)
{
	bool named = a->kind == PROG_LOAD && word_after(w, "as");
	/* what is replaced would hand its device down */
	bool home = a->kind == PROG_LOAD && !word_after(w, "offload");
	char *options, *line = NULL;
	int err;

	/* net attach PROG port PORT OPTIONS; prog load FILE [as NAME] OPTIONS */
	if (a->kind == PROG_LOAD && named && strcmp(w->word[3], "as"))
		return error__set(errmsg, -EINVAL, "`as` must follow the file");
	options = join(w, a->kind == NET_ATTACH ? 5 : named ? 5 : 3);
	if (!options ||
		asprintf(&line, "%s %s %s%s%s %s %s", kinds[a->kind].change, a->made,
			a->kind == PROG_LOAD ? "\"" : "", a->kind == PROG_LOAD ? w->word[2] : "",
			a->kind == PROG_LOAD ? "\"" : "", options, home ? "offload none" : "") < 0)
		err = error__set(errmsg, -ENOMEM, "no memory for a control line");
	else
		err = run(config, line, errmsg);
	free(options);
	free(line);
	return err;
}

/* Takes the strings over. */
static int remember(struct config *config, struct applied line, char **errmsg)
{
	struct applied *grown =
		realloc(config->lines, (config->n_lines + 1) * sizeof(*config->lines));

	if (!grown) {
		free(line.text);
		free(line.made);
		return error__set(errmsg, -ENOMEM, "no memory for a control line");
	}
	config->lines = grown;
	config->lines[config->n_lines++] = line;
	return 0;
}

static int apply_words(struct config *config, const struct control_words *w, char **errmsg)
{
	struct applied line = {.kind = find_kind(w), .text = join(w, 0), .kept = true};
	struct applied *known = line.text ? find(config, line.kind, line.text, NULL) : NULL;
	bool done = true;
	int err = 0;

	if (!line.text)
		return error__set(errmsg, -ENOMEM, "no memory for a control line");
	if (known && line.kind != PROG_LOAD) {
		known->kept = true;
		free(line.text);
		return 0;
	}
	line.made = name_what_is_made(config, line.kind, w);
	known = find(config, line.kind, NULL, line.made);
	if (known && line.kind == PORT_ADD)
		err = change_port(config, known, w, &done, errmsg);
	else
		err = known ? change(config, known, w, errmsg) : run(config, line.text, errmsg);
	if (err || !done) {
		if (known)
			known->kept = true;
		free(line.text);
		free(line.made);
		return err;
	}
	if (known)
		forget(config, (size_t)(known - config->lines));
	return remember(config, line, errmsg);
}

static int apply_line(struct config *config, const char *line, char **errmsg)
{
	struct control_words words = {0};
	char *text = strdup(line);
	int err = text ? control_words__split(&words, text, errmsg)
		       : error__set(errmsg, -ENOMEM, "no memory for a control line");

	if (!err && words.n)
		err = apply_words(config, &words, errmsg);
	free(words.word);
	free(text);
	return err;
}

/* Undoes what is in the file no more. */
static int undo(struct config *config, enum kind kind, char **errmsg)
{
	char *line;
	int err = 0;

	for (size_t i = config->n_lines; i-- > 0 && !err;) {
		if (config->lines[i].kind != kind || config->lines[i].kept)
			continue;
		if (kind != OTHER) {
			if (asprintf(&line, "%s %s", kinds[kind].undo, config->lines[i].made) < 0)
				return error__set(errmsg, -ENOMEM, "no memory for a control line");
			err = run(config, line, errmsg);
			free(line);
		}
		if (!err)
			forget(config, i);
	}
	return err;
}

static int apply(struct config *config, char **errmsg)
{
	struct control_file file;
	int err = control_file__read(&file, config->path, errmsg);

	if (err)
		return err;
	config->restarts = 0;
	for (size_t i = 0; i < config->n_lines; i++)
		config->lines[i].kept = false;
	for (size_t i = 0; i < file.n_lines && !err; i++) {
		config->line = i + 1;
		err = apply_line(config, file.lines[i], errmsg);
		if (err)
			error__prefix(errmsg, "%s:%zu", config->path, i + 1);
	}
	control_file__close(&file);
	for (int kind = OTHER; kind >= PORT_ADD && !err; kind--)
		err = undo(config, (enum kind)kind, errmsg);
	return err;
}

struct config *config__start(struct dataplane *dp, const char *path, char **errmsg)
{
	struct config *config = calloc(1, sizeof(*config));

	if (!config) {
		error__set(errmsg, -ENOMEM, "no memory for the lines of %s", path);
		return NULL;
	}
	config->dp = dp;
	config->path = path;
	if (apply(config, errmsg)) {
		config__stop(config);
		return NULL;
	}
	return config;
}

static void reload(struct config *config)
{
	char *errmsg = NULL;

	notify__say("RELOADING=1");
	if (apply(config, &errmsg))
		fprintf(stderr, "xdpk: reload: %s\n", errmsg ? errmsg : "no memory");
	else if (config->restarts)
		fprintf(stderr, "xdpk: reload: %s is in force, but for %u argument%s of ports\n",
			config->path, config->restarts, config->restarts > 1 ? "s" : "");
	else
		fprintf(stderr, "xdpk: reload: %s is in force\n", config->path);
	free(errmsg);
	notify__say("READY=1");
}

static void *listen_main(void *arg)
{
	struct config *config = arg;
	sigset_t set;
	int signal;

	sigemptyset(&set);
	sigaddset(&set, SIGHUP);
	while (!sigwait(&set, &signal) && !__atomic_load_n(&config->stop, __ATOMIC_RELAXED))
		reload(config);
	return NULL;
}

int config__listen(struct config *config)
{
	int err =
		config ? background__start(&config->thread, "xdpk-reload", listen_main, config) : 0;

	if (config)
		config->listening = !err;
	return err;
}

void config__stop(struct config *config)
{
	if (!config)
		return;
	if (config->listening) {
		__atomic_store_n(&config->stop, true, __ATOMIC_RELAXED);
		pthread_kill(config->thread, SIGHUP);
		pthread_join(config->thread, NULL);
	}
	while (config->n_lines)
		forget(config, config->n_lines - 1);
	free(config->lines);
	free(config);
}
