/* SPDX-License-Identifier: BSD-3-Clause
 *
 * device.c -- devices by name.
 */
#include <errno.h>
#include <string.h>

#include "core/error.h"
#include "device-base.h"

static const struct ebpf_gpu_device_ops *const devices[] = {
	&gpu_cuda_ops,
	&gpu_host_ops,
	&gpu_faulty_ops,
};

struct ebpf_gpu_device *ebpf_gpu_device__open(const char *spec, char **errmsg)
{
	const size_t length = strcspn(spec, ":");
	const char *which = spec[length] ? spec + length + 1 : "";

	if (errmsg)
		*errmsg = NULL;
	for (size_t i = 0; i < sizeof(devices) / sizeof(*devices); i++) {
		struct ebpf_gpu_device *dev = NULL;
		int err;

		if (strlen(devices[i]->name) != length || strncmp(spec, devices[i]->name, length))
			continue;
		err = devices[i]->open(which, &dev, errmsg);
		errno = -err;
		return err ? NULL : dev;
	}
	error__set(errmsg, -ENODEV,
		"there is no device %s: cuda, cuda:NUMBER, cuda:NAME, host, host:THREADS, "
		"faulty:FAULT[:AFTER]:DEVICE",
		spec);
	return NULL;
}

void ebpf_gpu_device__close(struct ebpf_gpu_device *dev)
{
	if (dev)
		dev->ops->close(dev);
}
