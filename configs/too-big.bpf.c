/* SPDX-License-Identifier: BSD-3-Clause
 *
 * too-big.bpf.c -- path MTU discovery at the edge: an IPv4 packet that is longer than the MTU
 * and must not be fragmented is answered with "fragmentation needed" (RFC 1191) from here.
 *
 * The answer is made out of the packet itself: cut behind the bytes that ICMP quotes, then
 * grown at the head by a new IPv4 and ICMP header, and sent back.
 */
#include "parse.h"

#define ICMP_DEST_UNREACH 3
#define ICMP_FRAG_NEEDED  4
#define QUOTED            28 /* the original's header and 8 bytes of what it carries */

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u64);
} answered SEC(".maps");

const volatile __u32 mtu = 1280;
const volatile __be32 own_addr = bpf_htonl(0xc0000201); /* 192.0.2.1 */

/* The header of a packet that is too big, or NULL. */
static __always_inline struct iphdr *take_too_big(struct cursor *c)
{
	struct ethhdr *eth = take(c, sizeof(*eth));
	struct iphdr *ip;

	if (!eth || eth->h_proto != bpf_htons(ETH_P_IP))
		return NULL;
	ip = take(c, sizeof(*ip));
	if (!ip || ip->ihl != 5 || !(ip->frag_off & bpf_htons(IP_DF)))
		return NULL;
	return bpf_ntohs(ip->tot_len) > mtu ? ip : NULL;
}

static __always_inline void write_eth(struct ethhdr *eth, const struct ethhdr *question)
{
	__builtin_memcpy(eth->h_dest, question->h_source, ETH_ALEN);
	__builtin_memcpy(eth->h_source, question->h_dest, ETH_ALEN);
	eth->h_proto = bpf_htons(ETH_P_IP);
}

static __always_inline void write_ip(struct iphdr *ip, __be32 to)
{
	*ip = (struct iphdr){
		.version = 4,
		.ihl = 5,
		.tot_len = bpf_htons(sizeof(*ip) + sizeof(struct icmp_header) + QUOTED),
		.ttl = 64,
		.protocol = IPPROTO_ICMP,
		.saddr = own_addr,
		.daddr = to,
	};
	ip->check = csum_fold(bpf_csum_diff(NULL, 0, (__be32 *)ip, sizeof(*ip), 0));
}

/* The quoted bytes follow the header. */
static __always_inline void write_icmp(struct icmp_header *icmp)
{
	*icmp = (struct icmp_header){
		.type = ICMP_DEST_UNREACH,
		.code = ICMP_FRAG_NEEDED,
		.mtu = bpf_htons(mtu),
	};
	icmp->checksum =
		csum_fold(bpf_csum_diff(NULL, 0, (__be32 *)icmp, sizeof(*icmp) + QUOTED, 0));
}

SEC("xdp")
int xdp_too_big(struct xdp_md *ctx)
{
	const int grow = sizeof(struct iphdr) + sizeof(struct icmp_header);
	const int keep = sizeof(struct ethhdr) + QUOTED;
	struct cursor c = packet_cursor(ctx);
	struct ethhdr *eth = c.pos, question;
	int len = c.end - c.pos;
	struct icmp_header *icmp;
	struct iphdr *ip;
	__u32 zero = 0;
	__be32 sender;
	__u64 *count;

	ip = take_too_big(&c);
	if (!ip)
		return XDP_PASS;
	question = *eth;
	sender = ip->saddr;
	if (len < keep) /* it says that it is long, and is not */
		return XDP_DROP;
	if (bpf_xdp_adjust_tail(ctx, keep - len) || bpf_xdp_adjust_head(ctx, -grow))
		return XDP_DROP;

	/* The packet has moved: nothing that was checked before holds any more. */
	c = packet_cursor(ctx);
	eth = take(&c, sizeof(*eth));
	if (!eth)
		return XDP_ABORTED;
	ip = take(&c, sizeof(*ip));
	if (!ip)
		return XDP_ABORTED;
	icmp = take(&c, sizeof(*icmp) + QUOTED);
	if (!icmp)
		return XDP_ABORTED;
	write_eth(eth, &question);
	write_ip(ip, sender);
	write_icmp(icmp);
	count = bpf_map_lookup_elem(&answered, &zero);
	if (count)
		(*count)++;
	return XDP_TX;
}

char _license[] SEC("license") = "Dual BSD/GPL";
