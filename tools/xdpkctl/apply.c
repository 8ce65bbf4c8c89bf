/* SPDX-License-Identifier: BSD-3-Clause
 *
 * apply.c -- the lines of a file, each compared with what xdpk says is so:
 *
 *	=  it is so already      ~  something else is so: what changes it is run
 *	+  it is not so          ?  whether it is so cannot be asked: the line is run, and fine if
 *	                            that says that it is there
 *
 * A program is known by its name, so `prog load` needs `as NAME` (or `prog FUNCTION`), and is the
 * same if its file and its device are. Nothing is taken away because no line speaks of it.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "connection.h"
#include "dataplane/gpu/opts.h"
#include "loader/digest.h"
#include "own.h"
#include "specs.h"
#include "vm/core/error.h"

#define MOST_WORDS 256

/* A line, and what would be run in its place. */
struct line {
	const char *path; /* of the file it stands in */
	const struct control_spec *spec;
	struct control_words args;
	char *word[MOST_WORDS + 1]; /* what args are, when it is changed */
};

enum state { SAME, NEW, CHANGED, UNKNOWN };

typedef int compare_fn(struct connection *c, struct line *l, enum state *state, char **errmsg);

/* --- asking ---------------------------------------------------------------------------------- */

static int keep_row(void *user, const char *json, size_t len)
{
	return json_array_append_new(user, json_loadb(json, len, 0, NULL));
}

static const struct control_spec *find_spec(const char *words)
{
	const struct control_spec *s = specs;

	while (s->words && strcmp(s->words, words) != 0)
		s++;
	return s;
}

/* The rows of an answer, none if it is refused; NULL with *errmsg if nobody answers. */
static json_t *ask(
	struct connection *c, const char *words, const struct control_words *args, char **errmsg)
{
	static const struct control_words none;
	json_t *rows = json_array();
	char *why = NULL;
	enum request_end end = connection__request(
		c, find_spec(words), args ? args : &none, keep_row, rows, &why, NULL);

	if (end == REQUEST_DONE || end == REQUEST_REFUSED) {
		free(why);
		return rows;
	}
	json_decref(rows);
	*errmsg = why;
	return NULL;
}

static const char *text_of(const json_t *row, const char *key)
{
	const char *text = json_string_value(json_object_get(row, key));

	return text ? text : "";
}

/* The row whose `name` it is, or that has it for a slot; NULL. A reference. */
static json_t *find_named(struct connection *c, const char *list, const char *name, char **errmsg)
{
	json_t *rows = ask(c, list, NULL, errmsg), *row, *found = NULL;
	char slot[24];
	size_t i;

	json_array_foreach(rows, i, row) {
		snprintf(slot, sizeof(slot), "%" JSON_INTEGER_FORMAT,
			json_integer_value(json_object_get(row, "slot")));
		if (!found && (!strcmp(text_of(row, "name"), name) ||
				      (json_object_get(row, "slot") && !strcmp(slot, name))))
			found = json_incref(row);
	}
	json_decref(rows);
	return found;
}

/* What follows a word among the arguments, or NULL. */
static char *word_after(const struct line *l, int from, const char *word)
{
	for (int i = from; i + 1 < l->args.n; i++)
		if (strcmp(l->args.word[i], word) == 0)
			return l->args.word[i + 1];
	return NULL;
}

/* --- comparing ------------------------------------------------------------------------------- */

static int compare_added_port(
	struct connection *c, struct line *l, enum state *state, char **errmsg)
{
	char *name = l->args.n ? strndup(l->args.word[0], strcspn(l->args.word[0], ",")) : NULL;
	json_t *row = name ? find_named(c, "port list", name, errmsg) : NULL;

	*state = row ? SAME : NEW;
	json_decref(row);
	free(name);
	return 0;
}

