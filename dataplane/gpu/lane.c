/* SPDX-License-Identifier: BSD-3-Clause
 *
 * lane.c -- a lane's round: judge what is back, receive as much.
 *
 * Beside the queue of batches runs one of bursts, as they were received: a burst's packets are all
 * of one queue and go all or none, and it is in such bursts, cut where a batch ends, that they are
 * judged. The program is then ebpf_offload_batch__judge(), in the native burst loop (lane-driver),
 * which finds the batch by its environment.
 */
#include <errno.h>
#include <string.h>
#include <time.h>

#include <rte_cycles.h>
#include <rte_malloc.h>
#include <rte_mbuf.h>
#include <rte_prefetch.h>

#include "admit.h"
#include "capture/capture.h"
#include "core/error.h"
#include "dataplane.h"
#include "gpu-offload/offload.h"
#include "gpu/lane.h"
#include "outbox.h"
#include "pool.h"
#include "rx-metadata.h"
#include "verdicts.h"

/* Bursts of a round that are seen off for each queue that is received from: what has piled up while
 * batches were away goes down again. */
#define SEEN_OFF 2

struct run {
	uint64_t since; /* cycles */
	uint16_t hop;
	uint16_t n; /* packets that are not yet judged */
	bool gone;
};

struct lane {
	struct ebpf_offload *offload; /* borrowed */
	struct ebpf_offload_queue *queue;
	struct ebpf_offload_batch *batch; /* that is judged now, or NULL */
	uint32_t next;                    /* of its packets */
	uint32_t held;                    /* for others */
	struct split split;
	struct split_slot slot;
	uint64_t slot_began, deadline; /* cycles */
	double ns;                     /* of a cycle */
	struct lane_counters counters;
	uint32_t mask; /* of places of runs */
	uint32_t first, end;
	struct run run[];
};

/* The burst loop of burst-driver.c, whose program is lane__entry(). */
void lane_driver(struct ebpf_env *env, void *burst);
uint64_t lane__entry(struct ebpf_env *env, void *ctx);

uint64_t lane__entry(struct ebpf_env *env, void *ctx)
{
	struct lane *lane = container_of(env, struct worker, env)->lane;

	return ebpf_offload_batch__judge(lane->batch, lane->next++, env, ctx);
}

struct lane *lane__create(const struct lane_opts *opts, char **errmsg)
{
	uint32_t places = rte_align32pow2(opts->batch * opts->depth);
	struct lane *lane = calloc(1, sizeof(*lane) + places * sizeof(lane->run[0]));

	if (!lane) {
		error__set(errmsg, -ENOMEM, "no memory for a lane of %u packets", places);
		return NULL;
	}
	lane->offload = opts->offload;
	lane->mask = places - 1;
	lane->ns = 1e9 / (double)rte_get_tsc_hz();
	lane->deadline = (uint64_t)(opts->deadline_us * 1e3 / lane->ns);
	split__init(&lane->split, opts->split, opts->batch, opts->deadline_us * UINT64_C(1000));
	lane->queue = ebpf_offload_queue__create(opts->offload, errmsg);
	if (lane->queue)
		return lane;
	free(lane);
	return NULL;
}

void lane__destroy(struct lane *lane)
{
	if (lane)
		ebpf_offload_queue__destroy(lane->queue);
	free(lane);
}

struct lane_counters lane__counters(const struct lane *lane)
{
	return (struct lane_counters){.direct = counter__read(&lane->counters.direct),
		.turn = counter__read(&lane->counters.turn),
		.gone = counter__read(&lane->counters.gone),
		.late = counter__read(&lane->counters.late),
		.share = __atomic_load_n(&lane->split.share, __ATOMIC_RELAXED),
		.crossover = __atomic_load_n(&lane->split.crossover, __ATOMIC_RELAXED)};
}

/* --- what they take ---------------------------------------------------------------------- */

