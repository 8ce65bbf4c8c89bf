/* SPDX-License-Identifier: BSD-3-Clause
 *
 * large.bpf.c -- a program of four thousand instructions with a hundred lookups, each with a key
 * of its own that it builds on the stack, in maps of four types.
 */
#include "../../configs/parse.h"

struct key {
	__be32 saddr, daddr;
	struct ports ports;
	__u32 step;
};

struct prefix {
	__u32 len;
	__be32 addr;
};

struct value {
	__u64 packets, bytes;
	__u32 mark, action;
};

#define MAP(name, kind, entries, key_type, ...)    \
	struct {                                   \
		__uint(type, BPF_MAP_TYPE_##kind); \
		__uint(max_entries, entries);      \
		__type(key, key_type);             \
		__type(value, struct value);       \
		__VA_ARGS__                        \
	} name SEC(".maps")

MAP(flows, HASH, 65536, struct key, );
MAP(recent, LRU_HASH, 16384, struct key, );
MAP(counters, PERCPU_ARRAY, 4096, __u32, );
MAP(routes, LPM_TRIE, 10000, struct prefix, __uint(map_flags, BPF_F_NO_PREALLOC););

struct packet {
	__be32 saddr, daddr;
	struct ports ports;
	__u32 len, hash;
};

static __always_inline struct value *find(const struct packet *p, __u32 step)
{
	struct key key = {p->saddr, p->daddr, p->ports, step};
	struct prefix prefix = {8 + step % 25, p->daddr ^ step};
	__u32 index = (p->hash + step) & 4095;

	switch (step % 4) {
	case 0: return bpf_map_lookup_elem(&flows, &key);
	case 1: return bpf_map_lookup_elem(&recent, &key);
	case 2: return bpf_map_lookup_elem(&counters, &index);
	default: return bpf_map_lookup_elem(&routes, &prefix);
	}
}

static __always_inline __u32 mix(__u32 hash, __u32 word)
{
	hash = (hash ^ word) * 0x9e3779b1;
	return hash ^ hash >> 15;
}

static __always_inline void take_step(struct packet *p, __u32 step)
{
	struct value *v = find(p, step);

	if (v) {
		v->packets += 1;
		v->bytes += p->len;
		p->hash = v->action & 1 ? v->mark : mix(p->hash, v->mark);
	} else {
		p->hash = mix(p->hash, step);
	}
}

#define TEN_STEPS(p, n)                                                        \
	do {                                                                   \
		take_step(p, n), take_step(p, n + 1), take_step(p, n + 2);     \
		take_step(p, n + 3), take_step(p, n + 4), take_step(p, n + 5); \
		take_step(p, n + 6), take_step(p, n + 7), take_step(p, n + 8); \
		take_step(p, n + 9);                                           \
	} while (0)

SEC("xdp")
int large(struct xdp_md *ctx)
{
	struct cursor c = packet_cursor(ctx);
	struct packet p = {.len = c.end - c.pos};
	struct iphdr *ip;
	__be16 proto;

	if (!take_eth(&c, &proto) || proto != bpf_htons(ETH_P_IP))
		return XDP_PASS;
	ip = take_ipv4(&c);
	if (!ip || take_ports(&c, ip->protocol, &p.ports))
		return XDP_DROP;
	p.saddr = ip->saddr;
	p.daddr = ip->daddr;
	TEN_STEPS(&p, 0);
	TEN_STEPS(&p, 10);
	TEN_STEPS(&p, 20);
	TEN_STEPS(&p, 30);
	TEN_STEPS(&p, 40);
	TEN_STEPS(&p, 50);
	TEN_STEPS(&p, 60);
	TEN_STEPS(&p, 70);
	TEN_STEPS(&p, 80);
	TEN_STEPS(&p, 90);
	return p.hash & 1 ? XDP_PASS : XDP_DROP;
}

char _license[] SEC("license") = "Dual BSD/GPL";
