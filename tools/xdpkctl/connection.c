/* SPDX-License-Identifier: BSD-3-Clause
 *
 * connection.c -- words become a line, files become descriptors; lines come back.
 *
 * The server reads no pipe and waits for none, so `-` stands for a file in memory that standard
 * input is copied to, or that is copied to standard output in the end; but for streams.
 */
#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "connection.h"
#include "dataplane/control/address.h"
#include "vm/core/error.h"

#define CHUNK (1 << 16)

int connection__open(struct connection *c, const char *path, char **errmsg)
{
	struct sockaddr_un addr = {.sun_family = AF_UNIX};
	int err = 0;

	_Static_assert(sizeof(addr.sun_path) == CONTROL_PATH_SIZE, "the kernel's");
	*c = (struct connection){.fd = -1};
	if (!path)
		err = control_address__find(addr.sun_path, errmsg);
	else if (strlen(path) >= sizeof(addr.sun_path))
		err = error__set(errmsg, -ENAMETOOLONG, "%s: too long for a socket's path", path);
	else
		strcpy(addr.sun_path, path);
	if (err)
		return err;
	c->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (c->fd >= 0 && !connect(c->fd, (struct sockaddr *)&addr, sizeof(addr)))
		return 0;
	err = -errno;
	connection__close(c);
	if (err == -ENOENT || err == -ECONNREFUSED)
		return error__set(errmsg, err,
			"no xdpk listens at %s: start one, or say where it is with --socket PATH",
			addr.sun_path);
	return error__set(errmsg, err, "cannot connect to %s: %s", addr.sun_path, strerror(-err));
}

void connection__close(struct connection *c)
{
	if (c->fd >= 0)
		close(c->fd);
	free(c->text);
	*c = (struct connection){.fd = -1};
}

/* --- the request ----------------------------------------------------------------------------- */

struct request {
	char *line;
	size_t len;
	int files[CONTROL_MAX_FILES];
	int n_files;
	int to_stdout; /* a file in memory that is to be printed in the end, or -1 */
};

static void put_word(FILE *f, const char *word)
{
	if (*word && !strpbrk(word, " \t\r\n\f\v\"'") && !strchr("#{[", *word)) {
		fprintf(f, " %s", word);
		return;
	}
	fputs(" \"", f);
	for (; *word; word++) {
		if (*word == '"' || *word == '\\')
			fputc('\\', f);
		fputc(*word == '\n' ? ' ' : *word, f);
	}
	fputc('"', f);
}

static bool copy(int from, int to)
{
	char chunk[CHUNK];
	ssize_t n;

	while ((n = read(from, chunk, sizeof(chunk))) > 0)
		for (ssize_t at = 0, w; at < n; at += w)
			if ((w = write(to, chunk + at, (size_t)(n - at))) < 0)
				return false;
	return n == 0;
}

static int open_standard(struct request *r, char how)
{
	int fd = memfd_create("xdpkctl", MFD_CLOEXEC);

	if (fd < 0)
		return -1;
	if (how == 'w') {
		r->to_stdout = fd;
	} else if (!copy(STDIN_FILENO, fd) || lseek(fd, 0, SEEK_SET)) {
		close(fd);
		return -1;
	}
	return fd;
}

/* Into standard output itself goes what comes as a stream: whoever writes that waits for nobody. */
static int open_stream(void)
{
	return fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 0);
}

