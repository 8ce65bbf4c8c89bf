/* SPDX-License-Identifier: BSD-3-Clause
 *
 * verdicts.h -- what a verdict does to a packet.
 */
#ifndef DATAPLANE_VERDICTS_H
#define DATAPLANE_VERDICTS_H

#include <rte_mbuf.h>

#include "worker.h"

/* Is there no more to do than to send or to free the packet? */
static inline bool verdict__is_plain(const struct burst *burst, uint32_t i)
{
	const struct ebpf_redirect *to = &burst->redirect[i];

	return burst->verdict[i] != XDP_REDIRECT || to->kind == EBPF_REDIRECT_NONE ||
	       (to->kind == EBPF_REDIRECT_IFINDEX && !to->prog);
}

/* The port of this ifindex. NO_PORT if there is none, or it does not take the packet: *outcome is
 * what it is lost by, else left alone. */
static inline uint16_t redirect__port(const struct plan *plan, uint32_t ifindex,
	const struct rte_mbuf *packet, enum outcome *outcome)
{
	uint16_t to = plan__port_by_ifindex(plan, ifindex);

	if (unlikely(to == NO_PORT)) {
		*outcome = OUTCOME_NO_TARGET;
	} else if (unlikely(packet->pkt_len > plan->port[to].max_len)) {
		*outcome = OUTCOME_OVER_MTU;
		to = NO_PORT;
	}
	return to;
}

/* The port a plain packet leaves by, or NO_PORT; *outcome is what it counts as. */
static inline uint16_t verdict__port(const struct plan *plan, uint16_t from,
	const struct burst *burst, uint32_t i, enum outcome *outcome)
{
	uint32_t verdict = burst->verdict[i];
	uint16_t to = NO_PORT;

	*outcome = verdict <= XDP_REDIRECT ? (enum outcome)verdict : OUTCOME_ABORTED;
	switch (verdict) {
	case XDP_TX: return from;
	case XDP_PASS: *outcome = plan->port[from].pass_counts_as; return plan->port[from].pass;
	case XDP_REDIRECT:
		if (burst->redirect[i].kind == EBPF_REDIRECT_IFINDEX)
			to = redirect__port(
				plan, burst->redirect[i].target, burst->pkts[i], outcome);
		else
			*outcome = OUTCOME_NO_TARGET;
		return to;
	default: return NO_PORT;
	}
}

/* Sends or frees every packet of a judged burst from this queue, and counts each once at its hop,
 * except those handed over to another worker, which counts them when they are sent. */
void verdicts__dispatch(struct worker *w, const struct rxq *rxq, struct burst *burst);

#endif
