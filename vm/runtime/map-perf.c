/* SPDX-License-Identifier: BSD-3-Clause
 *
 * map-perf.c -- PERF_EVENT_ARRAY: a ring (ring.h) for each worker, which nobody else writes.
 *
 *	mem ─► number of workers │ ring of worker 0 │ ring of worker 1 │ ...
 *
 * In Linux user space opens an event on every CPU and puts it at the CPU's index; here they are
 * there from the start, so a program can only fail by naming an index that is no worker's, or
 * another's, and for want of room: then the event is lost, and the next one says how many were.
 *
 * An event is at most RT_PERF_EVENT_MAX bytes: of a longer one Linux writes a header that does not
 * hold its size, and what a reader makes of that is anything; here it is refused.
 */
#include "map-types.h"
#include "words.h"

rt_inline uint32_t *perf__n_workers(const struct rt_map *m)
{
	return (uint32_t *)m->mem;
}

/* The last slot is the host's, which has no events. */
static void perf__format(const struct rt_map *m, uint32_t slots, uint64_t seed)
{
	*perf__n_workers(m) = slots - 1;
}

/* Its entries are no values. */
static int64_t perf__read_all(
	const struct rt_map *m, uint32_t n_slots, const void *key, uint8_t *values)
{
	return -RT_ENOTSUPP;
}

static void perf__copy(struct rt_record *record, const struct rt_event *e)
{
	if (e->size)
		__builtin_memcpy(record->data, e->data, e->size);
	if (e->packet_size)
		rt_parts__read(&e->packet, 0, record->data + e->size, e->packet_size);
}

static int64_t perf__write(struct rt_ring *ring, const struct rt_event *e)
{
	uint64_t len = e->size + e->packet_size, begin = rt_read(&ring->produced);
	uint64_t end = begin + rt_record__bytes(len);
	struct rt_record *record;

	if (end - rt_read_acquire(&ring->consumed) > RT_PERF_RING_SIZE - 1) {
		rt_write(&ring->lost, rt_read(&ring->lost) + 1);
		return -RT_ENOSPC;
	}
	record = rt_ring__record(ring, RT_PERF_RING_SIZE, begin);
	rt_write(&record->len, (uint32_t)len);
	rt_write(&record->note, (uint32_t)rt_read(&ring->lost));
	rt_write(&ring->lost, 0);
	perf__copy(record, e);
	rt_write_release(&ring->produced, end);
	return 0;
}

rt_cold int64_t rt_perf__output(
	const struct rt_map *m, uint32_t worker, uint64_t index, const struct rt_event *e)
{
	if (index == RT_F_CURRENT_CPU)
		index = worker;
	if (index >= m->geo.max_entries)
		return -RT_E2BIG;
	if (index >= *perf__n_workers(m))
		return -RT_ENOENT;
	if (index != worker)
		return -RT_ENOTSUP;
	if (e->size > RT_PERF_EVENT_MAX || e->packet_size > RT_PERF_EVENT_MAX - e->size)
		return -RT_E2BIG;
	return perf__write(rt_perf__ring(m, worker), e);
}

const struct rt_host_ops rt_perf_host_ops = {
	.format = perf__format,
	.read_all = perf__read_all,
	.next_key = rt_array__next_key,
};
