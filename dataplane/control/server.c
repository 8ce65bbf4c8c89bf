/* SPDX-License-Identifier: BSD-3-Clause
 *
 * server.c -- accepts clients and gives each a thread, if there is a place.
 */
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "../../vm/core/error.h"
#include "../background.h"
#include "listen.h"
#include "server.h"
#include "session.h"

#define MOST_CLIENTS 32
#define MOST_READERS (MOST_CLIENTS / 2)
#define PAUSE_MS     100 /* when the process has no descriptor left for a client */

struct control_server {
	struct control_server_opts opts;
	char *path;
	int fd, stop; /* stop: an eventfd, readable from the end on */
	pthread_t thread;
	pthread_mutex_t lock; /* the clients' */
	pthread_cond_t left;  /* one has */
	unsigned clients, readers;
};

struct client {
	struct control_server *server;
	int fd;
	enum control_role role;
};

static bool take_place(struct control_server *s, enum control_role role)
{
	bool taken;

	pthread_mutex_lock(&s->lock);
	taken = s->clients < MOST_CLIENTS && (role != CONTROL_READER || s->readers < MOST_READERS);
	s->clients += taken;
	s->readers += taken && role == CONTROL_READER;
	pthread_mutex_unlock(&s->lock);
	return taken;
}

static void leave_place(struct control_server *s, enum control_role role)
{
	pthread_mutex_lock(&s->lock);
	s->clients--;
	s->readers -= role == CONTROL_READER;
	pthread_cond_signal(&s->left);
	pthread_mutex_unlock(&s->lock);
}

static void *client_main(void *arg)
{
	struct client client = *(struct client *)arg;
	struct control_server *s = client.server;

	free(arg);
	control_session__serve(&s->opts, client.role, client.fd, s->stop);
	close(client.fd);
	leave_place(s, client.role);
	return NULL;
}

static enum control_role role_of(int fd)
{
	struct ucred peer = {.uid = (uid_t)-1};
	socklen_t len = sizeof(peer);

	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &len))
		return CONTROL_READER;
	return peer.uid == 0 || peer.uid == geteuid() ? CONTROL_OPERATOR : CONTROL_READER;
}

static void admit(struct control_server *s, int fd)
{
	struct client *client = malloc(sizeof(*client));
	enum control_role role = role_of(fd);
	pthread_t thread;

	if (!client || !take_place(s, role)) {
		control_session__refuse(
			fd, "there are too many connections: close one and try again", "EBUSY");
		goto fail;
	}
	*client = (struct client){s, fd, role};
	if (!background__start(&thread, "xdpk-client", client_main, client)) {
		pthread_detach(thread);
		return;
	}
	leave_place(s, role);
	control_session__refuse(fd, "there is no memory for another connection", "ENOMEM");
fail:
	free(client);
	close(fd);
}

static void *accept_main(void *arg)
{
	struct control_server *s = arg;
	struct pollfd wait[] = {{.fd = s->stop, .events = POLLIN}, {.fd = s->fd, .events = POLLIN}};

	for (;;) {
		int fd;

		poll(wait, 2, -1);
		if (wait[0].revents)
			return NULL;
		fd = accept4(s->fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
		if (fd >= 0)
			admit(s, fd);
		else if (errno != EAGAIN && errno != ECONNABORTED && errno != EINTR)
			poll(wait, 1, PAUSE_MS);
	}
}

static void destroy(struct control_server *s)
{
	if (s->fd >= 0)
		close(s->fd);
	if (s->stop >= 0)
		close(s->stop);
	pthread_cond_destroy(&s->left);
	pthread_mutex_destroy(&s->lock);
	free(s->path);
	free(s);
}

struct control_server *control_server__start(const struct control_server_opts *opts, char **errmsg)
{
	struct control_server *s = calloc(1, sizeof(*s));
	int err;

	if (!s) {
		error__set(errmsg, -ENOMEM, "no memory for a control socket");
		return NULL;
	}
	s->opts = *opts;
	s->fd = -1;
	pthread_mutex_init(&s->lock, NULL);
	pthread_cond_init(&s->left, NULL);
	s->path = strdup(opts->path);
	s->opts.path = s->path;
	s->stop = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	err = !s->path || s->stop < 0
		      ? error__set(errmsg, -ENOMEM, "no memory for a control socket")
		      : 0;
	if (!err) {
		s->fd = control__listen(s->path, opts->readers, errmsg);
		err = s->fd < 0 ? s->fd : 0;
	}
	if (!err) {
		err = background__start(&s->thread, "xdpk-control", accept_main, s);
		if (err) {
			unlink(s->path);
			error__set(errmsg, err, "control socket: %s", strerror(-err));
		}
	}
	if (err) {
		destroy(s);
		errno = -err;
		return NULL;
	}
	return s;
}

void control_server__stop(struct control_server *s)
{
	if (!s)
		return;
	eventfd_write(s->stop, 1);
	pthread_join(s->thread, NULL);
	unlink(s->path);
	pthread_mutex_lock(&s->lock);
	while (s->clients)
		pthread_cond_wait(&s->left, &s->lock);
	pthread_mutex_unlock(&s->lock);
	destroy(s);
}
