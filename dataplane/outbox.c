/* SPDX-License-Identifier: BSD-3-Clause
 *
 * outbox.c -- send and hand over.
 *
 * A packet that is handed over carries in its mbuf, in fields that are the application's
 * between receiving and sending, where it came from (port: its hop) and what it counts as
 * (hash.usr).
 */
#include <rte_mbuf.h>

#include "admit.h"
#include "dataplane.h"
#include "outbox.h"

/* Returns how many of the n packets the port took; the others are freed. */
static uint16_t send_burst(
	struct worker *w, uint16_t to, uint16_t queue, struct rte_mbuf **pkts, uint16_t n)
{
	uint16_t sent = rte_eth_tx_burst(w->plan->port[to].id, queue, pkts, n);

	counter__add(&w->sent[to], sent);
	if (unlikely(sent < n))
		rte_pktmbuf_free_bulk(pkts + sent, n - sent);
	return sent;
}

static uint16_t hand_over(struct outbox *box, struct rte_ring *ring, uint16_t hop)
{
	uint16_t taken;

	for (uint16_t i = 0; i < box->n; i++) {
		box->pkts[i]->port = hop;
		box->pkts[i]->hash.usr = box->outcome[i];
	}
	taken = (uint16_t)rte_ring_enqueue_burst(ring, (void **)box->pkts, box->n, NULL);
	if (unlikely(taken < box->n))
		rte_pktmbuf_free_bulk(box->pkts + taken, box->n - taken);
	return taken;
}

/* For a port that cannot send several. */
static void make_one_segment(struct outbox *box, const struct plan_port *port, struct delta *delta)
{
	uint16_t n = 0;

	for (uint16_t i = 0; i < box->n; i++) {
		struct rte_mbuf *m = box->pkts[i];

		if (m->nb_segs > 1)
			m = packet__linearize(m, port->port->pool, delta);
		if (!m)
			delta->outcome[box->outcome[i]]--;
		box->pkts[n] = m;
		box->outcome[n] = box->outcome[i];
		n += m != NULL;
	}
	box->n = n;
}

void outbox__flush(struct worker *w, uint16_t to, uint16_t hop, struct delta *delta)
{
	const struct plan_port *port = &w->plan->port[to];
	struct outbox *box = &w->outbox[to];
	uint16_t queue = (uint16_t)(w->index % port->n_txq);

	if (unlikely(!port->sends_segments))
		make_one_segment(box, port, delta);
	if (queue == w->index) {
		uint16_t sent = send_burst(w, to, queue, box->pkts, box->n);

		for (uint16_t i = sent; i < box->n; i++) {
			delta->outcome[box->outcome[i]]--;
			delta->outcome[OUTCOME_TX_FULL]++;
		}
	} else {
		uint16_t taken = hand_over(box, port->port->handover[queue], hop);

		for (uint16_t i = 0; i < box->n; i++) {
			delta->outcome[box->outcome[i]]--;
			if (i >= taken)
				delta->outcome[OUTCOME_RING_FULL]++;
		}
	}
	box->n = 0;
}

static void send_by_outbox(struct worker *w, uint16_t to, uint16_t hop, const struct burst *burst,
	enum outcome outcome)
{
	struct delta delta = {0};

	delta.outcome[outcome] = (int32_t)burst->n;
	for (uint32_t i = 0; i < burst->n; i++)
		outbox__add(&w->outbox[to], burst->pkts[i], outcome);
	outbox__flush(w, to, hop, &delta);
	counters__apply(&w->hops[hop], &delta);
}

void outbox__send_burst(
	struct worker *w, uint16_t to, uint16_t hop, struct burst *burst, enum outcome outcome)
{
	const struct plan_port *port = &w->plan->port[to];
	struct counters *counters = &w->hops[hop];
	uint16_t n = (uint16_t)burst->n, sent;

	if (unlikely(w->index >= port->n_txq || (burst->in_frags && !port->sends_segments))) {
		send_by_outbox(w, to, hop, burst, outcome);
		return;
	}
	sent = send_burst(w, to, (uint16_t)w->index, burst->pkts, n);
	counter__add(&counters->outcome[outcome], sent);
	if (unlikely(sent < n))
		counter__add(&counters->outcome[OUTCOME_TX_FULL], n - sent);
}

static unsigned handover__send_port(struct worker *w, uint16_t to, struct rte_ring *ring)
{
	struct rte_mbuf *pkts[BURST_SIZE];
	struct {
		uint16_t hop;
		uint8_t outcome;
	} note[BURST_SIZE]; /* the mbufs are the port's once they are sent */
	uint16_t sent,
		n = (uint16_t)rte_ring_sc_dequeue_burst(ring, (void **)pkts, BURST_SIZE, NULL);

	if (!n)
		return 0;
	for (uint16_t i = 0; i < n; i++) {
		note[i].hop = pkts[i]->port;
		note[i].outcome = (uint8_t)pkts[i]->hash.usr;
	}
	sent = send_burst(w, to, (uint16_t)w->index, pkts, n);
	for (uint16_t i = 0; i < n; i++) {
		enum outcome outcome = i < sent ? note[i].outcome : OUTCOME_TX_FULL;

		counter__add(&w->hops[note[i].hop].outcome[outcome], 1);
	}
	return n;
}

unsigned handover__send(struct worker *w)
{
	const struct plan *plan = w->plan;
	unsigned n = 0;

	for (uint16_t i = 0; i < plan->n_ports; i++) {
		const struct port *port = plan->port[i].port;
		struct rte_ring *ring = port ? port->handover[w->index] : NULL;

		if (ring)
			n += handover__send_port(w, i, ring);
	}
	return n;
}

bool handover__has_room(const struct worker *w)
{
	const struct plan *plan = w->plan;

	if (likely(!plan->worker[w->index].hands_over))
		return true;
	for (uint16_t i = 0; i < plan->n_ports; i++) {
		const struct plan_port *port = &plan->port[i];

		if (port->port && w->index >= port->n_txq &&
			rte_ring_free_count(port->port->handover[w->index % port->n_txq]) <
				w->dp->n_workers * BURST_SIZE)
			return false;
	}
	return true;
}
