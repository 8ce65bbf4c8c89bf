/* SPDX-License-Identifier: BSD-3-Clause
 *
 * One of two objects that belong together.
 */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

struct array {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__type(key, __u32);
	__type(value, __u32);
	__uint(max_entries, 4);
};

struct array here SEC(".maps");
extern struct array elsewhere SEC(".maps");

SEC("xdp") int pass(struct xdp_md *ctx)
{
	__u32 key = 0;

	return bpf_map_lookup_elem(&here, &key) && bpf_map_lookup_elem(&elsewhere, &key) ? XDP_DROP
											 : XDP_PASS;
}

char _license[] SEC("license") = "GPL";
