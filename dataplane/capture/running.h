/* SPDX-License-Identifier: BSD-3-Clause
 *
 * running.h -- the captures that the workers of a dataplane feed: a few at a time, each with its
 * own filter and file. Without any they look at a number per burst.
 *
 * Threads: see dataplane.h.
 */
#ifndef DATAPLANE_CAPTURE_RUNNING_H
#define DATAPLANE_CAPTURE_RUNNING_H

#include <time.h>

#include "capture/capture.h"

struct dataplane;

/* A place for one. */
struct running_capture {
	struct capture *capture; /* NULL: a free place */
	int number;              /* from 1, no other has it */
	time_t since;
};

/* Takes fd, whatever happens. The capture's number, or negative errno; -EBUSY: as many as there can
 * be run already (one that has ended makes room). */
int dataplane__start_capture(
	struct dataplane *dp, int fd, const struct capture_opts *opts, char **errmsg);
/* number 0: the only one. *state, which may be NULL: how it ended. -ENOENT: there is none, -EINVAL:
 * there are several. */
int dataplane__stop_capture(
	struct dataplane *dp, int number, struct capture_state *state, char **errmsg);
/* Does the one with this number run still? */
bool dataplane__captures(struct dataplane *dp, int number);

#endif
