/* SPDX-License-Identifier: BSD-3-Clause
 *
 * ports.h -- DPDK ports: find or create them, give them queues and buffers, start and stop.
 *
 * A port has a slot, in the order in which xdpk lists ports; that number is used everywhere in this
 * folder, DPDK's own port id only to speak to DPDK. The slot of a port that is gone serves the
 * next.
 *
 * The user's steps:
 *
 *	ports__probe(&ports, "net_pcap0,rx_pcap=...", &err);     once per device
 *	ports__adopt(&ports, &err);                              those that EAL's options made
 *	ports.port[ports__find(&ports, name)].ifindex = ...      or .pass, .queues, .mtu
 *	ports__set_host(&ports, slot, host, &err);
 *	ports__start(&ports, n_workers, &err);
 *	    workers receive and send; port-change.h for more ports, or less
 *	ports__stop(&ports);                                     also flushes captures to files
 *
 * Threads: one at a time, under the dataplane's lock once it runs. Workers read of a port what its
 * comment says, as long as it is in their plan. The calls need EAL.
 */
#ifndef DATAPLANE_PORTS_H
#define DATAPLANE_PORTS_H

#include <rte_ethdev.h>
#include <rte_mempool.h>
#include <rte_ring.h>

#include "hop.h"
#include "input.h"

#define NO_PORT UINT16_MAX

struct ebpf_instance;
struct offloads;

enum port_state {
	PORT_NONE,    /* a free slot */
	PORT_FOUND,   /* not started yet */
	PORT_STARTED, /* receives and sends */
	PORT_LEAVING, /* receives no more, and nothing new is sent there */
	PORT_GONE,    /* no worker knows it any more */
};

struct port {
	enum port_state state;
	uint16_t id;     /* DPDK's */
	uint16_t queues; /* receive queues wanted; 0: one per worker, or as many as it has */
	uint16_t mtu;    /* wanted; 0: the device's */
	uint16_t n_rxq, n_txq;
	bool sends_segments; /* more than one of a packet */
	uint16_t pass;       /* the slot that XDP_PASS goes to, or NO_PORT: counted and freed */
	uint16_t host_of; /* the slot that this is the host side of, or NO_PORT: pass == host_of */
	uint32_t ifindex;
	char name[RTE_ETH_NAME_MAX_LEN];
	struct input input;          /* workers, too */
	struct rte_mempool *pool;    /* workers, too */
	uint64_t n_mbufs;            /* reserved in it */
	uint16_t worker[MAX_QUEUES]; /* who receives from each queue */
	/* Workers, too. With fewer tx queues than workers, worker w < n_txq owns queue w and takes
	 * from handover[w] what the others want sent; all NULL otherwise. */
	struct rte_ring *handover[RTE_MAX_LCORE];
	struct offloads *offloads; /* or NULL */
};

struct ports {
	struct port port[RTE_MAX_ETHPORTS];
	uint16_t n;                     /* slots to look at; any of them may be free */
	uint16_t queues[RTE_MAX_LCORE]; /* how many each worker receives from */
};

/* Creates the device and adds its ports. */
int ports__probe(
	struct ports *ports, const char *devargs, const struct input *input, char **errmsg);
/* Adds the ports that exist and are not yet in. */
int ports__adopt(struct ports *ports, char **errmsg);

/* name: a port's name, or its slot in decimal. NO_PORT if there is none. */
uint16_t ports__find(const struct ports *ports, const char *name);

/* The most mbufs that a port's queues and rings hold. queues: as in struct port. */
uint64_t port__mbufs(const struct input *input, unsigned queues, unsigned workers);

/* Makes `host` the host side of the port `slot`: what passes goes there, what comes from there
 * leaves by the port, unseen by programs. So a TAP stands for a kernel's own network interface. */
int ports__set_host(struct ports *ports, uint16_t slot, uint16_t host, char **errmsg);
/* Gives it its port's hardware address and MTU, as far as the device can: both have started. */
void port__resemble(const struct port *host, const struct port *port);

/* Makes the ports links of the instance, as bpf_fib_lookup sees them. */
int ports__add_links(const struct ports *ports, struct ebpf_instance *inst, char **errmsg);

/* Starts all that were found: with queues, buffers, and a worker for each receive queue. */
int ports__start(struct ports *ports, unsigned workers, char **errmsg);
/* Stops and closes a port, and frees its slot. No worker knows it any more. */
void port__close(struct ports *ports, uint16_t slot);
/* DPDK's name of its driver; "" where the device does not tell. */
const char *port__driver(const struct port *port);
void ports__stop(struct ports *ports);

#endif
