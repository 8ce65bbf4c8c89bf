/* SPDX-License-Identifier: BSD-3-Clause
 *
 * load.h -- how full a worker's bursts are, and how long packets stay in its hands: from when they
 * are received to when they have left, the other packets of the burst included.
 *
 * One writer, the worker; anybody may read. Bursts are told apart by size, all of them; the time is
 * taken of one in LOAD_SAMPLE.
 */
#ifndef DATAPLANE_LOAD_H
#define DATAPLANE_LOAD_H

#include <stdbool.h>
#include <stdint.h>

#include "burst.h"
#include "counters.h"

#define LOAD_SAMPLE 64

/* Bursts of at most 1, 2, 4 ... BURST_SIZE packets. */
#define LOAD_FILLS 7
_Static_assert(BURST_SIZE == 1 << (LOAD_FILLS - 1), "the last is a full burst");

#define LOAD_LATENCIES 13

struct load {
	uint64_t fill[LOAD_FILLS];
	uint64_t latency[LOAD_LATENCIES]; /* packets, by load__latency_ns */
	uint64_t latency_ns;              /* of all those packets together */
};

/* The greatest time of each; UINT64_MAX for the last. */
extern const uint64_t load__latency_ns[LOAD_LATENCIES];

/* A burst of n > 0 packets has come. */
static inline void load__count_burst(struct load *load, uint32_t n)
{
	counter__add(&load->fill[n > 1 ? 32 - __builtin_clz(n - 1) : 0], 1);
}

/* n packets have left, so many cycles (rte_rdtsc) after they came. */
void load__count_latency(struct load *load, uint32_t n, uint64_t cycles);

#endif
