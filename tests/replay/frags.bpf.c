/* SPDX-License-Identifier: BSD-3-Clause
 *
 * frags.bpf.c -- packets in fragments. The packet itself says, in numbers behind its Ethernet
 * header, what is done with it: bytes are read, written, looked at through slices and sent in
 * events wherever they lie, and the tail is moved. Another program tells the same by linear bytes.
 */
#include "runtime/results.h"

extern int bpf_dynptr_from_xdp(struct xdp_md *ctx, __u64 flags, struct bpf_dynptr *p) __ksym;
extern void *bpf_dynptr_slice(
	const struct bpf_dynptr *p, __u32 offset, void *buffer, __u32 buffer__szk) __ksym;
extern void *bpf_dynptr_slice_rdwr(
	const struct bpf_dynptr *p, __u32 offset, void *buffer, __u32 buffer__szk) __ksym;
extern __u32 bpf_dynptr_size(const struct bpf_dynptr *p) __ksym;

#define CHUNK 64

struct orders { /* behind the Ethernet header */
	__u32 load, store;
	__u32 slice, written_slice;
	__s32 tail, tail_again;
	__u32 event;
};

struct {
	__uint(type, BPF_MAP_TYPE_PERF_EVENT_ARRAY);
	__uint(key_size, sizeof(__u32));
	__uint(value_size, sizeof(__u32));
} events SEC(".maps");

static __u64 sum_of(const __u8 *bytes, __u32 n)
{
	__u64 sum = 0;

	for (__u32 i = 0; i < n; i++)
		sum = sum * 31 + bytes[i];
	return sum;
}

static void copy_bytes(struct xdp_md *ctx, const struct orders *o)
{
	__u8 chunk[CHUNK] = {0};
	__u32 size = 1 + o->load % CHUNK;

	note(0, bpf_xdp_get_buff_len(ctx));
	note(1, ctx->data_end - ctx->data);
	note(2, bpf_xdp_load_bytes(ctx, o->load, chunk, size));
	note(3, sum_of(chunk, sizeof(chunk)));
	note(4, bpf_xdp_store_bytes(ctx, o->store, chunk, size));
}

static void look_at_slices(struct xdp_md *ctx, const struct orders *o)
{
	__u8 buffer[CHUNK] = {0}, word[8] = {0}, *slice;
	struct bpf_dynptr packet;

	note(10, bpf_dynptr_from_xdp(ctx, 0, &packet));
	note(11, bpf_dynptr_size(&packet));
	slice = bpf_dynptr_slice(&packet, o->slice, buffer, sizeof(buffer));
	note(12, slice ? sum_of(slice, CHUNK) : 1);
	slice = bpf_dynptr_slice(&packet, o->slice, 0, CHUNK);
	note(13, slice ? sum_of(slice, CHUNK) : 1);
	slice = bpf_dynptr_slice_rdwr(&packet, o->written_slice, buffer, sizeof(buffer));
	if (slice)
		for (int i = 0; i < CHUNK; i++)
			slice[i] ^= i;
	note(14, sum_of(buffer, sizeof(buffer)));
	note(15, bpf_dynptr_read(word, sizeof(word), &packet, o->written_slice, 0));
	note(16, bpf_dynptr_write(&packet, o->slice, word, sizeof(word), 0));
	/* The dynptr keeps its size, the packet does not. */
	note(17, bpf_xdp_adjust_tail(ctx, o->tail));
	note(18, bpf_dynptr_size(&packet));
	slice = bpf_dynptr_slice(&packet, o->slice, buffer, sizeof(buffer));
	note(19, slice ? sum_of(slice, CHUNK) : 1);
	note(20, bpf_dynptr_read(word, sizeof(word), &packet, o->written_slice, 0));
}

SEC("xdp.frags")
int xdp_frags(struct xdp_md *ctx)
{
	struct orders o;
	__s64 err = bpf_xdp_load_bytes(ctx, 14, &o, sizeof(o));

	note(30, err);
	if (err)
		return XDP_DROP;
	note(31, bpf_perf_event_output(
			 ctx, &events, (__u64)o.event << 32 | BPF_F_CURRENT_CPU, &o, sizeof(o)));
	copy_bytes(ctx, &o);
	look_at_slices(ctx, &o);
	note(32, bpf_xdp_adjust_head(ctx, o.load % 2 ? -16 : 16));
	note(33, bpf_xdp_adjust_tail(ctx, o.tail_again));
	note(34, bpf_xdp_get_buff_len(ctx));
	note(35, ctx->data_end - ctx->data);
	return o.store % 2 ? XDP_TX : XDP_PASS;
}

SEC("xdp.frags")
int xdp_frags_tail(struct xdp_md *ctx)
{
	return bpf_xdp_adjust_tail(ctx, -100) ? XDP_DROP : XDP_TX;
}

SEC("xdp")
int xdp_linear(struct xdp_md *ctx)
{
	return XDP_PASS;
}
