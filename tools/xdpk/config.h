/* SPDX-License-Identifier: BSD-3-Clause
 *
 * config.h -- the control lines of --config: run at the start, and whenever SIGHUP comes the file
 *is read again and what is different is done.
 *
 *	a new line      is run
 *	port add        undone when it is gone; with other options, what can be changed is (pass,
 *mtu), and what stays until a restart is said, argument by argument prog load       undone when it
 *is gone; else the program is replaced, also where the line is the same, for its file may not be;
 *its maps stay as `prog replace` says net attach      undone when it is gone; with other options it
 *is ordered anew another line    has had its effect: it stays
 *
 * What is gone is undone after all that is new has been done. Files that lines name are looked for
 * beside the file of the lines, if not from the root.
 *
 * A line that fails ends it; what was done by then stays done, and the next time goes on from
 *there.
 */
#ifndef XDPK_CONFIG_H
#define XDPK_CONFIG_H

struct config;
struct dataplane;

/* Runs all lines. NULL with *errmsg. */
struct config *config__start(struct dataplane *dp, const char *path, char **errmsg);
/* From now on SIGHUP is heard, by a thread of its own: it must be blocked in all threads. config
 * may be NULL. */
int config__listen(struct config *config);
/* Hears no more. NULL is fine. */
void config__stop(struct config *config);

#endif
