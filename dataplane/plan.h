/* SPDX-License-Identifier: BSD-3-Clause
 *
 * plan.h -- all that workers need to know of ports and programs, in one picture that is never
 * changed, only replaced.
 *
 *	control   draw another plan ─► publish it ─► every worker has passed ─► free the old one
 *	worker    ── read the pointer ── burst, burst ── quiescent ── read the pointer ── ...
 *
 * Hence a burst never sees half of a change, and workers take no lock. Whatever a plan points at
 * (programs, rings, pools) outlives it.
 *
 * Threads: drawn and published under the dataplane's lock; read by workers.
 */
#ifndef DATAPLANE_PLAN_H
#define DATAPLANE_PLAN_H

#include <stdbool.h>

#include "capture/capture.h"
#include "chain.h"
#include "counters.h"
#include "ports.h"
#include "succession.h"

struct dataplane;
struct lane;

struct rxq {
	uint16_t port, queue, hop; /* port: its slot */
};

struct plan_port {
	const struct port *port; /* NULL: nobody has this slot */
	uint16_t id;             /* DPDK's */
	uint16_t n_txq;
	uint16_t pass; /* the slot that XDP_PASS goes to, or NO_PORT: counted and freed */
	enum outcome pass_counts_as;
	bool sends_segments; /* packets in several; otherwise they are made one, or lost */
	bool is_target; /* packets may be sent there; what is under way to it leaves all the same */
	uint32_t ifindex;   /* 0 where nothing may be sent */
	uint32_t max_len;   /* of packets that are redirected there */
	struct chain chain; /* empty: everything passes */
} __rte_cache_aligned;

/* Queues whose first program is to run on a device (gpu/lane.h). */
struct plan_lane {
	struct lane *lane;
	const struct rxq *rxqs;
	uint16_t n_rxqs;
};

struct plan_worker {
	const struct rxq *rxqs; /* but for those of lanes */
	uint16_t n_rxqs;
	uint16_t n_lanes;
	const struct plan_lane *lanes;
	bool hands_over; /* it sends for others by some port, or others for it */
};

struct plan {
	struct captures captures;            /* that see what goes by */
	const struct succession *succession; /* under way, or NULL */
	uint16_t n_ports;                    /* slots to look at */
	struct plan_port port[RTE_MAX_ETHPORTS];
	struct plan_worker worker[RTE_MAX_LCORE];
	struct plan_lane *lanes; /* of all workers */
	struct rxq rxqs[];       /* of all workers */
};

/* What the dataplane's state looks like now. NULL without memory. Freed by free(). */
struct plan *plan__draw(const struct dataplane *dp);

/* Queues that a worker receives from. */
unsigned plan_worker__queues(const struct plan_worker *w);

/* Who judges where an entry of a map has this program, or NULL. */
static inline const struct ebpf_program *plan__program_at(
	const struct plan *plan, const struct ebpf_program *prog)
{
	return likely(!plan->succession) ? prog : succession__of(plan->succession, prog);
}

/* NO_PORT if no port has this ifindex. */
static inline uint16_t plan__port_by_ifindex(const struct plan *plan, uint32_t ifindex)
{
	uint32_t likely = ifindex - 1;

	if (likely < plan->n_ports && plan->port[likely].ifindex == ifindex)
		return (uint16_t)likely;
	for (uint16_t i = 0; ifindex && i < plan->n_ports; i++)
		if (plan->port[i].ifindex == ifindex)
			return i;
	return NO_PORT;
}

#endif
