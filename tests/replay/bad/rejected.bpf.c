/* SPDX-License-Identifier: BSD-3-Clause
 *
 * rejected.bpf.c -- reads the packet without a look at its end.
 */
#include "parse.h"

SEC("xdp")
int xdp_rejected(struct xdp_md *ctx)
{
	struct ethhdr *eth = (void *)(long)ctx->data;

	return eth->h_proto == bpf_htons(ETH_P_IP) ? XDP_PASS : XDP_DROP; /* the bad line */
}

char _license[] SEC("license") = "Dual BSD/GPL";
