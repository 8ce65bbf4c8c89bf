/* SPDX-License-Identifier: BSD-3-Clause
 *
 * pool.h -- packet buffers: mbuf pools, NUMA-local, with room for what a program may do to a packet
 * (burst.h).
 *
 * A port reserves as many buffers as it and the workers can hold of it. Ports on one socket share a
 * pool as far as it goes; then there is another.
 *
 * Threads: one at a time.
 */
#ifndef DATAPLANE_POOL_H
#define DATAPLANE_POOL_H

#include <stdbool.h>

#include <rte_mempool.h>

/* The most mbufs that workers keep beside queues and rings: their caches and bursts; and what they
 * will have on a device, each, as said before there are pools. */
uint64_t pool__worker_mbufs(unsigned workers);
void pool__expect_lanes(uint32_t packets);
/* Who keeps packets for a while takes no more, lest devices find no buffers to receive into. Any
 * thread. */
bool pool__is_short(const struct rte_mempool *pool);
uint64_t pool__bytes(uint64_t mbufs);

/* A pool of the socket in which `mbufs` are free to be reserved; if there is none, a new one with
 * room for `room` of them and for what the workers keep. NULL with *errmsg. Pools are there until
 * EAL goes. */
struct rte_mempool *pool__reserve(
	int socket, uint64_t mbufs, uint64_t room, unsigned workers, char **errmsg);
void pool__release(const struct rte_mempool *pool, uint64_t mbufs);

#endif
