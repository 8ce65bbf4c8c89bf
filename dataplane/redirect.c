/* SPDX-License-Identifier: BSD-3-Clause
 *
 * redirect.c -- the packets of a burst one by one, each into the outbox of its port.
 *
 * In an outbox they wait for others of their kind: charged to the same hop, for the same program.
 * What is of another kind has the box emptied first, so that packets to one port keep their order.
 */
#include <string.h>

#include <rte_mbuf.h>

#include "admit.h"
#include "capture/capture.h"
#include "cpumap.h"
#include "dataplane.h"
#include "outbox.h"
#include "redirect.h"
#include "verdicts.h"

/* What is on its way out of one burst. */
struct departure {
	struct worker *w;
	const struct rxq *rxq;
	const struct burst *burst;
	struct delta *delta; /* of the hop where it was judged */
	struct delta copies; /* of broadcasts */
	uint32_t used;       /* outboxes: a bit per port */
	unsigned n_handed;
	struct handed handed[BURST_SIZE];
	struct cpumap_queue queue[BURST_SIZE]; /* that each of them is for */
};

/* --- programs at a DEVMAP's entries ------------------------------------------------------------
 */

static void fill_burst(struct burst *burst, const struct outbox *box)
{
	burst->n = box->n;
	memcpy(burst->pkts, box->pkts, box->n * sizeof(box->pkts[0]));
	memcpy(burst->state, box->state, box->n * sizeof(box->state[0]));
}

static void run_egress(
	struct worker *w, uint16_t to, const struct ebpf_program *prog, struct burst *burst)
{
	const struct captures *captures = &w->plan->captures;
	const struct capture_hop hop = {.port = w->plan->port[to].port->name,
		.entry = "@egress-entry",
		.exit = "@egress-exit",
		.program = ebpf_program__name(prog)};

	if (unlikely(captures->n))
		captures__entry(captures, w->index, &hop, burst);
	program__run_burst(w, prog, burst);
	if (unlikely(captures->n))
		captures__exit(captures, w->index, &hop, burst);
}

/* Leaves in the box what passes, the rest is freed. */
static void judge_egress(struct departure *d, uint16_t to, struct delta *delta)
{
	struct worker *w = d->w;
	struct outbox *box = &w->outbox[to];
	struct burst *burst = &w->rest; /* no chain runs now */

	fill_burst(burst, box);
	burst__suit(burst, box->prog, w->plan->port[to].port->pool, delta);
	burst->ifindex = d->burst->ifindex;
	burst->queue = 0; /* Linux does not tell it either */
	burst->egress_ifindex = w->plan->port[to].ifindex;
	run_egress(w, to, box->prog, burst);
	burst->egress_ifindex = 0;
	box->n = 0;
	for (uint32_t i = 0; i < burst->n; i++) {
		uint32_t verdict = burst->verdict[i];
		bool known = verdict == XDP_PASS || verdict == XDP_DROP;

		delta->outcome[known ? verdict : OUTCOME_ABORTED]++;
		if (verdict == XDP_PASS)
			outbox__add(box, burst->pkts[i], OUTCOME_PASS);
		else
			rte_pktmbuf_free(burst->pkts[i]);
	}
}

static void send_by_program(struct departure *d, uint16_t to)
{
	struct worker *w = d->w;
	struct counters *hop = &w->hops[hop__egress(to)];
	struct delta delta = {0};

	counter__add(&hop->entered, w->outbox[to].n);
	judge_egress(d, to, &delta);
	if (w->outbox[to].n)
		outbox__flush(w, to, hop__egress(to), &delta);
	counters__apply(hop, &delta);
}

static void empty_outbox(struct departure *d, uint16_t to)
{
	struct outbox *box = &d->w->outbox[to];

	if (box->prog)
		send_by_program(d, to);
	else
		outbox__flush(d->w, to, box->hop, box->hop == d->rxq->hop ? d->delta : &d->copies);
}

/* --- one packet ----------------------------------------------------------------------------- */

/* A packet and what is to be done with it. */
struct parcel {
	struct rte_mbuf *packet;
	struct packet_state state;
	const struct ebpf_program *prog; /* that runs at the port; or NULL */
	uint16_t hop;                    /* that it is charged to, without prog */
	enum outcome outcome;
};

static void put(struct departure *d, uint16_t to, const struct parcel *p)
{
	struct outbox *box = &d->w->outbox[to];

	if (box->n && (box->prog != p->prog || box->hop != p->hop || box->n == BURST_SIZE))
		empty_outbox(d, to);
	box->prog = p->prog;
	box->hop = p->hop;
	box->state[box->n] = p->state;
	outbox__add(box, p->packet, p->outcome);
	d->used |= 1u << to;
}

static struct parcel parcel_of(const struct departure *d, uint32_t i, enum outcome outcome)
{
	return (struct parcel){.packet = d->burst->pkts[i],
		.state = d->burst->state[i],
		.hop = d->rxq->hop,
		.outcome = outcome};
}

static void lose(struct departure *d, uint32_t i, enum outcome outcome)
{
	d->delta->outcome[outcome]++;
	rte_pktmbuf_free(d->burst->pkts[i]);
}

static void redirect_to_port(struct departure *d, uint32_t i)
{
	const struct ebpf_redirect *to = &d->burst->redirect[i];
	struct parcel p = parcel_of(d, i, OUTCOME_REDIRECT);
	uint16_t port = redirect__port(d->w->plan, to->target, p.packet, &p.outcome);

	if (port == NO_PORT) {
		lose(d, i, p.outcome);
		return;
	}
	d->delta->outcome[OUTCOME_REDIRECT]++;
	p.prog = plan__program_at(d->w->plan, to->prog);
	put(d, port, &p);
}

