/* SPDX-License-Identifier: BSD-3-Clause
 *
 * devices.h -- devices that are open, one for each name. One that has failed is left to those that
 * have it; whoever asks next gets another.
 *
 * Threads: any. What the device allows to one thread at a time is done with its lock held.
 */
#ifndef DATAPLANE_GPU_DEVICES_H
#define DATAPLANE_GPU_DEVICES_H

#include <pthread.h>

#include "gpu-offload/device.h"

struct shared_device {
	struct ebpf_gpu_device *dev;
	pthread_mutex_t lock;
	char spec[64];
	unsigned holders;
	bool failed;
	struct shared_device *next;
};

/* NULL with *errmsg */
struct shared_device *shared_device__open(const char *spec, char **errmsg);
void shared_device__close(struct shared_device *d); /* NULL is fine */

/* It has failed somebody: nobody else gets it. */
void shared_device__distrust(struct shared_device *d);

#endif
