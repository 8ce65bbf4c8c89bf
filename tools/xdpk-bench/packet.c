/* SPDX-License-Identifier: BSD-3-Clause
 *
 * packet.c -- the packets of workloads. Which flow or route a packet belongs to is random, and the
 * same every time.
 */
#include <stddef.h>
#include <string.h>

#include "networks.h"
#include "workload.h"

#define TTL 64

/* The finalizer of MurmurHash3 (Appleby): as good as random. */
static uint32_t random_of(uint32_t i)
{
	i ^= i >> 16;
	i *= 0x85ebca6bu;
	i ^= i >> 13;
	i *= 0xc2b2ae35u;
	return i ^ i >> 16;
}

static uint32_t entry_of(const struct workload *w, uint32_t i)
{
	return (uint64_t)random_of(i + 1) * (w->entries ? w->entries : 1024) >> 32;
}

static uint32_t sum16(const void *p, size_t size)
{
	const uint8_t *b = p;
	uint32_t sum = 0;

	for (size_t i = 0; i < size; i += 2)
		sum += b[i] | (i + 1 < size ? b[i + 1] << 8 : 0);
	return sum;
}

/* RFC 1071; a UDP checksum of 0 is none, RFC 768. */
static uint16_t checksum(uint32_t sum)
{
	sum = (sum >> 16) + (sum & 0xffff);
	sum = (sum >> 16) + (sum & 0xffff);
	return sum == 0xffff ? 0xffff : ~sum;
}

static void close_checksums(const struct workload *w, uint8_t *p)
{
	struct udp_frame *f = (struct udp_frame *)p;
	size_t segment = w->packet_len - offsetof(struct udp_frame, udp);
	uint32_t pseudo = sum16(&f->ip.saddr, 8) + PORT(IPPROTO_UDP) + f->udp.len;

	f->ip.check = checksum(sum16(&f->ip, sizeof(f->ip)));
	f->udp.check = checksum(sum16(&f->udp, segment) + pseudo);
}

typedef void (*write_fn)(struct udp_frame *f, uint32_t entry);

static void write_packet(const struct workload *w, uint32_t i, uint8_t *p, write_fn write)
{
	static const struct ethhdr eth = {.h_dest = {2, 0, 0, 0, 0, 1},
		.h_source = {2, 0, 0, 0, 0, 2},
		.h_proto = PORT(ETH_P_IP)};
	uint32_t n_letters = w->letters ? (uint32_t)strlen(w->letters) : 0;
	struct udp_frame *f = (struct udp_frame *)p;
	uint16_t ip_len = w->packet_len - sizeof(eth), udp_len = ip_len - sizeof(f->ip);

	f->eth = eth;
	f->ip = (struct iphdr){.version = 4,
		.ihl = 5,
		.ttl = TTL,
		.protocol = IPPROTO_UDP,
		.tot_len = PORT(ip_len)};
	f->udp.len = PORT(udp_len);
	for (uint32_t at = sizeof(*f); at < w->packet_len; at++)
		p[at] = w->letters ? (uint8_t)w->letters[random_of(i + at) % n_letters]
				   : (uint8_t)random_of(i + at);
	write(f, entry_of(w, i));
	close_checksums(w, p);
}

void packet__flow(const struct workload *w, uint32_t i, uint8_t *p)
{
	write_packet(w, i, p, flow__write);
}

void packet__route(const struct workload *w, uint32_t i, uint8_t *p)
{
	write_packet(w, i, p, route__write);
}

void packet__client(const struct workload *w, uint32_t i, uint8_t *p)
{
	write_packet(w, i, p, client__write);
}

static void network__write(struct udp_frame *f, uint32_t route)
{
	write_addrs(f, ADDRESS(192, 0, 2, 1), __builtin_bswap32(network__of(route).addr));
}

void packet__network(const struct workload *w, uint32_t i, uint8_t *p)
{
	write_packet(w, i, p, network__write);
}
