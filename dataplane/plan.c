/* SPDX-License-Identifier: BSD-3-Clause
 *
 * plan.c -- draw a plan.
 */
#include <stdlib.h>
#include <string.h>

#include <rte_ether.h>

#include <ebpf-net.h>

#include "dataplane.h"
#include "gpu/prog-offload.h"
#include "plan.h"

static void draw_chain(struct chain *chain, const struct dataplane *dp, uint16_t slot)
{
	const struct attachments *list = &dp->attached[slot];

	chain->has_frags = true;
	for (chain->n = 0; chain->n < list->n; chain->n++) {
		const struct attachment *a = &list->item[chain->n];

		chain->link[chain->n] = (struct chain_link){.program = dp->progs[a->prog].program,
			.name = dp->progs[a->prog].name,
			.prog = a->prog,
			.call_on = a->call_on};
		chain->has_frags &= ebpf_program__has_frags(dp->progs[a->prog].program);
	}
}

/* What comes from a host side has no program to say anything but XDP_PASS. */
static void draw_pass(struct plan_port *p, const struct port *port, const struct ports *ports)
{
	bool there = port->pass != NO_PORT && ports->port[port->pass].state == PORT_STARTED;

	p->pass = there ? port->pass : NO_PORT;
	p->pass_counts_as = port->host_of == NO_PORT ? OUTCOME_PASS
			    : there                  ? OUTCOME_FORWARD
						     : OUTCOME_NO_TARGET;
}

/* As Linux has it: the link's MTU does not count the Ethernet header, nor a VLAN's tag. */
static uint32_t max_len(struct ebpf_instance *inst, uint32_t ifindex)
{
	uint32_t mtu = ebpf_net__link_mtu(inst, ifindex);

	return mtu ? mtu + RTE_ETHER_HDR_LEN + RTE_VLAN_HLEN : UINT32_MAX;
}

static void draw_port(struct plan *plan, const struct dataplane *dp, uint16_t slot)
{
	const struct port *port = &dp->ports->port[slot];
	struct plan_port *p = &plan->port[slot];

	p->pass = NO_PORT;
	if (port->state != PORT_STARTED && port->state != PORT_LEAVING)
		return;
	p->port = port;
	p->id = port->id;
	p->n_txq = port->n_txq;
	p->sends_segments = port->sends_segments;
	if (port->state == PORT_LEAVING)
		return;
	p->is_target = true;
	p->ifindex = port->ifindex;
	p->max_len = max_len(dp->instance, port->ifindex);
	draw_pass(p, port, dp->ports);
	draw_chain(&p->chain, dp, slot);
}

/* How much of the plan's arrays is drawn. */
struct drawn {
	size_t rxqs, lanes;
};

/* The worker's way for the packets of a port: that of its first program, or NULL. */
static struct lane *lane_of(const struct dataplane *dp, uint16_t slot, unsigned worker)
{
	const struct attachments *list = &dp->attached[slot];
	const struct prog_offload *po = list->n ? dp->progs[list->item[0].prog].offload : NULL;

	return po ? po->lane[worker] : NULL;
}

/* The worker's queues whose way this is, in the order of slots. Returns how many. */
static uint16_t draw_queues(struct plan *plan, struct drawn *drawn, const struct dataplane *dp,
	unsigned worker, const struct lane *lane)
{
	const struct ports *ports = dp->ports;
	uint16_t n = 0;

	for (uint16_t slot = 0; slot < ports->n; slot++) {
		const struct port *port = &ports->port[slot];

		if (port->state != PORT_STARTED || lane_of(dp, slot, worker) != lane)
			continue;
		for (uint16_t q = 0; q < port->n_rxq; q++) {
			if (port->worker[q] != worker)
				continue;
			plan->rxqs[drawn->rxqs++] = (struct rxq){slot, q, hop__rx(slot, q)};
			n++;
		}
	}
	return n;
}

static void draw_lanes(
	struct plan *plan, struct drawn *drawn, const struct dataplane *dp, unsigned worker)
{
	struct plan_worker *w = &plan->worker[worker];

	w->lanes = &plan->lanes[drawn->lanes];
	for (unsigned i = 0; i < MAX_PROGS; i++) {
		const struct prog_offload *po = dp->progs[i].offload;
		struct plan_lane *l = &plan->lanes[drawn->lanes];

		if (!po || !po->lane[worker])
			continue;
		l->lane = po->lane[worker];
		l->rxqs = &plan->rxqs[drawn->rxqs];
		l->n_rxqs = draw_queues(plan, drawn, dp, worker, l->lane);
		drawn->lanes += l->n_rxqs > 0;
		w->n_lanes += l->n_rxqs > 0;
	}
}

static void draw_worker(
	struct plan *plan, struct drawn *drawn, const struct dataplane *dp, unsigned worker)
{
	const struct ports *ports = dp->ports;
	struct plan_worker *w = &plan->worker[worker];

	for (uint16_t slot = 0; slot < ports->n; slot++)
		w->hands_over |= plan->port[slot].port && ports->port[slot].n_txq < dp->n_workers;
	w->rxqs = &plan->rxqs[drawn->rxqs];
	w->n_rxqs = draw_queues(plan, drawn, dp, worker, NULL);
	draw_lanes(plan, drawn, dp, worker);
}

unsigned plan_worker__queues(const struct plan_worker *w)
{
	unsigned n = w->n_rxqs;

	for (uint16_t i = 0; i < w->n_lanes; i++)
		n += w->lanes[i].n_rxqs;
	return n;
}

struct plan *plan__draw(const struct dataplane *dp)
{
	const struct ports *ports = dp->ports;
	struct plan *plan;
	struct drawn drawn = {0};
	size_t n = 0, rxqs, size;

	for (uint16_t slot = 0; slot < ports->n; slot++)
		n += ports->port[slot].n_rxq;
	rxqs = RTE_ALIGN(n * sizeof(plan->rxqs[0]), _Alignof(struct plan_lane));
	/* a lane has a queue at least */
	size = RTE_ALIGN(sizeof(*plan) + rxqs + n * sizeof(plan->lanes[0]), RTE_CACHE_LINE_SIZE);
	plan = aligned_alloc(RTE_CACHE_LINE_SIZE, size);
	if (!plan)
		return NULL;
	memset(plan, 0, size);
	plan->lanes = (struct plan_lane *)((uint8_t *)plan->rxqs + rxqs);
	plan->n_ports = ports->n;
	for (unsigned i = 0; i < MAX_CAPTURES; i++)
		if (dp->captures[i].capture)
			plan->captures.item[plan->captures.n++] = dp->captures[i].capture;
	for (uint16_t slot = 0; slot < ports->n; slot++)
		draw_port(plan, dp, slot);
	for (unsigned worker = 0; worker < dp->n_workers; worker++)
		draw_worker(plan, &drawn, dp, worker);
	return plan;
}
