/* SPDX-License-Identifier: BSD-3-Clause
 *
 * lines.h -- control lines from the control socket.
 */
#ifndef XDPK_LINES_H
#define XDPK_LINES_H

#include "options.h"

struct control_server;
struct dataplane;

/* Opens the socket that the options ask for. *server is NULL if they ask for none, and if none of
 * them speaks of it and there is no place for one. */
int lines__serve(struct dataplane *dp, const struct options *o, struct control_server **server,
	char **errmsg);

#endif
