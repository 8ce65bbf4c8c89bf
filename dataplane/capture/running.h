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

/* Takes fd, whatever happens. -EBUSY: one runs already (one that has ended makes room). */
int dataplane__start_capture(
	struct dataplane *dp, int fd, const struct capture_opts *opts, char **errmsg);
/* *state, which may be NULL: how it ended. -ENOENT: there is none. */
int dataplane__stop_capture(struct dataplane *dp, struct capture_state *state, char **errmsg);

#endif
