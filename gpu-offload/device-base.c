/* SPDX-License-Identifier: BSD-3-Clause
 *
 * device-base.c -- see device-base.h.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>

#include "core/error.h"
#include "device-base.h"

void device_base__init(struct device_base *base, const struct ebpf_gpu_device_ops *ops)
{
	base->dev.ops = ops;
	LIST_INIT(&base->modules);
	LIST_INIT(&base->jobs);
	pthread_mutex_init(&base->lock, NULL);
}

void device_base__destroy(struct device_base *base)
{
	pthread_mutex_destroy(&base->lock);
}

int device_base__fail(struct device_base *base, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	pthread_mutex_lock(&base->lock);
	if (!base->failed)
		vsnprintf(base->dev.why, sizeof(base->dev.why), fmt, ap);
	atomic_store_explicit(&base->failed, true, memory_order_release);
	pthread_mutex_unlock(&base->lock);
	va_end(ap);
	return -EIO;
}

bool device_base__failed(const struct device_base *base)
{
	return atomic_load_explicit(&base->failed, memory_order_acquire);
}

int device_base__check(struct device_base *base, char **errmsg)
{
	if (!device_base__failed(base))
		return 0;
	return error__set(errmsg, -EIO, "%s: it has failed: %s", base->dev.name, base->dev.why);
}

void device_base__add_module(struct device_base *base, struct ebpf_gpu_module *mod)
{
	mod->dev = &base->dev;
	pthread_mutex_lock(&base->lock);
	LIST_INSERT_HEAD(&base->modules, mod, link);
	pthread_mutex_unlock(&base->lock);
}

bool device_base__remove_module(struct device_base *base, struct ebpf_gpu_module *mod)
{
	bool in_use = false;

	pthread_mutex_lock(&base->lock);
	for (struct device_job *j = LIST_FIRST(&base->jobs); j; j = LIST_NEXT(j, link))
		in_use |= j->abandoned && j->mod == mod;
	if (!in_use)
		LIST_REMOVE(mod, link);
	pthread_mutex_unlock(&base->lock);
	return !in_use;
}

void device_base__add_job(struct device_base *base, struct device_job *job)
{
	job->job.dev = &base->dev;
	pthread_mutex_lock(&base->lock);
	LIST_INSERT_HEAD(&base->jobs, job, link);
	pthread_mutex_unlock(&base->lock);
}

void device_base__remove_job(struct device_base *base, struct device_job *job)
{
	pthread_mutex_lock(&base->lock);
	LIST_REMOVE(job, link);
	pthread_mutex_unlock(&base->lock);
}

void device_base__abandon(struct device_base *base, struct device_job *job)
{
	pthread_mutex_lock(&base->lock);
	job->abandoned = true;
	pthread_mutex_unlock(&base->lock);
}

struct device_job *device_base__take_job(struct device_base *base)
{
	struct device_job *job = LIST_FIRST(&base->jobs);

	if (job)
		LIST_REMOVE(job, link);
	return job;
}

struct ebpf_gpu_module *device_base__take_module(struct device_base *base)
{
	struct ebpf_gpu_module *mod = LIST_FIRST(&base->modules);

	if (mod)
		LIST_REMOVE(mod, link);
	return mod;
}