static uint64_t clock_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static uint64_t ns_since(const struct lane *lane, uint64_t since)
{
	return (uint64_t)((double)(rte_rdtsc() - since) * lane->ns);
}

static void decide(struct lane *lane)
{
	lane->slot.ns = ns_since(lane, lane->slot_began);
	if (!split__slot_is_over(&lane->split, &lane->slot))
		return;
	split__learn(&lane->split, &lane->slot);
	lane->slot = (struct split_slot){0};
	lane->slot_began = rte_rdtsc();
}

static bool is_closed(const struct worker *w)
{
	return __atomic_load_n(&w->dp->lanes_closed, __ATOMIC_RELAXED);
}

/* --- what is back ------------------------------------------------------------------------ */

static struct run *oldest(struct lane *lane)
{
	return &lane->run[lane->first & lane->mask];
}

static void fill_burst(struct worker *w, const struct lane *lane, const struct run *run)
{
	const struct ebpf_offload_batch *b = lane->batch;
	uint16_t slot = run->hop / MAX_QUEUES;
	struct burst *burst = &w->burst;

	burst->n = RTE_MIN((uint32_t)run->n, b->n - lane->next);
	burst->in_frags = false;
	for (uint32_t i = 0; i < burst->n; i++) {
		burst->pkts[i] = b->user[lane->next + i];
		rte_prefetch0(burst->pkts[i]);
	}
	for (uint32_t i = lane->next + burst->n; i < RTE_MIN(b->n, lane->next + 2 * burst->n); i++)
		rte_prefetch0(b->user[i]);
	for (uint32_t i = 0; i < burst->n; i++)
		burst->in_frags |= burst->pkts[i]->nb_segs > 1;
	burst->ifindex = w->plan->port[slot].ifindex;
	burst->queue = run->hop % MAX_QUEUES;
}

/* Did somebody else than the interpreter judge these? */
static bool is_compiled(const struct lane *lane, const struct chain *chain, bool gone)
{
	const struct ebpf_code *code = ebpf_program__code(chain->link[0].program);

	return (gone && lane->batch->n_gone) || (code->driver && code->driver != burst_driver);
}

static void judge(
	struct worker *w, const struct plan_port *port, struct burst *burst, bool compiled)
{
	const struct capture_hop hop = {.port = port->port->name,
		.entry = "@entry",
		.exit = "@exit",
		.chain = &port->chain};
	const struct captures *captures = &w->plan->captures;

	if (unlikely(captures->n))
		captures__entry(captures, w->index, &hop, burst);
	chain__run_by(w, &port->chain, burst, lane_driver, compiled);
	if (unlikely(captures->n))
		captures__exit(captures, w->index, &hop, burst);
}

static void count(struct lane *lane, const struct run *run, uint32_t n, uint64_t began)
{
	struct split_work *work = run->gone ? &lane->slot.gone : &lane->slot.turn;
	bool late = run->gone && rte_rdtsc() - run->since > lane->deadline;

	split_work__spend(work, ns_since(lane, began), n);
	work->packets += n;
	lane->slot.late += late ? n : 0;
	counter__add(run->gone ? &lane->counters.gone : &lane->counters.turn, n);
	if (late)
		counter__add(&lane->counters.late, n);
}

/* Of the oldest burst what this batch has. */
static uint32_t see_burst_off(struct worker *w, struct lane *lane)
{
	struct run *run = oldest(lane);
	struct rxq rxq = {run->hop / MAX_QUEUES, run->hop % MAX_QUEUES, run->hop};
	const struct plan_port *port = &w->plan->port[rxq.port];
	uint64_t began = rte_rdtsc();
	uint32_t n;

	fill_burst(w, lane, run);
	n = w->burst.n;
	judge(w, port, &w->burst, is_compiled(lane, &port->chain, run->gone));
	verdicts__dispatch(w, &rxq, &w->burst);
	load__count_latency(&w->load, n, rte_rdtsc() - run->since);
	count(lane, run, n, began);
	run->n -= (uint16_t)n;
	lane->first += !run->n;
	return n;
}

