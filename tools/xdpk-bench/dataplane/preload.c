/* SPDX-License-Identifier: BSD-3-Clause
 *
 * preload.c -- makes any DPDK application comparable with another.
 *
 * A module to be preloaded into any DPDK application. (EAL's own way, -d, refuses modules below a
 * folder that all may write to, as /tmp.) It does two things, so that whoever is measured has the
 * same packets in buffers of the same shape:
 *
 * Every mempool of the application has its objects side by side. Without hugepages each would have
 * a page of its own, all headers in the same few sets of the cache, and testpmd has no option
 * against it (xdpk does it by itself: dataplane/pool.c).
 *
 * A net_ring port hands back what is sent to it and has nothing at first. A telemetry command puts
 * so many packets in each of its queues:
 *
 *	/bench/fill,NAME,QUEUES,PACKETS,LENGTH
 *
 * The ring has one producer, the application's worker; but that sends only what it has received,
 * so nobody is in the way as long as the ring is filled once, in one step.
 */
#include <dlfcn.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <rte_common.h>
#include <rte_ether.h>
#include <rte_mbuf.h>
#include <rte_ring.h>
#include <rte_telemetry.h>

#include "burst.h"

#define MAX_QUEUES  16
#define MAX_PACKETS 1023

__attribute__((visibility("default"))) struct rte_mempool *rte_mempool_create_empty(
	const char *name, unsigned n, unsigned elt_size, unsigned cache_size,
	unsigned private_data_size, int socket_id, unsigned flags)
{
	__typeof__(&rte_mempool_create_empty) create = dlsym(RTLD_NEXT, __func__);

	return create(name, n, elt_size, cache_size, private_data_size, socket_id,
		flags | RTE_MEMPOOL_F_NO_IOVA_CONTIG);
}

static struct rte_mempool *make_pool(unsigned mbufs)
{
	struct rte_pktmbuf_pool_private private = {
		.mbuf_data_room_size = RTE_ALIGN(PACKET_BUF_SIZE, RTE_CACHE_LINE_SIZE)};
	struct rte_mempool *pool = rte_mempool_create_empty("bench", mbufs,
		sizeof(struct rte_mbuf) + private.mbuf_data_room_size, 0, sizeof(private),
		SOCKET_ID_ANY, 0);

	if (!pool)
		return NULL;
	rte_pktmbuf_pool_init(pool, &private);
	if (rte_mempool_populate_default(pool) < 0)
		return NULL;
	rte_mempool_obj_iter(pool, rte_pktmbuf_init, NULL);
	return pool;
}

static void write_packet(struct rte_mbuf *m, uint16_t length)
{
	static const struct rte_ether_hdr eth = {.dst_addr = {{2, 0, 0, 0, 0, 1}},
		.src_addr = {{2, 0, 0, 0, 0, 2}},
		.ether_type = RTE_BE16(RTE_ETHER_TYPE_IPV4)};
	uint8_t *data = (uint8_t *)rte_pktmbuf_append(m, length);

	memset(data, 0, length);
	memcpy(data, &eth, sizeof(eth));
}

static int fill(const char *command, const char *params, struct rte_tel_data *answer)
{
	struct rte_mbuf *packets[MAX_PACKETS];
	struct rte_ring *ring[MAX_QUEUES];
	char device[16], name[RTE_RING_NAMESIZE];
	unsigned queues, n, length;
	struct rte_mempool *pool;

	if (!params || sscanf(params, "%15[^,],%u,%u,%u", device, &queues, &n, &length) != 4 ||
		queues > MAX_QUEUES || n > MAX_PACKETS || length < sizeof(struct rte_ether_hdr) ||
		length > EBPF_XDP_MAX_LINEAR)
		return -EINVAL;
	for (unsigned q = 0; q < queues; q++) {
		snprintf(name, sizeof(name), "ETH_RXTX%u_%s", q, device);
		ring[q] = rte_ring_lookup(name);
		if (!ring[q])
			return -ENODEV; /* not yet */
	}
	pool = make_pool(queues * n);
	for (unsigned q = 0; q < queues; q++) {
		if (!pool || rte_pktmbuf_alloc_bulk(pool, packets, n))
			return -ENOMEM;
		for (unsigned i = 0; i < n; i++)
			write_packet(packets[i], (uint16_t)length);
		if (!rte_ring_enqueue_bulk(ring[q], (void **)packets, n, NULL))
			return -ENOSPC;
	}
	return rte_tel_data_string(answer, "filled");
}

RTE_INIT(register_fill)
{
	rte_telemetry_register_cmd("/bench/fill", fill, "fills the rings of a net_ring device");
}
