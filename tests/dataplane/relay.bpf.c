/* SPDX-License-Identifier: BSD-3-Clause
 *
 * relay.bpf.c -- sends what comes from the port with ifindex 1 to 7, and everything else to 3.
 */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

SEC("xdp")
int relay(struct xdp_md *ctx)
{
	return bpf_redirect(ctx->ingress_ifindex == 1 ? 7 : 3, 0);
}

char _license[] SEC("license") = "Dual BSD/GPL";
