/* SPDX-License-Identifier: BSD-3-Clause
 *
 * top.c -- a live view: counters are asked for again and again, and shown by how much they have
 * grown a second. With -j a frame is a line of JSON.
 */
#include <errno.h>
#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "connection.h"
#include "own.h"
#include "specs.h"
#include "table.h"
#include "vm/core/error.h"

#define DEFAULT_SECONDS 1
#define MOST_SECONDS    3600

struct view {
	const char *word;  /* of `stats show` */
	const char *id[3]; /* the keys that tell rows apart */
	/* Adds what is no rate of one key; NULL: nothing. */
	void (*derive)(json_t *shown, const json_t *row, const json_t *before, double seconds);
};

static json_int_t number(const json_t *row, const char *key)
{
	return json_integer_value(json_object_get(row, key));
}

/* How much a key has grown; what is less than before has begun anew. */
static json_int_t growth(const json_t *row, const json_t *before, const char *key)
{
	json_int_t now = number(row, key), then = number(before, key);

	return now >= then ? now - then : now;
}

static void derive_worker(json_t *shown, const json_t *row, const json_t *before, double seconds)
{
	json_int_t busy = growth(row, before, "busy_ns"), bursts = growth(row, before, "bursts");
	json_int_t packets = growth(row, before, "received");

	json_object_set_new(shown, "queues", json_integer(number(row, "queues")));
	json_object_set_new(
		shown, "packets/s", json_integer((json_int_t)((double)packets / seconds)));
	json_object_set_new(
		shown, "busy %", json_integer((json_int_t)((double)busy / seconds / 1e7 + 0.5)));
	json_object_set_new(
		shown, "packets/burst", json_integer(bursts ? (packets + bursts / 2) / bursts : 0));
	json_object_set_new(
		shown, "ns/packet", json_integer(packets ? (busy + packets / 2) / packets : 0));
	json_object_set_new(
		shown, "longest gap us", json_integer(number(row, "longest_gap_ns") / 1000));
}

static const struct view views[] = {
	{"port", {"port"}, NULL},
	{"hop", {"hop"}, NULL},
	{"loss", {"where", "loss"}, NULL},
	{"prog", {"prog"}, NULL},
	{"worker", {"worker"}, derive_worker},
};

#define N_VIEWS (sizeof(views) / sizeof(views[0]))

struct frame {
	double time;
	json_t *rows[N_VIEWS];
};

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static int collect(void *user, const char *json, size_t len)
{
	return json_array_append_new(user, json_loadb(json, len, 0, NULL));
}

static enum request_end fetch(struct connection *c, struct frame *f, char **errmsg)
{
	enum request_end end = REQUEST_DONE;

	f->time = now();
	for (unsigned i = 0; i < N_VIEWS && end == REQUEST_DONE; i++) {
		char *words[] = {"stats", "show", (char *)views[i].word};
		struct control_words line = {3, words}, args = {1, words + 2};
		int n_name;
		const struct control_spec *spec = specs__find(&line, &n_name, errmsg);

		f->rows[i] = json_array();
		end = connection__request(c, spec, &args, collect, f->rows[i], errmsg, NULL);
	}
	return end;
}

static void forget(struct frame *f)
{
	for (unsigned i = 0; i < N_VIEWS; i++)
		json_decref(f->rows[i]);
	*f = (struct frame){0};
}

static bool is_id(const struct view *v, const char *key)
{
	for (unsigned i = 0; i < 3 && v->id[i]; i++)
		if (!strcmp(v->id[i], key))
			return true;
	return false;
}

/* The same row in the frame before; NULL if it is new. */
static const json_t *find_before(const struct view *v, const json_t *rows, const json_t *row)
{
	const json_t *each;
	size_t n;

	json_array_foreach(rows, n, each) {
		bool same = true;

		for (unsigned i = 0; i < 3 && v->id[i]; i++)
			same &= json_equal(
				json_object_get(each, v->id[i]), json_object_get(row, v->id[i]));
		if (same)
			return each;
	}
	return NULL;
}

