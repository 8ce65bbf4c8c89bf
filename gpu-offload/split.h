/* SPDX-License-Identifier: BSD-3-Clause
 *
 * split.h -- which packets of a worker go to the device, and which the worker judges itself.
 *
 *	split__init(&s, SPLIT_AUTO, batch, deadline_ns);
 *	for each burst: goes = split__goes(&s, n);      and what it took is added to a slot
 *	if (split__slot_is_over(&s, &slot)) {
 *		split__learn(&s, &slot);                the share of what goes may be another now
 *		slot = (struct split_slot){0};
 *	}
 *
 * What a packet takes is known of three ways: judged at once by the worker (direct), judged by the
 * worker in its turn, between packets that went (turn), and gone: put into a batch, and dealt with
 * when it is back. A batch takes the worker's time whatever is in it, and a packet the device's.
 *
 * `auto` leaves everything to the worker as long as that has time enough. Beyond, it looks for the
 * share at which worker and device are ready at the same time: with x of the packets gone, a
 * packet takes (1 - x) turn + x gone of the worker, and x device of the device. Now and then it
 * tries the way that it does not take, as costs change: the longer that takes, as the worker may
 * have to wait for a slow device, the more seldom.
 *
 * The deadline is for a packet from when it comes to when it is judged. Of it, a packet waits at
 * most a SPLIT_WAIT-th for others; no more are under way than the device deals with in the rest;
 * and if they still come back later, fewer go.
 *
 * It has no clock, and no knowledge of devices: arithmetic on what it is told, in nanoseconds.
 * Threads: one, a worker; share and crossover may be read by anybody.
 */
#ifndef GPU_OFFLOAD_SPLIT_H
#define GPU_OFFLOAD_SPLIT_H

#include <stdbool.h>
#include <stdint.h>

enum split_mode { SPLIT_AUTO, SPLIT_CPU, SPLIT_GPU };

/* "auto", "cpu", "gpu" */
extern const char *const split_mode__text[3];

#define SPLIT_ALL     256        /* shares are of so many */
#define SPLIT_SLOT_NS 5000000u   /* between two decisions */
#define SPLIT_WAIT    4          /* part of the deadline */
#define SPLIT_NEVER   UINT32_MAX /* crossover: a packet that goes takes more, in any batch */

struct split_work {
	uint64_t packets, ns;
};

/* So long was worked on n packets, which are counted when they are done; less what a worker that
 * shares its CPU did not have of it. */
void split_work__spend(struct split_work *work, uint64_t ns, uint32_t n);

/* What happened since the last decision. ns are the worker's time. */
struct split_slot {
	uint64_t ns; /* since then */
	struct split_work direct, turn, gone;
	uint64_t batches, batch_ns;
	struct split_work device; /* of batches that came back: the slowest part of each */
	uint64_t late;            /* packets that went, and were back after the deadline */
};

struct split {
	enum split_mode mode;
	uint32_t batch; /* packets of a full one */
	uint64_t deadline_ns;
	uint32_t share;     /* of SPLIT_ALL, that goes now */
	uint32_t crossover; /* packets from which a batch pays; 0: not known yet */
	uint32_t limit;     /* packets that may be under way */

	uint32_t settled; /* the share when nothing is tried */
	uint32_t most;    /* the share that has kept the deadline */
	uint32_t credit;  /* what is owed to the device, SPLIT_ALL a packet */
	uint64_t wait_ns; /* until the other way is tried */
	uint32_t quota;   /* packets that may go to try it */
	bool trying;      /* this slot is to find out what the other way takes */
	bool needed;      /* the worker alone would have too much to do */
	/* of a packet, and of a batch, on average; 0: not known yet */
	double direct, turn, gone, per_batch, device;
};

void split__init(struct split *s, enum split_mode mode, uint32_t batch, uint64_t deadline_ns);

/* Shall a burst of n packets go? */
bool split__goes(struct split *s, uint32_t n);

bool split__slot_is_over(const struct split *s, const struct split_slot *slot);
void split__learn(struct split *s, const struct split_slot *slot);

#endif
