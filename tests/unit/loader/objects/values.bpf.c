/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Maps whose values have a lock, or should not; maps without keys; other numbers of definitions.
 */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

#define MAP(name, kind, value_type, map_flags_)    \
	struct {                                   \
		__uint(type, BPF_MAP_TYPE_##kind); \
		__type(key, __u32);                \
		__type(value, value_type);         \
		__uint(max_entries, 4);            \
		__uint(map_flags, map_flags_);     \
	} name SEC(".maps")

struct plain {
	__u64 a, b;
};

struct locked {
	__u64 a;
	struct bpf_spin_lock lock;
	__u32 b;
};

struct deep {
	__u32 a;
	struct {
		__u32 b;
		struct locked in;
	} inside;
};

struct twice {
	struct bpf_spin_lock one, two;
};

struct many {
	struct bpf_spin_lock locks[2];
};

typedef struct bpf_spin_lock hidden_lock;

struct hidden {
	__u64 a;
	hidden_lock lock;
};

MAP(plain, ARRAY, struct plain, 0);
MAP(locked, ARRAY, struct locked, 0);
MAP(deep, HASH, struct deep, 0);
MAP(twice, ARRAY, struct twice, 0);
MAP(many, ARRAY, struct many, 0);
MAP(hidden, ARRAY, struct hidden, 0);
MAP(percpu, PERCPU_ARRAY, struct locked, 0);
MAP(constant, ARRAY, struct locked, BPF_F_RDONLY_PROG);

struct {
	__uint(type, BPF_MAP_TYPE_BLOOM_FILTER);
	__type(value, __u64);
	__uint(max_entries, 1000);
	__uint(map_extra, 3);
	__uint(map_flags, BPF_F_NUMA_NODE);
	__uint(numa_node, 0);
} filter SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 5000);
} records SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERF_EVENT_ARRAY);
	__uint(key_size, sizeof(__u32));
	__uint(value_size, sizeof(__u32));
} events SEC(".maps");

__u32 before SEC(".data.own") = 1;
struct bpf_spin_lock of_section SEC(".data.own");

SEC("xdp") int pass(struct xdp_md *ctx)
{
	return XDP_PASS;
}
