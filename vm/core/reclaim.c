/* SPDX-License-Identifier: BSD-3-Clause
 *
 * reclaim.c -- quiescent-state-based reclamation.
 *
 * Why it holds. The host takes a pointer out of a map before it raises the era. A worker that
 * sees the new era therefore finds the pointer gone from then on (acquire), and what it did
 * with it before is over for whoever sees the era noted (release). A worker that comes online
 * notes its era before it looks at any map, and the host raises the era before it looks who is
 * online; a full fence on both sides keeps one of them from missing the other.
 */
#include <errno.h>
#include <sched.h>
#include <stdbool.h>
#include <stdlib.h>

#include "reclaim.h"

struct reclaim_object {
	struct reclaim_object *next;
	unsigned long long era;
	void (*release)(void *object);
	void *object;
};

int reclaim__init(struct reclaim *r, uint32_t n_workers)
{
	r->workers =
		aligned_alloc(_Alignof(struct reclaim_worker), n_workers * sizeof(*r->workers));
	if (!r->workers)
		return -ENOMEM;
	for (uint32_t i = 0; i < n_workers; i++)
		atomic_init(&r->workers[i].era, 0);
	atomic_init(&r->era, 1);
	r->n_workers = n_workers;
	pthread_mutex_init(&r->lock, NULL);
	r->first = NULL;
	r->last = &r->first;
	return 0;
}

void reclaim__fini(struct reclaim *r)
{
	free(r->workers);
	pthread_mutex_destroy(&r->lock);
}

void reclaim__online(struct reclaim *r, uint32_t worker)
{
	atomic_store(&r->workers[worker].era, atomic_load(&r->era));
	atomic_thread_fence(memory_order_seq_cst);
}

uint64_t reclaim__quiescent(struct reclaim *r, uint32_t worker)
{
	uint64_t era = reclaim__era(r);

	atomic_store_explicit(&r->workers[worker].era, era, memory_order_release);
	return era;
}

void reclaim__offline(struct reclaim *r, uint32_t worker)
{
	atomic_store_explicit(&r->workers[worker].era, 0, memory_order_release);
}

/* A number that no worker online has yet noted. */
static unsigned long long raise_era(struct reclaim *r)
{
	unsigned long long era = atomic_fetch_add(&r->era, 1) + 1;

	atomic_thread_fence(memory_order_seq_cst);
	return era;
}

/* Every worker that is online has noted this era or a later one. */
static bool has_passed(struct reclaim *r, unsigned long long era)
{
	for (uint32_t i = 0; i < r->n_workers; i++) {
		unsigned long long seen =
			atomic_load_explicit(&r->workers[i].era, memory_order_acquire);

		if (seen && seen < era)
			return false;
	}
	return true;
}

void reclaim__defer(struct reclaim *r, void (*release)(void *object), void *object)
{
	struct reclaim_object *o = malloc(sizeof(*o));

	if (!o) {
		reclaim__wait(r);
		release(object);
		return;
	}
	pthread_mutex_lock(&r->lock);
	*o = (struct reclaim_object){.era = raise_era(r), .release = release, .object = object};
	*r->last = o;
	r->last = &o->next;
	pthread_mutex_unlock(&r->lock);
	reclaim__poll(r);
}

static struct reclaim_object *take_passed(struct reclaim *r)
{
	struct reclaim_object *o;

	pthread_mutex_lock(&r->lock);
	o = r->first;
	if (o && has_passed(r, o->era)) {
		r->first = o->next;
		if (!r->first)
			r->last = &r->first;
	} else {
		o = NULL;
	}
	pthread_mutex_unlock(&r->lock);
	return o;
}

/* Without the lock: what is released may have more to hand over. */
void reclaim__poll(struct reclaim *r)
{
	struct reclaim_object *o;

	while ((o = take_passed(r))) {
		o->release(o->object);
		free(o);
	}
}

void reclaim__wait(struct reclaim *r)
{
	unsigned long long era = raise_era(r);

	while (!has_passed(r, era))
		sched_yield();
	reclaim__poll(r);
}
