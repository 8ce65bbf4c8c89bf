/* SPDX-License-Identifier: BSD-3-Clause
 *
 * events.bpf.c -- tells of every packet in ring buffers and perf events: by bpf_ringbuf_output(),
 * by records that are reserved and submitted, discarded, or find no room, by events with bytes of
 * the packet behind. What the helpers said is in the verdict and in the next record.
 */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 4096);
} small SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 64 * 4096);
} large SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERF_EVENT_ARRAY);
	__uint(key_size, sizeof(__u32));
	__uint(value_size, sizeof(__u32));
} events SEC(".maps");

struct record {
	__u64 number;
	__u64 unread, produced;
	__s64 said;
	__u32 length;
	__u8 head[12];
	__u64 rest[2]; /* 64 packets are more than the ring holds */
};

static __u64 number;
static __s64 said;

/* As long as the ring has room. */
static int tell_small(const struct record *r)
{
	struct record *copy = bpf_ringbuf_reserve(&small, sizeof(*copy), 0);

	if (!copy)
		return XDP_DROP;
	*copy = *r;
	if (r->number % 5 == 4)
		bpf_ringbuf_discard(copy, 0);
	else
		bpf_ringbuf_submit(copy, BPF_RB_NO_WAKEUP);
	return XDP_PASS;
}

SEC("xdp")
int xdp_events(struct xdp_md *ctx)
{
	void *data = (void *)(long)ctx->data, *end = (void *)(long)ctx->data_end;
	__u64 length = end - data, bytes = length < 100 ? length : 100;
	struct record r = {.number = number++, .length = length, .said = said};
	int verdict;

	if (data + sizeof(r.head) > end)
		return XDP_ABORTED;
	__builtin_memcpy(r.head, data, sizeof(r.head));
	r.unread = bpf_ringbuf_query(&small, BPF_RB_AVAIL_DATA);
	r.produced = bpf_ringbuf_query(&small, BPF_RB_PROD_POS) +
		     bpf_ringbuf_query(&large, BPF_RB_CONS_POS);
	verdict = tell_small(&r);
	said = bpf_ringbuf_output(&large, &r, sizeof(r), r.number % 7 == 6 ? 4 : 0);
	said += bpf_perf_event_output(
		ctx, &events, BPF_F_CURRENT_CPU | bytes << 32, &r, 8 + (r.number & 31));
	if (bytes < 64)
		said += bpf_perf_event_output(
			ctx, &events, BPF_F_CURRENT_CPU | (bytes + 1) << 32, &r, 1);
	return verdict;
}

char _license[] SEC("license") = "Dual BSD/GPL";
