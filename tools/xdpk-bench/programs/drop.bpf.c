/* SPDX-License-Identifier: BSD-3-Clause
 *
 * drop.bpf.c -- nothing: what is left is the loop around a program.
 */
#include "parse.h"

SEC("xdp")
int xdp_drop(struct xdp_md *ctx)
{
	return XDP_DROP;
}

char _license[] SEC("license") = "Dual BSD/GPL";
