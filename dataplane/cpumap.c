/* SPDX-License-Identifier: BSD-3-Clause
 *
 * cpumap.c -- put into another worker's ring, run what is in one's own.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <rte_mbuf.h>
#include <rte_ring.h>
#include <rte_ring_elem.h>

#include "admit.h"
#include "capture/capture.h"
#include "cpumap.h"
#include "dataplane.h"
#include "verdicts.h"

int cpumap__create(struct cpumap_ring *c)
{
	static unsigned n;
	char name[RTE_RING_NAMESIZE];

	snprintf(name, sizeof(name), "cpumap_%u", __atomic_fetch_add(&n, 1, __ATOMIC_RELAXED));
	c->ring = rte_ring_create_elem(
		name, sizeof(struct handed), CPUMAP_SLOTS, SOCKET_ID_ANY, RING_F_SC_DEQ);
	return c->ring ? 0 : -ENOMEM;
}

void cpumap__destroy(struct cpumap_ring *c)
{
	rte_ring_free(c->ring);
}

/* Entered before they are there: else their outcome might be counted first. */
void cpumap__hand_over(
	struct worker *w, struct cpumap_queue to, const struct handed *packets, unsigned n)
{
	struct rte_ring *ring = w->dp->workers[to.worker]->cpumap.ring;
	struct counters *hop = &w->hops[hop__cpumap(to.worker)];
	unsigned waiting = rte_ring_count(ring), taken = 0;

	counter__add(&hop->entered, n);
	if (unlikely(!__atomic_load_n(&w->dp->cpumaps, __ATOMIC_RELAXED)))
		__atomic_store_n(&w->dp->cpumaps, true, __ATOMIC_RELAXED);
	if (!w->closing && waiting < to.length)
		taken = rte_ring_enqueue_burst_elem(
			ring, packets, sizeof(*packets), RTE_MIN(n, to.length - waiting), NULL);
	if (unlikely(taken < n))
		counter__add(&hop->outcome[OUTCOME_RING_FULL], n - taken);
	for (unsigned i = taken; i < n; i++)
		rte_pktmbuf_free(packets[i].packet);
}

static void judge(struct worker *w, const struct ebpf_program *prog, struct burst *burst)
{
	if (prog && burst->n)
		program__run_burst(w, prog, burst);
	for (uint32_t i = 0; i < burst->n; i++) {
		if (!prog)
			burst->verdict[i] = XDP_PASS;
		else if (burst->verdict[i] == XDP_TX)
			burst->verdict[i] = XDP_ABORTED;
	}
	burst->uniform = burst__is_uniform(burst);
}

/* For copies. The port may be gone. */
static struct rte_mempool *pool_of(const struct plan *plan, const struct handed *h)
{
	const struct port *port = plan->port[h->from].port;

	return port ? port->pool : h->packet->pool;
}

/* A capture sees what a program judges. */
static void judge_seen(struct worker *w, const struct handed *h, struct burst *burst)
{
	const struct captures *captures = &w->plan->captures;
	const struct port *port = w->plan->port[h->from].port;
	const struct capture_hop hop = {.port = port ? port->name : "gone",
		.entry = "@cpumap-entry",
		.exit = "@cpumap-exit",
		.program = h->prog ? ebpf_program__name(h->prog) : NULL};

	if (unlikely(captures->n && h->prog))
		captures__entry(captures, w->index, &hop, burst);
	judge(w, h->prog, burst);
	if (unlikely(captures->n && h->prog))
		captures__exit(captures, w->index, &hop, burst);
}

/* Those that came from one port to one program. */
static void run_alike(struct worker *w, const struct handed *packets, unsigned n)
{
	uint16_t from = packets[0].from, hop = hop__cpumap(w->index);
	struct delta delta = {0};
	struct burst *burst = &w->burst;

	for (unsigned i = 0; i < n; i++) {
		burst->pkts[i] = packets[i].packet;
		burst->state[i] = packets[i].state;
	}
	burst->moved = true;
	burst->n = n;
	burst->ifindex = w->plan->port[from].ifindex;
	burst->queue = 0; /* Linux does not tell it either */
	burst->in_frags = false;
	if (packets[0].prog)
		burst__suit(burst, packets[0].prog, pool_of(w->plan, &packets[0]), &delta);
	counters__apply(&w->hops[hop], &delta);
	judge_seen(w, &packets[0], burst);
	verdicts__dispatch(w, &(struct rxq){.port = from, .hop = hop}, burst);
}

unsigned cpumap__run(struct worker *w)
{
	struct handed packets[BURST_SIZE];
	unsigned first = 0, n;

	n = rte_ring_sc_dequeue_burst_elem(w->cpumap.ring, packets, sizeof(packets[0]),
		RTE_MIN(w->cpumap.owed, (uint32_t)BURST_SIZE), NULL);
	w->cpumap.owed -= n;
	for (unsigned i = 1; i <= n; i++) {
		if (i < n && packets[i].from == packets[first].from &&
			packets[i].prog == packets[first].prog)
			continue;
		run_alike(w, packets + first, i - first);
		first = i;
	}
	return n;
}
