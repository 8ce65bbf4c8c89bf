/* SPDX-License-Identifier: BSD-3-Clause
 *
 * rig.h -- a worker by itself: numbered packets go into a queue, and each that comes back is
 * looked at: in its turn, once, judged, and with the bytes that the program of rig-program.h
 * leaves.
 *
 * Time is the rig's own, and passes as the test says, if it is not `real`. Threads: one a rig, and
 * any number of rigs; what is wrong is kept for rig__check().
 */
#ifndef TESTS_GPU_RIG_H
#define TESTS_GPU_RIG_H

#include "offload.h"

struct rig {
	struct ebpf_offload *offload;
	struct ebpf_offload_queue *queue;
	struct ebpf_env env;
	bool real;
	uint64_t now_ns;
	uint64_t bias;    /* in the map that the packets' batches read */
	bool any_bias;    /* it is not known, but one in a batch */
	uint32_t in, out; /* numbers of the next packet */
	uint64_t counted[4];
	bool small_buffers; /* without headroom */
	uint32_t most_held;
	uint8_t *frames;
	uint32_t n_frames;
	char wrong[160]; /* the first thing that was; "" */
};

/* Fails the test if it cannot be. */
void rig__open(struct rig *r, struct ebpf_instance *inst, uint32_t worker, struct ebpf_offload *o);
void rig__close(struct rig *r);

/* Adds up to n packets, as many as there is room for; of every `stay` one stays here, 0: none. */
uint32_t rig__add(struct rig *r, uint32_t n, uint32_t stay);
/* Looks at the packets of what is back; gives how many batches that were. */
uint32_t rig__poll(struct rig *r);
/* n packets in all, in bursts, until they all are back. Time passes with each burst. */
void rig__run(struct rig *r, uint32_t n, uint32_t burst, uint32_t stay);
/* Until nothing is held. */
void rig__drain(struct rig *r);
/* Fails the test if anything was wrong. Of the thread that runs it. */
void rig__check(const struct rig *r);

#endif
