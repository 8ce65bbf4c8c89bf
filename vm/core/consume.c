/* SPDX-License-Identifier: BSD-3-Clause
 *
 * consume.c -- the one reader of rings that programs write (vm/runtime/ring.h).
 */
#include <errno.h>

#include "map.h"
#include "../runtime/map-types.h"

struct reader {
	struct rt_ring *ring;
	uint32_t size; /* of the ring's data */
	uint32_t worker;
	bool counts_losses;
	ebpf_event_fn fn;
	void *user;
};

/* A record's place is free as soon as its callback has returned. */
static int read_ring(const struct reader *r, int n)
{
	uint64_t at = rt_read(&r->ring->consumed);
	int err = 0;

	while (!err && at != rt_read_acquire(&r->ring->produced)) {
		struct rt_record *record = rt_ring__record(r->ring, r->size, at);
		uint32_t len = rt_read_acquire(&record->len);
		struct ebpf_event event = {.data = record->data,
			.size = rt_record__len(len),
			.worker = r->worker,
			.lost = r->counts_losses ? rt_read(&record->note) : 0};

		if (len & RT_RING_BUSY)
			break;
		if (!(len & RT_RING_DISCARD)) {
			err = r->fn(r->user, &event);
			err = err < 0 ? err : 0;
			n++;
		}
		at += rt_record__bytes(event.size);
		rt_write_release(&r->ring->consumed, at);
	}
	return err ? err : n;
}

static int read_rings(struct ebpf_map *map, struct reader *r)
{
	const struct rt_geometry *geo = &map->rt.geo;
	int n = 0;

	if (geo->type == BPF_MAP_TYPE_RINGBUF) {
		r->ring = (struct rt_ring *)map->rt.mem;
		r->size = geo->max_entries;
		return read_ring(r, 0);
	}
	r->size = RT_PERF_RING_SIZE;
	r->counts_losses = true;
	for (r->worker = 0; r->worker < map->slots - 1 && n >= 0; r->worker++) {
		r->ring = rt_perf__ring(&map->rt, r->worker);
		n = read_ring(r, n);
	}
	return n;
}

int ebpf_map__consume(struct ebpf_map *map, ebpf_event_fn fn, void *user)
{
	struct reader r = {.fn = fn, .user = user};
	int n;

	if (!rt_has_events(&map->rt.geo))
		return -EINVAL;
	pthread_mutex_lock(&map->lock);
	n = read_rings(map, &r);
	pthread_mutex_unlock(&map->lock);
	return n;
}
