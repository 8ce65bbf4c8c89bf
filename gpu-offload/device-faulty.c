/* SPDX-License-Identifier: BSD-3-Clause
 *
 * device-faulty.c -- "faulty:FAULT[:AFTER]:DEVICE", any device, and a fault in it when it has done
 * so many things (AFTER, 0) of the kind well; for tests and for operators' drills.
 *
 *	load     modules are not loaded
 *	memory   there is no memory for jobs
 *	launch   jobs are refused
 *	wrong    jobs end, but with other bytes than the device's own
 *	late     jobs end LATE_NS after they have
 *	missing  jobs end, but nobody is told
 *	lost     the device is lost while a job is under way: all fail, and so does what is
 *	         asked later
 *
 * It works until then and never again after. A job that fails is not told to have until the device
 * below is done with its buffers.
 */
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "core/error.h"
#include "device-base.h"

#define LATE_NS 20000000

/* From WRONG on they are of jobs under way. */
enum fault { LOAD, MEMORY, LAUNCH, WRONG, LATE, MISSING, LOST, N_FAULTS };

static const char *const fault_names[N_FAULTS] = {
	[LOAD] = "load",
	[MEMORY] = "memory",
	[LAUNCH] = "launch",
	[WRONG] = "wrong",
	[LATE] = "late",
	[MISSING] = "missing",
	[LOST] = "lost",
};

struct faulty_device {
	struct device_base base;
	struct ebpf_gpu_device_ops ops; /* for the target of the device below */
	struct ebpf_gpu_device *below;
	enum fault fault;
	unsigned long after;
	atomic_ulong n; /* things of the kind that were asked for */
};

struct faulty_job {
	struct device_job base;
	struct ebpf_gpu_job *below;
	size_t out_used;
	bool hit;
	uint64_t ended_at; /* LATE */
};

struct faulty_module {
	struct ebpf_gpu_module base;
	struct ebpf_gpu_module *below;
};

static struct faulty_device *faulty_of(struct ebpf_gpu_device *dev)
{
	return (struct faulty_device *)dev;
}

/* Is this thing, of the kind that `fault` breaks, to go wrong? */
static bool hits(struct faulty_device *f, enum fault fault)
{
	return f->fault == fault && atomic_fetch_add(&f->n, 1) >= f->after;
}

/* --- the device ------------------------------------------------------------------------------ */

static int parse(struct faulty_device *f, const char *which, const char **below, char **errmsg)
{
	const size_t length = strcspn(which, ":");
	char *end;

	for (f->fault = 0; f->fault < N_FAULTS; f->fault++) {
		if (strlen(fault_names[f->fault]) == length &&
			!strncmp(which, fault_names[f->fault], length))
			break;
	}
	if (f->fault == N_FAULTS || !which[length])
		return error__set(errmsg, -EINVAL,
			"faulty:%s: it is faulty:FAULT[:AFTER]:DEVICE, the fault one of load, "
			"memory, launch, wrong, late, missing, lost",
			which);
	*below = which + length + 1;
	if (isdigit((unsigned char)**below)) {
		errno = 0;
		f->after = strtoul(*below, &end, 10);
		if (*end != ':' || errno)
			return error__set(errmsg, -EINVAL,
				"faulty:%s: AFTER is a number, and a device comes behind it",
				which);
		*below = end + 1;
	}
	return 0;
}

static void faulty_close(struct ebpf_gpu_device *dev)
{
	struct faulty_device *f = faulty_of(dev);
	struct device_job *job;
	struct ebpf_gpu_module *mod;

	ebpf_gpu_device__close(f->below);
	while ((job = device_base__take_job(&f->base)))
		free(job);
	while ((mod = device_base__take_module(&f->base)))
		free(mod);
	device_base__destroy(&f->base);
	free(f);
}

static int faulty_open(const char *which, struct ebpf_gpu_device **dev, char **errmsg)
{
	struct faulty_device *f = calloc(1, sizeof(*f));
	const char *below = NULL;
	int err;

	if (!f)
		return error__set(errmsg, -ENOMEM, "faulty: no memory for the device");
	f->ops = gpu_faulty_ops;
	device_base__init(&f->base, &f->ops);
	err = parse(f, which, &below, errmsg);
	if (!err) {
		f->below = ebpf_gpu_device__open(below, errmsg);
		err = f->below ? 0 : -errno;
	}
	if (err) {
		faulty_close(&f->base.dev);
		return err;
	}
	f->ops.target = f->below->ops->target;
	snprintf(f->base.dev.name, sizeof(f->base.dev.name), "faulty:%s:%.48s",
		fault_names[f->fault], f->below->name);
	memcpy(f->base.dev.driver, f->below->driver, sizeof(f->base.dev.driver));
	*dev = &f->base.dev;
	return 0;
}

/* --- modules --------------------------------------------------------------------------------- */

static int faulty_load(struct ebpf_gpu_device *dev, const struct ebpf_kernel *k,
	struct ebpf_gpu_module **mod, char **errmsg)
{
	struct faulty_device *f = faulty_of(dev);
	int err = device_base__check(&f->base, errmsg);
	struct faulty_module *m;

