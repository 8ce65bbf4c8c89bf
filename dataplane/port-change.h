/* SPDX-License-Identifier: BSD-3-Clause
 *
 * port-change.h -- ports that come, go and change while workers run.
 *
 * A port leaves in three steps: nobody receives from it or sends anything new to it; what is on its
 * way to it has left, what came from it has been accounted for; nobody knows it. So no packet is
 * lost without a name.
 *
 * Threads: see dataplane.h.
 */
#ifndef DATAPLANE_PORT_CHANGE_H
#define DATAPLANE_PORT_CHANGE_H

#include <stdint.h>

struct dataplane;

struct port_opts {
	uint32_t ifindex; /* 0: its slot + 1 */
	uint16_t queues;  /* receive queues; 0: as struct port says */
	uint16_t mtu;     /* the same */
};

/* devargs: as DPDK's --vdev or -a takes them. The slot of the new port, or negative errno. */
int dataplane__add_port(
	struct dataplane *dp, const char *devargs, const struct port_opts *opts, char **errmsg);
/* -ENODEV; -EBUSY: packets do not leave, it stays as it was. What it has counted goes to dp->gone.
 */
int dataplane__del_port(struct dataplane *dp, uint16_t slot, char **errmsg);
/* ports__set_host() while workers run. -EBUSY: programs are attached to the host side. */
int dataplane__set_host(struct dataplane *dp, uint16_t slot, uint16_t host, char **errmsg);
/* Where XDP_PASS goes, and the packets of a port without programs: a slot, or NO_PORT. */
int dataplane__set_pass(struct dataplane *dp, uint16_t slot, uint16_t to, char **errmsg);

#endif
