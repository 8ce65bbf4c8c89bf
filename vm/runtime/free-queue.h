/* SPDX-License-Identifier: BSD-3-Clause
 *
 * free-queue.h -- the free elements of a map, first in, first out.
 *
 * Elements have numbers from 1 and a link each; 0 is none. A queue, not a stack, so that an
 * element is used again as late as possible: a program may still read what it held. It never
 * runs quite empty: its last element stays, so that it has two ends.
 */
#ifndef VM_RUNTIME_FREE_QUEUE_H
#define VM_RUNTIME_FREE_QUEUE_H

#include "target.h"

struct rt_free_queue {
	uint32_t lock, first, last;
};

/* All of the elements 1 to n - 1; n >= 2. */
rt_inline void free_queue__format(struct rt_free_queue *q, uint32_t *links, uint32_t n)
{
	q->first = 1;
	q->last = n - 1;
	for (uint32_t i = 1; i < n - 1; i++)
		links[i] = i + 1;
}

/* Waits while there is none: another writer must hold one that it will give back. */
static inline uint32_t free_queue__take(struct rt_free_queue *q, uint32_t *links)
{
	uint32_t i, next;

	for (;;) {
		rt_lock(&q->lock);
		i = rt_read(&q->first);
		next = rt_read(&links[i]);
		if (next)
			rt_write(&q->first, next);
		rt_unlock(&q->lock);
		if (next)
			return i;
		rt_pause();
	}
}

static inline void free_queue__give_back(struct rt_free_queue *q, uint32_t *links, uint32_t i)
{
	rt_lock(&q->lock);
	rt_write(&links[i], 0);
	rt_write(&links[rt_read(&q->last)], i);
	rt_write(&q->last, i);
	rt_unlock(&q->lock);
}

#endif
