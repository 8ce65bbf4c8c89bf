/* SPDX-License-Identifier: BSD-3-Clause
 *
 * queue.c -- a worker's batches: a ring in which they are filled, sent, awaited and given back in
 * one order, and the watchdog over those that are away.
 *
 * Packets that do not go have their turn in the same ring. Once the device has failed, batches are
 * only that: what is away is given up, what is open is given back at once.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/error.h"
#include "internal.h"

static struct batch *batch_at(struct ebpf_offload_queue *q, uint64_t number)
{
	return &q->batches[number % q->offload->opts.depth];
}

static bool has_open(const struct ebpf_offload_queue *q)
{
	return q->closed - q->freed < q->offload->opts.depth;
}

static bool has_failed(const struct ebpf_offload_queue *q)
{
	return atomic_load_explicit(&q->offload->state, memory_order_acquire) != EBPF_OFFLOAD_WORKS;
}

struct ebpf_offload_queue *ebpf_offload_queue__create(struct ebpf_offload *o, char **errmsg)
{
	struct ebpf_offload_queue *q = calloc(1, sizeof(*q));
	int err = 0;

	if (errmsg)
		*errmsg = NULL;
	if (q)
		q->batches = calloc(o->opts.depth, sizeof(*q->batches));
	if (!q || !q->batches) {
		free(q);
		error__set(errmsg, -ENOMEM, "no memory for %u batches", o->opts.depth);
		return NULL;
	}
	q->offload = o;
	pthread_mutex_lock(&o->lock);
	q->next = o->queues;
	o->queues = q;
	pthread_mutex_unlock(&o->lock);
	for (uint32_t i = 0; !err && i < o->opts.depth; i++)
		err = batch__open(&q->batches[i], q, errmsg);
	if (!err)
		return q;
	ebpf_offload_queue__destroy(q);
	errno = -err;
	return NULL;
}

/* The device is not to be waited for, and not to be let alone with buffers that are freed. */
static void give_up(struct batch *b)
{
	b->queue->offload->dev->ops->abandon(b->job);
	b->job = NULL;
	atomic_store(&b->version->is_stuck, true);
}

void ebpf_offload_queue__destroy(struct ebpf_offload_queue *q)
{
	struct ebpf_offload *o;
	struct ebpf_offload_queue **at;

	if (!q)
		return;
	o = q->offload;
	for (uint32_t i = 0; i < o->opts.depth; i++) {
		struct batch *b = &q->batches[i];

		if (b->state == BATCH_AWAY && !o->dev->ops->poll(b->job))
			give_up(b);
		if (b->version)
			mirror__release(b->version);
		batch__close(b);
	}
	pthread_mutex_lock(&o->lock);
	for (at = &o->queues; *at != q; at = &(*at)->next)
		;
	*at = q->next;
	offload_stats__add(&o->gone, &q->stats);
	pthread_mutex_unlock(&o->lock);
	free(q->batches);
	free(q);
}

bool ebpf_offload_queue__add(struct ebpf_offload_queue *q, const struct ebpf_offload_packet *p)
{
	struct batch *b = batch_at(q, q->closed);

	if (!has_open(q))
		return false;
	batch__add(b, p);
	q->held++;
	q->closed += b->is_full;
	return true;
}

uint32_t ebpf_offload_queue__room(const struct ebpf_offload_queue *q)
{
	uint32_t others;

	if (!has_open(q))
		return 0;
	others = q->offload->opts.depth - 1 - (uint32_t)(q->closed - q->freed);
	return batch__room(batch_at((struct ebpf_offload_queue *)q, q->closed)) +
	       others * q->offload->layout.least_packets;
}

static void fail(struct ebpf_offload_queue *q, struct batch *b, const char *why)
{
	b->has_failed = true;
	stat__add(&q->stats.failed, 1);
	ebpf_offload__fail(q->offload, why);
}

static const char *why_of(const struct ebpf_offload *o, int err)
{
	return o->dev->why[0] ? o->dev->why : strerror(-err);
}

