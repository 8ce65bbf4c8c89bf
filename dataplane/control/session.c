/* SPDX-License-Identifier: BSD-3-Clause
 *
 * session.c -- reads requests, runs them one after the other, writes what they answer.
 *
 * Every wait is one for the client or for the server's end, with a limit. Answers are collected
 * up to a size and sent when that is reached, when they end, and when a stream waits. Descriptors
 * come with the first bytes of the request that they belong to; whatever came is closed after it.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "../../vm/core/error.h"
#include "session.h"

#define REQUEST_SIZE (1 << 16) /* the newline included */
#define ANSWER_SIZE  (1 << 16) /* bytes that are sent at once */
#define IDLE_MS      (10 * 60 * 1000)
#define PATIENCE_MS  10000 /* for the rest of a request, and for room in the socket */

/* Requests a second, over so many of them. */
#define RATE       20000
#define RATE_BURST 2000

struct session {
	const struct control_server_opts *opts;
	enum control_role role;
	int fd, stop;
	int broken; /* 0, or why nothing can be answered any more */
	char *in, *out;
	size_t n_in, n_out;
	int files[CONTROL_MAX_FILES]; /* that came; -1: taken */
	unsigned n_files;
	const struct control_spec *spec; /* of the command that runs, and its words */
	struct control_words args;
	unsigned requests; /* since burst_ms */
	uint64_t burst_ms;
};

static uint64_t now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

/* Waits for the client: 0, -ETIMEDOUT, or -ECANCELED when the server ends. */
static int wait_for(const struct session *s, short events, int ms)
{
	struct pollfd wait[] = {{.fd = s->stop, .events = POLLIN}, {.fd = s->fd, .events = events}};
	int n;

	do
		n = poll(wait, 2, ms);
	while (n < 0 && errno == EINTR);
	if (n < 0)
		return -errno;
	if (wait[0].revents)
		return -ECANCELED;
	return n ? 0 : -ETIMEDOUT;
}

/* --- answers --------------------------------------------------------------------------------- */

/* What has once failed is not tried again. */
static int send_all(struct session *s, const char *text, size_t len)
{
	if (!s->broken && len && wait_for(s, 0, 0) == -ECANCELED)
		s->broken = -ECANCELED;
	while (len && !s->broken) {
		ssize_t sent = send(s->fd, text, len, MSG_NOSIGNAL | MSG_DONTWAIT);
		int err = sent < 0 ? -errno : 0;

		if (err == -EAGAIN)
			err = wait_for(s, POLLOUT, PATIENCE_MS);
		if (err && err != -EINTR)
			s->broken = err;
		if (sent > 0) {
			text += sent;
			len -= (size_t)sent;
		}
	}
	return s->broken;
}

static int flush(struct session *s)
{
	size_t n = s->n_out;

	s->n_out = 0;
	return send_all(s, s->out, n);
}

static int put(struct session *s, const char *text, size_t len)
{
	int err = s->n_out + len > ANSWER_SIZE ? flush(s) : 0;

	if (!err && len > ANSWER_SIZE)
		return send_all(s, text, len);
	if (!err) {
		memcpy(s->out + s->n_out, text, len);
		s->n_out += len;
	}
	return err;
}

static int put_row(void *user, const char *json, size_t len)
{
	int err = put(user, json, len);

	return err ? err : put(user, "\n", 1);
}

/* A stream's client says by closing that it has enough. */
static bool wait_a_while(void *user, unsigned ms)
{
	struct session *s = user;

	return !flush(s) && wait_for(s, POLLRDHUP, (int)ms) == -ETIMEDOUT;
}

static int put_error(struct session *s, const char *error, const char *name)
{
	struct ebpf_json t = {0};
	int err;

	ebpf_json__open(&t, '{');
	ebpf_json__add_string(&t, "error", error);
	ebpf_json__add_string(&t, "errno", name);
	ebpf_json__close(&t, '}');
	err = t.failed ? -ENOMEM : put_row(s, t.text, t.len);
	ebpf_json__free(&t);
	return err;
}

static int put_end(struct session *s, int status, const char *errmsg)
{
	const char *name = strerrorname_np(-status);

	if (!status)
		return put(s, "{\"ok\":true}\n", 12);
	return put_error(s, errmsg ? errmsg : strerror(-status), name ? name : "EIO");
}

void control_session__refuse(int fd, const char *error, const char *name)
{
	char text[256];
	int len =
		snprintf(text, sizeof(text), "{\"error\":\"%s\",\"errno\":\"%s\"}\n", error, name);

	send(fd, text, (size_t)len, MSG_NOSIGNAL | MSG_DONTWAIT);
}

/* --- files ----------------------------------------------------------------------------------- */

static void close_files(struct session *s)
{
	for (unsigned i = 0; i < s->n_files; i++)
		if (s->files[i] >= 0)
			close(s->files[i]);
	s->n_files = 0;
}

/* The descriptor that came for a word. Only files are read: whatever else could make the command
 * wait for the client. */
static int take_file(struct session *s, unsigned i, const char *word, char how, char **errmsg)
{
	struct stat st;
	int fd = i < s->n_files ? s->files[i] : -1;

	if (fd < 0)
		return error__set(errmsg, -EBADF, "%s: the file was not handed over", word);
	if (how == 'r' && (fstat(fd, &st) || !S_ISREG(st.st_mode)))
		return error__set(errmsg, -EINVAL, "%s: is not a file", word);
	s->files[i] = -1;
	return fd;
}

static int open_file(void *user, const char *word, char how, char **errmsg)
{
	struct session *s = user;
	unsigned n = 0;

	for (int i = 0; i < s->args.n; i++) {
		if (!control_spec__file_at(s->spec, &s->args, i))
			continue;
		if (s->args.word[i] == word)
			return take_file(s, n, word, how, errmsg);
		n++;
	}
	return error__set(errmsg, -EPERM, "%s: files cannot be named there", word);
}

