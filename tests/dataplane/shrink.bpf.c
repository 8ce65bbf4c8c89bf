/* SPDX-License-Identifier: BSD-3-Clause
 *
 * shrink.bpf.c -- packets are cut down to an Ethernet header, from either end, and no further:
 * before a redirect, and where it leads to. A packet for which that is not so is aborted.
 */
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <bpf/bpf_helpers.h>

struct {
	__uint(type, BPF_MAP_TYPE_DEVMAP);
	__uint(max_entries, 4);
	__type(key, __u32);
	__type(value, struct bpf_devmap_val);
} ports SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_CPUMAP);
	__uint(max_entries, 2);
	__type(key, __u32);
	__type(value, struct bpf_cpumap_val);
} cpus SEC(".maps");

static __u64 number;

static __always_inline int length(struct xdp_md *ctx)
{
	return (int)((void *)(long)ctx->data_end - (void *)(long)ctx->data);
}

/* A byte too many is refused, from either end, and changes nothing; then the rest is cut off. */
static __always_inline int cut(struct xdp_md *ctx, int at_head)
{
	int len = length(ctx), less = len - ETH_HLEN;

	if (!bpf_xdp_adjust_head(ctx, less + 1) || !bpf_xdp_adjust_tail(ctx, -less - 1) ||
		length(ctx) != len)
		return -1;
	if (at_head ? bpf_xdp_adjust_head(ctx, less) : bpf_xdp_adjust_tail(ctx, -less))
		return -1;
	return length(ctx) == ETH_HLEN ? 0 : -1;
}

/* By turns: to a port's program or a worker's, cut before or there. */
SEC("xdp")
int shrink(struct xdp_md *ctx)
{
	__u64 n = number++;

	if (n & 2 && cut(ctx, n & 4))
		return XDP_ABORTED;
	return n & 1 ? bpf_redirect_map(&ports, 1, XDP_PASS) : bpf_redirect_map(&cpus, 1, XDP_PASS);
}

static __always_inline int sign(struct xdp_md *ctx, __u8 byte)
{
	struct ethhdr *eth;

	if (cut(ctx, byte & 1))
		return -1;
	eth = (void *)(long)ctx->data;
	if ((void *)(eth + 1) > (void *)(long)ctx->data_end)
		return -1;
	eth->h_source[5] = byte;
	return 0;
}

SEC("xdp/devmap")
int at_port(struct xdp_md *ctx)
{
	return sign(ctx, 0xd0) ? XDP_DROP : XDP_PASS;
}

SEC("xdp/cpumap")
int at_worker(struct xdp_md *ctx)
{
	return sign(ctx, 0xc1) ? XDP_ABORTED : bpf_redirect_map(&ports, 2, 0);
}

char _license[] SEC("license") = "Dual BSD/GPL";