/* The row as it is shown: what tells it apart, and by how much the rest has grown a second. */
static json_t *show_row(const struct view *v, json_t *row, const json_t *before, double seconds)
{
	json_t *shown = json_object(), *value;
	const char *key;

	json_object_foreach(row, key, value) {
		if (is_id(v, key) || json_is_string(value))
			json_object_set(shown, key, value);
		else if (!v->derive)
			json_object_set_new(shown, key,
				json_integer(
					(json_int_t)((double)growth(row, before, key) / seconds)));
	}
	if (v->derive)
		v->derive(shown, row, before, seconds);
	return shown;
}

static json_t *show_view(unsigned view, const struct frame *f, const struct frame *before)
{
	double seconds = f->time - before->time;
	json_t *shown = json_array(), *row;
	size_t n;

	json_array_foreach(f->rows[view], n, row)
		json_array_append_new(shown,
			show_row(&views[view], row,
				find_before(&views[view], before->rows[view], row), seconds));
	return shown;
}

static void print_table(json_t *rows)
{
	struct table *table = table__begin();
	json_t *row;
	size_t n;

	if (!table)
		return;
	json_array_foreach(rows, n, row) {
		char *text = json_dumps(row, JSON_COMPACT);

		if (text)
			table__add(table, text, strlen(text));
		free(text);
	}
	table__end(table);
	putchar('\n');
}

static void print_frame(const struct ctl *ctl, const struct frame *f, const struct frame *before)
{
	json_t *all = json_object();

	if (ctl->as == RENDER_TEXT && isatty(STDOUT_FILENO))
		fputs("\033[H\033[J", stdout);
	if (ctl->as == RENDER_TEXT)
		printf("a second, over %.1f seconds\n\n", f->time - before->time);
	for (unsigned i = 0; i < N_VIEWS; i++) {
		json_t *shown = show_view(i, f, before);

		if (ctl->as == RENDER_TEXT && json_array_size(shown))
			print_table(shown);
		json_object_set_new(all, views[i].word, shown);
	}
	if (ctl->as != RENDER_TEXT) {
		json_dumpf(all, stdout, ctl->as == RENDER_PRETTY ? JSON_INDENT(2) : JSON_COMPACT);
		putchar('\n');
	}
	json_decref(all);
	fflush(stdout);
}

/* *frames 0: without end. */
static bool parse(struct control_words *w, uint32_t *seconds, uint32_t *frames, char **errmsg)
{
	*seconds = DEFAULT_SECONDS;
	*frames = 0;
	if (w->n && strcmp(w->word[0], "count") &&
		control_words__want_number(w, "seconds", seconds, errmsg))
		return false;
	if (control_words__take(w, "count") &&
		control_words__want_number(w, "a number of frames", frames, errmsg))
		return false;
	if (*seconds < 1 || *seconds > MOST_SECONDS)
		return !error__set(errmsg, -EINVAL, "expected 1 to %d seconds, got %u",
			MOST_SECONDS, *seconds);
	return !control_words__end(w, errmsg);
}

static enum exit_status watch(
	const struct ctl *ctl, struct connection *c, uint32_t seconds, uint32_t frames)
{
	struct frame before = {0}, f = {0};
	char *errmsg = NULL;
	enum request_end end = fetch(c, &before, &errmsg);

	for (uint32_t n = 0; end == REQUEST_DONE && (!frames || n < frames); n++) {
		sleep(seconds);
		end = fetch(c, &f, &errmsg);
		if (end == REQUEST_DONE)
			print_frame(ctl, &f, &before);
		forget(&before);
		before = f;
		f = (struct frame){0};
	}
	forget(&before);
	if (errmsg)
		render__error(ctl->as, errmsg, "EIO");
	free(errmsg);
	return end == REQUEST_DONE      ? EXIT_DONE
	       : end == REQUEST_REFUSED ? EXIT_REFUSED
					: EXIT_NOBODY;
}

enum exit_status own__top(const struct ctl *ctl, struct control_words *args)
{
	uint32_t seconds, frames;
	enum exit_status status;
	struct connection c;
	char *errmsg = NULL;

	if (!parse(args, &seconds, &frames, &errmsg)) {
		render__error(ctl->as, errmsg, "EINVAL");
		status = EXIT_WRONG;
	} else if (!ctl__connect(ctl, &c)) {
		status = EXIT_NOBODY;
	} else {
		status = watch(ctl, &c, seconds, frames);
		connection__close(&c);
	}
	free(errmsg);
	return status;
}