static int compare_port(struct connection *c, struct line *l, enum state *state, char **errmsg)
{
	json_t *row = l->args.n ? find_named(c, "port list", l->args.word[0], errmsg) : NULL;
	const char *pass = word_after(l, 1, "pass");

	*state = !row                                                            ? NEW
		 : l->args.n == 3 && pass && !strcmp(text_of(row, "pass"), pass) ? SAME
										 : CHANGED;
	json_decref(row);
	return 0;
}

static int digest_file(const char *path, char digest[17], char **errmsg)
{
	uint64_t d = DIGEST_BEGIN;
	char bytes[1 << 14];
	FILE *f = fopen(path, "re");
	size_t n;

	if (!f)
		return error__set(errmsg, -errno, "%s: %s", path, strerror(errno));
	while ((n = fread(bytes, 1, sizeof(bytes), f)) > 0)
		d = digest__add(d, bytes, n);
	fclose(f);
	snprintf(digest, 17, "%016" PRIx64, d);
	return 0;
}

/* What a line says of a device; nothing if it says nothing, or `none`. */
static int read_offload(const struct line *l, struct gpu_opts *opts, char **errmsg)
{
	struct control_words w = l->args;
	int err = 0;

	*opts = (struct gpu_opts){0};
	while (w.n && !control_words__take(&w, "offload"))
		control_words__next(&w);
	if (!w.n || control_words__take(&w, "none"))
		return 0;
	*opts = gpu_opts__defaults;
	err = gpu_opts__want_device(opts, &w, errmsg);
	while (!err && gpu_opts__take(opts, &w, &err, errmsg))
		;
	return err;
}

static int is_offloaded_so(
	const struct gpu_opts *wanted, const json_t *row, bool *same, char **errmsg)
{
	const char *words = text_of(row, "offload_as");
	struct gpu_opts now = {0};
	int err = *words ? gpu_opts__parse(&now, words, errmsg) : 0;

	*same = !err && gpu_opts__equal(wanted, &now);
	return err;
}

/* prog load FILE ... as NAME becomes prog replace NAME FILE ... What is replaced hands its device
 * down, if nothing is said of one. */
static void make_replacement(struct line *l, char *name)
{
	static char offload[] = "offload", none[] = "none";
	bool says_nothing = !word_after(l, 1, offload);
	int n = 0;

	l->word[n++] = name;
	for (int i = 0; i < l->args.n && n < MOST_WORDS; i++) {
		if (i && strcmp(l->args.word[i], "as") == 0)
			i++;
		else
			l->word[n++] = l->args.word[i];
	}
	if (says_nothing && n + 2 <= MOST_WORDS) {
		l->word[n++] = offload;
		l->word[n++] = none;
	}
	l->spec = find_spec("prog replace");
	l->args = (struct control_words){n, l->word};
}

static int compare_prog(struct connection *c, struct line *l, enum state *state, char **errmsg)
{
	char *name = word_after(l, 1, "as") ?: word_after(l, 1, "prog");
	struct control_words args = {1, &name};
	struct gpu_opts offload;
	char digest[17];
	json_t *rows, *row;
	bool same;
	int err;

	if (!name)
		return error__set(errmsg, -EINVAL,
			"say `as NAME`, so that it can be told whether the program is there");
	err = digest_file(l->args.word[0], digest, errmsg);
	if (!err)
		err = read_offload(l, &offload, errmsg);
	if (err)
		return err;
	rows = ask(c, "prog show", &args, errmsg);
	row = json_array_get(rows, 0);
	err = is_offloaded_so(&offload, row, &same, errmsg);
	same &= strcmp(text_of(row, "digest"), digest) == 0;
	*state = !row ? NEW : same ? SAME : CHANGED;
	if (*state == CHANGED)
		make_replacement(l, name);
	json_decref(rows);
	return err;
}

/* pass,tx as in a line, against ["pass","tx"]. */
static bool same_actions(const char *words, const json_t *row)
{
	json_t *actions = json_object_get(row, "next_after"), *action;
	size_t i, len = 0;

	json_array_foreach(actions, i, action) {
		const char *found = strstr(words, json_string_value(action));

		if (!found)
			return false;
		len += strlen(json_string_value(action)) + 1;
	}
	return len ? len == strlen(words) + 1 : strcmp(words, "none") == 0;
}

