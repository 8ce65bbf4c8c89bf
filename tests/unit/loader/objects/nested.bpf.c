/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Maps that hold maps and programs, with and without first contents.
 */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

struct inner {
	__uint(type, BPF_MAP_TYPE_HASH);
	__type(key, __u64);
	__type(value, __u16);
	__uint(max_entries, 3);
	__uint(map_flags, BPF_F_NO_PREALLOC);
};

struct inner first SEC(".maps");
static struct inner second SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY_OF_MAPS);
	__type(key, __u32);
	__uint(max_entries, 8);
	__array(values, struct inner);
} array SEC(".maps") = {.values = {[1] = (void *)&second, [6] = (void *)&first}};

struct {
	__uint(type, BPF_MAP_TYPE_HASH_OF_MAPS);
	__type(key, __u32);
	__type(value, __u32);
	__uint(max_entries, 8);
	__array(values, struct inner);
} hash SEC(".maps");

int enter(struct xdp_md *ctx);
int leave(struct xdp_md *ctx);

struct {
	__uint(type, BPF_MAP_TYPE_PROG_ARRAY);
	__type(key, __u32);
	__uint(max_entries, 4);
	__array(values, int(struct xdp_md *));
} jumps SEC(".maps") = {.values = {[0] = enter, [3] = leave}};

SEC("xdp") int enter(struct xdp_md *ctx)
{
	bpf_tail_call(ctx, &jumps, 3);
	return XDP_DROP;
}

SEC("xdp") int leave(struct xdp_md *ctx)
{
	__u32 key = 6;
	void *map = bpf_map_lookup_elem(&array, &key);
	__u64 zero = 0;

	return map && bpf_map_lookup_elem(map, &zero) ? XDP_TX : XDP_PASS;
}

char _license[] SEC("license") = "GPL";
