/* SPDX-License-Identifier: BSD-3-Clause
 *
 * pool.h -- packet buffers: one mbuf pool per NUMA socket, with room for what a program may
 * do to a packet (burst.h).
 */
#ifndef DATAPLANE_POOL_H
#define DATAPLANE_POOL_H

#include <rte_mempool.h>

/* The most mbufs that workers keep beside queues and rings: their caches and bursts. */
uint64_t pool__worker_mbufs(unsigned workers);
uint64_t pool__bytes(uint64_t mbufs);

/* The pool of a socket, made with the first call. NULL with *errmsg. Never freed before EAL. */
struct rte_mempool *pool__get(int socket, uint64_t mbufs, char **errmsg);

#endif
