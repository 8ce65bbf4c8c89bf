/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Maps that a program may name, and be accepted, but not have.
 */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

struct {
	__uint(type, BPF_MAP_TYPE_CGROUP_ARRAY);
	__type(key, __u32);
	__type(value, __u32);
	__uint(max_entries, 4);
} groups SEC(".maps");

struct entry {
	__u64 due;
	struct {
		struct bpf_timer timer;
	} in;
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__type(key, __u32);
	__type(value, struct entry);
	__uint(max_entries, 4);
} timers SEC(".maps");

SEC("xdp") int pass(struct xdp_md *ctx)
{
	return XDP_PASS;
}

SEC("xdp") int use(struct xdp_md *ctx)
{
	void *map = &groups;

	asm volatile("" : "+r"(map));
	return map ? XDP_PASS : XDP_DROP;
}

SEC("xdp") int wait(struct xdp_md *ctx)
{
	struct entry *e = bpf_map_lookup_elem(&timers, &(__u32){0});

	return e && e->due ? XDP_DROP : XDP_PASS;
}
