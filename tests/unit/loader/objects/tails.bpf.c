/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Programs that go on in each other, in a circle; and one that goes on in a bad one.
 */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

int start(struct xdp_md *ctx);
int middle(struct xdp_md *ctx);
int end(struct xdp_md *ctx);
int bad(struct xdp_md *ctx);

struct array {
	__uint(type, BPF_MAP_TYPE_PROG_ARRAY);
	__type(key, __u32);
	__uint(max_entries, 4);
	__array(values, int(struct xdp_md *));
};

struct array there SEC(".maps") = {.values = {[1] = middle, [3] = end}};
struct array back SEC(".maps") = {.values = {[0] = start}};
struct array wrong SEC(".maps") = {.values = {[2] = bad}};

volatile __u32 steps;

SEC("xdp") int start(struct xdp_md *ctx)
{
	steps++;
	bpf_tail_call(ctx, &there, 1);
	return XDP_DROP;
}

SEC("xdp") int middle(struct xdp_md *ctx)
{
	steps += 10;
	bpf_tail_call(ctx, &there, 3);
	return XDP_ABORTED;
}

SEC("xdp") int end(struct xdp_md *ctx)
{
	steps += 100;
	if (steps < 200)
		bpf_tail_call(ctx, &back, 0);
	return XDP_TX;
}

SEC("xdp") int other(struct xdp_md *ctx)
{
	bpf_tail_call(ctx, &wrong, 2);
	return XDP_PASS;
}

SEC("xdp") int bad(struct xdp_md *ctx)
{
	return *(int *)(long)ctx->data;
}

char _license[] SEC("license") = "GPL";
