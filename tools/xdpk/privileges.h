/* SPDX-License-Identifier: BSD-3-Clause
 *
 * privileges.h -- what xdpk may still do once it runs.
 */
#ifndef XDPK_PRIVILEGES_H
#define XDPK_PRIVILEGES_H

/* Takes all capabilities from all threads, but for those that ports need which are added later,
 * and has no program that is started get any. Without any to begin with, only the latter. Call it
 * when the first ports are there. */
int privileges__drop(char **errmsg);

#endif
