/* SPDX-License-Identifier: BSD-3-Clause
 *
 * offloads.c -- look at the first packet of every burst, in a receive callback of DPDK's, which
 * only such ports have.
 *
 * An unfinished checksum is known without adding up the packet: it holds the sum of the pseudo
 * header alone. By chance it does so once in 65536 packets, so some of a few dozen packets must.
 * The length that the IP header tells shows what was not cut into segments, though the device may
 * have cut off all that exceeds its frames.
 */
#include <net/if.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <rte_ethdev.h>
#include <rte_ip.h>
#include <rte_net.h>
#include <rte_tcp.h>
#include <rte_udp.h>

#include "interface.h"
#include "offloads.h"

/* So many of so many packets of TCP or UDP. */
#define ENOUGH 3
#define WINDOW 32

enum finding { NO_CHECKSUM, NOT_CUT, CUT_OFF, N_FINDINGS };

static const char *const words[N_FINDINGS] = {
	[NO_CHECKSUM] = "packets come without checksums",
	[NOT_CUT] = "packets come that are longer than the MTU",
	[CUT_OFF] = "packets are cut off, as they exceed the device's frames",
};

/* Of one queue. Its worker alone writes, except for `found`, which others read. */
struct sample {
	uint32_t seen, count[N_FINDINGS];
	uint32_t found; /* bits */
} __rte_cache_aligned;

struct offloads {
	char interface[IF_NAMESIZE];
	uint32_t max_len; /* of an IP packet */
	uint32_t told;    /* bits */
	uint16_t n_rxq;
	struct sample queue[];
};

static bool checksum_is_missing(
	const struct rte_mbuf *m, uint32_t l4_offset, uint32_t l4_type, uint16_t pseudo_header)
{
	const struct rte_tcp_hdr *tcp = rte_pktmbuf_mtod_offset(m, void *, l4_offset);
	const struct rte_udp_hdr *udp = rte_pktmbuf_mtod_offset(m, void *, l4_offset);

	return pseudo_header == (l4_type == RTE_PTYPE_L4_TCP ? tcp->cksum : udp->dgram_cksum);
}

/* Bits of findings about a packet of TCP or UDP without IP options or extensions; -1: it is
 * another. */
static int inspect(const struct rte_mbuf *m, uint32_t max_len)
{
	struct rte_net_hdr_lens lens;
	uint32_t type = rte_net_get_ptype(
		m, &lens, RTE_PTYPE_L2_MASK | RTE_PTYPE_L3_MASK | RTE_PTYPE_L4_MASK);
	uint32_t l3_type = type & RTE_PTYPE_L3_MASK, l4_type = type & RTE_PTYPE_L4_MASK;
	uint32_t length, l4_offset = lens.l2_len + lens.l3_len;
	uint16_t pseudo_header;
	const void *ip;

	if ((l4_type != RTE_PTYPE_L4_TCP && l4_type != RTE_PTYPE_L4_UDP) ||
		l4_offset + sizeof(struct rte_tcp_hdr) > m->data_len)
		return -1;
	ip = rte_pktmbuf_mtod_offset(m, const void *, lens.l2_len);
	if (l3_type == RTE_PTYPE_L3_IPV4) {
		pseudo_header = rte_ipv4_phdr_cksum(ip, 0);
		length = rte_be_to_cpu_16(((const struct rte_ipv4_hdr *)ip)->total_length);
	} else if (l3_type == RTE_PTYPE_L3_IPV6) {
		pseudo_header = rte_ipv6_phdr_cksum(ip, 0);
		length = rte_be_to_cpu_16(((const struct rte_ipv6_hdr *)ip)->payload_len) +
			 sizeof(struct rte_ipv6_hdr);
	} else {
		return -1;
	}
	return checksum_is_missing(m, l4_offset, l4_type, pseudo_header) << NO_CHECKSUM |
	       (length > max_len) << NOT_CUT |
	       (length <= max_len && lens.l2_len + length > m->pkt_len) << CUT_OFF;
}

static uint16_t look_at_first(uint16_t port, uint16_t queue, struct rte_mbuf *pkts[], uint16_t n,
	uint16_t max, void *user)
{
	struct offloads *o = user;
	struct sample *s = &o->queue[queue];
	int findings = n ? inspect(pkts[0], o->max_len) : -1;

	if (findings < 0)
		return n;
	for (unsigned i = 0; i < N_FINDINGS; i++) {
		s->count[i] += findings >> i & 1;
		if (s->count[i] >= ENOUGH)
			__atomic_store_n(&s->found, s->found | 1u << i, __ATOMIC_RELAXED);
	}
	if (++s->seen == WINDOW) {
		s->seen = 0;
		memset(s->count, 0, sizeof(s->count));
	}
	return n;
}

struct offloads *offloads__watch(uint16_t id, uint16_t n_rxq)
{
	struct rte_eth_dev_info info;
	struct offloads *o;

	if (rte_eth_dev_info_get(id, &info) || !info.if_index)
		return NULL;
	o = aligned_alloc(RTE_CACHE_LINE_SIZE, sizeof(*o) + n_rxq * sizeof(o->queue[0]));
	if (!o)
		return NULL;
	memset(o, 0, sizeof(*o) + n_rxq * sizeof(o->queue[0]));
	o->n_rxq = n_rxq;
	if (if_indextoname(info.if_index, o->interface))
		o->max_len = interface__mtu(o->interface);
	if (!o->max_len)
		o->max_len = UINT16_MAX;
	for (uint16_t q = 0; q < n_rxq; q++)
		if (!rte_eth_add_rx_callback(id, q, look_at_first, o))
			break; /* this queue is not looked at */
	return o;
}

void offloads__free(struct offloads *offloads)
{
	free(offloads);
}

/* The command that has the kernel finish what comes by the interface. */
static void print_cure(const char *interface, enum finding finding, char *text, size_t size)
{
	char driver[IF_NAMESIZE];

	interface__driver(interface, driver, sizeof(driver));
	if (finding == CUT_OFF)
		snprintf(text, size, "there and where they come from: ip link set %s mtu 1500",
			interface);
	else if (!strcmp(driver, "veth"))
		snprintf(text, size,
			"at the other end of the veth %s, IF being its name there: ethtool -K IF "
			"tx "
			"off",
			interface);
	else if (!strcmp(driver, "tun"))
		snprintf(text, size, "ethtool -K %s tx off", interface);
	else
		snprintf(text, size, "ethtool -K %s rx off gro off lro off", interface);
}

size_t offloads__tell(struct offloads *o, char *text, size_t size)
{
	enum finding finding;
	uint32_t found = 0;
	char cure[128];

	for (uint16_t q = 0; o && q < o->n_rxq; q++)
		found |= __atomic_load_n(&o->queue[q].found, __ATOMIC_RELAXED);
	if (!o || !(found & ~o->told))
		return 0;
	finding = (enum finding)__builtin_ctz(found & ~o->told);
	o->told |= 1u << finding;
	print_cure(o->interface, finding, cure, sizeof(cure));
	return (size_t)snprintf(text, size, "%s; cure: %s", words[finding], cure);
}
