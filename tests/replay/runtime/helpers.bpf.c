/* SPDX-License-Identifier: BSD-3-Clause
 *
 * helpers.bpf.c -- bytes of the packet and of the stack, strings, memory of anybody; maps of every
 * kind that helpers alone reach.
 */
#include "results.h"

#define MAP(name, kind, n, key_type, value_type, ...) \
	struct {                                      \
		__uint(type, kind);                   \
		__uint(max_entries, n);               \
		__type(key, key_type);                \
		__type(value, value_type);            \
		__VA_ARGS__                           \
	} name SEC(".maps")

struct prefix {
	__u32 bits;
	__u8 bytes[6];
} __attribute__((packed));

struct inner {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 4);
	__type(key, __u32);
	__type(value, __u64);
};

struct inner even SEC(".maps"), odd SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY_OF_MAPS);
	__uint(max_entries, 3);
	__type(key, __u32);
	__array(values, struct inner);
} outer SEC(".maps") = {.values = {&even, &odd}};

MAP(recent, BPF_MAP_TYPE_LRU_HASH, 4096, __u64, __u64, );
MAP(recent_each, BPF_MAP_TYPE_LRU_PERCPU_HASH, 4096, __u32, __u32, );
MAP(routes, BPF_MAP_TYPE_LPM_TRIE, 4096, struct prefix, __u32,
	__uint(map_flags, BPF_F_NO_PREALLOC););

struct {
	__uint(type, BPF_MAP_TYPE_QUEUE);
	__uint(max_entries, 8);
	__type(value, __u64);
} queue SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_STACK);
	__uint(max_entries, 8);
	__type(value, __u32);
} stack SEC(".maps");

static __always_inline __u64 packet_bytes(struct xdp_md *ctx, __u32 length)
{
	__u8 bytes[48] = {0};
	__u64 sum = 0;

	note(0, bpf_xdp_load_bytes(ctx, 0, bytes, 14));
	note(1, bpf_xdp_load_bytes(ctx, length - 2, bytes + 14, 4));
	note(2, bpf_xdp_load_bytes(ctx, 0, bytes + 16, (length & 15) + 1));
	note(3, bpf_xdp_load_bytes(ctx, 1 << 16, bytes, 4));
	note(4, bpf_xdp_store_bytes(ctx, length - 4, bytes + 2, 4));
	note(5, bpf_xdp_store_bytes(ctx, length - 3, bytes + 2, 4));
	for (int i = 0; i < 48; i++)
		sum = sum * 31 + bytes[i];
	note(6, sum);
	return sum;
}

static __always_inline void strings(__u64 sum)
{
	static const char format[] = "%d and %s";
	char text[8] = "packet";
	__u64 args[2] = {sum & 0xff, 0}, word = 0;

	text[2] = sum % 3 ? 'c' : 'd';
	note(10, bpf_strncmp(text, sizeof(text), "packet"));
	note(11, bpf_strncmp(text, 2, "packet"));
	note(12, bpf_strncmp(text, sizeof(text), "pad"));
	args[1] = (__u64)text;
	note(13, bpf_trace_vprintk(format, sizeof(format), args, sizeof(args)));
	note(14, bpf_trace_vprintk(format, sizeof(format), args, 8));
	note(15, bpf_probe_read_kernel(&word, sizeof(word), text));
	note(16, word);
	note(17, bpf_probe_read_kernel(&word, sizeof(word), (void *)8));
	note(18, word);
}

static __always_inline void queues(__u64 sum)
{
	__u32 half = sum >> 7;
	__u64 got = 0;

	note(20, bpf_map_push_elem(&queue, &sum, sum % 5 ? BPF_ANY : BPF_EXIST));
	note(21, bpf_map_push_elem(&stack, &half, BPF_ANY));
	note(22, bpf_map_peek_elem(&queue, &got));
	note(23, got);
	if (sum % 3 == 0)
		note(24, bpf_map_pop_elem(&queue, &got));
	note(25, got);
	if (sum % 7 == 0) {
		note(26, bpf_map_pop_elem(&stack, &half));
		note(27, bpf_map_pop_elem(&stack, &half));
	}
	note(28, half);
}

static __always_inline void tables(struct xdp_md *ctx, __u64 sum)
{
	struct prefix route = {.bits = sum % 49};
	__u64 one = 1, *seen = bpf_map_lookup_elem(&recent, &sum);
	__u32 key = sum % 1000, hop = sum, *count, *found;

	if (seen)
		*seen += sum;
	else
		note(30, bpf_map_update_elem(&recent, &sum, &one, BPF_NOEXIST));
	count = bpf_map_lookup_elem(&recent_each, &key);
	if (count)
		++*count;
	else
		note(31, bpf_map_update_elem(&recent_each, &key, &hop, BPF_ANY));
	if (key % 16 == 0)
		note(32, bpf_map_delete_elem(&recent_each, &key));
	bpf_xdp_load_bytes(ctx, 0, route.bytes, 6);
	route.bytes[5] = sum >> 9;
	if (sum % 2)
		note(33, bpf_map_update_elem(&routes, &route, &hop, BPF_ANY));
	route.bits = 48;
	found = bpf_map_lookup_elem(&routes, &route);
	note(34, found ? *found : 0);
}

static __always_inline void map_in_map(__u64 sum)
{
	__u32 which = sum % 4, place = (sum >> 3) % 5;
	void *map = bpf_map_lookup_elem(&outer, &which);
	__u64 *value;

	note(40, map != 0);
	if (!map)
		return;
	value = bpf_map_lookup_elem(map, &place);
	if (value)
		*value += sum;
	note(41, bpf_map_update_elem(map, &place, &sum, sum % 11 ? BPF_NOEXIST : BPF_ANY));
}

SEC("xdp")
int xdp_helpers(struct xdp_md *ctx)
{
	__u64 sum = packet_bytes(ctx, ctx->data_end - ctx->data);

	strings(sum);
	queues(sum);
	tables(ctx, sum);
	map_in_map(sum);
	return sum % 2 ? XDP_TX : XDP_PASS;
}
