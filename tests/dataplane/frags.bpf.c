/* SPDX-License-Identifier: BSD-3-Clause
 *
 * frags.bpf.c -- a program that works all over packets in fragments, and one that takes none.
 */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

#define CUT 3000

/* Writes what is at the packet's end into its middle, and cuts long ones. */
SEC("xdp.frags")
int xdp_frags(struct xdp_md *ctx)
{
	__u64 len = bpf_xdp_get_buff_len(ctx);
	__u8 end[16];

	if (bpf_xdp_load_bytes(ctx, len - sizeof(end), end, sizeof(end)))
		return XDP_ABORTED;
	end[0] ^= len;
	if (bpf_xdp_store_bytes(ctx, len / 2, end, sizeof(end) / 2))
		return XDP_ABORTED;
	if (len > 2 * CUT && bpf_xdp_adjust_tail(ctx, -CUT))
		return XDP_DROP;
	return end[1] % 4 ? XDP_TX : XDP_PASS;
}

SEC("xdp")
int xdp_linear(struct xdp_md *ctx)
{
	return XDP_TX;
}

char _license[] SEC("license") = "GPL";
