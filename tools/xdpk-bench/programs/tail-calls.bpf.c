/* SPDX-License-Identifier: BSD-3-Clause
 *
 * tail-calls.bpf.c -- a parser of programs, one for each layer: each goes on in the next by the
 * protocol that it finds.
 */
#include "parse.h"

enum layer { LAYER_IPV4, LAYER_UDP, LAYER_DNS, N_LAYERS };

int xdp_ipv4(struct xdp_md *ctx);
int xdp_udp(struct xdp_md *ctx);
int xdp_dns(struct xdp_md *ctx);

struct {
	__uint(type, BPF_MAP_TYPE_PROG_ARRAY);
	__uint(max_entries, N_LAYERS);
	__type(key, __u32);
	__array(values, int(struct xdp_md *));
} layers SEC(".maps") = {
	.values = {[LAYER_IPV4] = xdp_ipv4, [LAYER_UDP] = xdp_udp, [LAYER_DNS] = xdp_dns}};

/* Fixed headers: where the next layer begins does not depend on the one before it. */
struct datagram {
	struct ethhdr eth;
	struct iphdr ip;
	struct udphdr udp;
} __attribute__((packed));

static __always_inline struct datagram *datagram_of(struct xdp_md *ctx)
{
	struct cursor c = packet_cursor(ctx);

	return take(&c, sizeof(struct datagram));
}

SEC("xdp")
int xdp_tail_calls(struct xdp_md *ctx)
{
	struct datagram *d = datagram_of(ctx);

	if (d && d->eth.h_proto == bpf_htons(ETH_P_IP))
		bpf_tail_call(ctx, &layers, LAYER_IPV4);
	return XDP_PASS;
}

SEC("xdp")
int xdp_ipv4(struct xdp_md *ctx)
{
	struct datagram *d = datagram_of(ctx);

	if (d && d->ip.ihl == 5 && d->ip.protocol == IPPROTO_UDP)
		bpf_tail_call(ctx, &layers, LAYER_UDP);
	return XDP_DROP;
}

SEC("xdp")
int xdp_udp(struct xdp_md *ctx)
{
	struct datagram *d = datagram_of(ctx);

	if (d && d->udp.dest == bpf_htons(53))
		bpf_tail_call(ctx, &layers, LAYER_DNS);
	return XDP_DROP;
}

SEC("xdp")
int xdp_dns(struct xdp_md *ctx)
{
	struct datagram *d = datagram_of(ctx);

	return d && d->udp.source & 1 ? XDP_TX : XDP_PASS;
}

char _license[] SEC("license") = "Dual BSD/GPL";
