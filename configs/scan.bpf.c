/* SPDX-License-Identifier: BSD-3-Clause
 *
 * scan.bpf.c -- looks for signatures in the payload of TCP and UDP, all of them at once.
 *
 * The signatures are an automaton (Aho and Corasick, CACM 1975) in a map: a state for each
 * beginning of a signature, and for each state and byte the next step, so that a byte costs a
 * look-up however many signatures there are. The first that ends in the packet has the say: its
 * verdict, and a counter of its own. scan.py makes the automaton of a list such as scan.signatures:
 *
 *	configs/scan.py configs/scan.signatures > scan.init
 *
 * A packet is looked at by itself; what is spread over two is not found, nor what lies behind
 * the first MAX_SCANNED bytes.
 */
#include "parse.h"

#define MAX_STATES     4096 /* `map resize` where there are more, up to 32768 */
#define MAX_SIGNATURES 1024
#define MAX_SCANNED    2048

/* A step is the next state, or the end of a signature, with its number. */
#define FOUND 0x8000
#define NONE  0xffff

struct state {
	__u16 step[256]; /* by the next byte */
};

struct counter {
	__u64 packets, bytes;
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, MAX_STATES);
	__type(key, __u32);
	__type(value, struct state);
} automaton SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, MAX_SIGNATURES);
	__type(key, __u32);
	__type(value, __u32);
} verdicts SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, MAX_SIGNATURES);
	__type(key, __u32);
	__type(value, struct counter);
} found SEC(".maps");

/* The number of a signature, or NONE. */
static __always_inline __u32 scan(struct cursor *c)
{
	__u32 state = 0;

	for (int i = 0; i < MAX_SCANNED; i++) {
		struct state *s = bpf_map_lookup_elem(&automaton, &state);
		__u8 *byte = take(c, 1);

		if (!s || !byte)
			break;
		state = s->step[*byte];
		if (state & FOUND)
			return state & ~FOUND;
	}
	return NONE;
}

/* To the payload; 0: there is none. */
static __always_inline int take_headers(struct cursor *c)
{
	struct ports ports;
	struct iphdr *ip;
	__be16 type;
	__u8 proto;

	if (!take_eth(c, &type))
		return 0;
	if (type == bpf_htons(ETH_P_IP)) {
		ip = take_ipv4(c);
		if (!ip || !is_first_fragment(ip))
			return 0;
		proto = ip->protocol;
	} else if (type != bpf_htons(ETH_P_IPV6) || !take_ipv6(c, &proto)) {
		return 0;
	}
	return (proto == IPPROTO_TCP || proto == IPPROTO_UDP) && !take_ports(c, proto, &ports);
}

SEC("xdp")
int xdp_scan(struct xdp_md *ctx)
{
	struct cursor c = packet_cursor(ctx);
	__u32 bytes = c.end - c.pos, signature;
	struct counter *counter;
	__u32 *verdict;

	if (!take_headers(&c) || !forget_way(&c, ctx))
		return XDP_PASS;
	signature = scan(&c);
	if (signature == NONE)
		return XDP_PASS;
	counter = bpf_map_lookup_elem(&found, &signature);
	verdict = bpf_map_lookup_elem(&verdicts, &signature);
	if (!counter || !verdict) /* an automaton of another list */
		return XDP_ABORTED;
	counter->packets++;
	counter->bytes += bytes;
	return *verdict;
}

char _license[] SEC("license") = "Dual BSD/GPL";
