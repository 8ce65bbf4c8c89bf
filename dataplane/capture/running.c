/* SPDX-License-Identifier: BSD-3-Clause
 *
 * running.c -- a capture is set up and ended without the lock, for the file may be slow.
 */
#include <errno.h>

#include "capture/running.h"
#include "core/error.h"
#include "dataplane.h"

static bool is_running(const struct dataplane *dp)
{
	struct capture_state state = {.ended = true};

	if (dp->capture)
		capture__state(dp->capture, &state);
	return !state.ended;
}

/* Workers feed `next`, if not NULL, from now on, and *before no more. */
static int exchange(
	struct dataplane *dp, struct capture *next, struct capture **before, char **errmsg)
{
	int err;

	*before = dp->capture;
	dp->capture = next;
	err = dataplane__publish(dp, errmsg);
	if (err)
		dp->capture = *before;
	return err;
}

int dataplane__start_capture(
	struct dataplane *dp, int fd, const struct capture_opts *opts, char **errmsg)
{
	struct capture *before = NULL, *capture = capture__create(fd, opts, dp->n_workers, errmsg);
	int err;

	if (!capture)
		return -EINVAL;
	pthread_mutex_lock(&dp->lock);
	if (is_running(dp))
		err = error__set(errmsg, -EBUSY,
			"a capture runs already: `capture stop` ends it, `capture show` tells of "
			"it");
	else
		err = exchange(dp, capture, &before, errmsg);
	if (!err)
		err = ++dp->n_captures;
	pthread_mutex_unlock(&dp->lock);
	capture__destroy(err < 0 ? capture : before);
	return err;
}

bool dataplane__captures(struct dataplane *dp, int number)
{
	bool runs;

	pthread_mutex_lock(&dp->lock);
	runs = (!number || number == dp->n_captures) && is_running(dp);
	pthread_mutex_unlock(&dp->lock);
	return runs;
}

int dataplane__stop_capture(
	struct dataplane *dp, int number, struct capture_state *state, char **errmsg)
{
	struct capture *capture = NULL;
	int err = 0;

	pthread_mutex_lock(&dp->lock);
	if (!dp->capture || (number && number != dp->n_captures))
		err = error__set(errmsg, -ENOENT, "no capture runs");
	else
		err = exchange(dp, NULL, &capture, errmsg);
	pthread_mutex_unlock(&dp->lock);
	if (err)
		return err;
	capture__end(capture);
	if (state)
		capture__state(capture, state);
	capture__destroy(capture);
	return 0;
}