static void redirect_to_worker(struct departure *d, uint32_t i)
{
	const struct ebpf_redirect *to = &d->burst->redirect[i];

	if (to->target >= d->w->dp->n_workers) {
		lose(d, i, OUTCOME_NO_TARGET);
		return;
	}
	d->delta->outcome[OUTCOME_REDIRECT]++;
	d->queue[d->n_handed] = (struct cpumap_queue){to->target, to->queue};
	d->handed[d->n_handed++] = (struct handed){.packet = d->burst->pkts[i],
		.prog = plan__program_at(d->w->plan, to->prog),
		.from = d->rxq->port,
		.state = d->burst->state[i]};
}

/* In order, those for one queue together. */
static void hand_over_all(struct departure *d)
{
	struct handed together[BURST_SIZE];

	while (d->n_handed) {
		struct cpumap_queue to = d->queue[0];
		unsigned n = 0, left = 0;

		for (unsigned i = 0; i < d->n_handed; i++) {
			if (d->queue[i].worker == to.worker && d->queue[i].length == to.length) {
				together[n++] = d->handed[i];
				continue;
			}
			d->queue[left] = d->queue[i];
			d->handed[left++] = d->handed[i];
		}
		d->n_handed = left;
		cpumap__hand_over(d->w, to, together, n);
	}
}

/* --- broadcasts ----------------------------------------------------------------------------- */

struct broadcast {
	struct departure *d;
	struct parcel parcel; /* the packet itself */
	uint16_t port;        /* that was named last, whose copy is not made yet; or NO_PORT */
	const struct ebpf_program *prog;
};

/* With the metadata, which lies before the packet; one in one segment stays so. */
static struct rte_mbuf *copy_packet(
	struct rte_mbuf *m, struct packet_state state, struct rte_mempool *pool)
{
	struct rte_mbuf *copy;

	rte_pktmbuf_prepend(m, state.meta);
	copy = m->nb_segs > 1 ? packet__copy(m, pool) : rte_pktmbuf_copy(m, pool, 0, UINT32_MAX);
	rte_pktmbuf_adj(m, state.meta);
	if (copy && m->nb_segs == 1 && copy->nb_segs > 1) {
		rte_pktmbuf_free(copy);
		return NULL;
	}
	if (copy)
		rte_pktmbuf_adj(copy, state.meta);
	return copy;
}

static void put_copy(struct broadcast *b, struct rte_mbuf *packet)
{
	struct departure *d = b->d;
	struct parcel p = b->parcel;

	if (!packet) {
		d->copies.outcome[OUTCOME_NO_MBUF]++;
		return;
	}
	d->copies.outcome[OUTCOME_REDIRECT]++;
	p.packet = packet;
	p.prog = b->prog;
	put(d, b->port, &p);
}

static void name_port(void *user, const struct ebpf_redirect *one)
{
	struct broadcast *b = user;
	struct departure *d = b->d;
	const struct plan *plan = d->w->plan;
	enum outcome outcome = OUTCOME_REDIRECT;
	uint16_t port = redirect__port(plan, one->target, b->parcel.packet, &outcome);

	counter__add(&d->w->hops[b->parcel.hop].entered, 1);
	if (port == NO_PORT) {
		d->copies.outcome[outcome]++;
		return;
	}
	if (b->port != NO_PORT)
		put_copy(b, copy_packet(b->parcel.packet, b->parcel.state,
				    plan->port[b->port].port->pool));
	b->port = port;
	b->prog = plan__program_at(plan, one->prog);
}

static void redirect_to_all(struct departure *d, uint32_t i)
{
	struct broadcast b = {.d = d, .parcel = parcel_of(d, i, OUTCOME_REDIRECT), .port = NO_PORT};

	b.parcel.hop = hop__copies(d->rxq->port);
	d->delta->outcome[OUTCOME_REDIRECT]++;
	ebpf_redirect__for_each(&d->burst->redirect[i], d->burst->ifindex, name_port, &b);
	if (b.port != NO_PORT)
		put_copy(&b, b.parcel.packet);
	else
		rte_pktmbuf_free(b.parcel.packet);
}

/* --- the burst ------------------------------------------------------------------------------ */

static void see_off(struct departure *d, uint32_t i)
{
	uint32_t kind = EBPF_REDIRECT_NONE;
	enum outcome outcome;
	struct parcel p;
	uint16_t to;

	if (d->burst->verdict[i] == XDP_REDIRECT)
		kind = d->burst->redirect[i].kind;
	switch (kind) {
	case EBPF_REDIRECT_IFINDEX: redirect_to_port(d, i); return;
	case EBPF_REDIRECT_WORKER: redirect_to_worker(d, i); return;
	case EBPF_REDIRECT_BROADCAST: redirect_to_all(d, i); return;
	}
	to = verdict__port(d->w->plan, d->rxq->port, d->burst, i, &outcome);
	if (to == NO_PORT) {
		lose(d, i, outcome);
		return;
	}
	d->delta->outcome[outcome]++;
	p = parcel_of(d, i, outcome);
	put(d, to, &p);
}

void redirect__dispatch(struct worker *w, const struct rxq *rxq, const struct burst *burst,
	uint32_t first, struct delta *delta)
{
	struct departure d;

	d.w = w;
	d.rxq = rxq;
	d.burst = burst;
	d.delta = delta;
	d.copies = (struct delta){0};
	d.used = d.n_handed = 0;
	for (uint32_t i = first; i < burst->n; i++)
		see_off(&d, i);
	for (; d.used; d.used &= d.used - 1) {
		uint16_t to = (uint16_t)__builtin_ctz(d.used);

		if (w->outbox[to].n)
			empty_outbox(&d, to);
	}
	hand_over_all(&d);
	counters__apply(&w->hops[hop__copies(rxq->port)], &d.copies);
}
