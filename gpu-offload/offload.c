/* SPDX-License-Identifier: BSD-3-Clause
 *
 * offload.c -- a program on a device: made, refreshed, failed, counted.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "core/error.h"
#include "internal.h"

static void set_defaults(struct ebpf_offload_opts *to, const struct ebpf_offload_opts *from)
{
	if (from)
		*to = *from;
	to->batch = to->batch ? to->batch : 1024;
	to->depth = to->depth ? to->depth : 4;
	to->deadline_us = to->deadline_us ? to->deadline_us : 100;
	to->patience_ms = to->patience_ms ? to->patience_ms : EBPF_OFFLOAD_PATIENCE_MS;
}

struct ebpf_offload *ebpf_offload__create(struct ebpf_gpu_device *dev, struct ebpf_program *prog,
	const struct ebpf_offload_opts *opts, char **errmsg)
{
	struct ebpf_kernel_driver driver = kernel_driver();
	struct ebpf_offload *o = calloc(1, sizeof(*o));
	struct timespec t;
	int err;

	if (!o) {
		error__set(errmsg, -ENOMEM, "no memory");
		return NULL;
	}
	set_defaults(&o->opts, opts);
	pthread_mutex_init(&o->lock, NULL);
	o->dev = dev;
	o->prog = ebpf_program__ref(prog);
	clock_gettime(CLOCK_REALTIME, &t);
	atomic_init(&o->seed, ((uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec) << 13);
	if (o->opts.batch > EBPF_OFFLOAD_MAX_BATCH) {
		err = error__set(errmsg, -EINVAL, "a batch of %u packets: %u at the most",
			o->opts.batch, EBPF_OFFLOAD_MAX_BATCH);
	} else {
		o->kernel = ebpf_program__offload(prog, dev->ops->target, &driver, errmsg);
		err = o->kernel ? 0 : -errno;
	}
	if (!err) {
		o->info = ebpf_kernel__info(o->kernel);
		batch_layout__make(&o->layout, o->info, &o->opts);
		err = mirror__open(&o->mirror, dev, o->kernel, o->opts.cpu, errmsg);
	}
	if (!err)
		return o;
	ebpf_offload__destroy(o);
	errno = -err;
	return NULL;
}

void ebpf_offload__destroy(struct ebpf_offload *o)
{
	if (!o)
		return;
	mirror__close(&o->mirror);
	ebpf_kernel__destroy(o->kernel);
	ebpf_program__unref(o->prog);
	pthread_mutex_destroy(&o->lock);
	free(o);
}

int ebpf_offload__refresh(struct ebpf_offload *o)
{
	int err;

	if (atomic_load(&o->state) != EBPF_OFFLOAD_WORKS)
		return -EIO;
	err = mirror__refresh(&o->mirror);
	if (err && err != -EAGAIN)
		ebpf_offload__fail(o, o->dev->why[0] ? o->dev->why : strerror(-err));
	return err;
}

/* Some reasons begin with the device's name. */
void ebpf_offload__fail(struct ebpf_offload *o, const char *why)
{
	const char *name = o->dev->name;
	bool named = !strncmp(why, name, strlen(name));

	pthread_mutex_lock(&o->lock);
	if (atomic_load(&o->state) == EBPF_OFFLOAD_WORKS) {
		snprintf(o->why, sizeof(o->why), "%s%s%s", named ? "" : name, named ? "" : ": ",
			why);
		atomic_store_explicit(&o->state, EBPF_OFFLOAD_FAILED, memory_order_release);
	}
	pthread_mutex_unlock(&o->lock);
}

/* The reason does not change once it is there. */
enum ebpf_offload_state ebpf_offload__state(const struct ebpf_offload *o, const char **why)
{
	enum ebpf_offload_state state = atomic_load_explicit(&o->state, memory_order_acquire);

	if (why)
		*why = state == EBPF_OFFLOAD_WORKS ? "" : o->why;
	return state;
}

void offload_stats__add(struct ebpf_offload_stats *sum, const struct ebpf_offload_stats *one)
{
	uint64_t *to = (uint64_t *)sum;
	const uint64_t *from = (const uint64_t *)one;

	for (size_t i = 0; i < sizeof(*sum) / sizeof(*to); i++)
		to[i] += __atomic_load_n(&from[i], __ATOMIC_RELAXED);
}

void ebpf_offload__stats(const struct ebpf_offload *o, struct ebpf_offload_stats *sum)
{
	pthread_mutex_t *lock = (pthread_mutex_t *)&o->lock;

	pthread_mutex_lock(lock);
	*sum = o->gone;
	for (const struct ebpf_offload_queue *q = o->queues; q; q = q->next)
		offload_stats__add(sum, &q->stats);
	pthread_mutex_unlock(lock);
	sum->refreshes = atomic_load_explicit(&o->mirror.refreshes, memory_order_relaxed);
	sum->refreshed_bytes = atomic_load_explicit(&o->mirror.bytes, memory_order_relaxed);
	sum->stale_ns = atomic_load_explicit(&o->mirror.stale_ns, memory_order_relaxed);
}
