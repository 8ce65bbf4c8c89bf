/* SPDX-License-Identifier: BSD-3-Clause
 *
 * reject.bpf.c -- reads a packet without asking how long it is.
 */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

SEC("xdp")
int reject(struct xdp_md *ctx)
{
	const __u8 *data = (const __u8 *)(long)ctx->data;

	return data[64] ? XDP_PASS : XDP_DROP;
}

char _license[] SEC("license") = "Dual BSD/GPL";
