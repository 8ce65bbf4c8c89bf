/* SPDX-License-Identifier: BSD-3-Clause
 *
 * offloads.h -- finds packets that a kernel has left for a network card to finish: without a
 * checksum, or many in one.
 *
 * A kernel that sends out of a veth, or that has glued together what it received, hands on such
 * packets to whoever takes them from there: in a port on an interface of the kernel's
 * (net_af_packet, net_af_xdp, net_pcap) they are broken ones, and TCP stands still. Only the kernel
 * can be told to finish them.
 *
 * Threads: workers look at packets; offloads__tell() may be called by one thread at a time.
 */
#ifndef DATAPLANE_OFFLOADS_H
#define DATAPLANE_OFFLOADS_H

#include <stddef.h>
#include <stdint.h>

struct offloads;

/* Has the receive queues of a DPDK port looked at, if the kernel is behind it: else, or without
 * memory, it gives NULL. Before the port is started. */
struct offloads *offloads__watch(uint16_t id, uint16_t n_rxq);
/* The port has been closed. NULL is fine. */
void offloads__free(struct offloads *offloads);

/* One thing that was found and not told yet, in a sentence with the command that cures it; its
 * length, or 0. NULL is fine. */
size_t offloads__tell(struct offloads *offloads, char *text, size_t size);

#endif
