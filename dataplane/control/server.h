/* SPDX-License-Identifier: BSD-3-Clause
 *
 * server.h -- control lines from a Unix socket.
 *
 * Protocol, over SOCK_STREAM: a request is one line of text, at most 64 KiB, the same as in a
 * configuration file. The files that it names as FILE or OUT come with it as descriptors
 * (SCM_RIGHTS), in their order: the server opens no path of a request. The answer is lines of
 * JSON, rows first, then one of
 *
 *	{"ok":true}
 *	{"error":"there is no map rules","errno":"ENOENT"}
 *
 * No row begins with the keys ok or error. Requests may be sent before the last is answered. A
 * line that is empty or a comment is answered, too.
 *
 * Who may do what: the user that the server runs as and root may do everything; whoever else the
 * socket's mode lets connect (a group of readers) may run commands that change nothing.
 *
 * Nothing that a client does costs more than its own thread: requests, descriptors, connections
 * and requests a second are bounded; a request that has begun must end, and an answer must be
 * read, within 10 seconds; readers can take half of the places only.
 *
 * Threads: one that accepts and one per client; none of them on a worker's CPU where there are
 * others (background.h). Commands run beside each other: what they change, they lock.
 */
#ifndef CONTROL_SERVER_H
#define CONTROL_SERVER_H

#include <sys/types.h>

#include "../../loader/control.h"

struct control_server;

struct control_server_opts {
	const char *path;                            /* of the socket; copied */
	gid_t readers;                               /* a group that may look, or (gid_t)-1 */
	const struct control_command *const *tables; /* as in a context */
	struct ebpf_instance *instance;
	void *dataplane; /* for the commands */
	/* As in a context; NULL: there are no programs. */
	int (*list_objects)(void *dataplane, struct control_object **list, size_t *n);
	void (*changed)(void *dataplane, enum control_change what);
};

/* NULL with *errmsg. */
struct control_server *control_server__start(const struct control_server_opts *opts, char **errmsg);
/* Ends streams and connections, waits for commands that are being run. NULL is fine. */
void control_server__stop(struct control_server *server);

#endif
