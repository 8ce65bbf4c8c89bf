/* SPDX-License-Identifier: BSD-3-Clause
 *
 * snapshot.h -- all counters at one moment, and what they have grown by since another. Workers'
 * own counters are never set back: `stats clear` takes a snapshot, and `stats show` subtracts it.
 *
 * Threads: any but a worker, under the dataplane's lock.
 */
#ifndef DATAPLANE_METRICS_SNAPSHOT_H
#define DATAPLANE_METRICS_SNAPSHOT_H

#include "dataplane.h"

struct snapshot_worker {
	uint64_t received, bursts, busy; /* busy: cycles */
};

/* Nothing but counters of 64 bits. */
struct snapshot {
	struct counters hop[N_HOPS];
	uint64_t sent[RTE_MAX_ETHPORTS], missed[RTE_MAX_ETHPORTS];
	struct prog_counters prog[MAX_PROGS];
	struct snapshot_worker worker[RTE_MAX_LCORE];
};

/* As of now, less dp->cleared. The caller's, to be freed by free(); NULL without memory. */
struct snapshot *snapshot__take(const struct dataplane *dp);
/* From now on others begin at nothing. -ENOMEM */
int snapshot__clear(struct dataplane *dp);

#endif
