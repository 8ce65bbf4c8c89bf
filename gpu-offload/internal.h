/* SPDX-License-Identifier: BSD-3-Clause
 *
 * internal.h -- what the parts of offload.h share.
 *
 *	offload ──► kernel, mirror (two versions of its maps), layout of its buffers
 *	   ▲
 *	queue ──► ring of batches ──► job (pinned buffers), the version they went with
 *
 * mirror.c has the versions, batch.c what lies in the buffers, queue.c when batches go and come
 * back, judge.c what comes of a packet, offload.c the rest.
 */
#ifndef GPU_OFFLOAD_INTERNAL_H
#define GPU_OFFLOAD_INTERNAL_H

#include <pthread.h>
#include <stdatomic.h>

#include "kernel.h"
#include "offload.h"

/* One state of all maps. */
struct map_version {
	struct ebpf_gpu_module *mod;
	uint8_t **memory;     /* by map: what the module has; NULL: the kernel does not touch it */
	uint64_t *seen;       /* by map: which state of it that is */
	uint64_t taken_ns;    /* when it was last known to be up to date */
	atomic_uint users;    /* batches that are not yet judged */
	atomic_bool is_stuck; /* a batch was given up: the device may read it for ever */
};

/* A map's state is its version, and what of it was found changed by programs. */
struct map_watch {
	uint64_t found;
	uint64_t next_ns; /* when to look again */
};

struct mirror {
	struct ebpf_gpu_device *dev;
	const struct ebpf_kernel_info *info;
	uint32_t worker; /* whose per-CPU values */
	struct map_version version[2];
	_Atomic(struct map_version *) current;
	uint8_t *fresh;          /* room for the largest map */
	struct map_watch *watch; /* by map */
	_Atomic uint64_t refreshes, bytes, stale_ns;
};

/* Both versions are loaded and filled. */
int mirror__open(struct mirror *m, struct ebpf_gpu_device *dev, const struct ebpf_kernel *kernel,
	uint32_t worker, char **errmsg);
void mirror__close(struct mirror *m);
/* 0, -EAGAIN: the idle version is still read, -EIO: the device failed. */
int mirror__refresh(struct mirror *m);
struct map_version *mirror__acquire(struct mirror *m);
void mirror__release(struct map_version *v);

/* Where what lies in the buffers of every batch. */
struct batch_layout {
	uint32_t headroom;
	uint32_t window;     /* bytes of a packet that go; UINT32_MAX: all */
	uint32_t least_room; /* of a window: a tail that grows needs more than its packet */
	uint64_t windows;    /* offset in `in` */
	uint64_t in_bytes, out_bytes;
	uint32_t least_packets; /* that fit a batch, however long */
};

struct ebpf_offload {
	struct ebpf_gpu_device *dev;
	struct ebpf_program *prog;
	struct ebpf_kernel *kernel;
	const struct ebpf_kernel_info *info;
	struct ebpf_offload_opts opts; /* nothing of it 0 */
	struct batch_layout layout;
	struct mirror mirror;
	_Atomic uint64_t seed;
	atomic_int state;
	pthread_mutex_t lock; /* of what follows */
	char why[336];        /* device: reason */
	struct ebpf_offload_queue *queues;
	struct ebpf_offload_stats gone; /* of queues that are gone */
};

/* The first reason is the one that stays. */
void ebpf_offload__fail(struct ebpf_offload *o, const char *why);
void offload_stats__add(struct ebpf_offload_stats *sum, const struct ebpf_offload_stats *one);

enum batch_state { BATCH_OPEN, BATCH_AWAY, BATCH_BACK };

#define NOT_SENT UINT32_MAX

struct batch {
	struct ebpf_offload_batch public; /* the first: callers have its address */
	struct ebpf_offload_queue *queue;
	struct ebpf_gpu_job *job; /* NULL: given up */
	struct map_version *version;
	enum batch_state state;
	bool has_failed;
	bool is_full;
	uint32_t *place;    /* by packet: in the buffers, or NOT_SENT */
	uint32_t n_sent;    /* places that are taken */
	uint64_t used;      /* bytes of windows */
	uint64_t opened_ns; /* 0: not yet seen by poll */
	uint64_t sent_ns;
	uint64_t seed;
	uint64_t notes, windows;    /* offsets in `out` */
	uint64_t in_used, out_used; /* bytes that are copied */
};

struct ebpf_offload_queue {
	struct ebpf_offload *offload;
	struct ebpf_offload_queue *next;
	struct batch *batches; /* a ring of opts.depth */
	/* Batches in the order in which they were opened, by their counts: freed <= given <= sent
	 * <= closed. The open one is that numbered `closed`. */
	uint64_t freed, given, sent, closed;
	uint32_t held;
	struct ebpf_offload_stats stats; /* written by the worker alone */
};

void batch_layout__make(struct batch_layout *l, const struct ebpf_kernel_info *info,
	const struct ebpf_offload_opts *o);
int batch__open(struct batch *b, struct ebpf_offload_queue *q, char **errmsg);
void batch__close(struct batch *b);
/* Ready to be filled. */
void batch__clear(struct batch *b);
/* A full one takes no more. */
void batch__add(struct batch *b, const struct ebpf_offload_packet *p);
/* So many more it takes, however long. */
uint32_t batch__room(const struct batch *b);
/* 0, or what the device says. */
int batch__send(struct batch *b, uint64_t now_ns);

/* One writer, any readers. */
static inline void stat__add(uint64_t *stat, uint64_t by)
{
	__atomic_store_n(stat, *stat + by, __ATOMIC_RELAXED);
}

#endif
