/* SPDX-License-Identifier: BSD-3-Clause
 *
 * connections.bpf.c -- questions to a connection tracker that knows no connection, good and bad
 * ones by the packet's bytes: what they give, and what they leave in the options.
 */
#include "results.h"

struct nf_conn {
	unsigned long status;
};

struct ct_opts {
	__s32 netns_id, error;
	__u8 protocol, direction;
	__u16 zone;
	__u8 zone_direction, reserved[3];
};

extern struct nf_conn *bpf_xdp_ct_lookup(struct xdp_md *ctx, struct bpf_sock_tuple *tuple,
	__u32 tuple__sz, struct ct_opts *opts, __u32 opts__sz) __ksym;
extern void bpf_ct_release(struct nf_conn *connection) __ksym;

static __always_inline void look_up(
	struct xdp_md *ctx, __u32 at, struct ct_opts opts, __u32 tuple_size, __u32 size)
{
	struct bpf_sock_tuple tuple = {0};
	struct nf_conn *found;

	opts.error = 1;
	found = bpf_xdp_ct_lookup(ctx, &tuple, tuple_size, &opts, size);
	if (found)
		bpf_ct_release(found);
	note(at, found != 0);
	note(at + 1, (__u32)opts.error);
	note(at + 2, opts.zone_direction);
}

SEC("xdp")
int xdp_connections(struct xdp_md *ctx)
{
	struct ct_opts tcp = {.netns_id = -1, .protocol = 6}, opts = tcp;
	__u8 *data = (void *)(long)ctx->data;

	if (data + 14 > (__u8 *)(long)ctx->data_end)
		return XDP_DROP;
	look_up(ctx, 0, tcp, sizeof(((struct bpf_sock_tuple *)0)->ipv4), sizeof(tcp));
	look_up(ctx, 3, tcp, sizeof(((struct bpf_sock_tuple *)0)->ipv6), 12);
	look_up(ctx, 6, tcp, 13, sizeof(tcp));
	look_up(ctx, 9, tcp, 12, 8);
	opts.protocol = data[5] & 1 ? 17 : data[5];
	look_up(ctx, 15, opts, 12, sizeof(opts));
	opts = tcp;
	opts.netns_id = data[11] < 3 ? data[11] - 3 : 1000000; /* no namespace has it */
	look_up(ctx, 18, opts, 12, sizeof(opts));
	opts = tcp;
	opts.zone = data[12] & 1;
	look_up(ctx, 21, opts, 36, 12);
	opts.zone_direction = data[11] & 3;
	opts.reserved[1] = data[13] & 1;
	look_up(ctx, 24, opts, 36, sizeof(opts));
	return XDP_PASS;
}
