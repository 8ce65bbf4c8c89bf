/* SPDX-License-Identifier: BSD-3-Clause
 *
 * prog-offload.h -- a program of the dataplane that is to run on a device: its kernel there, a lane
 * for each worker that needs one, a thread that keeps its maps up to date.
 *
 *	gpu_opts__parse(&opts, "host:2", words, &err)       `offload host:2 split auto batch 256`
 *	po = prog_offload__create(program, &opts, worker, &err)
 *	prog_offload__open_lane(po, worker)                 when a port is attached
 *	prog_offload__destroy(po)                           no plan names its lanes
 *
 * That a program cannot go, or that there is no such device, is no failure: the reason stays with
 * it, and the CPU judges its packets.
 *
 * Devices are shared by all programs that name them alike, as long as they work.
 *
 * Threads: create and destroy from any, without the dataplane's lock, for they take long; the rest
 * under it.
 */
#ifndef DATAPLANE_GPU_PROG_OFFLOAD_H
#define DATAPLANE_GPU_PROG_OFFLOAD_H

#include <rte_config.h>

#include "gpu-offload/offload.h"
#include "lane.h"
#include "opts.h"

struct dataplane;

#define GPU_DEPTH 4 /* batches of a lane */

struct prog_offload {
	struct gpu_opts opts;
	struct shared_device *device;
	struct ebpf_offload
		*offload; /* NULL: it runs on the CPU, for the reason that is in `why` */
	char *why;        /* malloc'ed, or NULL */
	struct periodic *refresher;
	/* Ports have it, none as the first: a sentence about one of them; else "". */
	char behind[256];
	struct lane *lane[RTE_MAX_LCORE];
};

/* cpu: the number that the device has among the instance's workers. NULL: no memory. */
struct prog_offload *prog_offload__create(
	struct ebpf_program *prog, const struct gpu_opts *opts, uint32_t cpu);
void prog_offload__destroy(struct prog_offload *po); /* NULL is fine */

/* Gives every worker that receives for this program first a lane. Where that fails, or the program
 * is behind others, it goes on without, and why is said. */
void prog_offloads__open_lanes(struct dataplane *dp);

/* "works", "behind" (others), "failed", "refused" */
const char *prog_offload__state(const struct prog_offload *po);
/* Why it does not, malloc'ed, or NULL. */
char *prog_offload__why(const struct prog_offload *po);
/* Of the device, or what it was called. */
const char *prog_offload__device(const struct prog_offload *po);
/* Sums over workers; share: on average. */
struct lane_counters prog_offload__counters(const struct prog_offload *po);

#endif
