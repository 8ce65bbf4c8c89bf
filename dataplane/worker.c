/* SPDX-License-Identifier: BSD-3-Clause
 *
 * worker.c -- the poll loop.
 *
 * Every round sends what others have handed over first, then receives one burst per queue.
 * A worker that could not hand a whole burst over receives nothing: so a handover ring that
 * runs full slows its feeders down and loses nothing, and since owners never wait, nobody
 * waits in a circle.
 */
#include <rte_cycles.h>
#include <rte_mbuf.h>
#include <rte_pause.h>

#include "admit.h"
#include "capture/capture.h"
#include "cpumap.h"
#include "dataplane.h"
#include "gpu/lane.h"
#include "outbox.h"
#include "verdicts.h"
#include "worker.h"

/* A worker with full bursts looks at the clock after so many rounds only: that takes 10 ns where
 * the machine is a virtual one. */
#define UNSEEN_ROUNDS 7

/* Idle rounds between two looks at whether anything can still come. */
#define IDLE_ROUNDS 256

/* How long packets may be handed on after the last one was received. */
#define DRAIN_SECONDS 1

static void run_captured(struct worker *w, const struct plan_port *port, struct burst *burst,
	struct counters *counters)
{
	const struct capture_hop hop = {.port = port->port->name,
		.entry = "@entry",
		.exit = "@exit",
		.chain = &port->chain};

	burst__admit(burst, 0, port, counters);
	captures__entry(&w->plan->captures, w->index, &hop, burst);
	chain__run(w, port, burst, counters);
	captures__exit(&w->plan->captures, w->index, &hop, burst);
}

unsigned worker__burst(struct worker *w, const struct rxq *rxq)
{
	const struct plan_port *port = &w->plan->port[rxq->port];
	struct counters *counters = &w->hops[rxq->hop];
	struct burst *burst = &w->burst;
	uint64_t began = 0;
	unsigned received;

	received = rte_eth_rx_burst(port->id, rxq->queue, burst->pkts, BURST_SIZE);
	if (!received)
		return 0;
	if (unlikely(counters->bursts % LOAD_SAMPLE == 0))
		began = rte_rdtsc();
	counter__add(&counters->entered, received);
	counter__add(&counters->bursts, 1);
	load__count_burst(&w->load, received);
	burst->n = received;
	burst->ifindex = port->ifindex;
	burst->queue = rxq->queue;
	burst->in_frags = false;

	if (unlikely(w->plan->captures.n)) {
		run_captured(w, port, burst, counters);
	} else {
		burst->unchecked = true;
		chain__run(w, port, burst, counters);
		burst->unchecked = false;
	}
	verdicts__dispatch(w, rxq, burst);
	if (unlikely(began))
		load__count_latency(&w->load, received, rte_rdtsc() - began);
	return received;
}

/* moved: packets of the last round */
static void worker__look_at_time(struct worker *w, unsigned moved)
{
	uint64_t now = rte_rdtsc();
	uint64_t gap = now - w->time.looked;

	if (moved || w->time.unseen)
		counter__add(&w->time.busy, gap);
	w->time.looked = now;
	w->time.unseen = 0;
	if (unlikely(gap > __atomic_load_n(&w->time.longest_gap, __ATOMIC_RELAXED)))
		__atomic_store_n(&w->time.longest_gap, gap, __ATOMIC_RELAXED);
}

/* Begins a round: with the plan as it is now, and with nothing of the last one, which moved so many
 * packets, in hand, nor of what others gave it before (cpumap.h). */
static void worker__begin_round(struct worker *w, unsigned moved)
{
	if (moved >= BURST_SIZE && w->time.unseen < UNSEEN_ROUNDS)
		w->time.unseen++;
	else
		worker__look_at_time(w, moved);
	if (likely(!w->cpumap.owed)) {
		ebpf_env__quiescent(&w->env);
		if (unlikely(__atomic_load_n(&w->dp->cpumaps, __ATOMIC_RELAXED)))
			w->cpumap.owed = rte_ring_count(w->cpumap.ring);
	}
	w->plan = __atomic_load_n(&w->dp->plan, __ATOMIC_ACQUIRE);
}

static unsigned worker__receive(struct worker *w, const struct plan_worker *mine)
{
	unsigned n = 0;

	for (uint16_t i = 0; i < mine->n_rxqs; i++)
		n += worker__burst(w, &mine->rxqs[i]);
	if (unlikely(mine->n_lanes))
		n += lanes__receive(w);
	return n;
}

/* Sees off what others have given it, and what devices have judged. Returns how many packets. */
static unsigned worker__serve(struct worker *w)
{
	unsigned moved = 0;

	if (unlikely(w->plan->worker[w->index].hands_over))
		moved = handover__send(w);
	if (unlikely(w->cpumap.owed) && handover__has_room(w))
		moved += cpumap__run(w);
	if (unlikely(w->plan->worker[w->index].n_lanes))
		moved += lanes__see_off(w);
	return moved;
}

/* Until nothing is in flight anywhere. Programs that give packets from worker to worker for ever
 * are not waited for. */
static void worker__drain(struct worker *w)
{
	uint64_t end = rte_rdtsc() + DRAIN_SECONDS * rte_get_tsc_hz();

	__atomic_fetch_sub(&w->dp->producing, 1, __ATOMIC_ACQ_REL);
	for (;;) {
		worker__begin_round(w, 0);
		if (worker__serve(w)) {
			w->closing = rte_rdtsc() > end;
			continue;
		}
		if (!__atomic_load_n(&w->dp->producing, __ATOMIC_ACQUIRE) &&
			dataplane__is_empty(w->dp, w->plan))
			return;
		rte_pause();
	}
}

void worker__run(struct worker *w)
{
	unsigned moved = 0, idle = 0;

	ebpf_env__online(&w->env);
	w->time.looked = rte_rdtsc();
	worker__begin_round(w, 0);
	while (!__atomic_load_n(&w->dp->stop, __ATOMIC_RELAXED)) {
		const struct plan_worker *mine;

		worker__begin_round(w, moved);
		mine = &w->plan->worker[w->index];
		moved = worker__serve(w);
		if (handover__has_room(w))
			moved += worker__receive(w, mine);
		if (likely(moved)) {
			idle = 0;
		} else if (++idle % IDLE_ROUNDS == 0 && dataplane__exhausted(w->dp, w->plan)) {
			dataplane__stop(w->dp);
		} else {
			rte_pause();
		}
	}
	worker__look_at_time(w, moved);
	worker__drain(w);
	ebpf_env__offline(&w->env);
}
