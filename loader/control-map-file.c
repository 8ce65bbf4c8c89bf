/* SPDX-License-Identifier: BSD-3-Clause
 *
 * control-map-file.c -- all elements of a map into a file and back: the lines that `map dump`
 * answers. Both tell twice a second how far they are; an import that fails says at which line, and
 * what came before it stays.
 */
#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "../vm/core/error.h"
#include "control-internal.h"
#include "map-element.h"

/* --- how far it is --------------------------------------------------------------------------- */

struct progress {
	struct control_context *c;
	const char *done; /* "exported" */
	uint64_t n;       /* elements */
	uint64_t told_ms;
};

static uint64_t now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC_COARSE, &t);
	return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

static int progress__tell(struct progress *p, char **errmsg)
{
	p->told_ms = now_ms();
	ebpf_json__add_unsigned(control__row(p->c), p->done, p->n);
	return control__send(p->c, errmsg);
}

/* One more. */
static int progress__step(struct progress *p, char **errmsg)
{
	if (++p->n % 256 || now_ms() < p->told_ms + 500)
		return 0;
	if (p->c->reply && !control__wait(p->c, 0))
		return error__set(errmsg, -EPIPE, "nobody listens any more");
	return progress__tell(p, errmsg);
}

/* --- export ---------------------------------------------------------------------------------- */

#define EXPORT_SIZE (1 << 16) /* bytes that are collected */

struct export
{
	struct control_context *c;
	const char *name; /* of the file */
	int fd;
	struct ebpf_json line;
	char *text;
	size_t len;
	struct progress progress;
};

/* The file may be a pipe that nobody reads; then the client may go. */
static int wait_for_room(struct export *x)
{
	struct pollfd wait = {.fd = x->fd, .events = POLLOUT};

	while (poll(&wait, 1, 200) == 0) {
		if (x->c->reply && !control__wait(x->c, 0))
			return -EPIPE;
	}
	return wait.revents & POLLERR ? -EPIPE : 0;
}

static int write_all(struct export *x, const char *text, size_t len, char **errmsg)
{
	int err = 0;

	while (!err && len) {
		/* for so many there is room in a pipe that has any */
		size_t n = len < PIPE_BUF ? len : PIPE_BUF;
		ssize_t written;

		err = wait_for_room(x);
		written = err ? 0 : write(x->fd, text, n);
		if (written < 0 && errno != EINTR && errno != EAGAIN)
			err = -errno;
		if (written > 0) {
			text += written;
			len -= (size_t)written;
		}
	}
	return err ? error__set(errmsg, err, "%s: %s", x->name, strerror(-err)) : 0;
}

static int flush(struct export *x, char **errmsg)
{
	size_t len = x->len;

	x->len = 0;
	return write_all(x, x->text, len, errmsg);
}

static int put(struct export *x, const char *text, size_t len, char **errmsg)
{
	int err = len > EXPORT_SIZE - x->len ? flush(x, errmsg) : 0;

	if (err || len > EXPORT_SIZE)
		return err ? err : write_all(x, text, len, errmsg);
	memcpy(x->text + x->len, text, len);
	x->len += len;
	return 0;
}

static int export_element(void *user, struct map_element *e, char **errmsg)
{
	struct export *x = user;
	int err;

	ebpf_json__clear(&x->line);
	ebpf_json__open(&x->line, '{');
	map_element__print(e, &x->line);
	ebpf_json__close(&x->line, '}');
	if (x->line.failed)
		return error__set(errmsg, -ENOMEM, "no memory for a line");
	err = put(x, x->line.text, x->line.len, errmsg);
	if (!err)
		err = put(x, "\n", 1, errmsg);
	return err ? err : progress__step(&x->progress, errmsg);
}

static int export(struct export *x, struct map_element *e, char **errmsg)
{
	int err;

	x->text = malloc(EXPORT_SIZE);
	if (!x->text)
		return error__set(errmsg, -ENOMEM, "no memory to export map %s", e->name);
	err = map_element__walk(e, export_element, x, errmsg);
	if (!err)
		err = flush(x, errmsg);
	if (!err)
		err = progress__tell(&x->progress, errmsg);
	ebpf_json__free(&x->line);
	free(x->text);
	return err;
}

int control__export_map(struct control_context *c, struct control_words *w, char **errmsg)
{
	struct export x = {.c = c, .fd = -1, .progress = {c, "exported", 0, now_ms()}};
	struct map_element e;
	struct control_map m;
	int err = control__want_map(c, w, &m, errmsg);

	if (!err)
		err = map_element__open(&e, &m, errmsg);
	if (err)
		return err;
	x.name = control_words__want(w, "a file's name", errmsg);
	err = x.name ? control_words__end(w, errmsg) : -EINVAL;
	if (!err) {
		x.fd = control__open_file(c, x.name, 'w', errmsg);
		err = x.fd < 0 ? x.fd : export(&x, &e, errmsg);
	}
	if (x.fd >= 0 && close(x.fd) && !err)
		err = error__set(errmsg, -errno, "%s: %s", x.name, strerror(errno));
	map_element__close(&e);
	return err;
}

/* --- import ---------------------------------------------------------------------------------- */

struct import {
	const char *name; /* of the file */
	uint64_t flags, line;
	struct map_element e;
	struct progress progress;
};

static int import_line(struct import *in, char *text, size_t len, char **errmsg)
{
	int err;

	if (memchr(text, 0, len))
		return error__set(errmsg, -EINVAL, "the line holds a NUL byte");
	if (strspn(text, " \t\r\n") == len)
		return 0;
	err = map_element__parse(&in->e, text, errmsg);
	if (!err)
		err = map_element__update(&in->e, in->flags, errmsg);
	return err ? err : progress__step(&in->progress, errmsg);
}

static int import_lines(struct import *in, FILE *file, char **errmsg)
{
	char *text = NULL;
	size_t size = 0;
	ssize_t len;
	int err = 0;

	while (!err && (len = getline(&text, &size, file)) >= 0) {
		in->line++;
		err = import_line(in, text, (size_t)len, errmsg);
		if (err)
			error__prefix(errmsg, "%s:%llu", in->name, (unsigned long long)in->line);
	}
	if (!err && ferror(file))
		err = error__set(errmsg, -EIO, "%s: cannot be read", in->name);
	free(text);
	return err ? err : progress__tell(&in->progress, errmsg);
}

static int import(struct import *in, struct control_context *c, char **errmsg)
{
	int fd = control__open_file(c, in->name, 'r', errmsg), err;
	FILE *file = fd >= 0 ? fdopen(fd, "r") : NULL;

	if (fd < 0)
		return fd;
	if (!file) {
		err = error__set(errmsg, -errno, "%s: %s", in->name, strerror(errno));
		close(fd);
		return err;
	}
	err = import_lines(in, file, errmsg);
	fclose(file);
	return err;
}

int control__import_map(struct control_context *c, struct control_words *w, char **errmsg)
{
	struct import in = {.progress = {c, "imported", 0, now_ms()}};
	struct control_map m;
	int err = control__want_map(c, w, &m, errmsg);

	if (err)
		return err;
	in.name = control_words__want(w, "a file's name", errmsg);
	err = in.name ? control__parse_flag(w, &in.flags, errmsg) : -EINVAL;
	if (!err)
		err = map_element__open(&in.e, &m, errmsg);
	if (err)
		return err;
	err = import(&in, c, errmsg);
	map_element__close(&in.e);
	return err;
}
