/* SPDX-License-Identifier: BSD-3-Clause
 *
 * helper.bpf.c -- calls a helper that is not for XDP programs.
 */
#include "parse.h"

SEC("xdp")
int xdp_helper(struct xdp_md *ctx)
{
	return !bpf_skb_vlan_pop((struct __sk_buff *)ctx) ? XDP_PASS : XDP_DROP;
}

char _license[] SEC("license") = "Dual BSD/GPL";
