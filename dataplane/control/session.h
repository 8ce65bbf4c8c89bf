/* SPDX-License-Identifier: BSD-3-Clause
 *
 * session.h -- one connection: requests in, answers out.
 */
#ifndef CONTROL_SESSION_H
#define CONTROL_SESSION_H

#include "server.h"

/* Serves a connection to its end; closes neither. `stop` becomes readable when it shall end. */
void control_session__serve(
	const struct control_server_opts *opts, enum control_role role, int fd, int stop);

/* One line of refusal to somebody who is not served. */
void control_session__refuse(int fd, const char *error, const char *name);

#endif
