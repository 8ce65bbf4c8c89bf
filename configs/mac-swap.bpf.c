/* SPDX-License-Identifier: BSD-3-Clause
 *
 * mac-swap.bpf.c -- a reflector: sends every packet back where it came from.
 */
#include "parse.h"

SEC("xdp")
int xdp_mac_swap(struct xdp_md *ctx)
{
	struct cursor c = packet_cursor(ctx);
	struct ethhdr *eth = take(&c, sizeof(*eth));
	__u8 mac[ETH_ALEN];

	if (!eth)
		return XDP_ABORTED;
	__builtin_memcpy(mac, eth->h_dest, ETH_ALEN);
	__builtin_memcpy(eth->h_dest, eth->h_source, ETH_ALEN);
	__builtin_memcpy(eth->h_source, mac, ETH_ALEN);
	return XDP_TX;
}

char _license[] SEC("license") = "Dual BSD/GPL";
