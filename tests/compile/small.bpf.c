/* SPDX-License-Identifier: BSD-3-Clause
 *
 * small.bpf.c -- a program of a hundred instructions: the flow of a UDP or TCP packet is looked
 * up and counted.
 */
#include "../../configs/parse.h"

struct flow {
	__be32 saddr, daddr;
	struct ports ports;
	__u8 proto, pad[3];
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 65536);
	__type(key, struct flow);
	__type(value, __u32);
} verdicts SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 256);
	__type(key, __u32);
	__type(value, __u64);
} counters SEC(".maps");

SEC("xdp")
int small(struct xdp_md *ctx)
{
	struct cursor c = packet_cursor(ctx);
	struct flow flow = {};
	struct iphdr *ip;
	__u32 *verdict, proto;
	__be16 eth_proto;
	__u64 *counter;

	if (!take_eth(&c, &eth_proto) || eth_proto != bpf_htons(ETH_P_IP))
		return XDP_PASS;
	ip = take_ipv4(&c);
	if (!ip)
		return XDP_DROP;
	proto = ip->protocol;
	counter = bpf_map_lookup_elem(&counters, &proto);
	if (counter)
		*counter += 1;
	if (take_ports(&c, proto, &flow.ports))
		return XDP_DROP;
	flow.saddr = ip->saddr;
	flow.daddr = ip->daddr;
	flow.proto = proto;
	verdict = bpf_map_lookup_elem(&verdicts, &flow);
	return verdict ? *verdict : XDP_PASS;
}

char _license[] SEC("license") = "Dual BSD/GPL";
