/* SPDX-License-Identifier: BSD-3-Clause
 *
 * port-metrics.c -- ports as devices, and their buffers.
 */
#include <string.h>

#include <rte_version.h>

#include "capture/capture.h"
#include "metrics/collect.h"

typedef void add_port(struct metrics_walk *w, const struct port *port, uint16_t slot);

static void each_port(struct metrics_walk *w, add_port *add)
{
	const struct ports *ports = w->dp->ports;

	for (uint16_t slot = 0; slot < ports->n; slot++)
		if (ports->port[slot].state == PORT_STARTED)
			add(w, &ports->port[slot], slot);
}

void metrics__build(struct metrics_walk *w)
{
	const char *dpdk = strchr(rte_version(), ' '); /* behind its name */

	metrics__add(w, 1, "version", XDPK_VERSION, "dpdk", dpdk ? dpdk + 1 : "", NULL);
}

static void add_info(struct metrics_walk *w, const struct port *port, uint16_t slot)
{
	metrics__add(w, 1, "port", port->name, "slot", metrics__number(slot).text, "ifindex",
		metrics__number(port->ifindex).text, "driver", port__driver(port), NULL);
}

static void add_up(struct metrics_walk *w, const struct port *port, uint16_t slot)
{
	struct rte_eth_link link;
	bool up = !rte_eth_link_get_nowait(port->id, &link) && link.link_status;

	metrics__add(w, up, "port", port->name, NULL);
}

static void add_tx_packets(struct metrics_walk *w, const struct port *port, uint16_t slot)
{
	metrics__add(w, dataplane__port_sent(w->dp, slot), "port", port->name, NULL);
}

static void add_missed(struct metrics_walk *w, const struct port *port, uint16_t slot)
{
	metrics__add(w, dataplane__port_missed(w->dp, slot), "port", port->name, NULL);
}

static struct rte_eth_stats device_stats(const struct port *port)
{
	struct rte_eth_stats stats = {0};

	rte_eth_stats_get(port->id, &stats);
	return stats;
}

static void add_rx_bytes(struct metrics_walk *w, const struct port *port, uint16_t slot)
{
	metrics__add(w, device_stats(port).ibytes, "port", port->name, NULL);
}

static void add_tx_bytes(struct metrics_walk *w, const struct port *port, uint16_t slot)
{
	metrics__add(w, device_stats(port).obytes, "port", port->name, NULL);
}

void metrics__port_info(struct metrics_walk *w)
{
	each_port(w, add_info);
}

void metrics__port_up(struct metrics_walk *w)
{
	each_port(w, add_up);
}

void metrics__tx_packets(struct metrics_walk *w)
{
	each_port(w, add_tx_packets);
}

void metrics__device_missed(struct metrics_walk *w)
{
	each_port(w, add_missed);
}

void metrics__device_rx_bytes(struct metrics_walk *w)
{
	each_port(w, add_rx_bytes);
}

void metrics__device_tx_bytes(struct metrics_walk *w)
{
	each_port(w, add_tx_bytes);
}

/* Each pool once, however many ports use it. */
static void each_pool(struct metrics_walk *w, unsigned (*value)(const struct rte_mempool *pool))
{
	const struct ports *ports = w->dp->ports;

	for (uint16_t slot = 0; slot < ports->n; slot++) {
		const struct port *port = &ports->port[slot];
		bool first = port->state == PORT_STARTED && port->pool;

		for (uint16_t i = 0; i < slot && first; i++)
			first = ports->port[i].state != PORT_STARTED ||
				ports->port[i].pool != port->pool;
		if (first)
			metrics__add(w, value(port->pool), "pool", port->pool->name, NULL);
	}
}

static unsigned pool_size(const struct rte_mempool *pool)
{
	return pool->size;
}

void metrics__pool_buffers(struct metrics_walk *w)
{
	each_pool(w, pool_size);
}

void metrics__pool_free(struct metrics_walk *w)
{
	each_pool(w, rte_mempool_avail_count);
}

struct capture_sums {
	uint64_t running, packets, lost;
};

static struct capture_sums capture_sums(const struct dataplane *dp)
{
	struct capture_sums sums = {0};

	for (unsigned i = 0; i < MAX_CAPTURES; i++) {
		struct capture_state state;

		if (!dp->captures[i].capture)
			continue;
		capture__state(dp->captures[i].capture, &state);
		sums.running += !state.ended;
		sums.packets += state.packets;
		sums.lost += state.lost;
	}
	return sums;
}

void metrics__capture_running(struct metrics_walk *w)
{
	metrics__add(w, capture_sums(w->dp).running, NULL);
}

void metrics__capture_packets(struct metrics_walk *w)
{
	metrics__add(w, capture_sums(w->dp).packets, NULL);
}

void metrics__capture_lost(struct metrics_walk *w)
{
	metrics__add(w, capture_sums(w->dp).lost, NULL);
}
