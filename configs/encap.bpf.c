/* SPDX-License-Identifier: BSD-3-Clause
 *
 * encap.bpf.c -- one end of a tunnel: IPv4 and IPv6 packets get an outer IPv4 header and go
 * out where they came in.
 *
 * Between the outer header and the packet there can be a shim of zeroes, room for what a
 * device further on stamps in; the outer protocol is then 253 (RFC 3692). The head grows by
 * 20 + shim bytes, and Linux allows 216 at the most:
 *
 *	rodata set shim 180
 */
#include "parse.h"

#define MAX_SHIM   196
#define PROTO_SHIM 253
#define OUTER_TTL  64

const volatile __u32 shim = 0;                             /* bytes, a multiple of 4 */
const volatile __be32 outer_saddr = bpf_htonl(0xc0000201); /* 192.0.2.1 */
const volatile __be32 outer_daddr = bpf_htonl(0xc6336401); /* 198.51.100.1 */

static __always_inline __u8 outer_proto(__be16 inner)
{
	if (shim)
		return PROTO_SHIM;
	return inner == bpf_htons(ETH_P_IP) ? IPPROTO_IPIP : IPPROTO_IPV6;
}

static __always_inline void write_outer(struct iphdr *ip, __be16 inner, __u32 len)
{
	*ip = (struct iphdr){
		.version = 4,
		.ihl = 5,
		.tot_len = bpf_htons(len),
		.ttl = OUTER_TTL,
		.protocol = outer_proto(inner),
		.saddr = outer_saddr,
		.daddr = outer_daddr,
	};
	ip->check = csum_fold(bpf_csum_diff(NULL, 0, (__be32 *)ip, sizeof(*ip), 0));
}

SEC("xdp")
int xdp_encap(struct xdp_md *ctx)
{
	struct cursor c = packet_cursor(ctx);
	struct ethhdr *eth = take(&c, sizeof(*eth));
	__u32 inner_len = c.end - c.pos;
	struct ethhdr saved;
	struct iphdr *ip;

	if (!eth)
		return XDP_ABORTED;
	saved = *eth;
	if (saved.h_proto != bpf_htons(ETH_P_IP) && saved.h_proto != bpf_htons(ETH_P_IPV6))
		return XDP_PASS;
	if (shim > MAX_SHIM || bpf_xdp_adjust_head(ctx, -(int)(sizeof(*ip) + shim)))
		return XDP_DROP;

	/* The packet has moved: nothing that was checked before holds any more. */
	c = packet_cursor(ctx);
	eth = take(&c, sizeof(*eth));
	ip = take(&c, sizeof(*ip));
	if (!eth || !ip)
		return XDP_ABORTED;
	__builtin_memcpy(eth->h_dest, saved.h_source, ETH_ALEN);
	__builtin_memcpy(eth->h_source, saved.h_dest, ETH_ALEN);
	eth->h_proto = bpf_htons(ETH_P_IP);
	write_outer(ip, saved.h_proto, sizeof(*ip) + shim + inner_len);
	for (__u32 i = 0; i < MAX_SHIM && i < shim; i += 4) {
		__u32 *word = take(&c, sizeof(*word));

		if (!word)
			return XDP_ABORTED;
		*word = 0;
	}
	return XDP_TX;
}

char _license[] SEC("license") = "Dual BSD/GPL";
