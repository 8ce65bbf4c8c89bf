/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Two versions of a program that replaces itself, and versions that do not fit.
 */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

#ifndef ENTRIES
#define ENTRIES 16
#endif
#ifndef TYPE
#define TYPE HASH
#endif
#ifndef MEMBER
#define MEMBER bytes
#endif
#ifndef VARIABLE
#define VARIABLE total
#endif
#ifndef HANDLER
#define HANDLER handler
#endif
#define TYPE_(t)  BPF_MAP_TYPE_##t
#define TYPE__(t) TYPE_(t)

struct flow {
	__be32 address;
};

struct counters {
	__u64 packets, MEMBER;
};

struct {
	__uint(type, TYPE__(TYPE));
	__type(key, struct flow);
	__type(value, struct counters);
	__uint(max_entries, ENTRIES);
} flows SEC(".maps");

#if VERSION == 2
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__type(key, __u32);
	__type(value, __u32);
	__uint(max_entries, 1);
} added SEC(".maps");
#endif

struct inner {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__type(key, __u32);
	__type(value, __u32);
	__uint(max_entries, 1);
};

struct inner one SEC(".maps"), two SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY_OF_MAPS);
	__uint(key_size, sizeof(__u32));
	__uint(max_entries, 2);
	__array(values, struct inner);
} outer SEC(".maps") = {.values = {[0] = (void *)&one}};

struct {
	__uint(type, BPF_MAP_TYPE_PROG_ARRAY);
	__type(key, __u32);
	__type(value, __u32);
	__uint(max_entries, 4);
} jumps SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 5000);
} records SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERF_EVENT_ARRAY);
	__uint(key_size, sizeof(__u32));
	__uint(value_size, sizeof(__u32));
} events SEC(".maps");

const volatile __u32 version = VERSION;
__u64 VARIABLE = 10 * VERSION;

SEC("xdp") int HANDLER(struct xdp_md *ctx)
{
	return version + 2;
}

SEC("xdp") int entry(struct xdp_md *ctx)
{
	struct flow flow = {};
	__u32 zero = 0;

	VARIABLE++;
	bpf_map_lookup_elem(&flows, &flow);
	bpf_map_lookup_elem(&outer, &zero);
	bpf_ringbuf_output(&records, &flow, sizeof(flow), 0);
	bpf_perf_event_output(ctx, &events, BPF_F_CURRENT_CPU, &flow, sizeof(flow));
	bpf_tail_call(ctx, &jumps, 3);
	return version;
}
