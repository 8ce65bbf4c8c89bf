/* SPDX-License-Identifier: BSD-3-Clause
 *
 * report.bpf.c -- tells of every packet by a ring buffer and by a perf event array, and drops it.
 */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

struct report {
	__u32 ifindex, length;
};

struct report *keep; /* its type */

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 1 << 16);
} records SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERF_EVENT_ARRAY);
	__uint(key_size, sizeof(__u32));
	__uint(value_size, sizeof(__u32));
} events SEC(".maps");

SEC("xdp")
int report(struct xdp_md *ctx)
{
	struct report r = {ctx->ingress_ifindex, (__u32)(ctx->data_end - ctx->data)};

	bpf_ringbuf_output(&records, &r, sizeof(r), 0);
	bpf_perf_event_output(ctx, &events, BPF_F_CURRENT_CPU, &r, sizeof(r));
	return XDP_DROP;
}

char _license[] SEC("license") = "Dual BSD/GPL";
