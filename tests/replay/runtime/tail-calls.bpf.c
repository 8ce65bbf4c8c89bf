/* SPDX-License-Identifier: BSD-3-Clause
 *
 * tail-calls.bpf.c -- programs that go on in each other, by the packet's length; what each counts
 * is its own. The last map is known to the second program alone.
 */
#include "results.h"

int xdp_tail_calls(struct xdp_md *ctx);
int xdp_step(struct xdp_md *ctx);
int xdp_end(struct xdp_md *ctx);

struct {
	__uint(type, BPF_MAP_TYPE_PROG_ARRAY);
	__uint(max_entries, 4);
	__type(key, __u32);
	__array(values, int(struct xdp_md *));
} first SEC(".maps") = {.values = {[1] = xdp_step, [3] = xdp_end}};

struct {
	__uint(type, BPF_MAP_TYPE_PROG_ARRAY);
	__uint(max_entries, 2);
	__type(key, __u32);
	__array(values, int(struct xdp_md *));
} second SEC(".maps") = {.values = {[0] = xdp_step, [1] = xdp_end}};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 4096);
	__type(key, __u32);
	__type(value, __u64);
} lengths SEC(".maps");

SEC("xdp")
int xdp_tail_calls(struct xdp_md *ctx)
{
	__u64 length = ctx->data_end - ctx->data;

	note(0, length);
	bpf_tail_call(ctx, &first, length % 5);
	note(1, length);
	return XDP_DROP;
}

SEC("xdp")
int xdp_step(struct xdp_md *ctx)
{
	__u32 length = ctx->data_end - ctx->data;
	__u64 one = 1, *n = bpf_map_lookup_elem(&lengths, &length);

	note(2, length);
	if (n)
		++*n;
	else
		bpf_map_update_elem(&lengths, &length, &one, BPF_NOEXIST);
	/* The longer the packet, the more rounds: the 34th tail call fails. */
	if (!bpf_xdp_adjust_tail(ctx, -1))
		bpf_tail_call(ctx, &second, length % 16 == 3);
	note(3, length);
	return XDP_PASS;
}

SEC("xdp")
int xdp_end(struct xdp_md *ctx)
{
	note(4, ctx->data_end - ctx->data);
	return XDP_TX;
}
