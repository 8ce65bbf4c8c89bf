/* SPDX-License-Identifier: BSD-3-Clause
 *
 * counters.h -- what happened to every packet.
 *
 * One set per worker and hop (hop.h). The invariant, at any moment and for every hop, summed over
 * the workers:
 *
 *	entered = the sum of all outcomes + in flight
 *
 * and in flight is zero once the workers have drained. Each set has one writer, its worker;
 * anybody may read. A worker counts a burst as entered before it runs the program, and its
 * outcomes, all at once, when every packet of it has left; so outcomes that were read first
 * and add up to what had entered then are proof that nothing was in flight in between.
 */
#ifndef DATAPLANE_COUNTERS_H
#define DATAPLANE_COUNTERS_H

#include <stdint.h>

#include <linux/bpf.h>

enum outcome {
#define OUTCOME(name, words) OUTCOME_##name,
#include "outcomes.def"
#undef OUTCOME
	N_OUTCOMES,
	FIRST_LOSS = OUTCOME_TX_FULL,
};

_Static_assert(OUTCOME_ABORTED == (int)XDP_ABORTED && OUTCOME_REDIRECT == (int)XDP_REDIRECT,
	"a verdict is its own outcome");

/* Such that a set is two cache lines, and what there is of most bursts the first of them. */
#define ROOM_FOR_OUTCOMES 14
_Static_assert(N_OUTCOMES <= ROOM_FOR_OUTCOMES, "outcomes have room");

struct counters {
	uint64_t entered;
	uint64_t bursts; /* in which they came */
	uint64_t outcome[ROOM_FOR_OUTCOMES];
};

/* What a burst is to add to them: a cache line. */
struct delta {
	int32_t outcome[N_OUTCOMES];
} __attribute__((aligned(64)));

/* For the writer: nobody else changes the counter. */
static inline void counter__add(uint64_t *counter, uint64_t n)
{
	__atomic_store_n(counter, *counter + n, __ATOMIC_RELEASE);
}

static inline uint64_t counter__read(const uint64_t *counter)
{
	return __atomic_load_n(counter, __ATOMIC_ACQUIRE);
}

/* For the writer, when all packets of a burst have left. */
static inline void counters__apply(struct counters *c, const struct delta *delta)
{
	for (int i = 0; i < N_OUTCOMES; i++)
		if (delta->outcome[i])
			counter__add(&c->outcome[i], (uint64_t)delta->outcome[i]);
}

const char *outcome__text(enum outcome outcome);
/* sum += c */
void counters__sum(struct counters *sum, const struct counters *c);
/* What has entered and not left; 0 is the invariant after a drain. */
int64_t counters__in_flight(const struct counters *c);

#endif
