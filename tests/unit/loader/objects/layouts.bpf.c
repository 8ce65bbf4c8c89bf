/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Keys and values of many types.
 */
#include <linux/bpf.h>
#include <linux/in.h>
#include <linux/in6.h>
#include <bpf/bpf_helpers.h>

#define MAP(name, kind, key_type, value_type, map_flags_) \
	struct {                                          \
		__uint(type, BPF_MAP_TYPE_##kind);        \
		__type(key, key_type);                    \
		__type(value, value_type);                \
		__uint(max_entries, 1024);                \
		__uint(map_flags, map_flags_);            \
	} name SEC(".maps")

enum state { STATE_CLOSED, STATE_OPEN = 7, STATE_ODD = -1 };
enum wide { WIDE_LITTLE = 1, WIDE_GREAT = 0x8000000000000001ull };

struct flow {
	__be32 src, dst;
	__be16 port;
	__u8 proto;
	__u8 pad;
};

struct addresses {
	struct in_addr v4;
	struct in6_addr v6;
	__be32 words[4];
	unsigned char mac[6];
	__u8 bytes[4];
	__u8 macs[2][6];
};

struct numbers {
	__u64 u64;
	__s64 s64;
	__u32 u32;
	__s32 s32;
	__u16 u16;
	__s16 s16;
	__u8 u8;
	__s8 s8;
	_Bool flag;
	__be16 be16;
	__be64 be64;
};

struct nested {
	enum state state;
	char name[8];
	struct {
		__u32 a;
		union {
			__u32 b;
			__u16 c[2];
		};
	};
	struct {
		__s16 x, y;
	} points[2];
	__u32 low : 3, mid : 18, high : 11;
	__s32 negative : 5;
	enum wide wide;
};

struct padded {
	__u32 a;
	__u64 b;
};

struct counters {
	__u64 packets, bytes;
};

struct overlapping {
	union {
		__u64 packets;
		__u32 half;
	};
};

struct prefix4 {
	__u32 length;
	__be32 address;
};

struct prefix6 {
	__u32 length;
	struct in6_addr address;
};

struct prefix_more {
	__u32 length;
	__be16 vlan, port;
};

struct odd {
	float f;
	__u32 a;
};

MAP(flows, HASH, struct flow, __u64, 0);
MAP(addresses, ARRAY, __u32, struct addresses, 0);
MAP(numbers, ARRAY, __u32, struct numbers, 0);
MAP(nested, ARRAY, __u32, struct nested, 0);
MAP(padded, HASH, struct padded, struct padded, 0);
MAP(counters, PERCPU_ARRAY, __u32, struct counters, 0);
MAP(overlapping, PERCPU_ARRAY, __u32, struct overlapping, 0);
MAP(per_cpu, PERCPU_HASH, __be32, __u64, 0);
MAP(routes, LPM_TRIE, struct prefix4, __u32, BPF_F_NO_PREALLOC);
MAP(routes6, LPM_TRIE, struct prefix6, __u32, BPF_F_NO_PREALLOC);
MAP(ports, LPM_TRIE, struct prefix_more, __u32, BPF_F_NO_PREALLOC);
MAP(odd, ARRAY, __u32, struct odd, 0);
MAP(hosts, HASH, struct in6_addr, char[16], 0);

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(key_size, 4);
	__uint(value_size, 6);
	__uint(max_entries, 16);
} untyped SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_DEVMAP);
	__uint(key_size, 4);
	__uint(value_size, 4);
	__uint(max_entries, 16);
} devices SEC(".maps");

MAP(targets, DEVMAP_HASH, __u32, struct bpf_devmap_val, 0);

struct {
	__uint(type, BPF_MAP_TYPE_QUEUE);
	__type(value, __u32);
	__uint(max_entries, 16);
} queue SEC(".maps");

const volatile __u32 limit = 100;
__u64 total = 5;
static volatile __u16 quiet = 6;

SEC("xdp/devmap") int leave(struct xdp_md *ctx)
{
	return ctx->egress_ifindex == 1 ? XDP_DROP : XDP_PASS;
}

SEC("xdp") int pass(struct xdp_md *ctx)
{
	total += limit + quiet;
	return XDP_PASS;
}
