/* SPDX-License-Identifier: BSD-3-Clause
 *
 * device-host.c -- "host:N", kernels on N threads of this machine; "host": as many as there are
 * CPUs for the thread that opens it.
 *
 * It is as far away as a GPU: it has its own memory, and a job copies in what the caller says, and
 * out; what was not said to be used does not come. One queue of jobs; a thread takes the first job
 * to copy it in, or the next SLICE packets of one that has been; the last one copies it out.
 *
 * `lock` guards the queue and everything of a job that is under way but the packets themselves.
 */
#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "core/error.h"
#include "core/map-memory.h"
#include "device-base.h"
#include "kernel.h"

#define SLICE       64 /* packets that a thread takes at once */
#define MAX_THREADS 256

struct host_map {
	uint8_t *memory;
	uint64_t bytes;
};

struct host_module {
	struct ebpf_gpu_module base;
	struct ebpf_kernel_image *image;
	ebpf_driver_fn run;
	uint32_t n_maps;
	struct host_map maps[];
};

enum host_job_state { IDLE, UNDER_WAY, DONE };

struct host_job {
	struct device_job base;
	uint8_t *in, *out; /* the device's */
	size_t in_used, out_used;
	ebpf_driver_fn run;
	bool copied;     /* in */
	uint32_t n;      /* packets */
	uint32_t next;   /* that no thread has yet */
	uint32_t n_left; /* that are not done */
	uint64_t in_at, kernel_at;
	atomic_int state;
	STAILQ_ENTRY(host_job) link;
};

struct host_device {
	struct device_base base;
	pthread_mutex_t lock;
	pthread_cond_t more, done;
	STAILQ_HEAD(, host_job) queue;
	bool stop; /* when the queue is empty */
	uint32_t n_threads;
	pthread_t threads[MAX_THREADS];
};

static struct host_device *host_of(struct ebpf_gpu_device *dev)
{
	return (struct host_device *)dev;
}

/* --- threads --------------------------------------------------------------------------------- */

/* These are called with the lock held, and let go of it while they work. */

static void copy_in(struct host_device *h, struct host_job *j)
{
	STAILQ_REMOVE_HEAD(&h->queue, link);
	pthread_mutex_unlock(&h->lock);
	j->in_at = now_ns();
	memcpy(j->in, j->base.job.in, j->in_used);
	j->kernel_at = now_ns();
	pthread_mutex_lock(&h->lock);
	j->copied = true;
	STAILQ_INSERT_HEAD(&h->queue, j, link);
	if (j->n > SLICE)
		pthread_cond_broadcast(&h->more);
}

static void copy_out(struct host_device *h, struct host_job *j)
{
	uint64_t out_at, end_at;

	pthread_mutex_unlock(&h->lock);
	out_at = now_ns();
	memcpy(j->base.job.out, j->out, j->out_used);
	end_at = now_ns();
	j->base.job.times = (struct ebpf_gpu_job_times){.in_ns = j->kernel_at - j->in_at,
		.kernel_ns = out_at - j->kernel_at,
		.out_ns = end_at - out_at};
	pthread_mutex_lock(&h->lock);
	atomic_store_explicit(&j->state, DONE, memory_order_release);
	pthread_cond_broadcast(&h->done);
}

static void run_slice(struct host_device *h, struct host_job *j)
{
	struct kernel_launch launch;
	uint32_t first = j->next, end = j->n - first > SLICE ? first + SLICE : j->n;

	j->next = end;
	if (end == j->n)
		STAILQ_REMOVE_HEAD(&h->queue, link);
	pthread_mutex_unlock(&h->lock);
	memcpy(&launch, j->in, sizeof(launch));
	launch.first = first;
	launch.end = end;
	j->run(NULL, &launch);
	pthread_mutex_lock(&h->lock);
	j->n_left -= end - first;
	if (!j->n_left)
		copy_out(h, j);
}

static void *thread_main(void *arg)
{
	struct host_device *h = arg;
	struct host_job *j;

	pthread_mutex_lock(&h->lock);
	for (;;) {
		while (!(j = STAILQ_FIRST(&h->queue)) && !h->stop)
			pthread_cond_wait(&h->more, &h->lock);
		if (!j)
			break;
		if (j->copied)
			run_slice(h, j);
		else
			copy_in(h, j);
	}
	pthread_mutex_unlock(&h->lock);
	return NULL;
}

/* Signals are for the process's other threads. */
static int start_threads(struct host_device *h, uint32_t n)
{
	sigset_t all, before;
	int err = 0;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	while (!err && h->n_threads < n) {
		err = pthread_create(&h->threads[h->n_threads], NULL, thread_main, h);
		if (!err)
			pthread_setname_np(h->threads[h->n_threads++], "gpu-host");
	}
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	return -err;
}

