/* SPDX-License-Identifier: BSD-3-Clause
 *
 * events.h -- what programs wrote into ring buffers and perf event arrays, in the order in which
 * a map gave it back.
 */
#ifndef XDPK_REPLAY_EVENTS_H
#define XDPK_REPLAY_EVENTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct event {
	const char *map; /* its name, as long as the engine is open */
	uint32_t size;
	bool padded; /* the kernel's perf events: the size is rounded up, the rest is anything */
	uint64_t at; /* in the log's bytes */
};

struct event_log {
	struct event *events;
	size_t n, room;
	uint8_t *bytes;
	size_t n_bytes, bytes_room;
	uint64_t lost; /* found no room in their ring */
};

/* -ENOMEM. Of *e map, size and padded count. */
int event_log__add(struct event_log *log, const struct event *e, const void *data);
/* All events of another log. */
int event_log__append(struct event_log *log, const struct event_log *other);
void event_log__clear(struct event_log *log);
void event_log__free(struct event_log *log);

static inline const uint8_t *event_log__data(const struct event_log *log, const struct event *e)
{
	return log->bytes + e->at;
}

#endif
