/* SPDX-License-Identifier: BSD-3-Clause
 *
 * admit.h -- what programs are given: plain packets, or, if all programs that may see them say
 * xdp.frags, packets in several segments as well. Any other is made so by copying, or lost by name.
 */
#ifndef DATAPLANE_ADMIT_H
#define DATAPLANE_ADMIT_H

#include <rte_ether.h>
#include <rte_mbuf.h>
#include <rte_prefetch.h>

#include "burst.h"
#include "counters.h"

/* A buffer of our own, with room to grow. */
static inline bool segment__is_own(const struct rte_mbuf *m)
{
	return rte_mbuf_refcnt_read(m) == 1 && RTE_MBUF_DIRECT(m);
}

/* The linear part of a packet as the kernel has it, or less. */
static inline bool segment__is_first(const struct rte_mbuf *m)
{
	return segment__is_own(m) && m->buf_len >= PACKET_BUF_SIZE &&
	       m->data_len >= RTE_ETHER_HDR_LEN && m->data_len <= EBPF_XDP_MAX_LINEAR;
}

static inline bool packet__is_plain(const struct rte_mbuf *m)
{
	return m->nb_segs == 1 && segment__is_first(m);
}

/* A power of two, such that numbers below it stay there when they are or-ed. */
#define SURELY_SHORT 2048
_Static_assert(SURELY_SHORT + RTE_ETHER_HDR_LEN <= EBPF_XDP_MAX_LINEAR, "of lengths");

/* Where a packet begins if its pool is one of ours and the device did as most do: what is fetched
 * ahead, for there is no need to be right, nor to wait for the mbuf. */
static inline const void *packet__likely_start(const struct rte_mbuf *m)
{
	return (const uint8_t *)(m + 1) + RTE_PKTMBUF_HEADROOM;
}

/* Are all packets plain? It says no of few bursts that are, and has no jumps: what the packets have
 * in common is gathered. Their first bytes are on the way to the cache after that. */
static inline bool burst__is_plain(const struct burst *burst)
{
	uint16_t refs = 0, segs = 0, lengths = 0, room = UINT16_MAX;
	uint64_t flags = 0;

	for (uint32_t i = 0; i < burst->n; i++) {
		const struct rte_mbuf *m = burst->pkts[i];

		rte_prefetch0(packet__likely_start(m));
		refs |= m->refcnt;
		segs |= m->nb_segs;
		flags |= m->ol_flags;
		lengths |= (uint16_t)(m->data_len - RTE_ETHER_HDR_LEN);
		room &= m->buf_len;
	}
	return refs == 1 && segs == 1 && !(flags & (RTE_MBUF_F_INDIRECT | RTE_MBUF_F_EXTERNAL)) &&
	       lengths < SURELY_SHORT && room >= PACKET_BUF_SIZE;
}

/* A packet that is not plain: it is taken, and what can be admitted given back. NULL: the loss is
 * in *delta. */
struct rte_mbuf *packet__admit(
	struct rte_mbuf *m, bool has_frags, struct rte_mempool *pool, struct counters *delta);
/* A copy, in more than one segment only if it is longer than EBPF_XDP_MAX_LINEAR. NULL: no mbuf. */
struct rte_mbuf *packet__copy(const struct rte_mbuf *m, struct rte_mempool *pool);
/* The packet in one segment, taken and given back in the same way. */
struct rte_mbuf *packet__linearize(
	struct rte_mbuf *m, struct rte_mempool *pool, struct counters *delta);

/* Packets that were judged before, for one program more: linear ones unless it takes others. Those
 * that were made so have no metadata any more. */
void burst__suit(struct burst *burst, const struct ebpf_program *prog, struct rte_mempool *pool,
	struct counters *delta);

/* Frees the segments that a program has taken from the ends of packets. */
void burst__trim(struct burst *burst);

#endif
