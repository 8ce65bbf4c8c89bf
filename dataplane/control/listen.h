/* SPDX-License-Identifier: BSD-3-Clause
 *
 * listen.h -- the control socket: made so that only those may connect who shall, and that there
 * is one xdpk behind it.
 */
#ifndef CONTROL_LISTEN_H
#define CONTROL_LISTEN_H

#include <sys/types.h>

/* Listens at `path`, which is removed first if nobody does there any more: only the user may
 * connect, and with `readers` (else (gid_t)-1) that group. A folder that is missing is made, for
 * the same. The descriptor, or negative errno with *errmsg: -EADDRINUSE if another process
 * listens, by whose number it is named. */
int control__listen(const char *path, gid_t readers, char **errmsg);

#endif
