/* SPDX-License-Identifier: BSD-3-Clause
 *
 * packet.c -- the packets of workloads. Which flow or route a packet belongs to is random, and the
 * same every time.
 */
#include <string.h>

#include "programs/packets.h"
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

static void write_headers(const struct workload *w, struct udp_frame *f)
{
	static const struct ethhdr eth = {.h_dest = {2, 0, 0, 0, 0, 1},
		.h_source = {2, 0, 0, 0, 0, 2},
		.h_proto = PORT(ETH_P_IP)};
	uint16_t len = w->packet_len - sizeof(f->eth);

	f->eth = eth;
	f->ip = (struct iphdr){
		.version = 4, .ihl = 5, .ttl = TTL, .protocol = IPPROTO_UDP, .tot_len = PORT(len)};
	len -= sizeof(f->ip);
	f->udp.len = PORT(len);
}

void packet__flow(const struct workload *w, uint32_t i, uint8_t *p)
{
	struct udp_frame f = {0};

	write_headers(w, &f);
	flow__write(&f, entry_of(w, i));
	memcpy(p, &f, sizeof(f));
}
