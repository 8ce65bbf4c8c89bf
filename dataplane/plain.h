/* SPDX-License-Identifier: BSD-3-Clause
 *
 * plain.h -- the packets that all programs take: in one segment, which is nobody else's and has
 * room to grow.
 *
 * To look at a packet's mbuf is to wait for it, as it has just been received. So a burst's driver
 * looks, a few packets at a time, while it works on those before; what is not plain it leaves to
 * admit.h. Also compiled to bitcode.
 */
#ifndef DATAPLANE_PLAIN_H
#define DATAPLANE_PLAIN_H

#include <stdbool.h>
#include <stddef.h>

#include <rte_config.h>
#include <rte_mbuf_core.h>

#include <linux/if_ether.h>

#include "burst.h"

/* Where a packet begins if its pool is one of ours and the device did as most do: what is fetched
 * ahead, for there is no need to be right, nor to wait for the mbuf. */
static inline const void *packet__likely_start(const struct rte_mbuf *m)
{
	return (const uint8_t *)(m + 1) + RTE_PKTMBUF_HEADROOM;
}

/* Waits for nothing, and may be told of pointers that are none. */
static inline void packets__fetch(struct rte_mbuf *const *pkts)
{
	for (uint32_t i = 0; i < PLAIN_GROUP; i++)
		__builtin_prefetch(packet__likely_start(pkts[i]));
}

/* Two pieces of an mbuf, as DPDK lays it out. Eight fields are compared at once. */
typedef uint16_t mbuf_part __attribute__((vector_size(16), aligned(2), may_alias));

enum { PART_REFCNT = 1, PART_SEGS = 2, PART_FLAGS = 7 }; /* of what begins with data_off */
enum { PART_LENGTH = 0, PART_ROOM = 7 };                 /* of what begins with data_len */

#define PART_OF(field, first) \
	((offsetof(struct rte_mbuf, field) - offsetof(struct rte_mbuf, first)) / 2)
_Static_assert(PART_OF(refcnt, data_off) == PART_REFCNT &&
		       PART_OF(nb_segs, data_off) == PART_SEGS &&
		       PART_OF(ol_flags, data_off) + 3 == PART_FLAGS &&
		       PART_OF(buf_len, data_len) == PART_ROOM,
	"of mbufs");

static inline mbuf_part lesser(mbuf_part a, mbuf_part b)
{
	mbuf_part less = (mbuf_part)(a < b);

	return (a & less) | (b & ~less);
}

/* Are all packets plain? It has no jumps: what the packets have in common is gathered. */
static inline bool packets__are_plain(struct rte_mbuf *const *pkts, uint32_t n)
{
	mbuf_part any = {0}, least = ~any, most = any;

	for (uint32_t i = 0; i < n; i++) {
		const mbuf_part *head = (const mbuf_part *)&pkts[i]->data_off;
		const mbuf_part *lengths = (const mbuf_part *)&pkts[i]->data_len;

		any |= *head;
		least = lesser(least, *lengths);
		most = ~lesser(~most, ~*lengths);
	}
	return any[PART_REFCNT] == 1 && any[PART_SEGS] == 1 &&
	       !(any[PART_FLAGS] & ((RTE_MBUF_F_INDIRECT | RTE_MBUF_F_EXTERNAL) >> 48)) &&
	       least[PART_LENGTH] >= ETH_HLEN && most[PART_LENGTH] <= EBPF_XDP_MAX_LINEAR &&
	       least[PART_ROOM] >= PACKET_BUF_SIZE;
}

#endif
