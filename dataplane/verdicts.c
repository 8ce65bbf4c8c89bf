/* SPDX-License-Identifier: BSD-3-Clause
 *
 * verdicts.c -- sort a burst by verdict: into outboxes, or among those to be freed.
 *
 * Outboxes are emptied before the next burst, so that a packet that a port refuses is charged
 * to the port it came from, and no packet waits for others to come.
 */
#include <rte_mbuf.h>

#include "outbox.h"
#include "redirect.h"
#include "verdicts.h"

/* Packets that were admitted go back to their pool as they are, all at once if it is the same. */
static void free_all(struct rte_mbuf **pkts, uint32_t n)
{
	uintptr_t differ = 0;

	for (uint32_t i = 0; i < n; i++)
		differ |= ((uintptr_t)pkts[i]->pool ^ (uintptr_t)pkts[0]->pool) |
			  (pkts[i]->nb_segs ^ 1u);
	if (likely(!differ))
		rte_mempool_put_bulk(pkts[0]->pool, (void **)pkts, n);
	else
		rte_pktmbuf_free_bulk(pkts, n);
}

static void dispatch_uniform(struct worker *w, const struct rxq *rxq, struct burst *burst)
{
	enum outcome outcome;
	uint16_t to = verdict__port(w->plan, rxq->port, burst, 0, &outcome);

	if (to == NO_PORT) {
		free_all(burst->pkts, burst->n);
		counter__add(&w->hops[rxq->hop].outcome[outcome], burst->n);
	} else {
		outbox__send_burst(w, to, rxq->hop, burst, outcome);
	}
}

static void dispatch_mixed(struct worker *w, const struct rxq *rxq, struct burst *burst)
{
	struct delta delta = {0};
	struct rte_mbuf *gone[BURST_SIZE];
	unsigned n_gone = 0;
	uint32_t i, used = 0; /* bit per port */

	_Static_assert(RTE_MAX_ETHPORTS <= 32, "a bit for every port");
	for (i = 0; i < burst->n && verdict__is_plain(burst, i); i++) {
		enum outcome outcome;
		uint16_t to = verdict__port(w->plan, rxq->port, burst, i, &outcome);

		delta.outcome[outcome]++;
		if (to == NO_PORT) {
			gone[n_gone++] = burst->pkts[i];
		} else {
			outbox__add(&w->outbox[to], burst->pkts[i], outcome);
			used |= 1u << to;
		}
	}
	if (n_gone)
		rte_pktmbuf_free_bulk(gone, n_gone);
	for (; used; used &= used - 1)
		outbox__flush(w, (uint16_t)__builtin_ctz(used), rxq->hop, &delta);
	if (unlikely(i < burst->n))
		redirect__dispatch(w, rxq, burst, i, &delta);
	counters__apply(&w->hops[rxq->hop], &delta);
}

void verdicts__dispatch(struct worker *w, const struct rxq *rxq, struct burst *burst)
{
	if (burst->n && burst->uniform && burst->verdict[0] != XDP_REDIRECT)
		dispatch_uniform(w, rxq, burst);
	else if (burst->n)
		dispatch_mixed(w, rxq, burst);
}