static void stop_threads(struct host_device *h)
{
	pthread_mutex_lock(&h->lock);
	h->stop = true;
	pthread_cond_broadcast(&h->more);
	pthread_mutex_unlock(&h->lock);
	for (uint32_t i = 0; i < h->n_threads; i++)
		pthread_join(h->threads[i], NULL);
}

/* --- the device ------------------------------------------------------------------------------ */

static int threads_of(const char *which, uint32_t *n, char **errmsg)
{
	unsigned long wanted;
	cpu_set_t cpus;
	char *end;

	*n = 1;
	if (!*which) {
		if (!sched_getaffinity(0, sizeof(cpus), &cpus))
			*n = (uint32_t)CPU_COUNT(&cpus);
		*n = *n > MAX_THREADS ? MAX_THREADS : *n;
		return 0;
	}
	wanted = strtoul(which, &end, 10);
	if (*which < '0' || *which > '9' || *end || !wanted || wanted > MAX_THREADS)
		return error__set(
			errmsg, -EINVAL, "host:%s: it takes 1 to %d threads", which, MAX_THREADS);
	*n = (uint32_t)wanted;
	return 0;
}

static void free_job(struct host_job *j)
{
	map_memory__put(j->base.job.in, j->base.job.in_bytes);
	map_memory__put(j->in, j->base.job.in_bytes);
	map_memory__put(j->base.job.out, j->base.job.out_bytes);
	map_memory__put(j->out, j->base.job.out_bytes);
	free(j);
}

static void free_module(struct host_module *m)
{
	ebpf_kernel_image__destroy(m->image);
	for (uint32_t i = 0; i < m->n_maps; i++)
		map_memory__put(m->maps[i].memory, m->maps[i].bytes);
	free(m);
}

static void host_close(struct ebpf_gpu_device *dev)
{
	struct host_device *h = host_of(dev);
	struct device_job *job;
	struct ebpf_gpu_module *mod;

	stop_threads(h);
	while ((job = device_base__take_job(&h->base)))
		free_job((struct host_job *)job);
	while ((mod = device_base__take_module(&h->base)))
		free_module((struct host_module *)mod);
	pthread_cond_destroy(&h->more);
	pthread_cond_destroy(&h->done);
	pthread_mutex_destroy(&h->lock);
	device_base__destroy(&h->base);
	free(h);
}

static int host_open(const char *which, struct ebpf_gpu_device **dev, char **errmsg)
{
	struct host_device *h;
	uint32_t n;
	int err = threads_of(which, &n, errmsg);

	if (err)
		return err;
	h = calloc(1, sizeof(*h));
	if (!h)
		return error__set(errmsg, -ENOMEM, "host: no memory for the device");
	device_base__init(&h->base, &gpu_host_ops);
	snprintf(h->base.dev.name, sizeof(h->base.dev.name), "host:%u", n);
	pthread_mutex_init(&h->lock, NULL);
	pthread_cond_init(&h->more, NULL);
	pthread_cond_init(&h->done, NULL);
	STAILQ_INIT(&h->queue);
	err = start_threads(h, n);
	if (err) {
		host_close(&h->base.dev);
		return error__set(
			errmsg, err, "host: cannot start %u threads: %s", n, strerror(-err));
	}
	*dev = &h->base.dev;
	return 0;
}

/* --- modules --------------------------------------------------------------------------------- */

static int get_map_memory(struct host_module *m, const struct ebpf_kernel_info *info)
{
	for (; m->n_maps < info->n_maps; m->n_maps++) {
		struct host_map *map = &m->maps[m->n_maps];

		if (!info->map[m->n_maps].use)
			continue;
		map->memory = map_memory__get(info->map[m->n_maps].bytes, ANY_NODE);
		if (!map->memory)
			return -ENOMEM;
		map->bytes = info->map[m->n_maps].bytes;
	}
	return 0;
}

static int place(struct host_module *m, const struct ebpf_kernel *k, char **errmsg)
{
	uint8_t **memory = calloc(m->n_maps + 1, sizeof(*memory));

	if (!memory)
		return error__set(errmsg, -ENOMEM, "host: no memory for a kernel");
	for (uint32_t i = 0; i < m->n_maps; i++)
		memory[i] = m->maps[i].memory;
	m->image = ebpf_kernel__place(k, memory, errmsg);
	free(memory);
	if (!m->image)
		return -errno;
	m->run = ebpf_kernel_image__run(m->image);
	return 0;
}

static int host_load(struct ebpf_gpu_device *dev, const struct ebpf_kernel *k,
	struct ebpf_gpu_module **mod, char **errmsg)
{
	const struct ebpf_kernel_info *info = ebpf_kernel__info(k);
	struct host_module *m = calloc(1, sizeof(*m) + info->n_maps * sizeof(*m->maps));
	int err;

