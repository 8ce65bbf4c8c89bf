/* SPDX-License-Identifier: BSD-3-Clause
 *
 * there.c -- the device without workers: batches are packed once and go round and round; and what
 * its copies can do at the most.
 */
#include <errno.h>
#include <sched.h>
#include <string.h>

#include "../figures.h"
#include "../measure.h"
#include "core/error.h"
#include "gpu.h"
#include "internal.h"

static int device_failed(const struct gpu_bout *b, char **errmsg)
{
	return error__set(errmsg, -1, "%s: %s", b->dev->name, b->dev->why);
}

static int await(const struct gpu_bout *b, struct ebpf_gpu_job *job)
{
	int state;

	while (!(state = b->dev->ops->poll(job)))
		sched_yield();
	return state < 0 ? state : 0;
}

/* --- batches that go round ---------------------------------------------------------------- */

static void fill(struct gpu_bout *b, struct batch *batch, uint32_t *next)
{
	struct traffic *t = &b->bench.traffic;

	batch__clear(batch);
	while (!batch->is_full) {
		const struct bench_packet *p = &t->packets[*next];
		const struct ebpf_offload_packet packet = {
			.data = p->data, .len = p->len, .ifindex = 1};

		batch__add(batch, &packet);
		*next = (*next + 1) % t->n;
	}
}

/* What came back since the round began. */
struct round {
	uint64_t packets, kernel_ns;
};

/* Once round the ring: each that is back goes again. */
static int go_round(struct gpu_bout *b, struct ebpf_offload_queue *q, struct round *r)
{
	for (uint32_t i = 0; i < b->plan->depth; i++) {
		struct batch *batch = &q->batches[i];

		if (batch->version) {
			if (await(b, batch->job))
				return -EIO;
			r->packets += batch->n_sent;
			r->kernel_ns += batch->job->times.kernel_ns;
			mirror__release(batch->version);
			batch->version = NULL;
		}
		if (batch__send(batch, gpu_clock_ns()))
			return -EIO;
	}
	return 0;
}

static int settle(struct gpu_bout *b, struct ebpf_offload_queue *q)
{
	int err = 0;

	for (uint32_t i = 0; i < b->plan->depth; i++) {
		struct batch *batch = &q->batches[i];

		if (batch->version && !err)
			err = await(b, batch->job);
		if (batch->version)
			mirror__release(batch->version);
		batch__clear(batch);
	}
	return err;
}

static int repeat(struct gpu_bout *b, struct ebpf_offload_queue *q, struct gpu_point *out)
{
	double ns[MAX_REPETITIONS + 1], kernel_ns[MAX_REPETITIONS + 1];

	for (uint32_t rep = 0; rep <= b->plan->repetitions; rep++) {
		uint64_t start = gpu_clock_ns(), now = start;
		struct round r = {0};

		for (; now - start < b->plan->ns || !r.packets; now = gpu_clock_ns())
			if (go_round(b, q, &r))
				return -EIO;
		ns[rep] = (double)(now - start) / r.packets;
		kernel_ns[rep] = (double)r.kernel_ns / r.packets;
	}
	out->there_ns = median(ns + 1, b->plan->repetitions); /* the first warms up */
	out->kernel_ns = median(kernel_ns + 1, b->plan->repetitions);
	return 0;
}

int gpu_there__measure(struct gpu_bout *b, struct gpu_point *out, char **errmsg)
{
	struct ebpf_offload_queue *q = ebpf_offload_queue__create(b->offload, errmsg);
	uint32_t next = 0;
	int err;

	if (!q)
		return -1;
	for (uint32_t i = 0; i < b->plan->depth; i++)
		fill(b, &q->batches[i], &next);
	out->bytes =
		(double)(b->offload->layout.windows + q->batches[0].used) / q->batches[0].n_sent;
	err = repeat(b, q, out);
	if (settle(b, q))
		err = -EIO;
	ebpf_offload_queue__destroy(q);
	return err ? device_failed(b, errmsg) : 0;
}

/* --- copies ------------------------------------------------------------------------------- */

#define COPY_BYTES (UINT64_C(64) << 20)
#define COPIES     9

/* A launch without packets, and many bytes in or out. */
static int copy(struct gpu_bout *b, struct ebpf_gpu_job *job, bool in, double *bytes_per_ns)
{
	struct map_version *v = mirror__acquire(&b->offload->mirror);
	double ns[COPIES + 1];
	int err = 0;

	for (uint32_t i = 0; i <= COPIES && !err; i++) {
		uint64_t start = gpu_clock_ns();

		*(struct kernel_launch *)job->in =
			(struct kernel_launch){.in = job->in_address, .out = job->out_address};
		err = b->dev->ops->submit(job, v->mod,
			in ? COPY_BYTES : sizeof(struct kernel_launch),
			in ? sizeof(struct kernel_result) : COPY_BYTES, 1);
		if (!err)
			err = await(b, job);
		ns[i] = (double)(in ? job->times.in_ns : job->times.out_ns);
		if (!ns[i]) /* the device cannot tell */
			ns[i] = (double)(gpu_clock_ns() - start);
	}
	mirror__release(v);
	if (!err)
		*bytes_per_ns = (double)COPY_BYTES / median(ns + 1, COPIES);
	return err;
}

int gpu_there__copies(struct gpu_bout *b, struct gpu_figures *out, char **errmsg)
{
	struct ebpf_gpu_job *job;
	int err = b->dev->ops->open_job(b->dev, COPY_BYTES, COPY_BYTES, &job, errmsg);

	if (err)
		return -1;
	memset(job->in, 1, COPY_BYTES); /* pages that were never written are no memory */
	err = copy(b, job, true, &out->copy_in);
	if (!err)
		err = copy(b, job, false, &out->copy_out);
	b->dev->ops->close_job(job);
	return err ? device_failed(b, errmsg) : 0;
}