static bool same_priority(const char *word, const json_t *row)
{
	return strtoll(word, NULL, 0) == json_integer_value(json_object_get(row, "priority"));
}

static int compare_attachment(
	struct connection *c, struct line *l, enum state *state, char **errmsg)
{
	const char *priority = word_after(l, 3, "priority"), *actions = word_after(l, 3, "actions");
	struct control_words port = {1, l->args.word + 2};
	json_t *rows, *row;
	size_t i;

	*state = NEW;
	if (l->args.n < 3)
		return 0;
	rows = ask(c, "net list", &port, errmsg);
	json_array_foreach(rows, i, row) {
		if (strcmp(text_of(row, "prog"), l->args.word[0]) != 0)
			continue;
		*state = (priority && !same_priority(priority, row)) ||
					 (actions && !same_actions(actions, row))
				 ? CHANGED
				 : SAME;
	}
	if (*state == CHANGED)
		l->spec = find_spec("net order");
	json_decref(rows);
	return 0;
}

/* MAP key DATA value DATA: is there an element, and is its value the same text? */
static int compare_element(struct connection *c, struct line *l, enum state *state, char **errmsg)
{
	struct control_words key = l->args;
	json_t *rows, *value;
	char *now;
	int n = 0;

	while (n < l->args.n && strcmp(l->args.word[n], "value") != 0)
		n++;
	key.n = n;
	rows = ask(c, "map lookup", &key, errmsg);
	value = json_object_get(json_array_get(rows, 0), "value");
	now = json_is_string(value) ? strdup(json_string_value(value))
				    : json_dumps(value, JSON_ENCODE_ANY | JSON_COMPACT);
	*state = !json_array_size(rows)                                           ? NEW
		 : now && n + 2 == l->args.n && !strcmp(now, l->args.word[n + 1]) ? SAME
										  : CHANGED;
	free(now);
	json_decref(rows);
	return 0;
}

static const struct {
	const char *words;
	compare_fn *compare;
} comparisons[] = {
	{"port add", compare_added_port},
	{"port set", compare_port},
	{"prog load", compare_prog},
	{"net attach", compare_attachment},
	{"map update", compare_element},
};

static int compare(struct connection *c, struct line *l, enum state *state, char **errmsg)
{
	*state = UNKNOWN;
	for (size_t i = 0; i < sizeof(comparisons) / sizeof(comparisons[0]); i++)
		if (strcmp(comparisons[i].words, l->spec->words) == 0)
			return comparisons[i].compare(c, l, state, errmsg);
	return 0;
}

/* --- the file -------------------------------------------------------------------------------- */

static void show(const struct ctl *ctl, const struct line *l, enum state state, size_t number)
{
	static const char *const words[] = {
		[SAME] = "same", [NEW] = "new", [CHANGED] = "changed", [UNKNOWN] = "unknown"};
	static const char signs[] = {[SAME] = '=', [NEW] = '+', [CHANGED] = '~', [UNKNOWN] = '?'};
	char *text = NULL;
	size_t size;
	FILE *f = open_memstream(&text, &size);

	if (!f)
		return;
	fputs(l->spec->words, f);
	for (int i = 0; i < l->args.n; i++)
		fprintf(f, " %s", l->args.word[i]);
	fclose(f);
	if (ctl->as == RENDER_TEXT) {
		printf("%c %s\n", signs[state], text);
	} else {
		json_t *row = json_pack(
			"{si ss ss}", "line", (int)number, "state", words[state], "runs", text);

		json_dumpf(row, stdout, ctl->as == RENDER_PRETTY ? JSON_INDENT(2) : 0);
		putchar('\n');
		json_decref(row);
	}
	fflush(stdout);
	free(text);
}

