/* SPDX-License-Identifier: BSD-3-Clause
 *
 * snapshot.c -- take and subtract.
 */
#include <errno.h>
#include <stdlib.h>

#include "metrics/snapshot.h"

static void take_hop(struct snapshot *s, const struct dataplane *dp, uint16_t hop)
{
	s->hop[hop] = dataplane__hop_counters(dp, hop);
}

static void take_ports(struct snapshot *s, const struct dataplane *dp)
{
	for (uint16_t slot = 0; slot < dp->ports->n; slot++) {
		const struct port *port = &dp->ports->port[slot];

		if (port->state != PORT_STARTED)
			continue;
		for (uint16_t q = 0; q < port->n_rxq; q++)
			take_hop(s, dp, hop__rx(slot, q));
		take_hop(s, dp, hop__egress(slot));
		take_hop(s, dp, hop__copies(slot));
		s->sent[slot] = dataplane__port_sent(dp, slot);
		s->missed[slot] = dataplane__port_missed(dp, slot);
	}
}

static void take_worker(
	struct snapshot_worker *s, const struct worker *w, const struct ports *ports)
{
	for (uint16_t slot = 0; slot < ports->n; slot++)
		for (uint16_t q = 0; q < ports->port[slot].n_rxq; q++)
			s->received += counter__read(&w->hops[hop__rx(slot, q)].entered);
	for (unsigned f = 0; f < LOAD_FILLS; f++)
		s->bursts += counter__read(&w->load.fill[f]);
	s->busy = counter__read(&w->time.busy);
}

static struct snapshot *take(const struct dataplane *dp)
{
	struct snapshot *s = calloc(1, sizeof(*s));

	if (!s)
		return NULL;
	take_ports(s, dp);
	for (uint16_t i = 0; i < MAX_PROGS; i++)
		s->prog[i] = dataplane__prog_counters(dp, i);
	for (unsigned i = 0; i < dp->n_workers; i++) {
		take_hop(s, dp, hop__cpumap(i));
		take_worker(&s->worker[i], dp->workers[i], dp->ports);
	}
	return s;
}

/* What is less than it was began anew: another port or program in that place. */
static void subtract(struct snapshot *s, const struct snapshot *before)
{
	const uint64_t *b = (const uint64_t *)before;
	uint64_t *a = (uint64_t *)s;

	for (size_t i = 0; i < sizeof(*s) / sizeof(*a); i++)
		if (a[i] >= b[i])
			a[i] -= b[i];
}

struct snapshot *snapshot__take(const struct dataplane *dp)
{
	struct snapshot *s = take(dp);

	if (s && dp->cleared)
		subtract(s, dp->cleared);
	return s;
}

int snapshot__clear(struct dataplane *dp)
{
	struct snapshot *s = take(dp);

	if (!s)
		return -ENOMEM;
	free(dp->cleared);
	dp->cleared = s;
	for (unsigned i = 0; i < dp->n_workers; i++)
		__atomic_store_n(&dp->workers[i]->time.longest_gap, 0, __ATOMIC_RELAXED);
	return 0;
}
