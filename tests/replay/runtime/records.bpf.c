/* SPDX-License-Identifier: BSD-3-Clause
 *
 * records.bpf.c -- records of a ring buffer: reserved, filled in pieces, submitted, discarded.
 */
#include "results.h"

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 1 << 16);
} ring SEC(".maps");

struct event {
	__u32 length, number;
	__u8 first[16];
};

static __always_inline void reserve(struct xdp_md *ctx, __u32 length)
{
	struct event *e = bpf_ringbuf_reserve(&ring, sizeof(*e), 0);

	if (!e)
		return;
	note(0, 1);
	e->length = length;
	e->number = 1;
	note(1, bpf_xdp_load_bytes(ctx, 0, e->first, sizeof(e->first)));
	if (length % 3)
		bpf_ringbuf_submit(e, 0);
	else
		bpf_ringbuf_discard(e, BPF_RB_NO_WAKEUP);
}

static __always_inline void reserve_variable(__u32 length)
{
	struct bpf_dynptr p;
	struct event *e;

	note(10, bpf_ringbuf_reserve_dynptr(&ring, 24 + length % 64, 0, &p));
	note(11, bpf_dynptr_write(&p, 20, &length, sizeof(length), 0));
	note(12, bpf_dynptr_write(&p, 24 + length % 64, &length, sizeof(length), 0));
	e = bpf_dynptr_data(&p, 0, sizeof(*e));
	if (e) {
		e->length = length;
		e->number = 2;
		__builtin_memset(e->first, 0, 12);
	}
	if (length % 2)
		bpf_ringbuf_submit_dynptr(&p, 0);
	else
		bpf_ringbuf_discard_dynptr(&p, 0);
	note(13, bpf_ringbuf_reserve_dynptr(&ring, 1 << 20, 0, &p));
	bpf_ringbuf_submit_dynptr(&p, 0);
	note(14, bpf_ringbuf_reserve_dynptr(&ring, 8, 1, &p));
	bpf_ringbuf_discard_dynptr(&p, 0);
}

SEC("xdp")
int xdp_records(struct xdp_md *ctx)
{
	__u32 length = ctx->data_end - ctx->data;
	__u64 head[2] = {length, 3};
	struct event *e;

	reserve(ctx, length);
	reserve_variable(length);
	note(20, bpf_ringbuf_output(&ring, head, sizeof(head), 0));
	note(21, bpf_ringbuf_output(&ring, head, sizeof(head), 16));
	e = bpf_ringbuf_reserve(&ring, sizeof(*e), 1);
	note(22, e != 0);
	if (e)
		bpf_ringbuf_submit(e, 0);
	note(23, bpf_ringbuf_query(&ring, BPF_RB_RING_SIZE));
	return XDP_PASS;
}
