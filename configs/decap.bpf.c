/* SPDX-License-Identifier: BSD-3-Clause
 *
 * decap.bpf.c -- the other end of the tunnel: takes the outer IPv4 header away and passes the
 * packet on, with a note of where it came from in front of it.
 *
 * The note is metadata: 8 bytes before the packet that the next program, or the host's stack,
 * finds between data_meta and data. Packets from unknown tunnel ends are dropped.
 */
#include "parse.h"

struct note {
	__be32 tunnel; /* the outer source address */
	__u32 ifindex;
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 256);
	__type(key, __be32);  /* the outer source address */
	__type(value, __u64); /* packets; shared by all workers */
} tunnels SEC(".maps");

SEC("xdp")
int xdp_decap(struct xdp_md *ctx)
{
	struct cursor c = packet_cursor(ctx);
	struct ethhdr *eth = take(&c, sizeof(*eth));
	struct note *note;
	struct iphdr *ip;
	struct ethhdr saved;
	__u64 *packets;
	__be32 tunnel;

	if (!eth || eth->h_proto != bpf_htons(ETH_P_IP))
		return XDP_PASS;
	ip = take(&c, sizeof(*ip));
	if (!ip || ip->ihl != 5)
		return XDP_PASS;
	if (ip->protocol != IPPROTO_IPIP && ip->protocol != IPPROTO_IPV6)
		return XDP_PASS;
	tunnel = ip->saddr;
	packets = bpf_map_lookup_elem(&tunnels, &tunnel);
	if (!packets)
		return XDP_DROP;
	__sync_fetch_and_add(packets, 1);

	saved = *eth;
	saved.h_proto = ip->protocol == IPPROTO_IPIP ? bpf_htons(ETH_P_IP) : bpf_htons(ETH_P_IPV6);
	if (bpf_xdp_adjust_head(ctx, sizeof(*ip)) || bpf_xdp_adjust_meta(ctx, -(int)sizeof(*note)))
		return XDP_DROP;

	c = packet_cursor(ctx);
	eth = take(&c, sizeof(*eth));
	note = (void *)(long)ctx->data_meta;
	if (!eth || note + 1 > (struct note *)(long)ctx->data)
		return XDP_ABORTED;
	*eth = saved;
	note->tunnel = tunnel;
	note->ifindex = ctx->ingress_ifindex;
	return XDP_PASS;
}

char _license[] SEC("license") = "Dual BSD/GPL";
