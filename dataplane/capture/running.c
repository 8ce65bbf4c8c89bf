/* SPDX-License-Identifier: BSD-3-Clause
 *
 * running.c -- a capture is set up and ended without the lock, for the file may be slow.
 */
#include <errno.h>
#include <stdio.h>

#include "capture/running.h"
#include "core/error.h"
#include "dataplane.h"

static bool is_running(const struct running_capture *r)
{
	struct capture_state state = {.ended = true};

	if (r->capture)
		capture__state(r->capture, &state);
	return !state.ended;
}

/* Workers feed `next`, if it is one, from now on, and what was in its place, *before, no more. */
static int exchange(struct dataplane *dp, struct running_capture *place,
	struct running_capture next, struct capture **before, char **errmsg)
{
	struct running_capture was = *place;
	int err;

	*place = next;
	err = dataplane__publish(dp, errmsg);
	if (err)
		*place = was;
	else
		*before = was.capture;
	return err;
}

/* A free one, or else where a capture ended that began before others; NULL with *errmsg. */
static struct running_capture *find_place(struct dataplane *dp, char **errmsg)
{
	struct running_capture *found = NULL, *oldest = &dp->captures[0];
	char since[16] = "";

	for (unsigned i = 0; i < MAX_CAPTURES; i++) {
		struct running_capture *r = &dp->captures[i];

		if (!is_running(r) && (!found || r->number < found->number))
			found = r;
		if (r->number < oldest->number)
			oldest = r;
	}
	if (!found) {
		strftime(since, sizeof(since), "%H:%M:%S",
			localtime_r(&oldest->since, &(struct tm){0}));
		error__set(errmsg, -EBUSY,
			"%d captures run already, number %d since %s: `capture stop N` ends one, "
			"`capture show` tells of them",
			MAX_CAPTURES, oldest->number, since);
	}
	return found;
}

int dataplane__start_capture(
	struct dataplane *dp, int fd, const struct capture_opts *opts, char **errmsg)
{
	struct running_capture next = {.since = time(NULL)}, *place;
	struct capture *before = NULL;
	int err;

	next.capture = capture__create(fd, opts, dp->n_workers, errmsg);
	if (!next.capture)
		return -EINVAL;
	pthread_mutex_lock(&dp->lock);
	next.number = dp->n_captures + 1;
	place = find_place(dp, errmsg);
	err = place ? exchange(dp, place, next, &before, errmsg) : -EBUSY;
	if (!err)
		dp->n_captures = next.number;
	pthread_mutex_unlock(&dp->lock);
	capture__destroy(err ? next.capture : before);
	return err ? err : next.number;
}

bool dataplane__captures(struct dataplane *dp, int number)
{
	bool runs = false;

	pthread_mutex_lock(&dp->lock);
	for (unsigned i = 0; i < MAX_CAPTURES; i++)
		runs |= dp->captures[i].number == number && is_running(&dp->captures[i]);
	pthread_mutex_unlock(&dp->lock);
	return runs;
}

/* NULL with *errmsg, and errno. */
static struct running_capture *find(struct dataplane *dp, int number, char **errmsg)
{
	struct running_capture *found = NULL;

	for (unsigned i = 0; i < MAX_CAPTURES; i++) {
		struct running_capture *r = &dp->captures[i];

		if (!r->capture || (number && number != r->number))
			continue;
		if (found) {
			error__set(errmsg, -EINVAL,
				"there are several captures: say the number of one, see "
				"`capture show`");
			return NULL;
		}
		found = r;
	}
	if (!found && number)
		error__set(errmsg, -ENOENT, "there is no capture %d: see `capture show`", number);
	else if (!found)
		error__set(errmsg, -ENOENT, "no capture runs");
	return found;
}

int dataplane__stop_capture(
	struct dataplane *dp, int number, struct capture_state *state, char **errmsg)
{
	struct capture *capture = NULL;
	struct running_capture *place;
	int err;

	pthread_mutex_lock(&dp->lock);
	place = find(dp, number, errmsg);
	err = place ? exchange(dp, place, (struct running_capture){0}, &capture, errmsg) : -errno;
	pthread_mutex_unlock(&dp->lock);
	if (err)
		return err;
	capture__end(capture);
	if (state)
		capture__state(capture, state);
	capture__destroy(capture);
	return 0;
}
