/* SPDX-License-Identifier: BSD-3-Clause
 *
 * worker.h -- a thread of a bout, that has packets judged as long as it is not told to stop.
 *
 * Each has a queue, an environment, and a share of the packets that it goes through in a circle; a
 * share is larger than what can be away. Where packets change so that they would be judged
 * otherwise, they become what they were once in a number of circles, which costs next to nothing.
 *
 * Threads: what is not atomic is the worker's own while it runs.
 */
#ifndef XDPK_BENCH_GPU_WORKER_H
#define XDPK_BENCH_GPU_WORKER_H

#include <pthread.h>
#include <stdatomic.h>

#include "gpu.h"
#include "split.h"

/* What one of the sides has learnt (sides.c). */
struct gpu_side {
	struct split split;
	struct split_slot slot;
};

struct gpu_worker {
	struct gpu_bout *bout;
	struct ebpf_offload_queue *queue;
	struct ebpf_env env;
	uint32_t first, n, next; /* of the traffic's packets; the next is first + next */
	uint64_t round;
	_Atomic uint64_t judged;
	_Atomic uint64_t busy_ns;
	atomic_bool stop;
	pthread_t thread;
	/* Latency: */
	double interval_ns; /* between packets; 0: as fast as they go */
	double arrival_ns;  /* of the next */
	uint64_t *arrived;  /* by packet of the share */
	uint32_t *samples, n_samples;
	struct gpu_side sides[3]; /* by enum split_mode */
	atomic_int side;          /* that it is on */
};

/* What has gone by since some moment: by the clock, of all workers' time with something to do, of a
 * worker's time on a CPU; and packets. */
struct gpu_sample {
	double wall_ns, busy_ns, run_ns, judged;
};

/* The next packet in the circle, as it was at first where it has to be. */
struct bench_packet *gpu_worker__next(struct gpu_worker *w);
/* It is in hand: the one behind it is the next. */
void gpu_worker__advance(struct gpu_worker *w);
/* The next packet, into the open batch; or that it is judged in its turn. False: no room. */
bool gpu_worker__add(struct gpu_worker *w, bool goes);
/* Packets of a batch that is back, from one to before another. */
void gpu_worker__judge(
	struct gpu_worker *w, struct ebpf_offload_batch *b, uint32_t from, uint32_t end);
/* Whatever is in the queue is judged. */
void gpu_worker__drain(struct gpu_worker *w);

/* All of them: opened, started as this thread, sampled, stopped, closed. */
int gpu_workers__open(struct gpu_bout *b, double interval_ns, char **errmsg);
int gpu_workers__start(struct gpu_bout *b, void *(*work)(void *worker), char **errmsg);
/* Until each worker has run for so long, and so many packets have come back: from a device that has
 * failed they do, too. */
struct gpu_sample gpu_workers__watch(struct gpu_bout *b, double ns, double packets);
void gpu_workers__stop(struct gpu_bout *b);
/* Packets are what they were at first. */
void gpu_workers__close(struct gpu_bout *b);

#endif
