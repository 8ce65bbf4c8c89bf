/* SPDX-License-Identifier: BSD-3-Clause
 *
 * capture-commands.c -- capture start, stop, show.
 */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "../capture/running.h"
#include "../dataplane.h"
#include "commands.h"
#include "core/error.h"

#define LOOK_MS 200 /* how often a capture to - is looked at */

/* The port's ifindex. */
static int want_ifindex(
	struct dataplane *dp, struct control_words *w, uint32_t *ifindex, char **errmsg)
{
	int slot;

	pthread_mutex_lock(&dp->lock);
	slot = control__want_port(dp, w, errmsg);
	if (slot >= 0)
		*ifindex = dp->ports->port[slot].ifindex;
	pthread_mutex_unlock(&dp->lock);
	return slot < 0 ? slot : 0;
}

static int want_queue(struct control_words *w, int *queue, char **errmsg)
{
	uint32_t n;
	int err = control_words__want_number(w, "a queue's number", &n, errmsg);

	if (!err && n >= MAX_QUEUES)
		err = error__set(errmsg, -EINVAL, "a port has %d queues at most", MAX_QUEUES);
	*queue = err ? -1 : (int)n;
	return err;
}

static int want_text(struct control_words *w, const char *what, const char **text, char **errmsg)
{
	*text = control_words__want(w, what, errmsg);
	return *text ? 0 : -EINVAL;
}

static int want_actions(struct control_words *w, unsigned *actions, char **errmsg)
{
	int bits, err = control__want_actions(w, &bits, errmsg);

	if (!err && !bits)
		err = error__set(errmsg, -EINVAL, "without an action no packet would be captured");
	*actions = err ? 0 : (unsigned)bits;
	return err;
}

static int parse_option(
	struct control_context *c, struct control_words *w, struct capture_opts *o, char **errmsg)
{
	uint32_t count = 0;
	int err;

	if (control_words__take(w, "port"))
		return want_ifindex(c->dataplane, w, &o->ifindex, errmsg);
	if (control_words__take(w, "queue"))
		return want_queue(w, &o->queue, errmsg);
	if (control_words__take(w, "prog"))
		return want_text(w, "a program's name", &o->program, errmsg);
	if (control_words__take(w, "action"))
		return want_actions(w, &o->actions, errmsg);
	if (control_words__take(w, "filter"))
		return want_text(w, "a filter, like \"tcp port 80\"", &o->filter, errmsg);
	if (control_words__take(w, "snaplen"))
		return control_words__want_number(w, "a number of bytes", &o->snaplen, errmsg);
	if (!control_words__take(w, "count"))
		return control_words__unexpected(w,
			"entry, exit, both, port, queue, prog, action, filter, snaplen, count",
			errmsg);
	err = control_words__want_number(w, "a number of packets", &count, errmsg);
	o->count = count;
	return err;
}

static int parse_options(
	struct control_context *c, struct control_words *w, struct capture_opts *o, char **errmsg)
{
	int err = 0;

	*o = (struct capture_opts){.points = CAPTURE_EXIT, .queue = -1};
	while (w->n && !err) {
		if (control_words__take(w, "entry"))
			o->points = CAPTURE_ENTRY;
		else if (control_words__take(w, "exit"))
			o->points = CAPTURE_EXIT;
		else if (control_words__take(w, "both"))
			o->points = CAPTURE_ENTRY | CAPTURE_EXIT;
		else
			err = parse_option(c, w, o, errmsg);
	}
	if (!err && o->snaplen > CAPTURE_SNAPLEN)
		err = error__set(
			errmsg, -EINVAL, "snaplen %u: more than %d", o->snaplen, CAPTURE_SNAPLEN);
	return err;
}

/* A capture to - lasts as long as who has asked for it. */
static void accompany(struct control_context *c, int number)
{
	while (dataplane__captures(c->dataplane, number) && control__wait(c, LOOK_MS))
		;
	dataplane__stop_capture(c->dataplane, number, NULL, NULL);
}

int control__start_capture(struct control_context *c, struct control_words *w, char **errmsg)
{
	const char *word = control_words__want(w, "a file, or -", errmsg);
	struct capture_opts opts;
	int err, fd, number;

	if (!word)
		return -EINVAL;
	err = parse_options(c, w, &opts, errmsg);
	if (err)
		return err;
	fd = control__open_file(c, word, 'w', errmsg);
	if (fd < 0)
		return fd;
	number = dataplane__start_capture(c->dataplane, fd, &opts, errmsg);
	if (number < 0)
		return number;
	if (!strcmp(word, "-")) {
		accompany(c, number);
		return 0;
	}
	ebpf_json__add_unsigned(control__row(c), "number", (uint64_t)number);
	return control__send(c, errmsg);
}

static const char *state_word(const struct capture_state *state)
{
	if (!state->ended)
		return "running";
	return !state->error ? "ended" : state->error == -EPIPE ? "nobody reads it" : "failed";
}

static void add_state(struct ebpf_json *row, const struct capture_state *state)
{
	ebpf_json__add_string(row, "state", state_word(state));
	ebpf_json__add_unsigned(row, "packets", state->packets);
	ebpf_json__add_unsigned(row, "bytes", state->bytes);
	ebpf_json__add_unsigned(row, "lost", state->lost);
	ebpf_json__add_string(row, "error", state->error ? strerror(-state->error) : NULL);
}

static int want_number(struct control_words *w, uint32_t *number, char **errmsg)
{
	int err = control_words__want_number(w, "a capture's number", number, errmsg);

	if (!err && (!*number || *number > INT32_MAX))
		err = error__set(
			errmsg, -ENOENT, "there is no capture %u: see `capture show`", *number);
	return err;
}

int control__stop_capture(struct control_context *c, struct control_words *w, char **errmsg)
{
	struct capture_state state;
	uint32_t number = 0;
	int err = w->n ? want_number(w, &number, errmsg) : 0;

	if (!err)
		err = control_words__end(w, errmsg);
	if (!err)
		err = dataplane__stop_capture(c->dataplane, (int)number, &state, errmsg);
	if (err)
		return err;
	add_state(control__row(c), &state);
	return control__send(c, errmsg);
}

static void add_capture(struct ebpf_json *row, const struct running_capture *r)
{
	const struct capture_opts *opts = capture__opts(r->capture);
	struct capture_state state;
	char since[32];

	capture__state(r->capture, &state);
	strftime(
		since, sizeof(since), "%Y-%m-%dT%H:%M:%S", localtime_r(&r->since, &(struct tm){0}));
	ebpf_json__add_unsigned(row, "number", (uint64_t)r->number);
	ebpf_json__add_string(row, "since", since);
	add_state(row, &state);
	ebpf_json__add_string(row, "filter", opts->filter);
}

int control__show_captures(struct control_context *c, struct control_words *w, char **errmsg)
{
	struct dataplane *dp = c->dataplane;
	int err = control_words__end(w, errmsg);
	unsigned n = 0;

	for (unsigned i = 0; i < MAX_CAPTURES && !err; i++) {
		struct ebpf_json *row = control__row(c);
		bool there;

		pthread_mutex_lock(&dp->lock);
		there = dp->captures[i].capture;
		if (there)
			add_capture(row, &dp->captures[i]);
		pthread_mutex_unlock(&dp->lock);
		if (there)
			err = control__send(c, errmsg);
		n += there;
	}
	return err || n ? err : error__set(errmsg, -ENOENT, "no capture runs");
}
