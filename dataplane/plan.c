/* SPDX-License-Identifier: BSD-3-Clause
 *
 * plan.c -- draw a plan.
 */
#include <stdlib.h>

#include <rte_ether.h>

#include <ebpf-net.h>

#include "dataplane.h"
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

/* The queues of one worker, in the order of slots, from rxqs[n] on; gives the next n. */
static size_t draw_worker(struct plan *plan, const struct dataplane *dp, unsigned worker, size_t n)
{
	const struct ports *ports = dp->ports;
	struct plan_worker *w = &plan->worker[worker];

	w->rxqs = &plan->rxqs[n];
	for (uint16_t slot = 0; slot < ports->n; slot++) {
		const struct port *port = &ports->port[slot];

		w->hands_over |= plan->port[slot].port && port->n_txq < dp->n_workers;
		for (uint16_t q = 0; port->state == PORT_STARTED && q < port->n_rxq; q++) {
			if (port->worker[q] != worker)
				continue;
			plan->rxqs[n++] = (struct rxq){slot, q, hop__rx(slot, q)};
			w->n_rxqs++;
		}
	}
	return n;
}

struct plan *plan__draw(const struct dataplane *dp)
{
	const struct ports *ports = dp->ports;
	struct plan *plan;
	size_t n = 0;

	for (uint16_t slot = 0; slot < ports->n; slot++)
		n += ports->port[slot].n_rxq;
	plan = calloc(1, sizeof(*plan) + n * sizeof(plan->rxqs[0]));
	if (!plan)
		return NULL;
	plan->n_ports = ports->n;
	plan->capture = dp->capture;
	for (uint16_t slot = 0; slot < ports->n; slot++)
		draw_port(plan, dp, slot);
	n = 0;
	for (unsigned worker = 0; worker < dp->n_workers; worker++)
		n = draw_worker(plan, dp, worker, n);
	return plan;
}
