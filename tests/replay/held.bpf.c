/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Programs and maps that only the user puts into the arrays they are called and found by: see
 * held.init.
 */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

struct counts {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__type(key, __u32);
	__type(value, __u64);
	__uint(max_entries, 4);
};

struct counts short_ones SEC(".maps");
struct counts long_ones SEC(".maps");

struct { /* what its maps are like is left open */
	__uint(type, BPF_MAP_TYPE_HASH_OF_MAPS);
	__type(key, __u64);
	__type(value, __u32);
	__uint(max_entries, 8);
} by_length SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PROG_ARRAY);
	__type(key, __u32);
	__type(value, __u32);
	__uint(max_entries, 8);
} jumps SEC(".maps");

SEC("xdp")
int xdp_held(struct xdp_md *ctx)
{
	bpf_tail_call(ctx, &jumps, (ctx->data_end - ctx->data) % 4);
	return XDP_ABORTED;
}

SEC("xdp")
int count(struct xdp_md *ctx)
{
	__u32 len = ctx->data_end - ctx->data, key = len % 4;
	__u64 class = len / 64, *counter;
	void *map = bpf_map_lookup_elem(&by_length, &class);

	if (!map)
		return XDP_PASS;
	counter = bpf_map_lookup_elem(map, &key);
	if (counter)
		++*counter;
	return counter && *counter > 40 ? XDP_DROP : XDP_TX;
}

SEC("xdp")
int leave(struct xdp_md *ctx)
{
	return XDP_DROP;
}

char _license[] SEC("license") = "GPL";
