/* SPDX-License-Identifier: BSD-3-Clause
 *
 * traffic.c -- packets and the rules that they match. Every packet has a frame of its own. As a
 * pool of buffers does it, frames are an odd number of cache lines apart: with a power of two
 * all headers would fall into the same few sets of the cache.
 */
#include <stdlib.h>
#include <string.h>

#include "bench.h"

#define FRAME_SIZE (2048 + 3 * 64)
#define PACKET_LEN 60

static uint32_t next_random(uint32_t *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 17;
	*state ^= *state << 5;
	return *state;
}

void bench_rule__of(uint32_t flow, struct bench_rule *rule)
{
	static const uint32_t verdicts[] = {1, 2, 2, 3}; /* drop, pass, pass, tx */
	uint8_t key[sizeof(rule->key)] = {10, 1, flow >> 8, flow, 192, 0, 2, 1 + flow % 200,
		4 + (flow >> 8), flow, 0, 53, 17};

	memcpy(rule->key, key, sizeof(key));
	rule->verdict = verdicts[flow % 4];
}

static void fill(uint8_t *p, uint32_t flow)
{
	static const uint8_t head[] = {
		2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2, 8, 0, 0x45, 0, 0, 46, 0, 0, 0, 0, 64, 17, 0, 0};
	struct bench_rule rule;

	bench_rule__of(flow, &rule);
	memcpy(p, head, sizeof(head));
	memcpy(p + 26, rule.key, 12); /* addresses, then ports */
	p[39] = 26;                   /* UDP's length */
}

bool bench_traffic__create(struct bench_packet *packets)
{
	uint8_t *frames = calloc(BENCH_PACKETS, FRAME_SIZE);
	uint32_t state = 12345;

	for (uint32_t i = 0; frames && i < BENCH_PACKETS; i++) {
		packets[i].data = frames + i * FRAME_SIZE + EBPF_XDP_HEADROOM;
		packets[i].len = PACKET_LEN;
		fill(packets[i].data, next_random(&state) % BENCH_FLOWS);
	}
	return frames;
}

void bench_traffic__destroy(struct bench_packet *packets)
{
	free(packets[0].data - EBPF_XDP_HEADROOM);
}
