/* SPDX-License-Identifier: BSD-3-Clause
 *
 * reclaim.h -- when may go what a worker might still be looking at?
 *
 * A worker that runs programs is online. Between two bursts, when it holds no pointer to a
 * program or map that it found in another map, it says so: it is quiescent. What the host
 * takes out of a map it hands over here, and it is released when every worker that was online
 * then has been quiescent since, or has gone offline.
 *
 *	host    take the pointer out ─► reclaim__defer() ─ ─ ─ ─ ─ ─ ─ ─ ─ ─► release
 *	worker  ──── burst ────┤quiescent├──── burst ────┤quiescent├──── burst ──
 *
 * How: an era counts up with every object handed over, which carries the number. A worker that
 * is quiescent notes the era it sees; an object may go when all workers have noted its era.
 *
 * Workers pay a load and a store per burst, and wait for nobody. Threads: one per worker
 * number; everything else from anywhere but a worker that is online.
 */
#ifndef VM_CORE_RECLAIM_H
#define VM_CORE_RECLAIM_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>

struct reclaim_worker {
	_Alignas(64) atomic_ullong era; /* the one seen last; 0: offline */
};

struct reclaim {
	atomic_ullong era;
	struct reclaim_worker *workers;
	uint32_t n_workers;
	pthread_mutex_t lock; /* of the queue, in order of eras: */
	struct reclaim_object *first, **last;
};

/* -ENOMEM */
int reclaim__init(struct reclaim *r, uint32_t n_workers);
/* Nothing may wait any more. */
void reclaim__fini(struct reclaim *r);

void reclaim__online(struct reclaim *r, uint32_t worker);
/* The era that it has noted. To do so again is of no use while that is the era. */
uint64_t reclaim__quiescent(struct reclaim *r, uint32_t worker);
static inline uint64_t reclaim__era(const struct reclaim *r)
{
	return atomic_load_explicit(&r->era, memory_order_acquire);
}
void reclaim__offline(struct reclaim *r, uint32_t worker);

/* Calls release(object) when no worker can hold it any more: at once if none is online, else
 * from a later defer, poll or wait. Without memory to remember it, it waits. */
void reclaim__defer(struct reclaim *r, void (*release)(void *object), void *object);
/* Releases what may go by now. */
void reclaim__poll(struct reclaim *r);
/* Returns when every worker that is online has been quiescent since; releases what may go. */
void reclaim__wait(struct reclaim *r);

#endif
