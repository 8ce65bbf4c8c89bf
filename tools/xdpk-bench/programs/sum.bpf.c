/* SPDX-License-Identifier: BSD-3-Clause
 *
 * sum.bpf.c -- is the UDP checksum right? The segment's length is known to the compiler, so that
 * there is no loop: for librte_bpf, which takes none. Headers without options.
 */
#include "parse.h"

#define SEGMENT (LENGTH - sizeof(struct ethhdr) - sizeof(struct iphdr))

static __always_inline __u64 sum_segment(const struct iphdr *ip)
{
	const __u16 *words = (const void *)(ip + 1);
	__u64 sum = (__u64)ip->saddr + ip->daddr + bpf_htons(ip->protocol) + bpf_htons(SEGMENT);

#pragma unroll
	for (__u32 i = 0; i < SEGMENT / 2; i++) {
		sum += words[i];
		asm("" : "+r"(sum)); /* one after the other: there are ten registers */
	}
	return sum;
}

SEC("xdp")
int xdp_sum(struct xdp_md *ctx)
{
	struct cursor c = packet_cursor(ctx);
	struct ethhdr *eth = take(&c, sizeof(*eth));
	struct iphdr *ip = take(&c, sizeof(*ip));

	if (!eth || !ip || eth->h_proto != bpf_htons(ETH_P_IP) || ip->protocol != IPPROTO_UDP)
		return XDP_PASS;
	return csum_fold(sum_segment(ip)) ? XDP_DROP : XDP_PASS;
}