	if (!m || get_map_memory(m, info))
		err = error__set(errmsg, -ENOMEM, "%s: no memory for a kernel's maps", dev->name);
	else
		err = place(m, k, errmsg);
	if (err) {
		if (m)
			free_module(m);
		return err;
	}
	device_base__add_module(device_base__of(dev), &m->base);
	*mod = &m->base;
	return 0;
}

static void host_unload(struct ebpf_gpu_module *mod)
{
	if (device_base__remove_module(device_base__of(mod->dev), mod))
		free_module((struct host_module *)mod);
}

static int host_write_map(
	struct ebpf_gpu_module *mod, uint32_t map, uint64_t offset, const void *bytes, size_t size)
{
	struct host_module *m = (struct host_module *)mod;

	if (map >= m->n_maps || offset > m->maps[map].bytes || size > m->maps[map].bytes - offset)
		return -EINVAL;
	memcpy(m->maps[map].memory + offset, bytes, size);
	return 0;
}

/* --- jobs ------------------------------------------------------------------------------------ */

static int host_open_job(struct ebpf_gpu_device *dev, size_t in_bytes, size_t out_bytes,
	struct ebpf_gpu_job **job, char **errmsg)
{
	struct host_job *j = calloc(1, sizeof(*j));

	if (!j)
		return error__set(errmsg, -ENOMEM, "%s: no memory for a job", dev->name);
	j->base.job.in_bytes = in_bytes;
	j->base.job.out_bytes = out_bytes;
	j->base.job.in = map_memory__get(in_bytes, ANY_NODE);
	j->base.job.out = map_memory__get(out_bytes, ANY_NODE);
	j->in = map_memory__get(in_bytes, ANY_NODE);
	j->out = map_memory__get(out_bytes, ANY_NODE);
	if (!j->base.job.in || !j->base.job.out || !j->in || !j->out) {
		free_job(j);
		return error__set(errmsg, -ENOMEM, "%s: no memory for a job of %zu bytes",
			dev->name, in_bytes + out_bytes);
	}
	j->base.job.in_address = (uintptr_t)j->in;
	j->base.job.out_address = (uintptr_t)j->out;
	device_base__add_job(device_base__of(dev), &j->base);
	*job = &j->base.job;
	return 0;
}

static void host_close_job(struct ebpf_gpu_job *job)
{
	struct host_device *h = host_of(job->dev);
	struct host_job *j = (struct host_job *)job;

	pthread_mutex_lock(&h->lock);
	while (j->state == UNDER_WAY)
		pthread_cond_wait(&h->done, &h->lock);
	pthread_mutex_unlock(&h->lock);
	device_base__remove_job(&h->base, &j->base);
	free_job(j);
}

static int host_submit(struct ebpf_gpu_job *job, struct ebpf_gpu_module *mod, size_t in_used,
	size_t out_used, uint32_t n)
{
	struct host_device *h = host_of(job->dev);
	struct host_job *j = (struct host_job *)job;

	if (!n || in_used < sizeof(struct kernel_launch) || in_used > job->in_bytes ||
		out_used > job->out_bytes)
		return -EINVAL;
	if (atomic_load_explicit(&j->state, memory_order_acquire) == UNDER_WAY)
		return -EBUSY;
	j->base.mod = mod;
	j->run = ((const struct host_module *)mod)->run;
	j->in_used = in_used;
	j->out_used = out_used;
	j->copied = false;
	j->next = 0;
	j->n = j->n_left = n;
	atomic_store_explicit(&j->state, UNDER_WAY, memory_order_relaxed);
	pthread_mutex_lock(&h->lock);
	STAILQ_INSERT_TAIL(&h->queue, j, link);
	pthread_cond_signal(&h->more);
	pthread_mutex_unlock(&h->lock);
	return 0;
}

static int host_poll(struct ebpf_gpu_job *job)
{
	struct host_job *j = (struct host_job *)job;

	return atomic_load_explicit(&j->state, memory_order_acquire) == DONE;
}

static void host_abandon(struct ebpf_gpu_job *job)
{
	device_base__abandon(device_base__of(job->dev), (struct device_job *)job);
}

const struct ebpf_gpu_device_ops gpu_host_ops = {
	.name = "host",
	.target = EBPF_TARGET_HOST,
	.open = host_open,
	.close = host_close,
	.load = host_load,
	.unload = host_unload,
	.write_map = host_write_map,
	.open_job = host_open_job,
	.close_job = host_close_job,
	.submit = host_submit,
	.poll = host_poll,
	.abandon = host_abandon,
};
