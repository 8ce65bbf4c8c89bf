/* SPDX-License-Identifier: BSD-3-Clause */
#include <pthread.h>
#include <sched.h>
#include <time.h>

#include <rte_cycles.h>

#include "traffic.h"

#define UNDER_WAY 900 /* packets of a queue outside: fewer than a ring has slots */

/* Of the processor time of the worker of a queue, while a packet waited for it: what the machine
 * does else with its processors is not counted. */
static struct clock {
	clockid_t id;   /* the worker's; 0: not known yet */
	uint64_t burst; /* when the last one was */
} clocks[QUEUES];

static uint64_t clock_ns(clockid_t id)
{
	struct timespec t;

	clock_gettime(id, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

/* A program before the others, that writes down how late a burst is. */
static void watch(struct ebpf_env *env, void *arg)
{
	struct burst *burst = arg;
	struct clock *clock = &clocks[burst->queue];
	struct stamped *p = rte_pktmbuf_mtod(burst->pkts[0], struct stamped *);
	uint64_t now = clock_ns(CLOCK_THREAD_CPUTIME_ID), since;
	clockid_t id;

	since = RTE_MAX(p->fed, clock->burst);
	p->late = p->fed && now > since ? now - since : 0;
	clock->burst = now;
	if (!clock->id && !pthread_getcpuclockid(pthread_self(), &id))
		__atomic_store_n(&clock->id, id, __ATOMIC_RELAXED);
	for (uint32_t i = 0; i < burst->n; i++)
		burst->verdict[i] = XDP_PASS;
}

static uint64_t worker_ns(unsigned queue)
{
	clockid_t id = __atomic_load_n(&clocks[queue].id, __ATOMIC_RELAXED);

	return id ? clock_ns(id) : 0;
}

void traffic__complain(struct traffic *t, const char *fmt, ...)
{
	va_list ap;

	if (*t->wrong)
		return;
	va_start(ap, fmt);
	vsnprintf(t->wrong, sizeof(t->wrong), fmt, ap);
	va_end(ap);
}

/* If this thread is interrupted midway, the worker's clock goes on. */
static void feed_burst(struct traffic *t, unsigned q)
{
	struct stamped_queue *queue = &t->queue[q];
	uint64_t now = worker_ns(q);
	uint32_t first = queue->sent;

	for (unsigned i = 0; i < BURST_SIZE; i++) {
		struct rte_mbuf *m = rte_pktmbuf_alloc(t->b->pool);
		struct stamped *p = (void *)rte_pktmbuf_append(m, sizeof(*p));

		memset(p, 0, sizeof(*p));
		p->queue = (uint16_t)q;
		p->number = queue->sent++;
		p->fed = now;
		if (rte_ring_enqueue(t->b->in[0][q], m))
			traffic__complain(t, "a packet was not received");
	}
	t->packets += BURST_SIZE;
	now = worker_ns(q) - now;
	for (; first != queue->sent; first++)
		queue->stale[first % WINDOW] = now > 50000;
}

static void feed(struct traffic *t, unsigned q)
{
	const struct stamped_queue *queue = &t->queue[q];

	while (queue->sent - queue->whole + BURST_SIZE <= UNDER_WAY)
		feed_burst(t, q);
}

static void check(struct traffic *t, unsigned port, const struct stamped *p)
{
	struct stamped_queue *queue = &t->queue[p->queue % QUEUES];
	uint32_t version = port == 0 ? 1 : 2;

	if (p->head != version || p->tail != version || version__of(p->generation) != version)
		traffic__complain(t, "packet %u of port %u: head %u, tail %u, generation %u",
			p->number, port, p->head, p->tail, p->generation);
	if (p->number - queue->whole >= queue->sent - queue->whole ||
		queue->seen[p->number % WINDOW])
		traffic__complain(t, "packet %u of queue %u came twice", p->number, p->queue);
	if (p->late > queue->longest && !queue->stale[p->number % WINDOW])
		__atomic_store_n(&queue->longest, p->late, __ATOMIC_RELAXED);
	queue->seen[p->number % WINDOW] = true;
	queue->generations[p->number % WINDOW] = p->generation;
	for (uint32_t i; queue->seen[i = queue->whole % WINDOW]; queue->whole++) {
		queue->seen[i] = false;
		if (queue->generations[i] < queue->generation)
			traffic__complain(
				t, "packet %u was judged by the generation before", queue->whole);
		queue->generation = queue->generations[i];
	}
	if (p->generation > t->judged)
		__atomic_store_n(&t->judged, p->generation, __ATOMIC_RELAXED);
}

static bool take(struct traffic *t, unsigned port, unsigned ring)
{
	struct rte_mbuf *m = ringed__take(t->b, port, ring);

	if (!m)
		return false;
	check(t, port, rte_pktmbuf_mtod(m, const struct stamped *));
	rte_pktmbuf_free(m);
	return true;
}

static bool all_is_back(const struct traffic *t)
{
	for (unsigned q = 0; q < QUEUES; q++)
		if (t->queue[q].whole != t->queue[q].sent)
			return false;
	return true;
}

void *traffic__feed_and_check(void *arg)
{
	struct traffic *t = arg;
	uint64_t last = rte_get_timer_cycles();

	for (;;) {
		bool done = __atomic_load_n(&t->done, __ATOMIC_ACQUIRE), moved = false;

		for (unsigned q = 0; q < QUEUES && !done; q++)
			feed(t, q);
		for (unsigned i = 0; i < 2 * QUEUES; i++)
			while (take(t, i / QUEUES, i % QUEUES))
				moved = true;
		if (done && all_is_back(t))
			break;
		if (moved) {
			last = rte_get_timer_cycles();
			continue;
		}
		if (rte_get_timer_cycles() - last > 60 * rte_get_timer_hz()) {
			traffic__complain(t, "packets %u and %u did not come back",
				t->queue[0].whole, t->queue[1].whole);
			break;
		}
		sched_yield();
	}
	dataplane__stop(t->b->dataplane);
	return NULL;
}

uint64_t traffic__take_gap(struct traffic *t)
{
	uint64_t longest = 0;

	for (unsigned q = 0; q < QUEUES; q++) {
		uint64_t gap = __atomic_exchange_n(&t->queue[q].longest, 0, __ATOMIC_RELAXED);

		longest = RTE_MAX(longest, gap);
	}
	return longest;
}

void traffic__open(struct traffic *t, struct ringed *b)
{
	*t = (struct traffic){.b = b};
	memset(clocks, 0, sizeof(clocks));
	ringed__add_prog(b, "watch", watch);
}
