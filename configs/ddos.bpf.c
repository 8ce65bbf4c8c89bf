/* SPDX-License-Identifier: BSD-3-Clause
 *
 * ddos.bpf.c -- a filter in front of servers under attack. It drops, in this order:
 *
 *	what comes from blocked networks
 *	fragments, if told so: floods of them cost the receiver memory
 *	UDP from the ports of services that answer a small question at length (amplifiers)
 *	of a source's SYNs, and of its packets, what exceeds so many in a window of time
 *
 *	rodata set max_syns 100
 *	map update blocked key 8 0 0 0  203 0 0 0   value 1
 *	map update amplifiers key 0 123             value 1
 *
 * A window is 2^window_shift ns long (1.07 s). Counters tell how many packets were dropped why.
 * What is neither IPv4 nor IPv6 passes.
 */
#include "parse.h"

enum reason {
	ALLOWED,
	MALFORMED,
	BLOCKED,
	FRAGMENT,
	AMPLIFIED,
	TOO_MANY_SYNS,
	TOO_MANY,
	N_REASONS
};

struct network {
	__u32 length; /* bits */
	__be32 addr;
};

struct network6 {
	__u32 length;
	struct in6_addr addr;
};

/* What a source has sent in the window that it was last seen in. */
struct source {
	__u64 window;
	__u32 packets, syns;
};

/* Of a packet, what the checks want to know. */
struct summary {
	struct in6_addr saddr; /* IPv4's within ::ffff:0:0/96 */
	__be16 sport;
	__u8 proto, fragment, syn;
};

struct {
	__uint(type, BPF_MAP_TYPE_LPM_TRIE);
	__uint(max_entries, 65536);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, struct network);
	__type(value, __u8);
} blocked SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_LPM_TRIE);
	__uint(max_entries, 65536);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, struct network6);
	__type(value, __u8);
} blocked6 SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 64);
	__type(key, __be16);
	__type(value, __u8);
} amplifiers SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 262144);
	__type(key, struct in6_addr);
	__type(value, struct source);
} sources SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, N_REASONS);
	__type(key, __u32);
	__type(value, __u64);
} counters SEC(".maps");

const volatile __u32 window_shift = 30;
const volatile __u32 max_syns = 0, max_packets = 0; /* of a source in a window; 0: any number */
const volatile __u32 drop_fragments = 0;

/* The ports of what has some; only first fragments do. */
static __always_inline int take_transport(struct cursor *c, struct summary *s)
{
	struct tcphdr *tcp;
	struct udphdr *udp;

	if (s->proto == IPPROTO_TCP) {
		tcp = take(c, sizeof(*tcp));
		if (!tcp)
			return -1;
		s->syn = tcp->syn && !tcp->ack;
	} else if (s->proto == IPPROTO_UDP) {
		udp = take(c, sizeof(*udp));
		if (!udp)
			return -1;
		s->sport = udp->source;
	}
	return 0;
}

static __always_inline enum reason check_rate(const struct summary *s)
{
	__u64 window = bpf_ktime_get_ns() >> window_shift;
	struct source fresh = {window, 1, s->syn};
	struct source *source;

	if (!max_syns && !max_packets)
		return ALLOWED;
	source = bpf_map_lookup_elem(&sources, &s->saddr);
	if (!source) {
		bpf_map_update_elem(&sources, &s->saddr, &fresh, BPF_NOEXIST);
		return ALLOWED;
	}
	if (source->window != window) {
		*source = fresh; /* a few packets of others that do the same may not be counted */
		return ALLOWED;
	}
	__sync_fetch_and_add(&source->packets, 1);
	__sync_fetch_and_add(&source->syns, s->syn);
	if (s->syn && max_syns && source->syns > max_syns)
		return TOO_MANY_SYNS;
	return max_packets && source->packets > max_packets ? TOO_MANY : ALLOWED;
}

static __always_inline enum reason check(const struct summary *s)
{
	if (s->fragment && drop_fragments)
		return FRAGMENT;
	if (s->proto == IPPROTO_UDP && bpf_map_lookup_elem(&amplifiers, &s->sport))
		return AMPLIFIED;
	return check_rate(s);
}

static __always_inline enum reason check_ipv4(struct cursor *c)
{
	struct iphdr *ip = take_ipv4(c);
	struct network network;
	struct summary s = {};

	if (!ip)
		return MALFORMED;
	network = (struct network){32, ip->saddr};
	if (bpf_map_lookup_elem(&blocked, &network))
		return BLOCKED;
	s.saddr.s6_addr32[2] = bpf_htonl(0xffff);
	s.saddr.s6_addr32[3] = ip->saddr;
	s.proto = ip->protocol;
	s.fragment = !!(ip->frag_off & bpf_htons(IP_MF | IP_OFFSET));
	if (is_first_fragment(ip) && take_transport(c, &s))
		return MALFORMED;
	return check(&s);
}

static __always_inline enum reason check_ipv6(struct cursor *c)
{
	struct network6 network;
	struct summary s = {};
	struct ipv6hdr *ip = take_ipv6(c, &s.proto);

	if (!ip)
		return MALFORMED;
	network = (struct network6){128, ip->saddr};
	if (bpf_map_lookup_elem(&blocked6, &network))
		return BLOCKED;
	s.saddr = ip->saddr;
	s.fragment = ip->nexthdr == IPPROTO_FRAGMENT;
	if (take_transport(c, &s))
		return MALFORMED;
	return check(&s);
}

SEC("xdp")
int xdp_ddos(struct xdp_md *ctx)
{
	struct cursor c = packet_cursor(ctx);
	enum reason reason = ALLOWED;
	__u64 *counter;
	__be16 proto;
	__u32 key;

	if (!take_eth(&c, &proto))
		reason = MALFORMED;
	else if (proto == bpf_htons(ETH_P_IP))
		reason = check_ipv4(&c);
	else if (proto == bpf_htons(ETH_P_IPV6))
		reason = check_ipv6(&c);
	key = reason;
	counter = bpf_map_lookup_elem(&counters, &key);
	if (counter)
		(*counter)++;
	return reason == ALLOWED ? XDP_PASS : XDP_DROP;
}

char _license[] SEC("license") = "Dual BSD/GPL";
