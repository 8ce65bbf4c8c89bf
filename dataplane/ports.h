/* SPDX-License-Identifier: BSD-3-Clause
 *
 * ports.h -- DPDK ports: find or create them, give them queues and buffers, start and stop.
 *
 * Ports are numbered as xdpk lists them; that index is used everywhere in this folder, DPDK's
 * own port id only to speak to DPDK.
 *
 * The user's steps:
 *
 *	ports__probe(&ports, "net_pcap0,rx_pcap=...", &err);     once per device
 *	ports__adopt(&ports, &err);                              those that EAL's options made
 *	ports.port[ports__find(&ports, name)].ifindex = ...      or .pass
 *	ports__start(&ports, n_workers, &err);
 *	    workers receive and send
 *	ports__stop(&ports);                                     also flushes captures to files
 *
 * Threads: set up and torn down by one; read by all in between. The calls need EAL.
 */
#ifndef DATAPLANE_PORTS_H
#define DATAPLANE_PORTS_H

#include <rte_ethdev.h>
#include <rte_mempool.h>
#include <rte_ring.h>

#include "input.h"

#define NO_PORT UINT16_MAX

struct ebpf_instance;

struct port {
	uint16_t id; /* DPDK's */
	uint16_t n_rxq, n_txq;
	uint16_t pass; /* index of the port that XDP_PASS goes to, or NO_PORT: counted and freed */
	uint32_t ifindex;
	char name[RTE_ETH_NAME_MAX_LEN];
	struct input input;
	struct rte_mempool *pool;
	/* With fewer tx queues than workers, worker w < n_txq owns queue w and takes from
	 * handover[w] what the others want sent; all NULL otherwise. */
	struct rte_ring *handover[RTE_MAX_LCORE];
};

struct ports {
	struct port port[RTE_MAX_ETHPORTS];
	uint16_t n;
};

/* Creates the device and adds its ports. */
int ports__probe(
	struct ports *ports, const char *devargs, const struct input *input, char **errmsg);
/* Adds the ports that exist and are not yet in. */
int ports__adopt(struct ports *ports, char **errmsg);

/* name: a port's name, or its index in decimal. NO_PORT if there is none. */
uint16_t ports__find(const struct ports *ports, const char *name);

/* The most mbufs that a port's queues and rings hold. */
uint64_t port__mbufs(const struct input *input, unsigned workers);

/* Makes the ports links of the instance, as bpf_fib_lookup sees them. */
int ports__add_links(const struct ports *ports, struct ebpf_instance *inst, char **errmsg);

int ports__start(struct ports *ports, unsigned workers, char **errmsg);
void ports__stop(struct ports *ports);

/* NO_PORT if no port has this ifindex. */
static inline uint16_t ports__by_ifindex(const struct ports *ports, uint32_t ifindex)
{
	uint32_t likely = ifindex - 1;

	if (likely < ports->n && ports->port[likely].ifindex == ifindex)
		return (uint16_t)likely;
	for (uint16_t i = 0; i < ports->n; i++)
		if (ports->port[i].ifindex == ifindex)
			return i;
	return NO_PORT;
}

#endif