/* What part of it took longest: another batch may be in the other parts meanwhile. */
static uint64_t slowest_part(const struct ebpf_offload_batch *b)
{
	uint64_t longest = RTE_MAX(b->times.in_ns, b->times.kernel_ns);

	longest = RTE_MAX(longest, b->times.out_ns);
	return longest ? longest : b->away_ns;
}

static void take_batch(struct worker *w, struct lane *lane)
{
	uint64_t began = rte_rdtsc(), now = clock_ns();

	if (unlikely(is_closed(w) || __atomic_load_n(&w->dp->stop, __ATOMIC_RELAXED)))
		ebpf_offload_queue__flush(lane->queue, now);
	lane->batch = ebpf_offload_queue__poll(lane->queue, now);
	lane->next = 0;
	if (!lane->batch)
		return;
	if (lane->batch->n_gone) {
		lane->slot.batches++;
		lane->slot.device.packets += lane->batch->n_gone;
		lane->slot.device.ns += slowest_part(lane->batch);
	}
	lane->slot.batch_ns += ns_since(lane, began);
}

static uint32_t see_off(struct worker *w, const struct plan_lane *p)
{
	struct lane *lane = p->lane;
	uint32_t n = 0, most = BURST_SIZE * SEEN_OFF * p->n_rxqs;

	w->lane = lane;
	while (n < most && ebpf_offload_queue__held(lane->queue)) {
		if (!lane->batch)
			take_batch(w, lane);
		if (!lane->batch)
			break;
		if (lane->next < lane->batch->n)
			n += see_burst_off(w, lane);
		if (lane->next == lane->batch->n) {
			ebpf_offload_queue__free(lane->queue, lane->batch);
			lane->batch = NULL;
		}
	}
	if (n)
		__atomic_store_n(
			&lane->held, ebpf_offload_queue__held(lane->queue), __ATOMIC_RELEASE);
	return n;
}

unsigned lanes__see_off(struct worker *w)
{
	const struct plan_worker *mine = &w->plan->worker[w->index];
	unsigned n = 0;

	for (uint16_t i = 0; i < mine->n_lanes && handover__has_room(w); i++)
		n += see_off(w, &mine->lanes[i]);
	return n;
}

/* --- what comes -------------------------------------------------------------------------- */

static uint32_t receive_direct(struct worker *w, struct lane *lane, const struct rxq *rxq)
{
	uint64_t began = rte_rdtsc();
	uint32_t n = worker__burst(w, rxq);

	if (!n)
		return 0;
	split_work__spend(&lane->slot.direct, ns_since(lane, began), n);
	lane->slot.direct.packets += n;
	counter__add(&lane->counters.direct, n);
	return n;
}

static struct ebpf_offload_packet describe(struct rte_mbuf *m, const struct burst *burst, bool goes)
{
	struct ebpf_xdp_ctx ctx;
	struct ebpf_offload_packet p = {
		.len = m->pkt_len, .ifindex = burst->ifindex, .queue = burst->queue, .user = m};

	if (!goes || m->nb_segs > 1)
		return p;
	open_metadata(&ctx, m);
	p.data = rte_pktmbuf_mtod(m, const uint8_t *);
	p.metadata = ctx.metadata;
	p.rx_hash = ctx.rx_hash;
	p.rx_hash_type = ctx.rx_hash_type;
	p.rx_vlan_tci = ctx.rx_vlan_tci;
	return p;
}

static void put_in(struct lane *lane, const struct rxq *rxq, const struct burst *burst, bool goes,
	uint64_t began)
{
	struct run *run = &lane->run[lane->end & lane->mask];

	if (!burst->n)
		return;
	for (uint32_t i = 0; i < burst->n; i++) {
		struct ebpf_offload_packet p = describe(burst->pkts[i], burst, goes);

		ebpf_offload_queue__add(lane->queue, &p);
	}
	*run = (struct run){.since = began, .hop = rxq->hop, .n = (uint16_t)burst->n, .gone = goes};
	lane->end++;
	__atomic_store_n(&lane->held, ebpf_offload_queue__held(lane->queue), __ATOMIC_RELEASE);
	split_work__spend(
		goes ? &lane->slot.gone : &lane->slot.turn, ns_since(lane, began), burst->n);
}

