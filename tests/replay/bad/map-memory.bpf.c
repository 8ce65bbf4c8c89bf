/* SPDX-License-Identifier: BSD-3-Clause
 *
 * map-memory.bpf.c -- wants a map of 64 GiB.
 */
#include "parse.h"

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1 << 28);
	__uint(key_size, 16);
	__uint(value_size, 240);
} huge SEC(".maps");

SEC("xdp")
int xdp_map_memory(struct xdp_md *ctx)
{
	__u64 key[2] = {};

	return bpf_map_lookup_elem(&huge, key) ? XDP_PASS : XDP_DROP;
}

char _license[] SEC("license") = "Dual BSD/GPL";