static int add_file(struct request *r, const struct control_spec *spec, const char *word, char how,
	char **errmsg)
{
	bool is_live = spec->shape == CONTROL_STREAM && how == 'w';
	int fd = strcmp(word, "-") == 0 ? (is_live ? open_stream() : open_standard(r, how))
		 : how == 'w'           ? open(word, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666)
					: open(word, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return error__set(errmsg, -errno, "%s: %s", word, strerror(errno));
	r->files[r->n_files++] = fd;
	return 0;
}

static int make_request(struct request *r, const struct control_spec *spec,
	const struct control_words *args, char **errmsg)
{
	FILE *f = open_memstream(&r->line, &r->len);
	int err = f ? 0 : error__set(errmsg, -ENOMEM, "no memory for a request");

	if (err)
		return err;
	fputs(spec->words, f);
	for (int i = 0; i < args->n && !err; i++) {
		char how = control_spec__file_at(spec, args, i);

		put_word(f, args->word[i]);
		if (how && r->n_files == CONTROL_MAX_FILES)
			err = error__set(errmsg, -E2BIG, "more than %d files", CONTROL_MAX_FILES);
		else if (how)
			err = add_file(r, spec, args->word[i], how, errmsg);
	}
	fputc('\n', f);
	if (fclose(f) && !err)
		err = error__set(errmsg, -ENOMEM, "no memory for a request");
	return err;
}

static void free_request(struct request *r)
{
	for (int i = 0; i < r->n_files; i++)
		close(r->files[i]);
	free(r->line);
}

/* The files go with the first bytes. */
static int send_request(int fd, const struct request *r, char **errmsg)
{
	union {
		char space[CMSG_SPACE(CONTROL_MAX_FILES * sizeof(int))];
		struct cmsghdr head;
	} control = {0};
	struct iovec iov = {r->line, r->len};
	struct msghdr msg = {.msg_iov = &iov, .msg_iovlen = 1};

	if (r->n_files) {
		size_t size = (size_t)r->n_files * sizeof(int);

		control.head = (struct cmsghdr){.cmsg_len = CMSG_LEN(size),
			.cmsg_level = SOL_SOCKET,
			.cmsg_type = SCM_RIGHTS};
		memcpy(CMSG_DATA(&control.head), r->files, size);
		msg.msg_control = &control;
		msg.msg_controllen = CMSG_SPACE(size);
	}
	while (iov.iov_len) {
		ssize_t n = sendmsg(fd, &msg, MSG_NOSIGNAL);

		if (n < 0 && errno != EINTR)
			return error__set(
				errmsg, -errno, "xdpk cannot be asked: %s", strerror(errno));
		if (n < 0)
			continue;
		iov.iov_base = (char *)iov.iov_base + n;
		iov.iov_len -= (size_t)n;
		msg.msg_control = NULL;
		msg.msg_controllen = 0;
	}
	return 0;
}

/* --- the answer ------------------------------------------------------------------------------ */

/* More of what comes, behind what is there. False at the end. */
static bool receive(struct connection *c)
{
	ssize_t n;

	if (c->at) {
		memmove(c->text, c->text + c->at, c->end - c->at);
		c->end -= c->at;
		c->at = 0;
	}
	if (c->size - c->end < CHUNK) {
		char *grown = realloc(c->text, 2 * c->size + CHUNK);

		if (!grown)
			return false;
		c->text = grown;
		c->size = 2 * c->size + CHUNK;
	}
	do
		n = recv(c->fd, c->text + c->end, c->size - c->end, 0);
	while (n < 0 && errno == EINTR);
	c->end += n > 0 ? (size_t)n : 0;
	return n > 0;
}

/* The next line, NUL in place of its newline; NULL at the end. */
static char *next_line(struct connection *c, size_t *len)
{
	size_t seen = 0;

	for (;;) {
		char *line = c->text + c->at;
		char *newline = c->end > c->at + seen
					? memchr(line + seen, '\n', c->end - c->at - seen)
					: NULL;

		if (newline) {
			*newline = '\0';
			*len = (size_t)(newline - line);
			c->at += *len + 1;
			return line;
		}
		seen = c->end - c->at;
		if (!receive(c))
			return NULL;
	}
}

static enum request_end read_refusal(const char *line, char **errmsg, char **name)
{
	json_t *answer = json_loads(line, 0, NULL);
	const char *error = json_string_value(json_object_get(answer, "error"));
	const char *number = json_string_value(json_object_get(answer, "errno"));

	error__set(errmsg, -EINVAL, "%s", error ? error : "xdpk refuses it");
	if (name)
		*name = strdup(number ? number : "EIO");
	json_decref(answer);
	return REQUEST_REFUSED;
}

static enum request_end read_answer(
	struct connection *c, row_fn row, void *user, char **errmsg, char **name)
{
	static const char ok[] = "{\"ok\":", error[] = "{\"error\":";
	char *line;
	size_t len;

	while ((line = next_line(c, &len)) != NULL) {
		if (strncmp(line, ok, sizeof(ok) - 1) == 0)
			return REQUEST_DONE;
		if (strncmp(line, error, sizeof(error) - 1) == 0)
			return read_refusal(line, errmsg, name);
		if (row && row(user, line, len) < 0)
			return REQUEST_ENOUGH;
	}
	error__set(errmsg, -EPIPE, "xdpk has closed the connection");
	return REQUEST_LOST;
}

enum request_end connection__request(struct connection *c, const struct control_spec *spec,
	const struct control_words *args, row_fn row, void *user, char **errmsg, char **name)
{
	struct request r = {.to_stdout = -1};
	enum request_end end = REQUEST_WRONG;

	if (!make_request(&r, spec, args, errmsg)) {
		end = REQUEST_LOST;
		if (!send_request(c->fd, &r, errmsg))
			end = read_answer(c, row, user, errmsg, name);
	}
	if (end == REQUEST_DONE && r.to_stdout >= 0 &&
		(lseek(r.to_stdout, 0, SEEK_SET) || !copy(r.to_stdout, STDOUT_FILENO))) {
		error__set(errmsg, -errno, "standard output: %s", strerror(errno));
		end = REQUEST_WRONG;
	}
	free_request(&r);
	return end;
}
