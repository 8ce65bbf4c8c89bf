/* SPDX-License-Identifier: BSD-3-Clause
 *
 * admit.h -- what programs are given: plain packets, or, if all programs that may see them say
 * xdp.frags, packets in several segments as well. Any other is made so by copying, or lost by name.
 */
#ifndef DATAPLANE_ADMIT_H
#define DATAPLANE_ADMIT_H

#include <rte_ether.h>
#include <rte_mbuf.h>

#include "burst.h"
#include "counters.h"
#include "plan.h"
#include "plain.h"

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

/* A packet that is not plain: it is taken, and what can be admitted given back. NULL: the loss is
 * in *delta. */
struct rte_mbuf *packet__admit(
	struct rte_mbuf *m, bool has_frags, struct rte_mempool *pool, struct delta *delta);
/* Leaves those packets in the burst, from `first` on, that the port's programs may have; counts the
 * others. */
void burst__admit(struct burst *burst, uint32_t first, const struct plan_port *port,
	struct counters *counters);
/* A copy, in more than one segment only if it is longer than EBPF_XDP_MAX_LINEAR. NULL: no mbuf. */
struct rte_mbuf *packet__copy(const struct rte_mbuf *m, struct rte_mempool *pool);
/* The packet in one segment, taken and given back in the same way. */
struct rte_mbuf *packet__linearize(
	struct rte_mbuf *m, struct rte_mempool *pool, struct delta *delta);

/* Packets that were judged before, for one program more: linear ones unless it takes others. Those
 * that were made so have no metadata any more. */
void burst__suit(struct burst *burst, const struct ebpf_program *prog, struct rte_mempool *pool,
	struct delta *delta);

/* Frees the segments that a program has taken from the ends of packets. */
void burst__trim(struct burst *burst);

#endif
