/* SPDX-License-Identifier: BSD-3-Clause
 *
 * firewall.bpf.c -- a stateless firewall: one exact-match lookup per packet.
 *
 * A rule is a 5-tuple and the verdict of its packets. What matches no rule gets the default
 * verdict, a variable of .rodata that is set before the program is loaded:
 *
 *	rodata set default_verdict 2                                   XDP_PASS
 *	map update rules key 10 0 0 1  192 0 2 1  4 0  0 53  17 0 0 0  value 1 0 0 0
 *
 * Packets whose headers are cut or impossible are dropped, and IPv6 packets with more than 208
 *bytes of them. Counters are per verdict.
 */
#include "parse.h"

#define N_VERDICTS (XDP_REDIRECT + 1)

struct flow {
	__be32 saddr, daddr;
	__be16 sport, dport;
	__u8 proto;
	__u8 pad[3];
};

struct flow6 {
	struct in6_addr saddr, daddr;
	__be16 sport, dport;
	__u8 proto;
	__u8 pad[3];
};

struct counter {
	__u64 packets, bytes;
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 65536);
	__type(key, struct flow);
	__type(value, __u32);
} rules SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 16384);
	__type(key, struct flow6);
	__type(value, __u32);
} rules6 SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, N_VERDICTS);
	__type(key, __u32);
	__type(value, struct counter);
} counters SEC(".maps");

const volatile __u32 default_verdict = XDP_PASS;

static __always_inline __u32 check_ipv4(struct cursor *c)
{
	struct iphdr *ip = take_ipv4(c);
	struct ports ports = {};
	struct flow flow = {};
	__u32 *verdict;

	if (!ip)
		return XDP_DROP;
	/* Only the first fragment has ports; the others match rules for ports 0. */
	if (is_first_fragment(ip) && take_ports(c, ip->protocol, &ports))
		return XDP_DROP;
	flow.saddr = ip->saddr;
	flow.daddr = ip->daddr;
	flow.sport = ports.src;
	flow.dport = ports.dst;
	flow.proto = ip->protocol;
	verdict = bpf_map_lookup_elem(&rules, &flow);
	return verdict ? *verdict : default_verdict;
}

static __always_inline __u32 check_ipv6(struct cursor *c)
{
	struct ports ports = {};
	struct flow6 flow = {};
	struct ipv6hdr *ip;
	__u32 *verdict;
	__u8 proto;

	ip = take_ipv6(c, &proto);
	if (!ip || take_ports(c, proto, &ports))
		return XDP_DROP;
	flow.saddr = ip->saddr;
	flow.daddr = ip->daddr;
	flow.sport = ports.src;
	flow.dport = ports.dst;
	flow.proto = proto;
	verdict = bpf_map_lookup_elem(&rules6, &flow);
	return verdict ? *verdict : default_verdict;
}

static __always_inline __u32 check(struct cursor *c)
{
	__be16 proto;

	if (!take_eth(c, &proto))
		return XDP_DROP;
	switch (proto) {
	case bpf_htons(ETH_P_IP): return check_ipv4(c);
	case bpf_htons(ETH_P_IPV6): return check_ipv6(c);
	default: return default_verdict;
	}
}

SEC("xdp")
int xdp_firewall(struct xdp_md *ctx)
{
	struct cursor c = packet_cursor(ctx);
	__u64 bytes = c.end - c.pos;
	__u32 verdict = check(&c);
	struct counter *counter = bpf_map_lookup_elem(&counters, &verdict);

	if (!counter) /* a rule with a verdict that does not exist */
		return XDP_ABORTED;
	counter->packets++;
	counter->bytes += bytes;
	return verdict;
}

char _license[] SEC("license") = "Dual BSD/GPL";
