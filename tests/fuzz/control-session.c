/* SPDX-License-Identifier: BSD-3-Clause
 *
 * control-session.c -- libFuzzer target: any bytes from a client of the control socket. Every line
 * is answered by rows of JSON and one end, in order, and nothing else.
 *
 * The first byte says who speaks.
 */
#include <jansson.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <session.h>

#include "fuzzed-object.h"

#define MOST_INPUT (1 << 15) /* what a socket takes without a reader */

static const struct fuzzed *about;

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int list_objects(void *dataplane, struct control_object **list, size_t *n)
{
	*list = malloc(sizeof(**list));
	if (!*list)
		return -1;
	**list = (struct control_object){strdup("fuzzed"), ebpf_object__ref(about->object)};
	*n = 1;
	return 0;
}

struct reader {
	int fd;
	size_t ends; /* of answers */
};

/* A row, or the end of an answer. */
static bool is_end(const char *line)
{
	json_t *row = json_loads(line, JSON_REJECT_DUPLICATES, NULL);
	const char *error = json_string_value(json_object_get(row, "error"));
	bool ok = json_is_true(json_object_get(row, "ok"));

	if (!json_is_object(row) || (error && (!*error || strchr(error, '\n'))))
		abort();
	json_decref(row);
	return ok || error;
}

static void *read_answers(void *arg)
{
	struct reader *r = arg;
	FILE *f = fdopen(r->fd, "r");
	char *line = NULL;
	size_t size = 0;

	while (f && getline(&line, &size, f) > 0)
		r->ends += is_end(line);
	free(line);
	if (f)
		fclose(f);
	return NULL;
}

static size_t count_lines(const uint8_t *data, size_t size)
{
	size_t n = 0;

	for (size_t i = 0; i < size; i++)
		n += data[i] == '\n';
	return n;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct control_server_opts like = {
		.tables = control__loader_tables, .list_objects = list_objects};
	struct control_server_opts opts = like;
	struct reader reader = {0};
	pthread_t thread;
	int pair[2], stop = eventfd(0, EFD_CLOEXEC);

	if (!size || size > MOST_INPUT)
		return -1;
	about = fuzzed__next();
	opts.instance = about->instance;
	if (stop < 0 || socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) ||
		write(pair[0], data + 1, size - 1) != (ssize_t)size - 1 ||
		shutdown(pair[0], SHUT_WR))
		abort();
	reader.fd = pair[0];
	if (pthread_create(&thread, NULL, read_answers, &reader))
		abort();
	control_session__serve(
		&opts, data[0] & 1 ? CONTROL_OPERATOR : CONTROL_READER, pair[1], stop);
	close(pair[1]);
	pthread_join(thread, NULL);
	close(stop);
	if (reader.ends != count_lines(data + 1, size - 1))
		abort();
	return 0;
}
