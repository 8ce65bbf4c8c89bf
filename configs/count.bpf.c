/* SPDX-License-Identifier: BSD-3-Clause
 *
 * count.bpf.c -- what is on the wire? Counts packets and bytes and passes everything on.
 *
 * by_ip_proto has a slot per IP protocol number; by_ethertype learns the others as it meets
 * them; two variables of .bss count everything and what could not be parsed.
 */
#include "parse.h"

struct counter {
	__u64 packets, bytes;
};

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 256);
	__type(key, __u32);
	__type(value, struct counter);
} by_ip_proto SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1024);
	__type(key, __be16);
	__type(value, struct counter);
} by_ethertype SEC(".maps");

__u64 packets_seen, packets_malformed;

static __always_inline void count_ip(__u32 proto, __u64 bytes)
{
	struct counter *counter = bpf_map_lookup_elem(&by_ip_proto, &proto);

	if (counter) {
		counter->packets++;
		counter->bytes += bytes;
	}
}

static __always_inline void count_ethertype(__be16 proto, __u64 bytes)
{
	struct counter *counter = bpf_map_lookup_elem(&by_ethertype, &proto);
	struct counter first = {1, bytes};

	/* Another worker may add the entry between our lookup and our update: then it exists,
	 * and there is a counter to add to. */
	if (!counter) {
		if (!bpf_map_update_elem(&by_ethertype, &proto, &first, BPF_NOEXIST))
			return;
		counter = bpf_map_lookup_elem(&by_ethertype, &proto);
		if (!counter)
			return; /* the map is full */
	}
	__sync_fetch_and_add(&counter->packets, 1);
	__sync_fetch_and_add(&counter->bytes, bytes);
}

SEC("xdp")
int xdp_count(struct xdp_md *ctx)
{
	struct cursor c = packet_cursor(ctx);
	__u64 bytes = c.end - c.pos;
	struct iphdr *ip4 = NULL;
	struct ipv6hdr *ip6 = NULL;
	__be16 ethertype;
	__u8 proto;

	__sync_fetch_and_add(&packets_seen, 1);
	if (!take_eth(&c, &ethertype))
		goto malformed;
	switch (ethertype) {
	case bpf_htons(ETH_P_IP):
		ip4 = take_ipv4(&c);
		if (!ip4)
			goto malformed;
		count_ip(ip4->protocol, bytes);
		break;
	case bpf_htons(ETH_P_IPV6):
		ip6 = take_ipv6(&c, &proto);
		if (!ip6)
			goto malformed;
		count_ip(proto, bytes);
		break;
	default: count_ethertype(ethertype, bytes);
	}
	return XDP_PASS;

malformed:
	__sync_fetch_and_add(&packets_malformed, 1);
	return XDP_PASS;
}

char _license[] SEC("license") = "Dual BSD/GPL";
