/* SPDX-License-Identifier: BSD-3-Clause
 *
 * device-base.h -- what devices have in common: which there are, that they fail once and for all,
 * and what they hold.
 *
 * A device knows all its jobs and modules. A job that is given up stays where it is, and so does
 * the module that it may still be running: both go with the device.
 *
 * Threads: any, but for init and destroy.
 */
#ifndef GPU_OFFLOAD_DEVICE_BASE_H
#define GPU_OFFLOAD_DEVICE_BASE_H

#include <pthread.h>
#include <stdatomic.h>
#include <sys/queue.h>

#include "device.h"

extern const struct ebpf_gpu_device_ops gpu_cuda_ops, gpu_host_ops, gpu_faulty_ops;

/* The beginning of every device's module. */
struct ebpf_gpu_module {
	struct ebpf_gpu_device *dev;
	LIST_ENTRY(ebpf_gpu_module) link;
};

/* The beginning of every device's job. */
struct device_job {
	struct ebpf_gpu_job job;
	const struct ebpf_gpu_module *mod; /* that it was submitted with */
	bool abandoned;
	LIST_ENTRY(device_job) link;
};

/* The beginning of every device. */
struct device_base {
	struct ebpf_gpu_device dev;
	atomic_bool failed; /* dev.why says why, and does not change any more */
	pthread_mutex_t lock;
	LIST_HEAD(, ebpf_gpu_module) modules;
	LIST_HEAD(, device_job) jobs;
};

void device_base__init(struct device_base *base, const struct ebpf_gpu_device_ops *ops);
void device_base__destroy(struct device_base *base);

static inline struct device_base *device_base__of(struct ebpf_gpu_device *dev)
{
	return (struct device_base *)dev;
}

/* Gives -EIO. The first failure is the one that dev->why tells of. */
__attribute__((format(printf, 2, 3))) int device_base__fail(
	struct device_base *base, const char *fmt, ...);
bool device_base__failed(const struct device_base *base);
/* For calls that give a sentence: -EIO with dev->why in it if the device has failed, or 0. */
int device_base__check(struct device_base *base, char **errmsg);

void device_base__add_module(struct device_base *base, struct ebpf_gpu_module *mod);
/* false: a job that was given up may be running it; it stays until the device goes. */
bool device_base__remove_module(struct device_base *base, struct ebpf_gpu_module *mod);
void device_base__add_job(struct device_base *base, struct device_job *job);
void device_base__remove_job(struct device_base *base, struct device_job *job);
void device_base__abandon(struct device_base *base, struct device_job *job);

/* What is left when a device goes, one after the other; NULL: no more. */
struct device_job *device_base__take_job(struct device_base *base);
struct ebpf_gpu_module *device_base__take_module(struct device_base *base);

#endif
