/* SPDX-License-Identifier: BSD-3-Clause
 *
 * http.c -- as little of HTTP as it takes: the request's first line is looked at, its headers are
 * read and left alone, the connection ends with the answer.
 */
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "background.h"
#include "core/error.h"
#include "metrics/http.h"
#include "metrics/metrics.h"

#define REQUEST_MAX 8192
#define REQUEST_MS  2000

struct metrics_http {
	struct dataplane *dp;
	int listener, stop; /* stop: an eventfd */
	pthread_t thread;
};

static int64_t now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* Waits for the client, at most until then. False: too late, or the server ends. */
static bool wait_for(const struct metrics_http *h, int fd, short events, int64_t until)
{
	struct pollfd wait[] = {{.fd = h->stop, .events = POLLIN}, {.fd = fd, .events = events}};
	int64_t left = until - now_ms();

	return left > 0 && poll(wait, 2, (int)left) > 0 && !wait[0].revents;
}

/* Up to the empty line that ends the headers. */
static bool read_request(
	const struct metrics_http *h, int fd, char request[REQUEST_MAX], int64_t until)
{
	size_t len = 0;

	while (len + 1 < REQUEST_MAX && wait_for(h, fd, POLLIN, until)) {
		ssize_t n = recv(fd, request + len, REQUEST_MAX - 1 - len, MSG_DONTWAIT);

		if (n <= 0)
			return false;
		len += (size_t)n;
		request[len] = '\0';
		if (strstr(request, "\r\n\r\n") || strstr(request, "\n\n"))
			return true;
	}
	return false;
}

static void send_text(
	const struct metrics_http *h, int fd, const char *text, size_t len, int64_t until)
{
	while (len && wait_for(h, fd, POLLOUT, until)) {
		ssize_t n = send(fd, text, len, MSG_NOSIGNAL | MSG_DONTWAIT);

		if (n < 0)
			return;
		text += n;
		len -= (size_t)n;
	}
}

static void answer(const struct metrics_http *h, int fd, const char *status, const char *type,
	const char *body, int64_t until)
{
	char head[256];
	int len = snprintf(head, sizeof(head),
		"HTTP/1.1 %s\r\nContent-Type: %s; charset=utf-8\r\nContent-Length: %zu\r\n"
		"Connection: close\r\n\r\n",
		status, type, strlen(body));

	send_text(h, fd, head, (size_t)len, until);
	send_text(h, fd, body, strlen(body), until);
}

static void serve(const struct metrics_http *h, int fd)
{
	static const char text[] = "text/plain";
	int64_t until = now_ms() + REQUEST_MS;
	char request[REQUEST_MAX], *metrics;

	if (!read_request(h, fd, request, until)) {
		answer(h, fd, "400 Bad Request", text, "no request\n", until);
	} else if (strncmp(request, "GET ", 4)) {
		answer(h, fd, "405 Method Not Allowed", text, "only GET\n", until);
	} else if (strncmp(request + 4, "/metrics ", 9) && strncmp(request + 4, "/metrics?", 9)) {
		answer(h, fd, "404 Not Found", text, "there is only /metrics\n", until);
	} else {
		metrics = metrics__text(h->dp);
		answer(h, fd, metrics ? "200 OK" : "503 Service Unavailable",
			metrics ? "application/openmetrics-text; version=1.0.0" : text,
			metrics ? metrics : "no memory\n", until);
		free(metrics);
	}
}

static void *http_main(void *arg)
{
	const struct metrics_http *h = arg;
	struct pollfd wait[] = {
		{.fd = h->stop, .events = POLLIN}, {.fd = h->listener, .events = POLLIN}};

	for (;;) {
		int fd;

		if (poll(wait, 2, -1) < 0 && errno != EINTR)
			return NULL;
		if (wait[0].revents)
			return NULL;
		fd = accept4(h->listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
		if (fd < 0)
			continue;
		serve(h, fd);
		close(fd);
	}
}

static int listen_at(uint16_t port)
{
	struct sockaddr_in address = {.sin_family = AF_INET,
		.sin_port = htons(port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0), yes = 1, err;

	if (fd < 0)
		return -errno;
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof(yes));
	if (!bind(fd, (struct sockaddr *)&address, sizeof(address)) && !listen(fd, 16))
		return fd;
	err = -errno;
	close(fd);
	return err;
}

static void release(struct metrics_http *h)
{
	if (h->listener >= 0)
		close(h->listener);
	if (h->stop >= 0)
		close(h->stop);
	free(h);
}

struct metrics_http *metrics_http__start(struct dataplane *dp, uint16_t port, char **errmsg)
{
	struct metrics_http *h = malloc(sizeof(*h));
	int err;

	if (!h) {
		error__set(errmsg, -ENOMEM, "no memory to serve metrics");
		return NULL;
	}
	*h = (struct metrics_http){.dp = dp, .listener = listen_at(port)};
	h->stop = eventfd(0, EFD_CLOEXEC);
	err = h->listener < 0 ? h->listener
	      : h->stop < 0   ? -errno
			      : background__start(&h->thread, "xdpk-metrics", http_main, h);
	if (!err)
		return h;
	release(h);
	error__set(
		errmsg, err, "metrics cannot be served at 127.0.0.1:%u: %s", port, strerror(-err));
	return NULL;
}

uint16_t metrics_http__port(const struct metrics_http *h)
{
	struct sockaddr_in address = {0};
	socklen_t size = sizeof(address);

	getsockname(h->listener, (struct sockaddr *)&address, &size);
	return ntohs(address.sin_port);
}

void metrics_http__stop(struct metrics_http *h)
{
	if (!h)
		return;
	eventfd_write(h->stop, 1);
	pthread_join(h->thread, NULL);
	release(h);
}
