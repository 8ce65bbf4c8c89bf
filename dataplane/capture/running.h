/* SPDX-License-Identifier: BSD-3-Clause
 *
 * running.h -- the capture that the workers of a dataplane feed: at most one at a time. Without one
 * they look at a pointer per burst.
 *
 * Threads: see dataplane.h.
 */
#ifndef DATAPLANE_CAPTURE_RUNNING_H
#define DATAPLANE_CAPTURE_RUNNING_H

#include "capture/capture.h"

struct dataplane;

/* Takes fd, whatever happens. The capture's number, from 1, or negative errno; -EBUSY: one runs
 * already (one that has ended makes room). */
int dataplane__start_capture(
	struct dataplane *dp, int fd, const struct capture_opts *opts, char **errmsg);
/* number 0: whichever runs. *state, which may be NULL: how it ended. -ENOENT: there is none. */
int dataplane__stop_capture(
	struct dataplane *dp, int number, struct capture_state *state, char **errmsg);
/* Has it, as above, neither ended nor been stopped? */
bool dataplane__captures(struct dataplane *dp, int number);

#endif