	if (err)
		return err;
	if (hits(f, LOAD))
		return error__set(errmsg, -EIO, "%s: the kernel is not loaded", dev->name);
	m = calloc(1, sizeof(*m));
	if (!m)
		return error__set(errmsg, -ENOMEM, "%s: no memory for a kernel", dev->name);
	err = f->below->ops->load(f->below, k, &m->below, errmsg);
	if (err) {
		free(m);
		return err;
	}
	device_base__add_module(&f->base, &m->base);
	*mod = &m->base;
	return 0;
}

static void faulty_unload(struct ebpf_gpu_module *mod)
{
	struct faulty_device *f = faulty_of(mod->dev);
	struct faulty_module *m = (struct faulty_module *)mod;

	if (!device_base__remove_module(&f->base, mod))
		return;
	f->below->ops->unload(m->below);
	free(m);
}

static int faulty_write_map(
	struct ebpf_gpu_module *mod, uint32_t map, uint64_t offset, const void *bytes, size_t size)
{
	struct faulty_device *f = faulty_of(mod->dev);

	if (device_base__failed(&f->base))
		return -EIO;
	return f->below->ops->write_map(
		((struct faulty_module *)mod)->below, map, offset, bytes, size);
}

/* --- jobs ------------------------------------------------------------------------------------ */

static int faulty_open_job(struct ebpf_gpu_device *dev, size_t in_bytes, size_t out_bytes,
	struct ebpf_gpu_job **job, char **errmsg)
{
	struct faulty_device *f = faulty_of(dev);
	int err = device_base__check(&f->base, errmsg);
	struct faulty_job *j;

	if (err)
		return err;
	if (hits(f, MEMORY))
		return error__set(errmsg, -ENOMEM, "%s: no memory for a job of %zu bytes",
			dev->name, in_bytes + out_bytes);
	j = calloc(1, sizeof(*j));
	if (!j)
		return error__set(errmsg, -ENOMEM, "%s: no memory for a job", dev->name);
	err = f->below->ops->open_job(f->below, in_bytes, out_bytes, &j->below, errmsg);
	if (err) {
		free(j);
		return err;
	}
	j->base.job = *j->below;
	device_base__add_job(&f->base, &j->base);
	*job = &j->base.job;
	return 0;
}

static void faulty_close_job(struct ebpf_gpu_job *job)
{
	struct faulty_device *f = faulty_of(job->dev);
	struct faulty_job *j = (struct faulty_job *)job;

	f->below->ops->close_job(j->below);
	device_base__remove_job(&f->base, &j->base);
	free(j);
}

static int failure(struct faulty_device *f, int err)
{
	return err == -EIO ? device_base__fail(&f->base, "%s", f->below->why) : err;
}

static int faulty_submit(struct ebpf_gpu_job *job, struct ebpf_gpu_module *mod, size_t in_used,
	size_t out_used, uint32_t n)
{
	struct faulty_device *f = faulty_of(job->dev);
	struct faulty_job *j = (struct faulty_job *)job;
	int err;

	if (device_base__failed(&f->base))
		return -EIO;
	if (hits(f, LAUNCH))
		return device_base__fail(&f->base, "%s: the launch failed", f->base.dev.name);
	j->hit = f->fault >= WRONG && hits(f, f->fault);
	j->ended_at = 0;
	j->out_used = out_used;
	j->base.mod = mod;
	err = f->below->ops->submit(
		j->below, ((struct faulty_module *)mod)->below, in_used, out_used, n);
	return failure(f, err);
}

/* A job that has ended is in the way that the fault says. */
static int end(struct faulty_device *f, struct faulty_job *j)
{
	switch (f->fault) {
	case WRONG: memset(j->base.job.out, 0xff, j->out_used); return 1;
	case LATE:
		if (!j->ended_at)
			j->ended_at = now_ns();
		return now_ns() - j->ended_at >= LATE_NS;
	case MISSING: return 0;
	default: return device_base__fail(&f->base, "%s: the device is lost", f->base.dev.name);
	}
}

static int faulty_poll(struct ebpf_gpu_job *job)
{
	struct faulty_device *f = faulty_of(job->dev);
	struct faulty_job *j = (struct faulty_job *)job;
	int state = f->below->ops->poll(j->below);

	if (!state)
		return 0;
	job->times = j->below->times;
	if (device_base__failed(&f->base))
		return -EIO;
	if (state < 0)
		return failure(f, state);
	return j->hit ? end(f, j) : 1;
}

static void faulty_abandon(struct ebpf_gpu_job *job)
{
	struct faulty_device *f = faulty_of(job->dev);

	f->below->ops->abandon(((struct faulty_job *)job)->below);
	device_base__abandon(&f->base, (struct device_job *)job);
}

const struct ebpf_gpu_device_ops gpu_faulty_ops = {
	.name = "faulty",
	.open = faulty_open,
	.close = faulty_close,
	.load = faulty_load,
	.unload = faulty_unload,
	.write_map = faulty_write_map,
	.open_job = faulty_open_job,
	.close_job = faulty_close_job,
	.submit = faulty_submit,
	.poll = faulty_poll,
	.abandon = faulty_abandon,
};
