/* SPDX-License-Identifier: BSD-3-Clause
 *
 * worker.h -- what one lcore does: receive a burst, run the port's programs over it, send its
 * packets where their verdicts say, again and again.
 *
 * A worker owns its receive queues, its environment, its counters and its outboxes; nothing
 * of it is written by others, and it takes no lock.
 */
#ifndef DATAPLANE_WORKER_H
#define DATAPLANE_WORKER_H

#include <rte_ethdev.h>

#include <ebpf-env.h>

#include "burst.h"
#include "chain.h"
#include "counters.h"
#include "cpumap.h"
#include "hop.h"
#include "load.h"
#include "plan.h"

/* Programs that a dataplane holds at a time. */
#define MAX_PROGS 64

struct dataplane;

/* Packets of one burst that leave by one port, in order. */
struct outbox {
	uint16_t n;
	uint8_t outcome[BURST_SIZE];
	struct rte_mbuf *pkts[BURST_SIZE];
	/* Of redirect.c: what is true of all of them, and what a program wants to know. */
	uint16_t hop;
	const struct ebpf_program *prog;
	struct packet_state state[BURST_SIZE];
};

struct worker_time {          /* of the cycle counter (rte_rdtsc) */
	uint64_t looked;      /* at the end of a round; of each, if bursts are not full */
	unsigned unseen;      /* full rounds since then */
	uint64_t longest_gap; /* between two looks, and so between rounds; cleared by others */
	uint64_t busy;        /* all rounds that had packets */
};

struct worker {
	struct dataplane *dp;
	const struct plan *plan; /* of this round */
	unsigned index;
	bool closing; /* the run is over: nobody hands anything over any more */
	struct cpumap_ring cpumap;
	struct worker_time time;
	struct load load;
	struct ebpf_env env;
	struct burst burst; /* what was received */
	struct burst rest;  /* what of it the next program of a chain sees */
	struct lane *lane;  /* whose packets are judged now (gpu/lane.c) */
	struct outbox outbox[RTE_MAX_ETHPORTS];
	struct counters hops[N_HOPS] __rte_cache_aligned;
	uint64_t sent[RTE_MAX_ETHPORTS]; /* out of each port, wherever they came from */
	struct prog_counters progs[MAX_PROGS] __rte_cache_aligned; /* a line each */
} __rte_cache_aligned;

/* The lcore's main function; returns when the dataplane has stopped and drained. */
void worker__run(struct worker *w);
/* Receives a burst and sees all of it off. Returns how many packets came. */
unsigned worker__burst(struct worker *w, const struct rxq *rxq);

#endif
