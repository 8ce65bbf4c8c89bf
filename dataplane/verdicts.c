/* SPDX-License-Identifier: BSD-3-Clause
 *
 * verdicts.c -- sort a burst by verdict: into outboxes, or among those to be freed.
 *
 * Outboxes are emptied before the next burst, so that a packet that a port refuses is charged
 * to the port it came from, and no packet waits for others to come.
 */
#include <rte_mbuf.h>

#include "outbox.h"
#include "verdicts.h"

/* The port a packet leaves by, or NO_PORT; *outcome is what it counts as. */
static inline uint16_t target(const struct plan *plan, uint16_t from, const struct burst *burst,
	uint32_t i, enum outcome *outcome)
{
	uint32_t verdict = burst->verdict[i];
	uint16_t to = NO_PORT;

	*outcome = verdict <= XDP_REDIRECT ? (enum outcome)verdict : OUTCOME_ABORTED;
	switch (verdict) {
	case XDP_TX: return from;
	case XDP_PASS: *outcome = plan->port[from].pass_counts_as; return plan->port[from].pass;
	case XDP_REDIRECT:
		if (burst->redirect[i].kind == EBPF_REDIRECT_IFINDEX)
			to = plan__port_by_ifindex(plan, burst->redirect[i].target);
		if (to == NO_PORT)
			*outcome = OUTCOME_NO_TARGET;
		return to;
	default: return NO_PORT;
	}
}

static void dispatch_uniform(
	struct worker *w, const struct rxq *rxq, struct burst *burst, struct counters *delta)
{
	enum outcome outcome;
	uint16_t to = target(w->plan, rxq->port, burst, 0, &outcome);

	delta->outcome[outcome] += burst->n;
	if (to == NO_PORT) {
		rte_pktmbuf_free_bulk(burst->pkts, burst->n);
	} else {
		outbox__fill(&w->outbox[to], burst->pkts, burst->n, outcome);
		outbox__flush(w, to, rxq->hop, delta);
	}
}

void verdicts__dispatch(
	struct worker *w, const struct rxq *rxq, struct burst *burst, struct counters *delta)
{
	struct rte_mbuf *gone[BURST_SIZE];
	unsigned n_gone = 0;
	uint32_t used = 0; /* bit per port */

	_Static_assert(RTE_MAX_ETHPORTS <= 32, "a bit for every port");
	if (!burst->n)
		return;
	if (burst->uniform && burst->verdict[0] != XDP_REDIRECT) {
		dispatch_uniform(w, rxq, burst, delta);
		return;
	}
	for (uint32_t i = 0; i < burst->n; i++) {
		enum outcome outcome;
		uint16_t to = target(w->plan, rxq->port, burst, i, &outcome);

		delta->outcome[outcome]++;
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
		outbox__flush(w, (uint16_t)__builtin_ctz(used), rxq->hop, delta);
}
