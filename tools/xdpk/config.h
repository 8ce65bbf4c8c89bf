/* SPDX-License-Identifier: BSD-3-Clause
 *
 * config.h -- the control lines of --config: run at the start, and whenever SIGHUP comes the file
 *is read again and what is different is done.
 *
 *	a line that is new        is run
 *	port add, prog load,      are undone when they are gone, after all that is new has been
 *done; net attach                with other options, programs are replaced and attachments
 *re-ordered prog load                 replaces the program also where the line is the same, for its
 *file may not be; its maps stay as `prog replace` says another line that is gone has had its
 *effect: it stays
 *
 * Files that lines name are looked for beside the file of the lines, if not from the root.
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