/* --- requests -------------------------------------------------------------------------------- */

static int run_command(struct session *s, const struct control_command *command, char **errmsg)
{
	const struct control_reply reply = {put_row, wait_a_while, s};
	const struct control_files files = {open_file, s};
	struct control_words args = s->args;
	struct control_context c = {.tables = s->opts->tables,
		.instance = s->opts->instance,
		.list_objects = s->opts->list_objects,
		.changed = s->opts->changed,
		.dataplane = s->opts->dataplane,
		.reply = &reply,
		.files = &files,
		.role = s->role};
	int err = control__run_command(&c, command, &args, errmsg);

	control__free_row(&c);
	return err;
}

static int run_words(struct session *s, struct control_words *line, char **errmsg)
{
	const struct control_context c = {.tables = s->opts->tables};
	const struct control_command *command;
	int n_name;

	if (!line->n)
		return 0;
	command = control__find_command(&c, line, &n_name, errmsg);
	if (!command)
		return -EINVAL;
	s->spec = &command->spec;
	s->args = (struct control_words){line->n - n_name, line->word + n_name};
	return run_command(s, command, errmsg);
}

/* Below 0: the connection is over. */
static int run_request(struct session *s, char *text, size_t len)
{
	struct control_words words = {0};
	char *errmsg = NULL;
	int err;

	if (memchr(text, 0, len))
		err = error__set(&errmsg, -EINVAL, "the line holds a NUL byte");
	else
		err = control_words__split(&words, text, &errmsg);
	if (!err) {
		char **word = words.word;

		err = run_words(s, &words, &errmsg);
		free(word);
	}
	close_files(s);
	err = put_end(s, err, errmsg);
	free(errmsg);
	return err ? err : s->broken;
}

/* Whoever asks too often waits. */
static int keep_rate(struct session *s)
{
	uint64_t due = s->burst_ms + RATE_BURST * 1000 / RATE, now;
	int err = 0;

	if (++s->requests < RATE_BURST)
		return 0;
	now = now_ms();
	if (now < due) {
		err = flush(s);
		if (!err)
			err = wait_for(s, 0, (int)(due - now));
	}
	s->requests = 0;
	s->burst_ms = now_ms();
	return err == -ETIMEDOUT ? 0 : err;
}

/* Runs the whole lines that have come. */
static int run_requests(struct session *s)
{
	char *line = s->in, *end = s->in + s->n_in, *newline;
	int err = 0;

	while (!err && (newline = memchr(line, '\n', (size_t)(end - line))) != NULL) {
		*newline = '\0';
		err = run_request(s, line, (size_t)(newline - line));
		line = newline + 1;
		if (!err)
			err = keep_rate(s);
	}
	s->n_in = (size_t)(end - line);
	memmove(s->in, line, s->n_in);
	if (!err && s->n_in == REQUEST_SIZE)
		err = put_error(s, "the request is longer than 64 KiB", "E2BIG");
	return err ? err : flush(s);
}

static void keep_files(struct session *s, struct msghdr *msg)
{
	for (struct cmsghdr *c = CMSG_FIRSTHDR(msg); c; c = CMSG_NXTHDR(msg, c)) {
		size_t n = (c->cmsg_len - CMSG_LEN(0)) / sizeof(int);

		if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS)
			continue;
		for (size_t i = 0; i < n; i++) {
			int fd;

			memcpy(&fd, CMSG_DATA(c) + i * sizeof(fd), sizeof(fd));
			if (s->n_files < CONTROL_MAX_FILES)
				s->files[s->n_files++] = fd;
			else
				close(fd);
		}
	}
}

/* What has come, at most what there is room for. 0 at the end. */
static ssize_t receive(struct session *s)
{
	union {
		char space[CMSG_SPACE(CONTROL_MAX_FILES * sizeof(int))];
		struct cmsghdr align;
	} control;
	struct iovec iov = {s->in + s->n_in, REQUEST_SIZE - s->n_in};
	struct msghdr msg = {.msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = &control,
		.msg_controllen = sizeof(control)};
	ssize_t n = recvmsg(s->fd, &msg, MSG_CMSG_CLOEXEC | MSG_DONTWAIT);

	if (n < 0)
		return -errno;
	keep_files(s, &msg);
	s->n_in += (size_t)n;
	return n;
}

static void serve(struct session *s)
{
	uint64_t begun = 0;

	while (s->n_in < REQUEST_SIZE) {
		size_t before = s->n_in;
		uint64_t now = now_ms(), end;
		ssize_t n;

		if (!before)
			begun = now;
		end = begun + (before ? PATIENCE_MS : IDLE_MS);
		if (wait_for(s, POLLIN, now < end ? (int)(end - now) : 0))
			return;
		n = receive(s);
		if (n == -EAGAIN || n == -EINTR)
			continue;
		if (n <= 0 || run_requests(s))
			return;
		if (s->n_in < before + (size_t)n) /* what is left has come just now */
			begun = now_ms();
	}
}

void control_session__serve(
	const struct control_server_opts *opts, enum control_role role, int fd, int stop)
{
	struct session s = {.opts = opts, .role = role, .fd = fd, .stop = stop};

	s.in = malloc(REQUEST_SIZE);
	s.out = malloc(ANSWER_SIZE);
	s.burst_ms = now_ms();
	if (s.in && s.out)
		serve(&s);
	else
		control_session__refuse(fd, "there is no memory for a connection", "ENOMEM");
	close_files(&s);
	free(s.in);
	free(s.out);
}
