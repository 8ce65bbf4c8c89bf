/* SPDX-License-Identifier: BSD-3-Clause
 *
 * A map type that no XDP program can use.
 */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

struct {
	__uint(type, BPF_MAP_TYPE_CGROUP_ARRAY);
	__type(key, __u32);
	__type(value, __u32);
	__uint(max_entries, 4);
} groups SEC(".maps");

SEC("xdp") int pass(struct xdp_md *ctx)
{
	return bpf_map_lookup_elem(&groups, &(__u32){0}) ? XDP_DROP : XDP_PASS;
}
