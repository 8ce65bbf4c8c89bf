/* SPDX-License-Identifier: BSD-3-Clause
 *
 * use-device.c -- see use-device.h.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <cmocka.h>

#include "use-device.h"

struct ebpf_gpu_device *use__open(const char *spec)
{
	char *err = NULL;
	struct ebpf_gpu_device *dev = ebpf_gpu_device__open(spec, &err);

	if (!dev)
		fail_msg("%s", err);
	return dev;
}

void use__open_refused(const char *spec, const char *says)
{
	char *err = NULL;

	assert_null(ebpf_gpu_device__open(spec, &err));
	if (!strstr(err, says) || strchr(err, '\n'))
		fail_msg("%s: %s", spec, err);
	free(err);
}

struct ebpf_gpu_module *use__load(struct ebpf_gpu_device *dev, uint64_t value)
{
	struct ebpf_gpu_module *mod = NULL;
	char *err = NULL;

	if (dev->ops->load(dev, &sum_kernel, &mod, &err))
		fail_msg("%s", err);
	assert_int_equal(dev->ops->write_map(mod, 0, SUM_VALUE_AT, &value, sizeof(value)), 0);
	return mod;
}

struct ebpf_gpu_job *use__open_job(struct ebpf_gpu_device *dev)
{
	struct ebpf_gpu_job *job = NULL;
	char *err = NULL;

	if (dev->ops->open_job(dev, BATCH_IN, BATCH_OUT, &job, &err))
		fail_msg("%s", err);
	assert_ptr_equal(job->dev, dev);
	return job;
}

struct used use__begin(const char *spec, uint64_t value)
{
	struct used u = {.dev = use__open(spec)};

	u.mod = use__load(u.dev, value);
	u.job = use__open_job(u.dev);
	return u;
}

void use__end(const struct used *u)
{
	if (u->job)
		u->dev->ops->close_job(u->job);
	if (u->mod)
		u->dev->ops->unload(u->mod);
	ebpf_gpu_device__close(u->dev);
	assert_int_equal(sum_images, 0);
}

void use__wait_a_little(void)
{
	nanosleep(&(struct timespec){.tv_nsec = 20000}, NULL);
}

int use__await(struct ebpf_gpu_job *job)
{
	int state;

	while (!(state = job->dev->ops->poll(job)))
		use__wait_a_little();
	return state;
}

int use__submit(struct ebpf_gpu_job *job, struct ebpf_gpu_module *mod, struct batch *b, uint32_t n)
{
	static atomic_uint mark;

	batch__fill(b, job, n, ++mark);
	return job->dev->ops->submit(job, mod, b->in_used, b->out_used, n);
}
