/* SPDX-License-Identifier: BSD-3-Clause
 *
 * hop.h -- the places where a packet is taken up and a program may judge it. Each has counters of
 * its own in every worker, and the packets that enter it leave it by exactly one outcome
 * (counters.h):
 *
 *	a receive queue of a port      the port's chain
 *	a worker's CPUMAP ring         the program of the CPUMAP's entry
 *	a port's egress                the program of the DEVMAP's entry
 *	the copies of a port           none: of broadcasts of packets that it received
 *
 * A port is known by its slot (ports.h), a worker by its index.
 */
#ifndef DATAPLANE_HOP_H
#define DATAPLANE_HOP_H

#include <stdint.h>

#include <rte_config.h>

/* Receive queues of a port. */
#define MAX_QUEUES 64

enum {
	HOP_CPUMAP = RTE_MAX_ETHPORTS * MAX_QUEUES,
	HOP_EGRESS = HOP_CPUMAP + RTE_MAX_LCORE,
	HOP_COPIES = HOP_EGRESS + RTE_MAX_ETHPORTS,
	N_HOPS = HOP_COPIES + RTE_MAX_ETHPORTS,
};

static inline uint16_t hop__rx(uint16_t slot, uint16_t queue)
{
	return (uint16_t)(slot * MAX_QUEUES + queue);
}

static inline uint16_t hop__cpumap(unsigned worker)
{
	return (uint16_t)(HOP_CPUMAP + worker);
}

static inline uint16_t hop__egress(uint16_t slot)
{
	return (uint16_t)(HOP_EGRESS + slot);
}

static inline uint16_t hop__copies(uint16_t slot)
{
	return (uint16_t)(HOP_COPIES + slot);
}

#endif
