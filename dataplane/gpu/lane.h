/* SPDX-License-Identifier: BSD-3-Clause
 *
 * lane.h -- a worker's way to a device, for the packets of one program: from the receive queues
 * whose first program it is, into batches, and back in the order in which they came.
 *
 *	receive ─► admitted ─► lane ─► judged: by the device, or by the worker in its turn
 *	   └── nothing is in the lane, and nothing is to go: as without a lane     └─► rest of the
 *	                                                                   chain ─► dispatched
 *
 * What packets a lane holds are of the receive queues' hops, in flight there (counters.h). A
 * worker's rounds are not longer than without: as many packets are seen off in one as come in
 * another.
 *
 * A packet is judged by the plan by which it was received: before workers go by another one, all
 * lanes are closed, and the control thread waits until they hold nothing (lanes__close()). So a
 * plan, and the lanes that it names, may go as if there were none.
 *
 * Threads: created and destroyed under the dataplane's lock while no plan names it; run by its
 * worker; what it holds and has counted may be read by anybody.
 */
#ifndef DATAPLANE_GPU_LANE_H
#define DATAPLANE_GPU_LANE_H

#include <stdbool.h>
#include <stdint.h>

#include "gpu-offload/split.h"

struct dataplane;
struct lane;
struct ebpf_offload;
struct plan_lane;
struct worker;

struct lane_opts {
	struct ebpf_offload *offload; /* borrowed */
	enum split_mode split;
	uint32_t batch, depth; /* as the offload has them */
	uint32_t deadline_us;  /* of a packet (split.h) */
};

/* What has become of packets that came by, and how long they took. */
struct lane_counters {
	uint64_t direct; /* judged at once, as without a lane */
	uint64_t turn;   /* judged by the worker in their turn */
	uint64_t gone;
	uint64_t late;             /* of those that were gone: judged after the deadline */
	uint32_t share, crossover; /* as in struct split, now */
};

/* NULL with *errmsg */
struct lane *lane__create(const struct lane_opts *opts, char **errmsg);
void lane__destroy(struct lane *lane); /* NULL is fine */
struct lane_counters lane__counters(const struct lane *lane);

/* Receives into all lanes of a worker's plan, sees off what is back. How many packets. */
unsigned lanes__receive(struct worker *w);
unsigned lanes__see_off(struct worker *w);

/* Under the lock: no lane takes packets any more, and none holds any when it returns; until they
 * are opened again, by whoever needs that, workers judge all packets themselves. */
void lanes__close(struct dataplane *dp);
void lanes__open(struct dataplane *dp);

#endif
