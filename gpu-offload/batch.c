/* SPDX-License-Identifier: BSD-3-Clause
 *
 * batch.c -- what lies in a batch's buffers (kernel.h), and how it gets there.
 *
 * A packet's window is as long as the packet needs, so a batch is full when its places are taken
 * or its bytes. Where descriptors and windows lie in `in` is fixed, as they are written while the
 * batch grows; in `out` everything is packed, for what is copied back is then no more than there
 * is.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "core/error.h"
#include "internal.h"

/* Bytes of a packet's window on the average, at the least: an Ethernet frame and its headroom. */
#define AVERAGE_ROOM 2048
/* Where packets move: as far as Linux lets them, and the packet at 2 mod 16 behind that. */
#define FULL_HEADROOM 226
#define HEADROOM      2

static uint64_t align(uint64_t n, uint64_t to)
{
	return (n + to - 1) & ~(to - 1);
}

/* The longest window that can be. */
static uint64_t most_room(const struct batch_layout *l)
{
	uint32_t most = l->window < EBPF_XDP_MAX_LINEAR ? l->window : EBPF_XDP_MAX_LINEAR;

	return align(l->headroom + most, KERNEL_WINDOW_ALIGN);
}

void batch_layout__make(struct batch_layout *l, const struct ebpf_kernel_info *info,
	const struct ebpf_offload_opts *o)
{
	uint64_t most, windows;

	l->headroom = info->moves_packet ? FULL_HEADROOM : HEADROOM;
	l->window = !info->window              ? UINT32_MAX
		    : info->window > o->window ? info->window
					       : o->window;
	most = most_room(l);
	l->least_room = info->grows_packet ? (uint32_t)most : 0;
	windows = o->batch * (l->least_room || most < AVERAGE_ROOM ? most : AVERAGE_ROOM);
	if (windows < most)
		windows = most;
	l->windows = align(sizeof(struct kernel_launch) + o->batch * sizeof(struct kernel_packet),
		KERNEL_WINDOW_ALIGN);
	l->in_bytes = l->windows + windows;
	l->least_packets = windows / most < o->batch ? (uint32_t)(windows / most) : o->batch;
	l->out_bytes = o->batch * (sizeof(struct kernel_result) +
					  info->max_notes * sizeof(struct ebpf_note)) +
		       KERNEL_WINDOW_ALIGN + (info->writes_packet ? windows : 0);
}

int batch__open(struct batch *b, struct ebpf_offload_queue *q, char **errmsg)
{
	const struct ebpf_offload *o = q->offload;

	b->queue = q;
	b->public.user = calloc(o->opts.batch, sizeof(*b->public.user));
	b->place = calloc(o->opts.batch, sizeof(*b->place));
	if (!b->public.user || !b->place)
		return error__set(
			errmsg, -ENOMEM, "no memory for a batch of %u packets", o->opts.batch);
	return o->dev->ops->open_job(
		o->dev, o->layout.in_bytes, o->layout.out_bytes, &b->job, errmsg);
}

void batch__close(struct batch *b)
{
	if (b->job)
		b->queue->offload->dev->ops->close_job(b->job);
	free(b->public.user);
	free(b->place);
}

void batch__clear(struct batch *b)
{
	b->public.n = b->public.n_gone = b->n_sent = 0;
	b->used = b->opened_ns = 0;
	b->has_failed = b->is_full = false;
	b->version = NULL;
	b->state = BATCH_OPEN;
}

/* Does it fit a window of a kernel at all? */
static bool can_go(const struct batch *b, const struct ebpf_offload_packet *p)
{
	return p->data && p->len <= EBPF_XDP_MAX_LINEAR && b->job &&
	       atomic_load_explicit(&b->queue->offload->state, memory_order_relaxed) ==
		       EBPF_OFFLOAD_WORKS;
}

/* What a program uncovers before the packet is not another packet's. */
static void pack(struct batch *b, const struct ebpf_offload_packet *p)
{
	const struct batch_layout *l = &b->queue->offload->layout;
	uint32_t bytes = p->len < l->window ? p->len : l->window;
	uint64_t room = align(l->headroom + bytes, KERNEL_WINDOW_ALIGN);
	uint8_t *window = b->job->in + l->windows + b->used;
	struct kernel_packet *to =
		(struct kernel_packet *)(b->job->in + sizeof(struct kernel_launch)) + b->n_sent;

	if (room < l->least_room)
		room = l->least_room;
	*to = (struct kernel_packet){.len = p->len,
		.ifindex = p->ifindex,
		.queue = p->queue,
		.metadata = p->metadata,
		.rx_hash = p->rx_hash,
		.rx_hash_type = p->rx_hash_type,
		.rx_vlan_tci = (uint16_t)p->rx_vlan_tci,
		.room = (uint16_t)room,
		.window = (uint32_t)b->used,
		.rx_timestamp = p->rx_timestamp};
	memset(window, 0, l->headroom);
	memcpy(window + l->headroom, p->data, bytes);
	b->used += room;
	b->place[b->public.n] = b->n_sent++;
}

void batch__add(struct batch *b, const struct ebpf_offload_packet *p)
{
	const struct ebpf_offload *o = b->queue->offload;

	if (can_go(b, p))
		pack(b, p);
	else
		b->place[b->public.n] = NOT_SENT;
	b->public.user[b->public.n++] = p->user;
	b->is_full = b->public.n == o->opts.batch ||
		     o->layout.windows + b->used + most_room(&o->layout) > o->layout.in_bytes;
}

uint32_t batch__room(const struct batch *b)
{
	const struct ebpf_offload *o = b->queue->offload;
	uint64_t fit = (o->layout.in_bytes - o->layout.windows - b->used) / most_room(&o->layout);
	uint32_t places = o->opts.batch - b->public.n;

	return fit < places ? (uint32_t)fit : places;
}

static uint64_t ktime_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

int batch__send(struct batch *b, uint64_t now_ns)
{
	struct ebpf_offload *o = b->queue->offload;
	struct ebpf_gpu_job *job = b->job;

	b->seed = atomic_fetch_add_explicit(&o->seed, EBPF_OFFLOAD_MAX_BATCH, memory_order_relaxed);
	b->notes = b->n_sent * sizeof(struct kernel_result);
	b->in_used = o->layout.windows + b->used;
	b->out_used =
		b->notes + (uint64_t)b->n_sent * o->info->max_notes * sizeof(struct ebpf_note);
	b->windows = align(b->out_used, KERNEL_WINDOW_ALIGN);
	if (o->info->writes_packet)
		b->out_used = b->windows + b->used;
	*(struct kernel_launch *)job->in = (struct kernel_launch){.n = b->n_sent,
		.end = b->n_sent,
		.cpu = o->opts.cpu,
		.headroom = o->layout.headroom,
		.max_notes = o->info->max_notes,
		.windows_out = o->info->writes_packet,
		.packets = sizeof(struct kernel_launch),
		.windows = o->layout.windows,
		.notes = b->notes,
		.out_windows = b->windows,
		.in = job->in_address,
		.out = job->out_address,
		.ktime_ns = ktime_ns(),
		.seed = b->seed};
	b->version = mirror__acquire(&o->mirror);
	b->sent_ns = now_ns;
	return o->dev->ops->submit(job, b->version->mod, b->in_used, b->out_used, b->n_sent);
}
