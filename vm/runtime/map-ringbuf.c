/* SPDX-License-Identifier: BSD-3-Clause
 *
 * map-ringbuf.c -- RINGBUF: one ring (ring.h) that all workers write and the host reads.
 *
 * A record is reserved under the ring's lock, filled without it, and submitted or discarded by
 * one store. The positions advance as they do in the kernel, so a program that asks for them or
 * finds no room sees what it would see there. Nobody is woken: the host comes by itself.
 */
#include "map-types.h"

rt_inline struct rt_ring *ringbuf__ring(const struct rt_map *m)
{
	return (struct rt_ring *)m->mem;
}

/* Where the oldest record is that is still busy. Under the lock. */
rt_inline uint64_t ringbuf__settle(const struct rt_map *m, struct rt_ring *ring, uint64_t end)
{
	uint64_t at = ring->settled;

	while (at != end) {
		uint32_t len = rt_read(&rt_ring__record(ring, m->geo.max_entries, at)->len);

		if (len & RT_RING_BUSY)
			break;
		at += rt_record__bytes(rt_record__len(len));
	}
	ring->settled = at;
	return at;
}

/* What Linux has there. A program that reads what it did not write may come across it. */
rt_inline uint32_t ringbuf__page(const struct rt_map *m, uint64_t at)
{
	return 3 + (uint32_t)(at & (m->geo.max_entries - 1)) / 4096;
}

/* There is room as long as neither what is unread nor what lies behind a busy record fills the
 * whole ring. */
void *rt_ringbuf__reserve(const struct rt_map *m, uint64_t size)
{
	struct rt_ring *ring = ringbuf__ring(m);
	uint64_t consumed = rt_read_acquire(&ring->consumed), bytes = rt_record__bytes(size);
	uint64_t most = m->geo.max_entries - 1, begin, end;
	struct rt_record *record = NULL;

	if (size > RT_RING_RECORD_MAX || bytes > m->geo.max_entries)
		return NULL;
	rt_lock(&ring->lock);
	begin = rt_read(&ring->produced);
	end = begin + bytes;
	if (end - ringbuf__settle(m, ring, begin) <= most && end - consumed <= most) {
		record = rt_ring__record(ring, m->geo.max_entries, begin);
		rt_write(&record->len, (uint32_t)size | RT_RING_BUSY);
		rt_write(&record->note, ringbuf__page(m, begin));
		rt_write_release(&ring->produced, end);
	}
	rt_unlock(&ring->lock);
	return record ? record->data : NULL;
}

void rt_ringbuf__commit(void *data, bool discard)
{
	struct rt_record *record = (struct rt_record *)((uint8_t *)data - sizeof(*record));
	uint32_t len = rt_read(&record->len) & ~RT_RING_BUSY;

	rt_write_release(&record->len, discard ? len | RT_RING_DISCARD : len);
}

uint64_t rt_ringbuf__query(const struct rt_map *m, uint64_t question)
{
	struct rt_ring *ring = ringbuf__ring(m);
	uint64_t consumed;

	switch (question) {
	case RT_RB_AVAIL_DATA:
		consumed = rt_read_acquire(&ring->consumed);
		return rt_read_acquire(&ring->produced) - consumed;
	case RT_RB_RING_SIZE: return m->geo.max_entries;
	case RT_RB_CONS_POS: return rt_read_acquire(&ring->consumed);
	case RT_RB_PROD_POS: return rt_read_acquire(&ring->produced);
	}
	return 0;
}

/* It has neither keys nor values. */
static int64_t ringbuf__delete(const struct rt_map *m, const void *key)
{
	return -RT_ENOTSUPP;
}

static int64_t ringbuf__read_all(
	const struct rt_map *m, uint32_t n_slots, const void *key, uint8_t *values)
{
	return -RT_ENOTSUPP;
}

static int64_t ringbuf__write_all(const struct rt_map *m, uint32_t n_slots, const void *key,
	const uint8_t *values, uint64_t flags)
{
	return -RT_ENOTSUPP;
}

static int64_t ringbuf__next_key(const struct rt_map *m, const void *key, void *next)
{
	return -RT_ENOTSUPP;
}

const struct rt_map_ops rt_ringbuf_ops = {.remove = ringbuf__delete};

const struct rt_host_ops rt_ringbuf_host_ops = {
	.read_all = ringbuf__read_all,
	.write_all = ringbuf__write_all,
	.next_key = ringbuf__next_key,
};
