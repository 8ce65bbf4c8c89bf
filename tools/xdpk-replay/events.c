/* SPDX-License-Identifier: BSD-3-Clause
 *
 * events.c -- a log of events: their bytes one after the other.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "events.h"

/* Room for n more. */
static int grow(void **array, size_t *room, size_t used, size_t n, size_t size)
{
	size_t more = *room * 2 + n;
	void *bigger;

	if (*room - used >= n)
		return 0;
	bigger = reallocarray(*array, more, size);
	if (!bigger)
		return -ENOMEM;
	*array = bigger;
	*room = more;
	return 0;
}

int event_log__add(struct event_log *log, const struct event *e, const void *data)
{
	struct event *copy;

	if (grow((void **)&log->events, &log->room, log->n, 1, sizeof(*log->events)) ||
		grow((void **)&log->bytes, &log->bytes_room, log->n_bytes, e->size, 1))
		return -ENOMEM;
	copy = &log->events[log->n++];
	*copy = *e;
	copy->at = log->n_bytes;
	if (e->size)
		memcpy(log->bytes + log->n_bytes, data, e->size);
	log->n_bytes += e->size;
	return 0;
}

int event_log__append(struct event_log *log, const struct event_log *other)
{
	int err = 0;

	for (size_t i = 0; i < other->n && !err; i++)
		err = event_log__add(
			log, &other->events[i], event_log__data(other, &other->events[i]));
	log->lost += other->lost;
	return err;
}

void event_log__clear(struct event_log *log)
{
	log->n = log->n_bytes = 0;
	log->lost = 0;
}

void event_log__free(struct event_log *log)
{
	free(log->events);
	free(log->bytes);
	*log = (struct event_log){0};
}
