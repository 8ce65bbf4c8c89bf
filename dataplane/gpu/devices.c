/* SPDX-License-Identifier: BSD-3-Clause
 *
 * devices.c -- a list, and a thread to open with: those that a device starts are like it, so it is
 * not tied to a worker's CPU, and has no capabilities. (Some let no signal through, by which they
 * could be told to drop theirs.)
 */
#include <errno.h>
#include <linux/capability.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "background.h"
#include "core/error.h"
#include "devices.h"

static pthread_mutex_t list_lock = PTHREAD_MUTEX_INITIALIZER;
static struct shared_device *list;

struct opening {
	const char *spec;
	struct ebpf_gpu_device *dev;
	char *errmsg;
};

static void *open_main(void *arg)
{
	struct __user_cap_header_struct own = {_LINUX_CAPABILITY_VERSION_3, 0};
	struct __user_cap_data_struct none[_LINUX_CAPABILITY_U32S_3] = {0};
	struct opening *o = arg;

	syscall(SYS_capset, &own, none);
	o->dev = ebpf_gpu_device__open(o->spec, &o->errmsg);
	return NULL;
}

static struct shared_device *find(const char *spec)
{
	for (struct shared_device *d = list; d; d = d->next)
		if (!strcmp(d->spec, spec) && !d->failed)
			return d;
	return NULL;
}

static struct shared_device *open_new(const char *spec, char **errmsg)
{
	struct shared_device *d = calloc(1, sizeof(*d));
	struct opening o = {.spec = spec};

	if (!d || (size_t)snprintf(d->spec, sizeof(d->spec), "%s", spec) >= sizeof(d->spec)) {
		error__set(errmsg, -EINVAL, "device %s: %s", spec,
			d ? "no device has so long a name" : "no memory");
		free(d);
		return NULL;
	}
	if (background__call("xdpk-device", open_main, &o))
		error__set(&o.errmsg, -EAGAIN, "device %s: no thread to open it", spec);
	d->dev = o.dev;
	if (!d->dev) {
		if (errmsg)
			*errmsg = o.errmsg;
		else
			free(o.errmsg);
		free(d);
		return NULL;
	}
	pthread_mutex_init(&d->lock, NULL);
	d->next = list;
	list = d;
	return d;
}

struct shared_device *shared_device__open(const char *spec, char **errmsg)
{
	struct shared_device *d;

	pthread_mutex_lock(&list_lock);
	d = find(spec);
	if (!d)
		d = open_new(spec, errmsg);
	if (d)
		d->holders++;
	pthread_mutex_unlock(&list_lock);
	return d;
}

void shared_device__close(struct shared_device *d)
{
	struct shared_device **at = &list;

	if (!d)
		return;
	pthread_mutex_lock(&list_lock);
	if (--d->holders) {
		d = NULL;
	} else {
		while (*at != d)
			at = &(*at)->next;
		*at = d->next;
	}
	pthread_mutex_unlock(&list_lock);
	if (!d)
		return;
	ebpf_gpu_device__close(d->dev);
	pthread_mutex_destroy(&d->lock);
	free(d);
}

void shared_device__distrust(struct shared_device *d)
{
	pthread_mutex_lock(&list_lock);
	d->failed = true;
	pthread_mutex_unlock(&list_lock);
}
