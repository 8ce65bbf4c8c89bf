/* SPDX-License-Identifier: BSD-3-Clause
 *
 * route.bpf.c -- an IPv4 router: finds the longest prefix of the destination, rewrites the
 * Ethernet addresses, counts the time to live down and sends the packet out of the next hop's
 * interface.
 *
 * Routes lead to next hops by number, as many routes share few neighbours: who changes a
 * neighbour changes one entry. In a route's key the length is a number in host order.
 *
 *	map update hops   key 1 0 0 0                 value 3 0 0 0  2 0 0 0 0 1  2 0 0 0 0 2
 *	map update routes key 24 0 0 0  10 1 2 0      value 1 0 0 0
 *
 * What has no route, or is for the host to answer (the time to live ends here), goes up the
 * stack.
 */
#include "parse.h"

#define MAX_HOPS 256

struct prefix {
	__u32 length; /* bits */
	__be32 addr;
};

struct next_hop {
	__u32 ifindex; /* 0: there is none */
	__u8 dmac[ETH_ALEN], smac[ETH_ALEN];
};

struct {
	__uint(type, BPF_MAP_TYPE_LPM_TRIE);
	__uint(max_entries, 65536);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, struct prefix);
	__type(value, __u32); /* a next hop */
} routes SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, MAX_HOPS);
	__type(key, __u32);
	__type(value, struct next_hop);
} hops SEC(".maps");

static __always_inline struct next_hop *find_hop(__be32 addr)
{
	struct prefix key = {32, addr};
	__u32 *hop = bpf_map_lookup_elem(&routes, &key);

	return hop ? bpf_map_lookup_elem(&hops, hop) : NULL;
}

SEC("xdp")
int xdp_route(struct xdp_md *ctx)
{
	struct cursor c = packet_cursor(ctx);
	struct ethhdr *eth = take(&c, sizeof(*eth));
	struct next_hop *hop;
	struct iphdr *ip;

	if (!eth || eth->h_proto != bpf_htons(ETH_P_IP))
		return XDP_PASS;
	ip = take_ipv4(&c);
	if (!ip)
		return XDP_DROP;
	if (ip->ttl <= 1)
		return XDP_PASS;
	hop = find_hop(ip->daddr);
	if (!hop || !hop->ifindex)
		return XDP_PASS;

	__builtin_memcpy(eth->h_dest, hop->dmac, ETH_ALEN);
	__builtin_memcpy(eth->h_source, hop->smac, ETH_ALEN);
	decrement_ttl(ip);
	return bpf_redirect(hop->ifindex, 0);
}

char _license[] SEC("license") = "Dual BSD/GPL";
