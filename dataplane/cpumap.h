/* SPDX-License-Identifier: BSD-3-Clause
 *
 * cpumap.h -- packets that a CPUMAP gives to another worker: each worker has a ring that all put
 * into, and runs the program of the map's entry over what it takes out. Then a packet passes, or is
 * redirected once more; anything else but XDP_DROP counts as aborted, as in Linux.
 *
 * The ring is the hop. Who puts a packet in counts it there as entered, and as lost if there is no
 * room: nobody waits. There is room as long as fewer packets are in the ring than the length of the
 * queue that the map's entry tells, whichever maps they came by; workers that put some in at the
 * same moment may exceed it by a burst each.
 *
 * Until a first packet is put into some ring (dataplane.cpumaps) nobody looks at his own. Who is
 * quiescent after the one that put it in was so sees that there is one, by the order of eras.
 *
 * A program at an entry may be replaced while packets wait for it. It stays until every worker has
 * been quiescent three times (vm/core/map-targets.c), and a worker is quiescent only when it has
 * run all that was in its ring when it was so last.
 */
#ifndef DATAPLANE_CPUMAP_H
#define DATAPLANE_CPUMAP_H

#include <stdint.h>

#include "burst.h"

/* The longest queue that an entry can have; the ring holds one less. */
#define CPUMAP_SLOTS 16384
/* So many packets in it have buffers of their own. In longer queues they hold those of ports, which
 * receive no more when all of them wait, until the worker has caught up. */
#define CPUMAP_RESERVED 1024

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

/* A worker's queue as a map's entry has it. */
struct cpumap_queue {
	uint32_t worker;
	uint32_t length;
};

/* From w; what it cannot take is freed. */
void cpumap__hand_over(
	struct worker *w, struct cpumap_queue to, const struct handed *packets, unsigned n);

/* Something is owed: runs a burst of it, and sees it off. Returns how many packets. */
unsigned cpumap__run(struct worker *w);

#endif
