/* SPDX-License-Identifier: BSD-3-Clause
 *
 * balancer.bpf.c -- a layer 4 load balancer: sends each connection to a service to one of its
 * backends, in an IPv4 tunnel, out where it came in. Backends take the outer header away
 * (decap.bpf.c) and answer their clients directly.
 *
 * A service is an address, port and protocol, and has a number. What backend a connection gets
 * is in a table of ring_size places for each service, at the place that the hash of its 5-tuple
 * says. Who fills the table so that few places change with the backends (Maglev: Eisenbud et al.,
 * NSDI 2016, with a prime ring_size) has consistent hashing; connections that are known keep their
 * backend in any case, as long as the LRU table remembers them.
 *
 *	rodata set ring_size 7
 *	map update services key 192 0 2 2  0 80  6 0  value 0 0 0 0
 *	map update ring     key 0 0 0 0  value 1 0 0 0               places 0 to 6
 *	map update backends key 1 0 0 0  value 10 0 0 11  2 0 0 0 0 11  0 0
 *
 * Fragments have no ports: those after the first go up the stack, as does what is for no service.
 */
#include "parse.h"

#define MAX_BACKENDS 256
#define OUTER_TTL    64

struct service {
	__be32 addr;
	__be16 port;
	__u8 proto;
	__u8 pad;
};

struct connection {
	__be32 saddr, daddr;
	__be16 sport, dport;
	__u8 proto;
	__u8 pad[3];
};

struct backend {
	__be32 addr; /* the tunnel's end; 0: there is none */
	__u8 mac[ETH_ALEN];
	__u8 pad[2];
};

struct counter {
	__u64 packets, bytes;
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 256);
	__type(key, struct service);
	__type(value, __u32); /* its number */
} services SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 65537);
	__type(key, __u32);   /* number * ring_size + place */
	__type(value, __u32); /* a backend */
} ring SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 131072);
	__type(key, struct connection);
	__type(value, __u32); /* a backend */
} connections SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, MAX_BACKENDS);
	__type(key, __u32);
	__type(value, struct backend);
} backends SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, MAX_BACKENDS);
	__type(key, __u32);
	__type(value, struct counter);
} counters SEC(".maps"); /* by backend */

const volatile __u32 ring_size = 65537;
const volatile __be32 tunnel_addr = bpf_htonl(0xc0000201); /* 192.0.2.1 */

/* Both words multiplied by odd constants, the upper bits folded into the lower. */
static __always_inline __u32 hash_connection(const struct connection *conn)
{
	__u64 addrs = (__u64)conn->saddr << 32 | conn->daddr;
	__u64 rest = (__u64)conn->sport << 32 | (__u64)conn->dport << 16 | conn->proto;
	__u64 h = addrs * 0x9e3779b97f4a7c15ull;

	h = (h ^ h >> 29 ^ rest) * 0xbf58476d1ce4e5b9ull;
	return h >> 32;
}

/* The connection's backend: the one that it has, or else the one that its hash says. */
static __always_inline __u32 *find_backend(const struct connection *conn, __u32 service)
{
	__u32 *known = bpf_map_lookup_elem(&connections, conn), *backend, place;

	if (known)
		return known;
	place = service * ring_size + hash_connection(conn) % ring_size;
	backend = bpf_map_lookup_elem(&ring, &place);
	if (backend)
		bpf_map_update_elem(&connections, conn, backend, BPF_ANY);
	return backend;
}

static __always_inline int find_service(struct cursor *c, struct connection *conn, __u32 *number)
{
	struct iphdr *ip = take_ipv4(c);
	struct service key = {};
	struct ports ports;
	__u32 *service;

	if (!ip || !is_first_fragment(ip) || take_ports(c, ip->protocol, &ports))
		return 0;
	*conn = (struct connection){ip->saddr, ip->daddr, ports.src, ports.dst, ip->protocol, {}};
	key.addr = ip->daddr;
	key.port = ports.dst;
	key.proto = ip->protocol;
	service = bpf_map_lookup_elem(&services, &key);
	if (service)
		*number = *service;
	return service != NULL;
}

/* `dmac` was the packet's destination: ours. */
static __always_inline int encapsulate(
	struct xdp_md *ctx, const __u8 *dmac, const struct backend *to, __u32 len)
{
	struct ethhdr *eth;
	struct cursor c;
	struct iphdr *ip;

	if (bpf_xdp_adjust_head(ctx, -(int)sizeof(*ip)))
		return XDP_DROP;
	c = packet_cursor(ctx);
	eth = take(&c, sizeof(*eth));
	ip = take(&c, sizeof(*ip));
	if (!eth || !ip)
		return XDP_ABORTED;
	__builtin_memcpy(eth->h_dest, to->mac, ETH_ALEN);
	__builtin_memcpy(eth->h_source, dmac, ETH_ALEN);
	eth->h_proto = bpf_htons(ETH_P_IP);
	*ip = (struct iphdr){
		.version = 4,
		.ihl = 5,
		.tot_len = bpf_htons(len + sizeof(*ip)),
		.ttl = OUTER_TTL,
		.protocol = IPPROTO_IPIP,
		.saddr = tunnel_addr,
		.daddr = to->addr,
	};
	ip->check = csum_fold(bpf_csum_diff(NULL, 0, (__be32 *)ip, sizeof(*ip), 0));
	return XDP_TX;
}

SEC("xdp")
int xdp_balancer(struct xdp_md *ctx)
{
	struct cursor c = packet_cursor(ctx);
	struct ethhdr *eth = take(&c, sizeof(*eth));
	__u32 len = c.end - c.pos, service, *backend;
	struct connection conn;
	struct counter *counter;
	__u8 dmac[ETH_ALEN];
	struct backend *to;

	if (!eth || eth->h_proto != bpf_htons(ETH_P_IP) || !find_service(&c, &conn, &service))
		return XDP_PASS;
	backend = find_backend(&conn, service);
	if (!backend)
		return XDP_DROP;
	to = bpf_map_lookup_elem(&backends, backend);
	counter = bpf_map_lookup_elem(&counters, backend);
	if (!to || !to->addr || !counter)
		return XDP_DROP;
	counter->packets++;
	counter->bytes += len;
	__builtin_memcpy(dmac, eth->h_dest, ETH_ALEN);
	return encapsulate(ctx, dmac, to, len);
}

char _license[] SEC("license") = "Dual BSD/GPL";
