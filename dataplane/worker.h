/* SPDX-License-Identifier: BSD-3-Clause
 *
 * worker.h -- what one lcore does: receive a burst, run the program over it, send its packets
 * where their verdicts say, again and again.
 *
 * A worker owns its receive queues, its environment, its counters and its outboxes; nothing
 * of it is written by others, and it takes no lock.
 */
#ifndef DATAPLANE_WORKER_H
#define DATAPLANE_WORKER_H

#include <rte_ethdev.h>

#include <ebpf-env.h>

#include "burst.h"
#include "counters.h"

struct dataplane;
struct ports;

struct rxq {
	uint16_t port, queue;
};

/* Packets of one burst that leave by one port, in order. */
struct outbox {
	uint16_t n;
	uint8_t outcome[BURST_SIZE];
	struct rte_mbuf *pkts[BURST_SIZE];
};

struct worker {
	struct dataplane *dp;
	struct ports *ports;
	unsigned index;
	uint16_t n_rxqs;
	struct rxq *rxqs;
	struct ebpf_env env;
	struct burst burst;
	struct outbox outbox[RTE_MAX_ETHPORTS];
	struct counters counters[RTE_MAX_ETHPORTS];
	/* packets run by the code the run began with, and by what was installed later */
	uint64_t ran[2];
} __rte_cache_aligned;

/* The lcore's main function; returns when the dataplane has stopped and drained. */
void worker__run(struct worker *w);

#endif
