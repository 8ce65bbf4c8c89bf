/* SPDX-License-Identifier: BSD-3-Clause
 *
 * address.h -- where the control socket is: control.sock in a folder that nobody else can enter.
 * For root that is /run/xdpk; for others $XDG_RUNTIME_DIR/xdpk.
 */
#ifndef CONTROL_ADDRESS_H
#define CONTROL_ADDRESS_H

#include <stdbool.h>
#include <stddef.h>

/* A socket's path and the NUL after it: what the kernel has room for. */
#define CONTROL_PATH_SIZE 108

/* Where xdpk puts its socket, $XDPK_SOCKET before all others: -ENOENT with *errmsg if the
 * environment says no place. */
int control_address__own(char *path, char **errmsg);
/* Where a client finds it: $XDPK_SOCKET; the user's own; root's. */
int control_address__find(char *path, char **errmsg);

#endif