static uint32_t room(const struct lane *lane, const struct rte_mempool *pool)
{
	uint32_t held = ebpf_offload_queue__held(lane->queue),
		 n = ebpf_offload_queue__room(lane->queue);

	if (held >= lane->split.limit || (held && pool__is_short(pool)))
		return 0;
	n = RTE_MIN(n, lane->split.limit - held);
	return RTE_MIN(n, (uint32_t)BURST_SIZE);
}

static uint32_t receive_into(struct worker *w, struct lane *lane, const struct rxq *rxq, bool works)
{
	const struct plan_port *port = &w->plan->port[rxq->port];
	struct counters *counters = &w->hops[rxq->hop];
	struct burst *burst = &w->burst;
	uint64_t began = rte_rdtsc();
	uint16_t n = (uint16_t)room(lane, port->port->pool);

	if (n)
		n = rte_eth_rx_burst(port->id, rxq->queue, burst->pkts, n);
	if (!n)
		return 0;
	counter__add(&counters->entered, n);
	counter__add(&counters->bursts, 1);
	load__count_burst(&w->load, n);
	burst->n = n;
	burst->ifindex = port->ifindex;
	burst->queue = rxq->queue;
	burst__admit(burst, 0, port, counters);
	put_in(lane, rxq, burst, works && split__goes(&lane->split, burst->n), began);
	return n;
}

static uint32_t receive(struct worker *w, struct lane *lane, const struct rxq *rxq)
{
	bool closed = is_closed(w);
	bool works = ebpf_offload__state(lane->offload, NULL) == EBPF_OFFLOAD_WORKS;

	if ((!works || closed || !lane->split.share) && !ebpf_offload_queue__held(lane->queue))
		return receive_direct(w, lane, rxq);
	return closed ? 0 : receive_into(w, lane, rxq, works);
}

unsigned lanes__receive(struct worker *w)
{
	const struct plan_worker *mine = &w->plan->worker[w->index];
	unsigned n = 0;

	for (uint16_t i = 0; i < mine->n_lanes; i++) {
		const struct plan_lane *p = &mine->lanes[i];

		for (uint16_t q = 0; q < p->n_rxqs; q++)
			n += receive(w, p->lane, &p->rxqs[q]);
		decide(p->lane);
	}
	return n;
}

/* --- control ----------------------------------------------------------------------------- */

static bool are_empty(const struct plan *plan, unsigned n_workers)
{
	for (unsigned i = 0; i < n_workers; i++)
		for (uint16_t l = 0; l < plan->worker[i].n_lanes; l++)
			if (__atomic_load_n(&plan->worker[i].lanes[l].lane->held, __ATOMIC_ACQUIRE))
				return false;
	return true;
}

static bool has_lanes(const struct plan *plan, unsigned n_workers)
{
	for (unsigned i = 0; i < n_workers; i++)
		if (plan->worker[i].n_lanes)
			return true;
	return false;
}

void lanes__close(struct dataplane *dp)
{
	const struct timespec moment = {.tv_nsec = 20000};

	if (!has_lanes(dp->plan, dp->n_workers))
		return;
	__atomic_store_n(&dp->lanes_closed, true, __ATOMIC_RELAXED);
	ebpf_instance__synchronize(dp->instance);
	while (!are_empty(dp->plan, dp->n_workers))
		nanosleep(&moment, NULL);
}

void lanes__open(struct dataplane *dp)
{
	__atomic_store_n(&dp->lanes_closed, false, __ATOMIC_RELAXED);
}
