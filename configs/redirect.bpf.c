/* SPDX-License-Identifier: BSD-3-Clause
 *
 * redirect.bpf.c -- a router for networks of 24 bits: rewrites the Ethernet addresses, counts
 * the time to live down and sends the packet out of the next hop's interface.
 *
 *	map update routes key 10 0 0 value  3 0 0 0  2 0 0 0 0 1  2 0 0 0 0 2
 *
 * What has no route goes to default_ifindex, or up the stack if that is 0.
 */
#include "parse.h"

struct next_hop {
	__u32 ifindex;
	__u8 dmac[ETH_ALEN], smac[ETH_ALEN];
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 4096);
	__uint(key_size, 3); /* the network's bytes */
	__type(value, struct next_hop);
} routes SEC(".maps");

const volatile __u32 default_ifindex = 0;

SEC("xdp")
int xdp_redirect(struct xdp_md *ctx)
{
	struct cursor c = packet_cursor(ctx);
	struct ethhdr *eth = take(&c, sizeof(*eth));
	struct next_hop *hop;
	struct iphdr *ip;
	__u8 net[3];

	if (!eth || eth->h_proto != bpf_htons(ETH_P_IP))
		return XDP_PASS;
	ip = take_ipv4(&c);
	if (!ip)
		return XDP_DROP;
	if (ip->ttl <= 1)
		return XDP_PASS; /* the host's stack says so to the sender */

	__builtin_memcpy(net, &ip->daddr, sizeof(net));
	hop = bpf_map_lookup_elem(&routes, net);
	if (!hop)
		return default_ifindex ? bpf_redirect(default_ifindex, 0) : XDP_PASS;

	__builtin_memcpy(eth->h_dest, hop->dmac, ETH_ALEN);
	__builtin_memcpy(eth->h_source, hop->smac, ETH_ALEN);
	decrement_ttl(ip);
	return bpf_redirect(hop->ifindex, 0);
}

char _license[] SEC("license") = "Dual BSD/GPL";
