/* SPDX-License-Identifier: BSD-3-Clause
 *
 * listen.c -- bind the control socket.
 *
 * Whether somebody listens is found out by connecting. Between that and binding the folder is
 * locked, so that of two who begin at once one finds the other. The socket has its mode before
 * it has its name.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "../../vm/core/error.h"
#include "address.h"
#include "listen.h"

#define BACKLOG    64
#define LOCK_TRIES 50 /* of 20 ms */

static int failed(char **errmsg, const char *path)
{
	return error__set(errmsg, -errno, "control socket %s: %s", path, strerror(errno));
}

static int new_socket(void)
{
	return socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
}

/* Nobody listens at the path, and nothing is there any more. */
static int clear_path(const struct sockaddr_un *addr, char **errmsg)
{
	const char *path = addr->sun_path;
	struct ucred peer = {0};
	socklen_t len = sizeof(peer);
	struct stat st;
	int fd, err;

	if (lstat(path, &st))
		return errno == ENOENT ? 0 : failed(errmsg, path);
	if (!S_ISSOCK(st.st_mode))
		return error__set(errmsg, -EEXIST, "control socket %s: a file is there", path);
	fd = new_socket();
	if (fd < 0)
		return failed(errmsg, path);
	err = connect(fd, (const struct sockaddr *)addr, sizeof(*addr)) ? errno : 0;
	getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &len);
	close(fd);
	if (err == ECONNREFUSED)
		return unlink(path) ? failed(errmsg, path) : 0;
	if (err && err != EAGAIN)
		return error__set(errmsg, -err, "control socket %s: %s", path, strerror(err));
	if (!peer.pid)
		return error__set(errmsg, -EADDRINUSE, "another process listens at %s", path);
	return error__set(errmsg, -EADDRINUSE,
		"process %d is running already and listens at %s: stop it (kill %d), or give this "
		"one --socket PATH",
		peer.pid, path, peer.pid);
}

static int bind_at(int fd, const struct sockaddr_un *addr, gid_t readers, char **errmsg)
{
	int err = clear_path(addr, errmsg);

	if (err)
		return err;
	if (fchmod(fd, 0600) || bind(fd, (const struct sockaddr *)addr, sizeof(*addr)))
		return failed(errmsg, addr->sun_path);
	if ((readers != (gid_t)-1 &&
		    (chown(addr->sun_path, (uid_t)-1, readers) || chmod(addr->sun_path, 0660))) ||
		listen(fd, BACKLOG)) {
		err = failed(errmsg, addr->sun_path);
		unlink(addr->sun_path);
	}
	return err;
}

/* A folder that is made is the user's alone, but for readers. */
static int open_folder(const char *path, gid_t readers, char **errmsg)
{
	char folder[CONTROL_PATH_SIZE];
	const char *slash = strrchr(path, '/');
	int fd;

	snprintf(folder, sizeof(folder), "%.*s", slash > path ? (int)(slash - path) : 1,
		slash ? path : ".");
	if (!mkdir(folder, 0700)) {
		if (readers != (gid_t)-1 &&
			(chown(folder, (uid_t)-1, readers) || chmod(folder, 0750)))
			return failed(errmsg, folder);
	} else if (errno != EEXIST) {
		return failed(errmsg, folder);
	}
	fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return fd >= 0 ? fd : failed(errmsg, folder);
}

static int lock_folder(int fd, const char *path, char **errmsg)
{
	for (int i = 0; i < LOCK_TRIES; i++) {
		if (!flock(fd, LOCK_EX | LOCK_NB))
			return 0;
		if (errno != EWOULDBLOCK && errno != EINTR)
			return failed(errmsg, path);
		usleep(20000);
	}
	return error__set(errmsg, -EBUSY, "control socket %s: its folder is locked", path);
}

int control__listen(const char *path, gid_t readers, char **errmsg)
{
	struct sockaddr_un addr = {.sun_family = AF_UNIX};
	int folder, err, fd;

	if (!*path || strlen(path) >= sizeof(addr.sun_path))
		return error__set(errmsg, -ENAMETOOLONG,
			"control socket '%s': its path must have 1 to %zu characters", path,
			sizeof(addr.sun_path) - 1);
	strcpy(addr.sun_path, path);
	folder = open_folder(path, readers, errmsg);
	if (folder < 0)
		return folder;
	fd = new_socket();
	err = fd < 0 ? failed(errmsg, path) : lock_folder(folder, path, errmsg);
	if (!err)
		err = bind_at(fd, &addr, readers, errmsg);
	close(folder);
	if (err && fd >= 0)
		close(fd);
	return err ? err : fd;
}
