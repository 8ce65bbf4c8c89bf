/* SPDX-License-Identifier: BSD-3-Clause
 *
 * pool.c -- make mbuf pools.
 *
 * Without hugepages DPDK's own way of making a pool would give every mbuf its own page, so
 * that the headers of all packets share a cache set; RTE_MEMPOOL_F_NO_IOVA_CONTIG packs them,
 * which costs nothing to devices that do no DMA. DPDK's constructor takes no flags: hence the
 * steps by hand.
 */
#include <stdio.h>

#include <rte_eal.h>
#include <rte_errno.h>
#include <rte_lcore.h>
#include <rte_mbuf.h>
#include <rte_mbuf_pool_ops.h>

#include "burst.h"
#include "core/error.h"
#include "cpumap.h"
#include "pool.h"

/* Bursts of 64 and more must fit in the per-core cache. */
#define POOL_CACHE 512

/* What the driver of a port calls the buffer: its own headroom is part of it. */
#define POOL_DATA_ROOM RTE_ALIGN(PACKET_BUF_SIZE, RTE_CACHE_LINE_SIZE)

_Static_assert(POOL_DATA_ROOM - RTE_PKTMBUF_HEADROOM >= EBPF_XDP_MAX_LINEAR,
	"the longest packet must fit behind DPDK's headroom");

static uint32_t lane_packets;

uint64_t pool__worker_mbufs(unsigned workers)
{
	/* A cache is flushed when it holds half as much again as its size. */
	return (uint64_t)workers *
	       (POOL_CACHE * 3 / 2 + 2 * BURST_SIZE + CPUMAP_RESERVED + lane_packets);
}

void pool__expect_lanes(uint32_t packets)
{
	lane_packets = packets;
}

/* Beside what caches hold: what fills the empty ones of two workers. */
bool pool__is_short(const struct rte_mempool *pool)
{
	return rte_mempool_get_ops(pool->ops_index)->get_count(pool) <
	       2 * (POOL_CACHE + BURST_SIZE);
}

uint64_t pool__bytes(uint64_t mbufs)
{
	/* and mempool's header and padding, which spread objects over memory channels */
	return mbufs * (sizeof(struct rte_mbuf) + POOL_DATA_ROOM + 4 * RTE_CACHE_LINE_SIZE);
}

/* Devices that scatter long frames put into the first segment what a linear part may have, and no
 * more: then it can grow at its head, and need not be copied. */
static void tell_room(struct rte_mempool *pool)
{
	struct rte_pktmbuf_pool_private *told = rte_mempool_get_priv(pool);

	told->mbuf_data_room_size = RTE_PKTMBUF_HEADROOM + EBPF_XDP_MAX_LINEAR;
}

static struct rte_mempool *create(const char *name, int socket, unsigned mbufs)
{
	struct rte_pktmbuf_pool_private private = {.mbuf_data_room_size = POOL_DATA_ROOM};
	unsigned flags = rte_eal_has_hugepages() ? 0 : RTE_MEMPOOL_F_NO_IOVA_CONTIG;
	struct rte_mempool *pool =
		rte_mempool_create_empty(name, mbufs, sizeof(struct rte_mbuf) + POOL_DATA_ROOM,
			POOL_CACHE, sizeof(private), socket, flags);

	if (!pool)
		return NULL;
	if (rte_mempool_set_ops_byname(pool, rte_mbuf_best_mempool_ops(), NULL) == 0) {
		rte_pktmbuf_pool_init(pool, &private);
		if (rte_mempool_populate_default(pool) > 0) {
			rte_mempool_obj_iter(pool, rte_pktmbuf_init, NULL);
			tell_room(pool);
			return pool;
		}
	}
	rte_mempool_free(pool);
	return NULL;
}

struct reservation {
	struct rte_mempool *pool;
	int socket;
	uint64_t free;
};

static struct reservation pools[RTE_MAX_ETHPORTS];
static unsigned n_pools;

static struct reservation *find_room(int socket, uint64_t mbufs)
{
	for (unsigned i = 0; i < n_pools; i++)
		if (pools[i].socket == socket && pools[i].free >= mbufs)
			return &pools[i];
	return NULL;
}

static struct reservation *make_room(int socket, uint64_t mbufs, unsigned workers)
{
	uint64_t size = mbufs + pool__worker_mbufs(workers);
	struct reservation *r = &pools[n_pools];
	char name[RTE_MEMPOOL_NAMESIZE];

	if (n_pools == RTE_DIM(pools) || size >= INT32_MAX)
		return NULL;
	snprintf(name, sizeof(name), "packets_%u", n_pools);
	*r = (struct reservation){create(name, socket, (unsigned)size), socket, mbufs};
	if (!r->pool)
		return NULL;
	n_pools++;
	return r;
}

struct rte_mempool *pool__reserve(
	int socket, uint64_t mbufs, uint64_t room, unsigned workers, char **errmsg)
{
	struct reservation *r;

	/* Without hugepages there is one piece of memory, of no socket. */
	if (!rte_eal_has_hugepages())
		socket = SOCKET_ID_ANY;
	else if (socket < 0)
		socket = (int)rte_socket_id();
	r = find_room(socket, mbufs);
	if (!r)
		r = make_room(socket, room, workers);
	if (!r) {
		error__set(errmsg, -ENOMEM,
			"no memory for %llu packet buffers, %llu MB (EAL option -m)",
			(unsigned long long)room, (unsigned long long)(pool__bytes(room) >> 20));
		return NULL;
	}
	r->free -= mbufs;
	return r->pool;
}

void pool__release(const struct rte_mempool *pool, uint64_t mbufs)
{
	for (unsigned i = 0; i < n_pools; i++)
		if (pools[i].pool == pool)
			pools[i].free += mbufs;
}
