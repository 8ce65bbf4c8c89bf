/* SPDX-License-Identifier: BSD-3-Clause
 *
 * control-map-events.c -- what programs write to ring buffers and perf event arrays. They are
 * copied out in batches: while the map is read, nobody may be waited for.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "../vm/core/error.h"
#include "control-internal.h"
#include "layout.h"
#include "value.h"

#define BATCH_SIZE (1 << 20) /* bytes of events, about */
#define PAUSE_MS   20        /* when there is nothing */

/* What stands before each event in a batch. */
struct event_head {
	uint32_t size, worker, lost;
};

struct events {
	struct ebpf_map *map;
	struct ebpf_layout *layout; /* of an event, or NULL: bytes */
	uint8_t *batch;
	size_t len, size;
};

static int copy_event(void *user, const struct ebpf_event *event)
{
	struct events *ev = user;
	struct event_head head = {event->size, event->worker, event->lost};
	size_t wanted = ev->len + sizeof(head) + event->size;

	if (wanted > ev->size) {
		uint8_t *grown = realloc(ev->batch, wanted + BATCH_SIZE / 16);

		if (!grown)
			return -ENOMEM;
		ev->batch = grown;
		ev->size = wanted + BATCH_SIZE / 16;
	}
	memcpy(ev->batch + ev->len, &head, sizeof(head));
	memcpy(ev->batch + ev->len + sizeof(head), event->data, event->size);
	ev->len = wanted;
	return wanted < BATCH_SIZE ? 0 : -ENOBUFS;
}

static int send_event(struct control_context *c, const struct events *ev,
	const struct event_head *head, const uint8_t *data, char **errmsg)
{
	struct ebpf_json *row = control__row(c);
	const struct ebpf_layout bytes = {.kind = EBPF_LAYOUT_BYTES, .size = head->size};
	/* perf events are rounded up */
	bool typed = ev->layout && head->size >= ev->layout->size;

	ebpf_json__add_unsigned(row, "worker", head->worker);
	ebpf_json__add_unsigned(row, "lost", head->lost);
	ebpf_json__add_unsigned(row, "size", head->size);
	ebpf_json__key(row, "data");
	ebpf_value__print(row, typed ? ev->layout : &bytes, data);
	return control__send(c, errmsg);
}

static int send_batch(struct control_context *c, struct events *ev, char **errmsg)
{
	size_t at = 0;
	int err = 0;

	while (!err && at < ev->len) {
		struct event_head head;

		memcpy(&head, ev->batch + at, sizeof(head));
		at += sizeof(head);
		err = send_event(c, ev, &head, ev->batch + at, errmsg);
		at += head.size;
	}
	ev->len = 0;
	return err;
}

static int read_events(struct control_context *c, struct events *ev, char **errmsg)
{
	const struct ebpf_map_opts *o = ebpf_map__opts(ev->map);
	int n, err = 0;

	do {
		n = ebpf_map__consume(ev->map, copy_event, ev);
		if (n < 0 && n != -ENOBUFS)
			return error__set(errmsg, n, "map %s is a %s: %s", o->name,
				ebpf_map_type__name(o->type),
				n == -EINVAL ? "programs write no events to it" : strerror(-n));
		err = send_batch(c, ev, errmsg);
	} while (!err && control__wait(c, n ? 0 : PAUSE_MS));
	return err;
}

static int parse_layout(struct control_words *w, const struct ebpf_object *obj,
	struct ebpf_layout **layout, char **errmsg)
{
	const char *name;

	*layout = NULL;
	if (!control_words__take(w, "as"))
		return control_words__end(w, errmsg);
	name = control_words__want(w, "a struct's name", errmsg);
	if (!name || control_words__end(w, errmsg))
		return -EINVAL;
	*layout = ebpf_object__type_layout(obj, name, errmsg);
	return *layout ? 0 : -errno;
}

int control__read_events(struct control_context *c, struct control_words *w, char **errmsg)
{
	struct events ev = {0};
	struct control_map m;
	int err = control__want_map(c, w, &m, errmsg);

	if (!err)
		err = parse_layout(w, m.object, &ev.layout, errmsg);
	if (err)
		return err;
	ev.map = ebpf_map__ref(m.map);
	err = read_events(c, &ev, errmsg);
	ebpf_map__unref(ev.map);
	ebpf_layout__free(ev.layout);
	free(ev.batch);
	return err;
}
