/* SPDX-License-Identifier: BSD-3-Clause
 *
 * What the loader must bring together: maps of every way to write them, constants, variables,
 * strings, static and global subprograms in .text and beside the program, several programs in
 * one section and in several, a callback. OWN is the linkage of a map: static, which libbpf
 * does not take, or nothing.
 */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

typedef __u64 counter_t;
struct flow {
	__u32 src, dst;
	__u16 sport, dport;
	__u8 proto, pad[3];
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__type(key, struct flow);
	__type(value, counter_t);
	__uint(max_entries, 1024);
	__uint(map_flags, BPF_F_NO_PREALLOC);
} flows SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(key_size, 4);
	__uint(value_size, 16);
	__uint(max_entries, 8);
	__uint(pinning, LIBBPF_PIN_BY_NAME);
} counts SEC(".maps");

OWN struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__type(key, int);
	__type(value, __u32[3]);
	__uint(max_entries, 2);
} own SEC(".maps");

const volatile __u32 verdict = XDP_PASS;
const volatile __s8 small = -1;
const volatile __u8 address[6] = {1, 2, 3, 4, 5, 6};
volatile __u32 initialised = 7;
volatile __u64 zeroed;
static volatile __u16 tuning SEC(".data.tuning") = 0x1234;

static __noinline int local_sub(struct xdp_md *ctx, int x)
{
	zeroed += x;
	return ctx->rx_queue_index + x;
}

__noinline int global_sub(int x)
{
	return x + initialised;
}

static __noinline int nested(struct xdp_md *ctx, int x)
{
	return global_sub(local_sub(ctx, x)) - initialised;
}

static long callback(__u32 i, void *sum)
{
	*(int *)sum += i;
	return 0;
}

SEC("xdp") int constant(struct xdp_md *ctx)
{
	return verdict;
}

SEC("xdp") int calls(struct xdp_md *ctx)
{
	return nested(ctx, verdict) + local_sub(ctx, 0);
}

SEC("xdp") int variables(struct xdp_md *ctx)
{
	return initialised + zeroed + tuning;
}

SEC("xdp.frags") int lookups(struct xdp_md *ctx)
{
	struct flow flow = {.src = 1, .proto = 17};
	counter_t *hits = bpf_map_lookup_elem(&flows, &flow);
	__u32 zero = 0;
	__u64 *count = bpf_map_lookup_elem(&counts, &zero);
	__u32 *mine = bpf_map_lookup_elem(&own, &zero);

	if (hits)
		return *hits;
	if (!count || !mine)
		return XDP_ABORTED;
	*count += 1;
	return mine[0];
}

SEC("xdp") int loops(struct xdp_md *ctx)
{
	int sum = 0;

	bpf_loop(4, callback, &sum, 0);
	bpf_printk("sum %d", sum);
	return sum;
}

SEC("tc") int classify(struct __sk_buff *skb)
{
	return 0;
}

char _license[] SEC("license") = "GPL";
