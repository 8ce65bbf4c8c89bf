/* SPDX-License-Identifier: BSD-3-Clause
 *
 * legacy-maps.bpf.c -- maps defined as before BTF. libbpf no longer opens such objects, so here
 * the kernel runs what our loader makes of it: two programs in one section, a function that
 * both call, constants and variables.
 */
#include "parse.h"

struct bpf_map_def {
	__u32 type, key_size, value_size, max_entries, map_flags;
};

struct bpf_map_def lengths SEC("maps") = {
	.type = BPF_MAP_TYPE_PERCPU_HASH,
	.key_size = 4,
	.value_size = 8,
	.max_entries = 64,
};

struct bpf_map_def first_bytes SEC("maps") = {
	.type = BPF_MAP_TYPE_ARRAY,
	.key_size = 4,
	.value_size = 4,
	.max_entries = 256,
};

const volatile __u32 step = 32;
__u64 sum_of_ifindexes = 1000;

static __noinline __u32 note_length(__u32 length)
{
	__u64 one = 1, *seen = bpf_map_lookup_elem(&lengths, &length);

	if (seen)
		return ++*seen;
	bpf_map_update_elem(&lengths, &length, &one, BPF_NOEXIST);
	return 1;
}

SEC("xdp")
int xdp_other(struct xdp_md *ctx)
{
	return note_length(0) ? XDP_DROP : XDP_ABORTED;
}

SEC("xdp")
int xdp_legacy(struct xdp_md *ctx)
{
	struct cursor c = packet_cursor(ctx);
	__u32 length = c.end - c.pos, key, *count;
	__u8 *byte = take(&c, 12);

	__sync_fetch_and_add(&sum_of_ifindexes, ctx->ingress_ifindex);
	if (!byte)
		return XDP_ABORTED;
	key = byte[11];
	count = bpf_map_lookup_elem(&first_bytes, &key);
	if (count)
		__sync_fetch_and_add(count, 1);
	return note_length(length / step) & 1 ? XDP_PASS : XDP_TX;
}

char _license[] SEC("license") = "Dual BSD/GPL";
