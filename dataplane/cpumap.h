/* SPDX-License-Identifier: BSD-3-Clause
 *
 * cpumap.h -- packets that a CPUMAP gives to another worker: each worker has a ring that all put
 * into, and runs the program of the map's entry over what it takes out. Then a packet passes, or is
 * redirected once more; anything else but XDP_DROP counts as aborted, as in Linux.
 *
 * The ring is the hop. Who puts a packet in counts it there as entered, and as lost if there is no
 * room: nobody waits. Its length is the same for all, whatever the map's entry says.
 *
 * A program at an entry may be replaced while packets wait for it. It stays until every worker has
 * been quiescent three times (vm/core/map-targets.c), and a worker is quiescent only when it has
 * run all that was in its ring when it was so last.
 */
#ifndef DATAPLANE_CPUMAP_H
#define DATAPLANE_CPUMAP_H

#include <stdint.h>

#include "burst.h"

#define CPUMAP_SLOTS 1024

struct dataplane;
struct rte_ring;
struct worker;

struct handed {
	struct rte_mbuf *packet;
	const struct ebpf_program *prog; /* NULL: it passes */
	uint16_t from;                   /* slot of the port that received it */
	struct packet_state state;
};

struct cpumap_ring {
	struct rte_ring *ring;
	uint32_t owed; /* packets in it to be run before the worker is quiescent */
};

/* -ENOMEM */
int cpumap__create(struct cpumap_ring *c);
void cpumap__destroy(struct cpumap_ring *c);

/* From w to the worker `to`; what it cannot take is freed. */
void cpumap__hand_over(struct worker *w, unsigned to, const struct handed *packets, unsigned n);

/* Runs a burst of what is owed, and sees it off. Returns how many packets. */
unsigned cpumap__run(struct worker *w);

#endif
