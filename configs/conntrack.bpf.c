/* SPDX-License-Identifier: BSD-3-Clause
 *
 * conntrack.bpf.c -- remembers TCP connections: a SYN opens one, FIN or RST closes it, and a
 * segment of a connection that nobody opened is dropped.
 *
 * Shows maps that the program itself changes: `connections` by update and delete, `talkers`,
 * per-CPU counters by source address, by the first packet of each.
 */
#include "parse.h"

struct connection {
	__be32 saddr, daddr;
	__be16 sport, dport;
};

struct state {
	__u32 segments;
	__u32 bytes;
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 65536);
	__type(key, struct connection);
	__type(value, struct state);
} connections SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_HASH);
	__uint(max_entries, 4096);
	__type(key, __be32);
	__type(value, __u64);
} talkers SEC(".maps");

static __always_inline void count_talker(__be32 saddr)
{
	__u64 *packets = bpf_map_lookup_elem(&talkers, &saddr), one = 1;

	if (packets)
		(*packets)++;
	else
		bpf_map_update_elem(&talkers, &saddr, &one, BPF_NOEXIST);
}

static __always_inline int track(struct connection *key, const struct tcphdr *tcp, __u32 bytes)
{
	struct state *known = bpf_map_lookup_elem(&connections, key);
	struct state fresh = {1, bytes};

	if (tcp->syn) {
		/* A repeated SYN starts the connection's account anew. */
		long err = bpf_map_update_elem(&connections, key, &fresh, BPF_ANY);

		return err ? XDP_DROP : XDP_PASS;
	}
	if (!known)
		return XDP_DROP;
	__sync_fetch_and_add(&known->segments, 1);
	__sync_fetch_and_add(&known->bytes, bytes);
	if (tcp->fin || tcp->rst)
		bpf_map_delete_elem(&connections, key);
	return XDP_PASS;
}

SEC("xdp")
int xdp_conntrack(struct xdp_md *ctx)
{
	struct cursor c = packet_cursor(ctx);
	__u32 bytes = c.end - c.pos;
	struct connection key;
	struct tcphdr *tcp;
	struct iphdr *ip;
	__be16 proto;

	if (!take_eth(&c, &proto) || proto != bpf_htons(ETH_P_IP))
		return XDP_PASS;
	ip = take_ipv4(&c);
	if (!ip)
		return XDP_DROP;
	count_talker(ip->saddr);
	if (ip->protocol != IPPROTO_TCP || !is_first_fragment(ip))
		return XDP_PASS;
	tcp = take(&c, sizeof(*tcp));
	if (!tcp)
		return XDP_DROP;
	key = (struct connection){ip->saddr, ip->daddr, tcp->source, tcp->dest};
	return track(&key, tcp, bytes);
}

char _license[] SEC("license") = "Dual BSD/GPL";
