/* SPDX-License-Identifier: BSD-3-Clause
 *
 * map-queue.c -- QUEUE and STACK: values in a ring, no keys.
 *
 *	mem ─► head │ value 0 │ value 1 │ ...
 *
 * Every operation holds the lock while it copies one value, as in the kernel.
 */
#include "map-types.h"
#include "words.h"

struct queue_head {
	uint32_t lock;
	uint32_t first; /* the oldest */
	uint32_t count;
};

_Static_assert(sizeof(struct queue_head) <= RT_QUEUE_HEAD, "it fits");

rt_inline struct queue_head *queue__head(const struct rt_map *m)
{
	return (struct queue_head *)m->mem;
}

/* The n-th value, counted from the oldest. */
rt_inline uint8_t *queue__value(const struct rt_map *m, uint32_t n)
{
	uint64_t i = (uint64_t)queue__head(m)->first + n;

	if (i >= m->geo.max_entries)
		i -= m->geo.max_entries;
	return m->mem + m->geo.values + i * m->geo.value_stride;
}

static int64_t queue__push(const struct rt_map *m, const void *value, uint64_t flags)
{
	struct queue_head *head = queue__head(m);
	int64_t err = 0;

	if (flags & RT_NOEXIST || flags > RT_EXIST)
		return -RT_EINVAL;
	rt_lock(&head->lock);
	if (head->count < m->geo.max_entries)
		rt_copy_in(queue__value(m, head->count++), value, m->geo.value_size);
	else if (flags != RT_EXIST)
		err = -RT_E2BIG;
	else { /* instead of the oldest, which begins the ring: it goes on one further */
		rt_copy_in(queue__value(m, 0), value, m->geo.value_size);
		head->first = head->first + 1 == m->geo.max_entries ? 0 : head->first + 1;
	}
	rt_unlock(&head->lock);
	return err;
}

static int64_t queue__get(const struct rt_map *m, void *value, bool remove)
{
	struct queue_head *head = queue__head(m);
	bool last = m->geo.type == RT_MAP_STACK;
	int64_t err = 0;

	rt_lock(&head->lock);
	if (head->count) {
		rt_copy_out(value, queue__value(m, last ? head->count - 1 : 0), m->geo.value_size);
		if (remove) {
			head->count--;
			if (!last)
				head->first =
					head->first + 1 == m->geo.max_entries ? 0 : head->first + 1;
		}
	} else {
		__builtin_memset(value, 0, m->geo.value_size);
		err = -RT_ENOENT;
	}
	rt_unlock(&head->lock);
	return err;
}

static int64_t queue__pop(const struct rt_map *m, void *value)
{
	return queue__get(m, value, true);
}

static int64_t queue__peek(const struct rt_map *m, void *value)
{
	return queue__get(m, value, false);
}

/* What is asked for a key. */
static int64_t queue__delete(const struct rt_map *m, const void *key)
{
	return -RT_EINVAL;
}

static int64_t queue__next_key(const struct rt_map *m, const void *key, void *next)
{
	return -RT_EINVAL;
}

static int64_t queue__take_all(
	const struct rt_map *m, uint32_t n_slots, const void *key, uint8_t *value)
{
	return queue__pop(m, value);
}

const struct rt_map_ops rt_queue_ops = {
	.remove = queue__delete,
	.push = queue__push,
	.pop = queue__pop,
	.peek = queue__peek,
};

static uint32_t queue__count(const struct rt_map *m)
{
	return rt_read(&queue__head(m)->count);
}

const struct rt_host_ops rt_queue_host_ops = {
	.take_all = queue__take_all,
	.next_key = queue__next_key,
	.count = queue__count,
};
