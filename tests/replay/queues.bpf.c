/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Packet lengths in a queue and in a stack, some of them taken out again; per-CPU counts of the
 * lengths seen last.
 */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

struct {
	__uint(type, BPF_MAP_TYPE_QUEUE);
	__uint(max_entries, 64);
	__type(value, __u32);
} queue SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_STACK);
	__uint(max_entries, 64);
	__type(value, __u32);
} stack SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_LRU_PERCPU_HASH);
	__uint(max_entries, 4096);
	__type(key, __u32);
	__type(value, __u64);
} counts SEC(".maps");

SEC("xdp")
int xdp_queues(struct xdp_md *ctx)
{
	__u32 len = ctx->data_end - ctx->data, oldest = 0, newest = 0;
	__u64 one = 1, *count = bpf_map_lookup_elem(&counts, &len);

	if (count)
		++*count;
	else
		bpf_map_update_elem(&counts, &len, &one, BPF_ANY);
	bpf_map_push_elem(&queue, &len, BPF_EXIST); /* the oldest makes room */
	if (bpf_map_push_elem(&stack, &len, BPF_ANY))
		bpf_map_pop_elem(&stack, &newest);
	if (len % 3 == 0 && bpf_map_pop_elem(&queue, &oldest))
		return XDP_ABORTED;
	if (len % 5 == 0 && bpf_map_pop_elem(&stack, &newest))
		return XDP_ABORTED;
	return oldest > newest ? XDP_DROP : XDP_PASS;
}
