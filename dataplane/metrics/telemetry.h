/* SPDX-License-Identifier: BSD-3-Clause
 *
 * telemetry.h -- metrics by DPDK's telemetry, for dpdk-telemetry.py and its like:
 *
 *	/xdpk/port            the ports' names; /xdpk/prog, /xdpk/worker the same of those
 *	/xdpk/port,NAME       what is measured of one, all its queues together
 *
 * Keys are the names of metrics.def, and behind a slash what tells values apart: rx_verdicts/drop.
 * Times are in ns, and their names end with _ns; of histograms there are count and sum.
 *
 * DPDK's commands are the process's and stay; so one dataplane at a time has them.
 */
#ifndef DATAPLANE_METRICS_TELEMETRY_H
#define DATAPLANE_METRICS_TELEMETRY_H

struct dataplane;

/* Answers about this dataplane from now on; NULL: about none. After EAL. */
void telemetry__serve(struct dataplane *dp);

#endif