static void send(struct ebpf_offload_queue *q, struct batch *b, uint64_t now_ns)
{
	int err;

	b->state = BATCH_BACK;
	if (!b->n_sent)
		return;
	if (has_failed(q)) {
		b->has_failed = true;
		return;
	}
	err = batch__send(b, now_ns);
	if (err) {
		fail(q, b, why_of(q->offload, err));
		return;
	}
	b->state = BATCH_AWAY;
	stat__add(&q->stats.sent_packets, b->n_sent);
}

static void send_closed(struct ebpf_offload_queue *q, uint64_t now_ns)
{
	for (; q->sent < q->closed; q->sent++)
		send(q, batch_at(q, q->sent), now_ns);
}

/* Does the open batch wait no longer? */
static bool is_due(struct ebpf_offload_queue *q, uint64_t now_ns)
{
	struct batch *b = batch_at(q, q->closed);

	if (!has_open(q) || !b->public.n)
		return false;
	if (has_failed(q) || (!b->n_sent && q->given == q->closed))
		return true;
	if (!b->opened_ns)
		b->opened_ns = now_ns;
	if (now_ns - b->opened_ns < q->offload->opts.deadline_us * UINT64_C(1000))
		return false;
	stat__add(&q->stats.due, b->n_sent != 0);
	return true;
}

static void note_return(struct ebpf_offload_queue *q, struct batch *b, uint64_t now_ns)
{
	const struct ebpf_gpu_job_times *t = &b->job->times;

	b->public.n_gone = b->n_sent;
	b->public.times = *t;
	b->public.away_ns = now_ns - b->sent_ns;

	stat__add(&q->stats.batches, 1);
	stat__add(&q->stats.packets, b->n_sent);
	stat__add(&q->stats.in_ns, t->in_ns);
	stat__add(&q->stats.kernel_ns, t->kernel_ns);
	stat__add(&q->stats.out_ns, t->out_ns);
	stat__add(&q->stats.away_ns, now_ns - b->sent_ns);
	stat__add(&q->stats.in_bytes, b->in_used);
	stat__add(&q->stats.out_bytes, b->out_used);
}

/* Is it back? What is late, or away when the device has failed, is given up. */
static bool look_for(struct ebpf_offload_queue *q, struct batch *b, uint64_t now_ns)
{
	int state = q->offload->dev->ops->poll(b->job);

	if (state > 0) {
		note_return(q, b, now_ns);
	} else if (state < 0) {
		fail(q, b, why_of(q->offload, state));
	} else if (has_failed(q)) {
		fail(q, b, "");
		give_up(b);
	} else if (now_ns - b->sent_ns >= q->offload->opts.patience_ms * UINT64_C(1000000)) {
		fail(q, b, "a batch did not come back in time");
		give_up(b);
	} else {
		return false;
	}
	b->state = BATCH_BACK;
	return true;
}

struct ebpf_offload_batch *ebpf_offload_queue__poll(struct ebpf_offload_queue *q, uint64_t now_ns)
{
	struct batch *b;

	if (is_due(q, now_ns))
		q->closed++;
	send_closed(q, now_ns);
	if (q->given == q->sent)
		return NULL;
	b = batch_at(q, q->given);
	if (b->state == BATCH_AWAY && !look_for(q, b, now_ns))
		return NULL;
	q->given++;
	return &b->public;
}

void ebpf_offload_queue__flush(struct ebpf_offload_queue *q, uint64_t now_ns)
{
	if (has_open(q) && batch_at(q, q->closed)->public.n)
		q->closed++;
	send_closed(q, now_ns);
}

uint32_t ebpf_offload_queue__held(const struct ebpf_offload_queue *q)
{
	return q->held;
}

void ebpf_offload_queue__free(struct ebpf_offload_queue *q, struct ebpf_offload_batch *batch)
{
	struct batch *b = (struct batch *)batch;

	q->held -= batch->n;
	if (b->version)
		mirror__release(b->version);
	batch__clear(b);
	q->freed++;
}