/* Files are looked for beside the file of the lines, as --config does. */
static int find_files(struct line *l, char *paths[CONTROL_MAX_FILES], char **errmsg)
{
	const char *slash = strrchr(l->path, '/');
	int n = 0;

	for (int i = 0; i < l->args.n && slash; i++) {
		if (!control_spec__file_at(l->spec, &l->args, i) || *l->args.word[i] == '/' ||
			n == CONTROL_MAX_FILES)
			continue;
		if (asprintf(&paths[n], "%.*s/%s", (int)(slash - l->path), l->path,
			    l->args.word[i]) < 0)
			return error__set(errmsg, -ENOMEM, "no memory for a path");
		l->args.word[i] = paths[n++];
	}
	return 0;
}

static int run(struct connection *c, const struct line *l, char **errmsg)
{
	char *name = NULL;
	enum request_end end = connection__request(c, l->spec, &l->args, NULL, NULL, errmsg, &name);
	bool is_there = end == REQUEST_REFUSED && name && strcmp(name, "EEXIST") == 0;

	if (is_there) {
		free(*errmsg);
		*errmsg = NULL;
	}
	free(name);
	return end == REQUEST_DONE || is_there ? 0 : -EINVAL;
}

static int apply_words(const struct ctl *ctl, struct connection *c, struct control_words *words,
	const char *path, size_t number, bool dry, char **errmsg)
{
	char *paths[CONTROL_MAX_FILES] = {0};
	struct line l = {.path = path};
	enum state state;
	int n_name, err;

	l.spec = specs__find(words, &n_name, errmsg);
	if (!l.spec)
		return -EINVAL;
	if (words->n > MOST_WORDS)
		return error__set(errmsg, -E2BIG, "more than %d words", MOST_WORDS);
	l.args = (struct control_words){words->n - n_name, words->word + n_name};
	err = find_files(&l, paths, errmsg);
	if (!err)
		err = compare(c, &l, &state, errmsg);
	if (!err && *errmsg) /* nobody answers */
		err = -EPIPE;
	if (!err)
		show(ctl, &l, state, number);
	if (!err && !dry && state != SAME)
		err = run(c, &l, errmsg);
	for (int i = 0; i < CONTROL_MAX_FILES; i++)
		free(paths[i]);
	return err;
}

static int apply_lines(const struct ctl *ctl, struct connection *c, FILE *f, const char *path,
	bool dry, char **errmsg)
{
	char *text = NULL;
	size_t size = 0, number = 0;
	int err = 0;

	while (!err && getline(&text, &size, f) >= 0) {
		struct control_words words;
		char **first;

		number++;
		err = control_words__split(&words, text, errmsg);
		first = words.word;
		if (!err && words.n)
			err = apply_words(ctl, c, &words, path, number, dry, errmsg);
		if (err)
			error__prefix(errmsg, "%s:%zu", path, number);
		free(first);
	}
	free(text);
	return err;
}

enum exit_status own__apply(const struct ctl *ctl, struct control_words *args)
{
	const char *path = control_words__next(args);
	bool dry = control_words__take(args, "--dry-run");
	FILE *f = path ? fopen(path, "re") : NULL;
	enum exit_status status = EXIT_WRONG;
	struct connection c;
	char *errmsg = NULL;

	if (!path || args->n) {
		error__set(&errmsg, -EINVAL, "usage: xdpkctl apply FILE [--dry-run]");
	} else if (!f) {
		error__set(&errmsg, -errno, "%s: %s", path, strerror(errno));
	} else if (!ctl__connect(ctl, &c)) {
		status = EXIT_NOBODY;
	} else {
		status = apply_lines(ctl, &c, f, path, dry, &errmsg) ? EXIT_REFUSED : EXIT_DONE;
		connection__close(&c);
	}
	if (errmsg)
		render__error(ctl->as, errmsg, "EINVAL");
	free(errmsg);
	if (f)
		fclose(f);
	return status;
}
