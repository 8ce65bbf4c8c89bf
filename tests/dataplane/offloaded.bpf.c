/* SPDX-License-Identifier: BSD-3-Clause
 *
 * What a kernel can do: it reads a map, counts in another, changes the packet, and gives the
 * verdict that the packet says.
 */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

#include "offloaded.h"

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u32);
} setting SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 4);
	__type(key, __u32);
	__type(value, __u64);
} count SEC(".maps");

SEC("xdp")
int offloaded(struct xdp_md *ctx)
{
	struct numbered *p = (void *)(long)ctx->data;
	__u32 first = 0, *now = bpf_map_lookup_elem(&setting, &first), verdict;
	__u64 *counter;

	if ((void *)(p + 1) > (void *)(long)ctx->data_end || !now)
		return XDP_ABORTED;
	verdict = p->verdict & 3;
	p->setting = *now;
	p->stamp = VERSION;
	p->judged++;
	counter = bpf_map_lookup_elem(&count, &verdict);
	if (counter)
		*counter += 1;
	return verdict;
}

char _license[] SEC("license") = "Dual BSD/GPL";
