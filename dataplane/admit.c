/* SPDX-License-Identifier: BSD-3-Clause
 *
 * admit.c -- packets that are not plain. Rare, unless frames are larger than a page: then all of
 * them, and those that a device has laid into segments as programs want them are not copied.
 */
#include <ebpf-program.h>

#include "admit.h"

/* The linear part, and the fragments. */
#define MAX_SEGMENTS (1 + EBPF_XDP_MAX_FRAGS)

static bool is_in_frags(const struct rte_mbuf *m)
{
	if (m->nb_segs == 1 || m->nb_segs > MAX_SEGMENTS || !segment__is_first(m))
		return false;
	for (m = m->next; m; m = m->next)
		if (!segment__is_own(m) || !m->data_len)
			return false;
	return true;
}

/* As much as a linear part may have is in the first segment, so that it can grow at its head. */
struct rte_mbuf *packet__copy(const struct rte_mbuf *m, struct rte_mempool *pool)
{
	struct rte_mbuf *head = rte_pktmbuf_copy(m, pool, 0, EBPF_XDP_MAX_LINEAR), *tail;

	if (!head || m->pkt_len <= EBPF_XDP_MAX_LINEAR)
		return head;
	tail = rte_pktmbuf_copy(m, pool, EBPF_XDP_MAX_LINEAR, UINT32_MAX);
	if (tail && !rte_pktmbuf_chain(head, tail))
		return head;
	rte_pktmbuf_free(head);
	rte_pktmbuf_free(tail);
	return NULL;
}

/* What packet__copy() finds fragments for, each behind DPDK's headroom. */
static uint32_t longest(struct rte_mempool *pool)
{
	uint32_t room = rte_pktmbuf_data_room_size(pool) - RTE_PKTMBUF_HEADROOM;

	return EBPF_XDP_MAX_LINEAR + EBPF_XDP_MAX_FRAGS * room;
}

static struct rte_mbuf *lose(struct rte_mbuf *m, struct delta *delta, enum outcome loss)
{
	delta->outcome[loss]++;
	rte_pktmbuf_free(m);
	return NULL;
}

static struct rte_mbuf *take_copy(struct rte_mbuf *m, struct rte_mbuf *copy, struct delta *delta)
{
	if (!copy)
		return lose(m, delta, OUTCOME_NO_MBUF);
	rte_pktmbuf_free(m);
	return copy;
}

struct rte_mbuf *packet__linearize(
	struct rte_mbuf *m, struct rte_mempool *pool, struct delta *delta)
{
	if (m->pkt_len > EBPF_XDP_MAX_LINEAR)
		return lose(m, delta, OUTCOME_TOO_LONG);
	return take_copy(m, packet__copy(m, pool), delta);
}

struct rte_mbuf *packet__admit(
	struct rte_mbuf *m, bool has_frags, struct rte_mempool *pool, struct delta *delta)
{
	if (m->pkt_len < RTE_ETHER_HDR_LEN)
		return lose(m, delta, OUTCOME_TOO_SHORT);
	if (has_frags && is_in_frags(m))
		return m;
	if (!has_frags || m->pkt_len <= EBPF_XDP_MAX_LINEAR)
		return packet__linearize(m, pool, delta);
	if (m->pkt_len > longest(pool))
		return lose(m, delta, OUTCOME_TOO_LONG);
	return take_copy(m, packet__copy(m, pool), delta);
}

void burst__admit(struct burst *burst, uint32_t first, const struct plan_port *port,
	struct counters *counters)
{
	struct delta delta = {0};
	uint32_t n = first;

	if (likely(packets__are_plain(burst->pkts + first, burst->n - first)))
		return;
	for (uint32_t i = first; i < burst->n; i++) {
		struct rte_mbuf *m = burst->pkts[i];

		if (!packet__is_plain(m)) {
			m = packet__admit(m, port->chain.has_frags, port->port->pool, &delta);
			burst->in_frags |= m && m->nb_segs > 1;
		}
		if (m)
			burst->pkts[n++] = m;
	}
	burst->n = n;
	counters__apply(counters, &delta);
}

void burst__suit(struct burst *burst, const struct ebpf_program *prog, struct rte_mempool *pool,
	struct delta *delta)
{
	bool has_frags = ebpf_program__has_frags(prog);
	uint32_t n = 0;

	burst->in_frags = false;
	for (uint32_t i = 0; i < burst->n; i++) {
		struct rte_mbuf *m = burst->pkts[i];

		burst->state[n] = burst->state[i];
		if (unlikely(m->nb_segs > 1) && has_frags) {
			burst->in_frags = true;
		} else if (unlikely(m->nb_segs > 1)) {
			m = packet__linearize(m, pool, delta);
			burst->state[n].meta = 0;
		}
		if (likely(m != NULL))
			burst->pkts[n++] = m;
	}
	burst->n = n;
}

static void trim(struct rte_mbuf *packet)
{
	struct rte_mbuf *last = packet, *empty;

	while (last->next && last->next->data_len)
		last = last->next;
	empty = last->next;
	last->next = NULL;
	for (struct rte_mbuf *m = empty; m; m = m->next)
		packet->nb_segs--;
	rte_pktmbuf_free(empty);
}

void burst__trim(struct burst *burst)
{
	for (uint32_t i = 0; i < burst->n; i++)
		if (burst->pkts[i]->nb_segs > 1)
			trim(burst->pkts[i]);
}
