/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Maps whose size is the user's.
 */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__type(key, __u32);
	__type(value, __u32);
} open SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__type(key, __u32);
	__type(value, __u32);
	__uint(max_entries, 2);
} small SEC(".maps");

volatile __u32 seen;

SEC("xdp") int count(struct xdp_md *ctx)
{
	__u32 key = ctx->rx_queue_index;

	seen++;
	return bpf_map_lookup_elem(&open, &key) || bpf_map_lookup_elem(&small, &key) ? XDP_PASS
										     : XDP_DROP;
}

char _license[] SEC("license") = "GPL";
