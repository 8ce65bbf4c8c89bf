/* SPDX-License-Identifier: BSD-3-Clause
 *
 * traffic.h -- the packets of a case. Every packet has a frame of its own, with the kernel's
 * headroom. As a pool of buffers does it, frames are an odd number of cache lines apart: with a
 * power of two all headers would fall into the same few sets of the cache.
 *
 * Variants take turns and go through the packets in a circle, each from where the one before it
 * stopped. Where programs change packets so that they would decide otherwise the next time, all are
 * at the end of a circle what they were at first.
 */
#ifndef XDPK_BENCH_TRAFFIC_H
#define XDPK_BENCH_TRAFFIC_H

#include "bench.h"
#include "workload.h"

struct traffic {
	struct bench_packet *packets;
	uint32_t n; /* a multiple of BENCH_BURST */
	uint32_t len;
	uint32_t next; /* the circle goes on here */
	bool restored; /* at the end of a circle */
	uint8_t *frames;
	size_t frame_size; /* bytes from one to the next */
	uint8_t *heads;    /* what packets began with: */
	uint32_t head;     /* so many bytes each */
};

/* What became of a packet. */
struct outcome {
	uint32_t verdict, len;
	uint64_t bytes; /* their sum, as FNV-1a has it */
};

struct outcome outcome__of(const struct bench_packet *p);
bool outcome__same(const struct outcome *a, const struct outcome *b);

/* False without memory. */
bool traffic__create(struct traffic *t, const struct workload *w, uint32_t packets);
void traffic__destroy(struct traffic *t);
/* All packets as they were at first, and the circle at its beginning. */
void traffic__restore(struct traffic *t);
/* One packet alone. */
void traffic__restore_packet(struct traffic *t, uint32_t i);

#endif
