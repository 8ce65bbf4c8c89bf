/* SPDX-License-Identifier: BSD-3-Clause
 *
 * headers.bpf.c -- all headers to the ports, and a verdict by them. No maps.
 */
#include "parse.h"

static __always_inline int take_headers(struct cursor *c, struct ports *ports)
{
	struct ipv6hdr *ip6;
	struct iphdr *ip;
	__be16 ethertype;
	__u8 proto;

	if (!take_eth(c, &ethertype))
		return -1;
	switch (ethertype) {
	case bpf_htons(ETH_P_IP):
		ip = take_ipv4(c);
		return ip ? take_ports(c, ip->protocol, ports) : -1;
	case bpf_htons(ETH_P_IPV6):
		ip6 = take_ipv6(c, &proto);
		return ip6 ? take_ports(c, proto, ports) : -1;
	default: return -1;
	}
}

SEC("xdp")
int xdp_headers(struct xdp_md *ctx)
{
	struct cursor c = packet_cursor(ctx);
	struct ports ports;

	if (take_headers(&c, &ports))
		return XDP_DROP;
	return ports.src & 1 ? XDP_PASS : XDP_TX;
}

char _license[] SEC("license") = "Dual BSD/GPL";
