/* SPDX-License-Identifier: BSD-3-Clause
 *
 * packets.h -- who packets are from and to: the number of a flow or route as headers of UDP over
 * IPv4. For the bench, which makes packets and fills maps, and for the programs that choose by
 * themselves (random.bpf.c).
 */
#ifndef XDPK_BENCH_PROGRAMS_PACKETS_H
#define XDPK_BENCH_PROGRAMS_PACKETS_H

#include <linux/if_ether.h>
#include <linux/in.h>
#include <linux/ip.h>
#include <linux/udp.h>

struct udp_frame {
	struct ethhdr eth;
	struct iphdr ip;
	struct udphdr udp;
} __attribute__((packed));

/* One to one, and neighbours far apart: 2^32 over the golden ratio. */
static inline __u32 scatter(__u32 i)
{
	return i * 0x9e3779b1u;
}

/* Numbers are in network order, without the macros that are others here and there. */
#define PORT(n)             ((__be16)((n) >> 8 | (n) << 8))
#define ADDRESS(a, b, c, d) ((__be32)((a) | (b) << 8 | (c) << 16 | (__u32)(d) << 24))

/* Written as they are read soon after, or wider: what was stored in pieces a load has to wait
 * for. (Of a packed struct the BPF compiler would store byte by byte.) */
static inline void write_addrs(struct udp_frame *f, __be32 saddr, __be32 daddr)
{
	__u64 *addrs = (__u64 *)((char *)f + sizeof(f->eth) + 12);

	*addrs = saddr | (__u64)daddr << 32;
}

static inline void write_ports(struct udp_frame *f, __be16 source, __be16 dest)
{
	__u32 *ports = (__u32 *)((char *)f + sizeof(f->eth) + sizeof(f->ip));

	*ports = source | (__u32)dest << 16;
}

/* Of a rule of the firewall. */
static inline void flow__write(struct udp_frame *f, __u32 flow)
{
	write_addrs(f, scatter(flow), ADDRESS(192, 0, 2, 1));
	write_ports(f, scatter(flow) >> 8, PORT(53));
}

/* To a route: addresses lie far apart, and so does what is left of them in a prefix. */
static inline __be32 route__addr(__u32 route)
{
	return __builtin_bswap32(scatter(route));
}

static inline void route__write(struct udp_frame *f, __u32 route)
{
	write_addrs(f, ADDRESS(192, 0, 2, 1), route__addr(route));
}

/* Of a client of the service that is balanced. */
#define SERVICE_ADDR ADDRESS(198, 51, 100, 1)
#define SERVICE_PORT PORT(443)

static inline void client__write(struct udp_frame *f, __u32 client)
{
	write_addrs(f, scatter(client), SERVICE_ADDR);
	write_ports(f, scatter(client) >> 8, SERVICE_PORT);
}

#endif
