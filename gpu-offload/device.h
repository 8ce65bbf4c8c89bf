/* SPDX-License-Identifier: BSD-3-Clause
 *
 * device.h -- what runs kernels: a table of functions, with two implementations (device-cuda.c,
 * device-host.c) and one that wraps any other and breaks it (device-faulty.c).
 *
 *	dev = ebpf_gpu_device__open("host:4", &err);          "cuda", "cuda:1", "cuda:H100"
 *	mod = dev->ops->load(dev, kernel, &err);              an instance of it: a version of its
 *	dev->ops->write_map(mod, i, offset, bytes, size);     maps, until another is written
 *	job = dev->ops->open_job(dev, in_bytes, out_bytes, &err);        buffers and a stream
 *	dev->ops->submit(job, mod, in_used, out_used, n);     copy in, launch, copy out: returns
 *	                                                      at once
 *	while (!(state = dev->ops->poll(job)))
 *		;                                             1: done, below 0: it failed
 *
 * A module may be unloaded, and its maps written, only when no job that was submitted with it is
 * under way. A job whose poll said something other than 0 may be submitted again.
 *
 * After an error a CUDA context is lost: from then on every call fails (-EIO), and what is under
 * way ends with failure; ebpf_gpu_device__close() still frees everything. A job that never ends is
 * given up with `abandon`: it is the device's from then on, and freed with it, and so is the module
 * that it may still run, when that is unloaded. `close_job` waits.
 *
 * Errors: as in ebpf-vm.h; -EIO: the device failed, with a sentence in dev->why. Threads: load,
 * write_map, unload from one thread at a time; each job belongs to one thread; different jobs may
 * be used at once.
 */
#ifndef GPU_OFFLOAD_DEVICE_H
#define GPU_OFFLOAD_DEVICE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ebpf-offload.h"

#pragma GCC visibility push(default)
#ifdef __cplusplus
extern "C" {
#endif

struct ebpf_gpu_module;

/* How long the parts of a job took. */
struct ebpf_gpu_job_times {
	uint64_t in_ns, kernel_ns, out_ns; /* 0: the device cannot tell them apart */
};

struct ebpf_gpu_job {
	struct ebpf_gpu_device *dev;
	uint8_t *in, *out;                /* pinned; the caller fills and reads them */
	uint64_t in_address, out_address; /* of both, as a kernel sees them */
	size_t in_bytes, out_bytes;
	struct ebpf_gpu_job_times times; /* of the last run */
};

struct ebpf_gpu_device_ops {
	const char *name;
	enum ebpf_target target;
	/* `which` is what stands behind the name and a colon; "" for nothing. */
	int (*open)(const char *which, struct ebpf_gpu_device **dev, char **errmsg);
	void (*close)(struct ebpf_gpu_device *dev);
	int (*load)(struct ebpf_gpu_device *dev, const struct ebpf_kernel *k,
		struct ebpf_gpu_module **mod, char **errmsg);
	void (*unload)(struct ebpf_gpu_module *mod);
	int (*write_map)(struct ebpf_gpu_module *mod, uint32_t map, uint64_t offset,
		const void *bytes, size_t size);
	int (*open_job)(struct ebpf_gpu_device *dev, size_t in_bytes, size_t out_bytes,
		struct ebpf_gpu_job **job, char **errmsg);
	void (*close_job)(struct ebpf_gpu_job *job);
	int (*submit)(struct ebpf_gpu_job *job, struct ebpf_gpu_module *mod, size_t in_used,
		size_t out_used, uint32_t n);
	int (*poll)(struct ebpf_gpu_job *job);
	void (*abandon)(struct ebpf_gpu_job *job);
};

struct ebpf_gpu_device {
	const struct ebpf_gpu_device_ops *ops;
	char name[64];   /* "cuda:0 NVIDIA H100 80GB HBM3", "host:4" */
	char driver[32]; /* "CUDA 12.4"; "" where there is none */
	char why[256];   /* what made it fail */
};

/* "NAME" or "NAME:WHICH". NULL with one clear line: no libcuda.so.1, one too old, no device. */
struct ebpf_gpu_device *ebpf_gpu_device__open(const char *spec, char **errmsg);
void ebpf_gpu_device__close(struct ebpf_gpu_device *dev); /* NULL is fine */

#ifdef __cplusplus
}
#endif
#pragma GCC visibility pop
#endif
