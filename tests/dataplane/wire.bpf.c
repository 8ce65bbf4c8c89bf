/* SPDX-License-Identifier: BSD-3-Clause
 *
 * wire.bpf.c -- what comes from the port with ifindex 1 leaves by 2, and the other way round.
 */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

SEC("xdp")
int wire(struct xdp_md *ctx)
{
	return bpf_redirect(3 - ctx->ingress_ifindex, 0);
}

char _license[] SEC("license") = "Dual BSD/GPL";
