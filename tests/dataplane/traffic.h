/* SPDX-License-Identifier: BSD-3-Clause
 *
 * traffic.h -- numbered packets, without end, for programs that are replaced meanwhile.
 *
 * The versions of a program (version.bpf.c) stamp them with a generation, that is how many
 * replacements there have been. Even and odd generations give different verdicts and so leave by
 * different ports. Hence it is known of each packet that comes out who judged it, and that nobody
 * else had a part in it. A program before the others, "watch", writes down how late a burst is, by
 * the processor time of the worker: what the machine does else with its processors is not counted.
 *
 * Threads: one runs traffic__feed_and_check(), others look at what it leaves.
 */
#ifndef TESTS_DATAPLANE_TRAFFIC_H
#define TESTS_DATAPLANE_TRAFFIC_H

#include "ringed.h"
#include "version.h"

#define WINDOW 4096 /* a power of two beyond the packets that are under way */

struct stamped_queue {
	uint32_t sent;                /* packets */
	uint32_t whole;               /* of which the first so many have all come back */
	bool seen[WINDOW];            /* of those behind, by number */
	uint32_t generations[WINDOW]; /* the same */
	uint32_t generation;          /* that judged the last of the first */
	bool stale[WINDOW];           /* fed later than they say */
	uint64_t longest;             /* wait for a worker, ns of its time */
};

struct traffic {
	struct ringed *b;
	struct stamped_queue queue[QUEUES];
	uint64_t packets; /* sent */
	unsigned judged;  /* generations that have judged a packet */
	bool done;        /* written by others: no more packets are to be sent */
	char wrong[1024]; /* the first thing that was */
};

static inline uint32_t version__of(uint32_t generation)
{
	return 1 + generation % 2;
}

/* Installs "watch", too, which is to be attached before the program. */
void traffic__open(struct traffic *t, struct ringed *b);
/* A thread: ends when all packets are back after `done`, and then stops the dataplane. */
void *traffic__feed_and_check(void *traffic);
/* The longest that a packet has waited for a worker since the last call, ns of the worker's time.
 */
uint64_t traffic__take_gap(struct traffic *t);
__attribute__((format(printf, 2, 3))) void traffic__complain(
	struct traffic *t, const char *fmt, ...);

#endif
