/* SPDX-License-Identifier: BSD-3-Clause
 *
 * offload.h -- a program on a device: batches of packets go, verdicts come back in order, and
 * whatever happens to the device every packet gets its verdict.
 *
 *	o = ebpf_offload__create(dev, prog, &opts, &err);   control thread: compiled, its maps there
 *	ebpf_offload__refresh(o);                           now and then: maps that have changed
 *
 *	q = ebpf_offload_queue__create(o, &err);            one per worker: its own batches
 *	ebpf_offload_queue__add(q, &packet);                into the open batch; false: all are away
 *	b = ebpf_offload_queue__poll(q, now_ns);            sends what is full or due; the oldest
 *	                                                    that is back, or NULL
 *	ebpf_offload_batch__judge(b, i, env, ctx);          each i < b->n in turn: its verdict, and
 *	                                                    the packet as the program left it
 *	ebpf_offload_queue__free(q, b);                     its place may be filled again
 *
 * The memory picture: a queue has `depth` batches, each with a job's pinned buffers (kernel.h), and
 * goes round them: the open one is filled, those before it are away or back. To whoever calls it
 * ebpf_offload_batch__judge() is the program: it does to packet, ctx, env and maps what the program
 * would have done. If the batch failed, was late, or the packet never went, it calls the CPU's
 *code.
 *
 * A batch goes when it is full, or when its first packet has waited for the deadline. One that is
 * not back `patience` later has failed: the watchdog gives it up. After a failure the device is not
 * asked again (ebpf_offload__state()), and all packets are judged by the CPU.
 *
 * Versions: a batch reads one state of all maps. There are two modules, one that batches go to and
 * one that a refresh writes to; refreshing waits until no batch is away with the latter.
 *
 * Threads: a queue belongs to a worker; create, refresh, destroy to one control thread, beside
 * workers; the state and the counters may be read by anybody.
 */
#ifndef GPU_OFFLOAD_OFFLOAD_H
#define GPU_OFFLOAD_OFFLOAD_H

#include <stdbool.h>
#include <stdint.h>

#include "device.h"

#pragma GCC visibility push(default)
#ifdef __cplusplus
extern "C" {
#endif

struct ebpf_offload;
struct ebpf_offload_queue;

#define EBPF_OFFLOAD_MAX_BATCH   4096
#define EBPF_OFFLOAD_PATIENCE_MS 100

struct ebpf_offload_opts {
	uint32_t batch;       /* packets, 1 to EBPF_OFFLOAD_MAX_BATCH; 0: 1024 */
	uint32_t depth;       /* batches of a queue; 0: 4 */
	uint32_t deadline_us; /* a packet waits for others; 0: 100 */
	uint32_t patience_ms; /* for a batch that is away; 0: EBPF_OFFLOAD_PATIENCE_MS */
	uint32_t window;      /* at least so many bytes of a packet go; 0: what the program needs */
	uint32_t cpu;         /* the worker number that programs see, and whose per-CPU values */
};

enum ebpf_offload_state { EBPF_OFFLOAD_WORKS, EBPF_OFFLOAD_FAILED };

struct ebpf_offload_stats {
	uint64_t batches, packets; /* that came back */
	uint64_t sent_packets;
	uint64_t again;    /* packets of them that the CPU had to judge (kernel_result.again) */
	uint64_t failed;   /* batches */
	uint64_t fallback; /* packets that the CPU judged because of failure */
	uint64_t on_cpu;   /* packets that never went */
	uint64_t due;      /* batches that went because of the deadline */
	uint64_t in_ns, kernel_ns, out_ns, away_ns; /* of all batches together */
	uint64_t in_bytes, out_bytes;               /* that were copied for them */
	uint64_t refreshes, refreshed_bytes,
		stale_ns; /* stale: the longest between change and use */
};

struct ebpf_offload_packet {
	const uint8_t *data; /* NULL: it does not go, the CPU is to judge it in its turn */
	uint32_t len;
	uint32_t ifindex, queue;
	uint32_t metadata, rx_hash, rx_hash_type, rx_vlan_tci; /* as in struct ebpf_xdp_ctx */
	uint64_t rx_timestamp;
	void *user; /* the caller's: its mbuf */
};

struct ebpf_offload_batch {
	uint32_t n;
	void **user;     /* of each packet */
	uint32_t n_gone; /* packets that came back from the device; with: */
	struct ebpf_gpu_job_times times;
	uint64_t away_ns;
};

/* The reason why not is a sentence in *errmsg, errno ENOTSUP where it lies in the program. */
struct ebpf_offload *ebpf_offload__create(struct ebpf_gpu_device *dev, struct ebpf_program *prog,
	const struct ebpf_offload_opts *opts, char **errmsg);
/* When all queues are gone. NULL is fine. */
void ebpf_offload__destroy(struct ebpf_offload *o);
int ebpf_offload__refresh(struct ebpf_offload *o);
enum ebpf_offload_state ebpf_offload__state(const struct ebpf_offload *o, const char **why);
void ebpf_offload__stats(const struct ebpf_offload *o, struct ebpf_offload_stats *sum);

struct ebpf_offload_queue *ebpf_offload_queue__create(struct ebpf_offload *o, char **errmsg);
/* Packets in it are the caller's again: drain it first. */
void ebpf_offload_queue__destroy(struct ebpf_offload_queue *q);
bool ebpf_offload_queue__add(struct ebpf_offload_queue *q, const struct ebpf_offload_packet *p);
/* So many more packets it takes for certain, whenever its batches go. */
uint32_t ebpf_offload_queue__room(const struct ebpf_offload_queue *q);
struct ebpf_offload_batch *ebpf_offload_queue__poll(struct ebpf_offload_queue *q, uint64_t now_ns);
/* Sends the open batch now, whatever the deadline. */
void ebpf_offload_queue__flush(struct ebpf_offload_queue *q, uint64_t now_ns);
/* Packets in it, open, away or back. */
uint32_t ebpf_offload_queue__held(const struct ebpf_offload_queue *q);
uint64_t ebpf_offload_batch__judge(
	struct ebpf_offload_batch *b, uint32_t i, struct ebpf_env *env, struct ebpf_xdp_ctx *ctx);
void ebpf_offload_queue__free(struct ebpf_offload_queue *q, struct ebpf_offload_batch *b);

#ifdef __cplusplus
}
#endif
#pragma GCC visibility pop
#endif
