/* SPDX-License-Identifier: BSD-3-Clause
 *
 * free-queue.h -- the free elements of a map, first in, first out.
 *
 * Elements have numbers from 1; 0 is none. A queue, not a stack, so that an element is used again
 * as late as possible: a program may still read what it held. A ring, not a list through the
 * elements, so that it is read and written in the order of memory, whatever order the elements
 * are in. There is room for every element: it never overflows.
 */
#ifndef VM_RUNTIME_FREE_QUEUE_H
#define VM_RUNTIME_FREE_QUEUE_H

#include "target.h"

struct rt_free_queue {
	uint32_t lock, first, last; /* the next to take; where the next goes */
	uint32_t n;                 /* words of the ring; fixed */
};

/* All of the elements 1 to n - 1, in a ring of n words; n >= 2. */
rt_inline void free_queue__format(struct rt_free_queue *q, uint32_t *ring, uint32_t n)
{
	q->first = 0;
	q->last = n - 1;
	q->n = n;
	for (uint32_t i = 0; i < n - 1; i++)
		ring[i] = i + 1;
}

rt_inline uint32_t free_queue__after(const struct rt_free_queue *q, uint32_t at)
{
	return at + 1 == q->n ? 0 : at + 1;
}

/* Waits while there is none: another writer must hold one that it will give back. */
static inline uint32_t free_queue__take(struct rt_free_queue *q, const uint32_t *ring)
{
	uint32_t at, i = 0;

	for (;;) {
		rt_lock(&q->lock);
		at = rt_read(&q->first);
		if (at != rt_read(&q->last)) {
			i = rt_read(&ring[at]);
			rt_write(&q->first, free_queue__after(q, at));
		}
		rt_unlock(&q->lock);
		if (i)
			return i;
		rt_pause();
	}
}

/* What is likely taken next: a hint. */
rt_inline uint32_t free_queue__peek(const struct rt_free_queue *q, const uint32_t *ring)
{
	return rt_read(&ring[rt_read(&q->first)]);
}

static inline void free_queue__give_back(struct rt_free_queue *q, uint32_t *ring, uint32_t i)
{
	uint32_t at;

	rt_lock(&q->lock);
	at = rt_read(&q->last);
	rt_write(&ring[at], i);
	rt_write(&q->last, free_queue__after(q, at));
	rt_unlock(&q->lock);
}

#endif
