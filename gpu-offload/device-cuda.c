/* SPDX-License-Identifier: BSD-3-Clause
 *
 * device-cuda.c -- "cuda", the first NVIDIA GPU; "cuda:N", by number; "cuda:TEXT", the first that
 * has it in its name.
 *
 * A device is a context of its own. A job is a stream with pinned buffers here and a copy of them
 * there: event, copy in, event, launch, event, copy out, event; the last one tells that it is done,
 * and all four how long it took. A module's maps are global variables of it, `ebpf_map_I`.
 *
 * Streams do not wait for each other, nor for the default stream, which is not used. Maps are
 * written through a stream that is waited for: a copy from memory that is not pinned may return
 * before all of it is there.
 *
 * Whatever call fails, the device has failed: most errors take the context with them, and none is
 * worth going on with. Exceptions: no memory, a kernel that is not loaded.
 */
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "core/error.h"
#include "cuda-driver.h"
#include "device-base.h"

#define LEAST_CAPABILITY 75 /* 10 * major + minor */
#define WARP             32
#define MOST_THREADS     256 /* of a block: with 255 registers each they still fit */
#define LOG_BYTES        1024
#define CLOSE_MS         1000

enum moment { BEGUN, COPIED_IN, RUN, COPIED_OUT, N_MOMENTS };

struct cuda_device {
	struct device_base base;
	struct cuda_driver cu;
	CUdevice id;
	CUcontext context;
	CUstream writes; /* of maps */
	uint32_t multiprocessors;
	bool hangs; /* by its end: what the GPU has is left to the end of the process */
};

struct cuda_map {
	CUdeviceptr address; /* 0: the compiler found that the kernel needs none of it */
	uint64_t bytes;
};

struct cuda_module {
	struct ebpf_gpu_module base;
	CUmodule module;
	CUfunction run;
	uint32_t n_maps;
	struct cuda_map maps[];
};

struct cuda_job {
	struct device_job base;
	CUdeviceptr in, out;
	CUstream stream;
	CUevent moments[N_MOMENTS];
	bool under_way;
};

static struct cuda_device *cuda_of(struct ebpf_gpu_device *dev)
{
	return (struct cuda_device *)dev;
}

static int fail(struct cuda_device *d, const char *call, CUresult result)
{
	char text[200];

	cuda_driver__tell(&d->cu, call, result, text, sizeof(text));
	return device_base__fail(&d->base, "%s: %s", d->base.dev.name, text);
}

/* 0, or -EIO and the device has failed. */
#define TRY(d, call, ...) check(d, #call, (d)->cu.call(__VA_ARGS__))

static int check(struct cuda_device *d, const char *call, CUresult result)
{
	return result ? fail(d, call, result) : 0;
}

/* A context is a thread's own affair, and calls come from any thread. */
static int enter(struct cuda_device *d)
{
	if (device_base__failed(&d->base))
		return -EIO;
	return TRY(d, cuCtxSetCurrent, d->context);
}

/* --- which one ------------------------------------------------------------------------------- */

static int name_of(struct cuda_device *d, int number, char *name, int bytes, char **errmsg)
{
	if (!d->cu.cuDeviceGet(&d->id, number) && !d->cu.cuDeviceGetName(name, bytes, d->id))
		return 0;
	return error__set(errmsg, -ENODEV, "cuda:%d: the NVIDIA driver does not give it", number);
}

static int refuse_choice(struct cuda_device *d, const char *which, int n, char **errmsg)
{
	char all[400] = "", name[100];

	for (int i = 0; i < n && strlen(all) + sizeof(name) + 16 < sizeof(all); i++) {
		int err = name_of(d, i, name, sizeof(name), errmsg);

		if (err)
			return err;
		snprintf(all + strlen(all), sizeof(all) - strlen(all), "%s %d %s", i ? "," : "", i,
			name);
	}
	error__set(errmsg, -ENODEV, "cuda:%s: there is no such device, but%s", which, all);
	error__make_printable(errmsg);
	return -ENODEV;
}

static int choose(struct cuda_device *d, const char *which, char **errmsg)
{
	const bool by_number = which[strspn(which, "0123456789")] == 0; /* or the first */
	const unsigned long number = by_number ? strtoul(which, NULL, 10) : 0;
	int n = 0;

	if (d->cu.cuDeviceGetCount(&n) || n < 1)
		return error__set(errmsg, -ENODEV, "cuda: the NVIDIA driver knows no device");
	for (int i = 0; i < n; i++) {
		char name[100];
		int err = name_of(d, i, name, sizeof(name), errmsg);

		if (err)
			return err;
		if (by_number ? number != (unsigned long)i : !strcasestr(name, which))
			continue;
		snprintf(d->base.dev.name, sizeof(d->base.dev.name), "cuda:%d %.46s", i, name);
		return 0;
	}
	return refuse_choice(d, which, n, errmsg);
}

static int attribute_of(const struct cuda_device *d, enum cuda_attribute attribute)
{
	int value = 0;

	return d->cu.cuDeviceGetAttribute(&value, (CUdevice_attribute)attribute, d->id) ? 0 : value;
}

static int examine(struct cuda_device *d, char **errmsg)
{
	const int major = attribute_of(d, CUDA_CAPABILITY_MAJOR);
	const int minor = attribute_of(d, CUDA_CAPABILITY_MINOR);
	const int n = attribute_of(d, CUDA_MULTIPROCESSORS);

	d->multiprocessors = n > 0 ? (uint32_t)n : 1;
	if (major * 10 + minor >= LEAST_CAPABILITY)
		return 0;
	return error__set(errmsg, -ENODEV,
		"%s: its compute capability is %d.%d, and kernels need %d.%d", d->base.dev.name,
		major, minor, LEAST_CAPABILITY / 10, LEAST_CAPABILITY % 10);
}

/* --- the device ------------------------------------------------------------------------------ */

static int cuda_open(const char *which, struct ebpf_gpu_device **dev, char **errmsg)
{
	struct cuda_device *d = calloc(1, sizeof(*d));
	int err, version;

	if (!d)
		return error__set(errmsg, -ENOMEM, "cuda: no memory for the device");
	device_base__init(&d->base, &gpu_cuda_ops);
	err = cuda_driver__open(&d->cu, &version, errmsg);
	if (!err)
		err = choose(d, which, errmsg);
	if (!err)
		err = examine(d, errmsg);
	if (!err && (TRY(d, cuCtxCreate_v2, &d->context, 0, d->id) ||
			    TRY(d, cuStreamCreate, &d->writes, CUDA_STREAM_NON_BLOCKING)))
		err = error__set(errmsg, -ENODEV, "%s", d->base.dev.why);
	if (!err) {
		snprintf(d->base.dev.driver, sizeof(d->base.dev.driver), "CUDA %d.%d",
			version / 1000, version % 1000 / 10);
		*dev = &d->base.dev;
		return 0;
	}
	if (d->context)
		d->cu.cuCtxDestroy_v2(d->context);
	device_base__destroy(&d->base);
	free(d);
	return err;
}

/* Errors do not matter here: if the context is lost, so is all that was in it. */
static void free_buffers(struct cuda_device *d, struct cuda_job *j)
{
	if (j->stream) {
		d->cu.cuStreamSynchronize(j->stream);
		d->cu.cuStreamDestroy_v2(j->stream);
	}
	for (int i = 0; i < N_MOMENTS; i++) {
		if (j->moments[i])
			d->cu.cuEventDestroy_v2(j->moments[i]);
	}
	if (j->in)
		d->cu.cuMemFree_v2(j->in);
	if (j->out)
		d->cu.cuMemFree_v2(j->out);
	if (j->base.job.in)
		d->cu.cuMemFreeHost(j->base.job.in);
	if (j->base.job.out)
		d->cu.cuMemFreeHost(j->base.job.out);
}

static void free_job(struct cuda_device *d, struct cuda_job *j)
{
	if (!d->hangs)
		free_buffers(d, j);
	free(j);
}

static void free_module(struct cuda_device *d, struct cuda_module *m)
{
	if (m->module && !d->hangs)
		d->cu.cuModuleUnload(m->module);
	free(m);
}

static bool is_running(const struct cuda_device *d, const struct cuda_job *j)
{
	return j->under_way && d->cu.cuEventQuery(j->moments[COPIED_OUT]) == CUDA_NOT_READY;
}

/* Does a job run that was given up? Calls that free things wait for all that runs: meanwhile what
 * would be freed stays, until the device goes. */
static bool has_stuck(struct cuda_device *d)
{
	bool found = false;

	pthread_mutex_lock(&d->base.lock);
	for (struct device_job *j = LIST_FIRST(&d->base.jobs); j; j = LIST_NEXT(j, link))
		found = found || (j->abandoned && is_running(d, (struct cuda_job *)j));
	pthread_mutex_unlock(&d->base.lock);
	return found;
}

static void cuda_close(struct ebpf_gpu_device *dev)
{
	struct cuda_device *d = cuda_of(dev);
	struct device_job *job;
	struct ebpf_gpu_module *mod;

	d->cu.cuCtxSetCurrent(d->context);
	for (int ms = 0; ms < CLOSE_MS && (d->hangs = has_stuck(d)); ms++)
		nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
	while ((job = device_base__take_job(&d->base)))
		free_job(d, (struct cuda_job *)job);
	while ((mod = device_base__take_module(&d->base)))
		free_module(d, (struct cuda_module *)mod);
	if (!d->hangs) {
		d->cu.cuStreamDestroy_v2(d->writes);
		d->cu.cuCtxDestroy_v2(d->context);
	}
	device_base__destroy(&d->base);
	free(d);
}

/* --- modules --------------------------------------------------------------------------------- */

/* The log has lines; a sentence is one. */
static void join_lines(char *log)
{
	size_t n = strlen(log);

	while (n && isspace((unsigned char)log[n - 1]))
		log[--n] = 0;
	for (char *c = log; *c; c++)
		*c = *c == '\n' ? ';' : *c;
}

static int load_ptx(
	struct cuda_device *d, struct cuda_module *m, const struct ebpf_kernel *k, char **errmsg)
{
	char log[LOG_BYTES] = "", text[200];
	CUjit_option options[] = {
		(CUjit_option)CUDA_JIT_ERROR_LOG, (CUjit_option)CUDA_JIT_ERROR_LOG_BYTES};
	void *values[] = {log, (void *)(uintptr_t)(sizeof(log) - 1)};
	const char *call = "cuModuleLoadDataEx";
	CUresult result;
	size_t size;

	result = d->cu.cuModuleLoadDataEx(
		&m->module, ebpf_kernel__ptx(k, &size), 2, options, values);
	if (!result) {
		call = "cuModuleGetFunction";
		result = d->cu.cuModuleGetFunction(&m->run, m->module, "ebpf_driver");
	}
	if (!result)
		return 0;
	cuda_driver__tell(&d->cu, call, result, text, sizeof(text));
	join_lines(log);
	error__set(errmsg, -ENOEXEC, "%s: the kernel is not loaded: %s%s%s", d->base.dev.name, text,
		*log ? ": " : "", log);
	error__make_printable(errmsg);
	return result == CUDA_OUT_OF_MEMORY ? -ENOMEM : -ENOEXEC;
}

static int find_map(
	struct cuda_device *d, struct cuda_module *m, uint32_t i, uint64_t bytes, char **errmsg)
{
	struct cuda_map *map = &m->maps[i];
	CUresult result;
	char name[32];
	size_t size;

	snprintf(name, sizeof(name), "ebpf_map_%u", i);
	result = d->cu.cuModuleGetGlobal_v2(&map->address, &size, m->module, name);
	map->bytes = bytes;
	if (result == CUDA_NOT_FOUND) {
		map->address = 0;
		return 0;
	}
	if (result) {
		fail(d, "cuModuleGetGlobal_v2", result);
		return device_base__check(&d->base, errmsg);
	}
	if (size >= bytes)
		return 0;
	return error__set(errmsg, -ENOEXEC,
		"%s: the kernel has %zu bytes for %s, where there should be %llu", d->base.dev.name,
		size, name, (unsigned long long)bytes);
}

static int cuda_load(struct ebpf_gpu_device *dev, const struct ebpf_kernel *k,
	struct ebpf_gpu_module **mod, char **errmsg)
{
	const struct ebpf_kernel_info *info = ebpf_kernel__info(k);
	struct cuda_device *d = cuda_of(dev);
	struct cuda_module *m;
	int err;

	if (enter(d))
		return device_base__check(&d->base, errmsg);
	m = calloc(1, sizeof(*m) + info->n_maps * sizeof(*m->maps));
	if (!m)
		return error__set(errmsg, -ENOMEM, "%s: no memory for a kernel", dev->name);
	m->n_maps = info->n_maps;
	err = load_ptx(d, m, k, errmsg);
	for (uint32_t i = 0; !err && i < m->n_maps; i++) {
		if (info->map[i].use)
			err = find_map(d, m, i, info->map[i].bytes, errmsg);
	}
	if (err) {
		free_module(d, m);
		return err;
	}
	device_base__add_module(&d->base, &m->base);
	*mod = &m->base;
	return 0;
}

static void cuda_unload(struct ebpf_gpu_module *mod)
{
	struct cuda_device *d = cuda_of(mod->dev);

	d->cu.cuCtxSetCurrent(d->context);
	if (!has_stuck(d) && device_base__remove_module(&d->base, mod))
		free_module(d, (struct cuda_module *)mod);
}

static int cuda_write_map(
	struct ebpf_gpu_module *mod, uint32_t map, uint64_t offset, const void *bytes, size_t size)
{
	const struct cuda_module *m = (const struct cuda_module *)mod;
	struct cuda_device *d = cuda_of(mod->dev);
	const struct cuda_map *at;

	if (map >= m->n_maps)
		return -EINVAL;
	at = &m->maps[map];
	if (offset > at->bytes || size > at->bytes - offset)
		return -EINVAL;
	if (enter(d))
		return -EIO;
	if (!at->address || !size)
		return 0;
	if (TRY(d, cuMemcpyHtoDAsync_v2, at->address + offset, bytes, size, d->writes))
		return -EIO;
	return TRY(d, cuStreamSynchronize, d->writes);
}

/* --- jobs ------------------------------------------------------------------------------------ */

static CUresult get_buffers(struct cuda_device *d, struct cuda_job *j, const char **call)
{
	struct ebpf_gpu_job *job = &j->base.job;
	CUresult result;

	*call = "cuMemHostAlloc";
	result = d->cu.cuMemHostAlloc((void **)&job->in, job->in_bytes, 0);
	if (!result)
		result = d->cu.cuMemHostAlloc((void **)&job->out, job->out_bytes, 0);
	if (result)
		return result;
	*call = "cuMemAlloc_v2";
	result = d->cu.cuMemAlloc_v2(&j->in, job->in_bytes);
	if (!result)
		result = d->cu.cuMemAlloc_v2(&j->out, job->out_bytes);
	if (result)
		return result;
	/* What no kernel has written comes back too. */
	*call = "cuMemsetD8Async";
	return d->cu.cuMemsetD8Async(j->out, 0, job->out_bytes, j->stream);
}

static int get_stream(struct cuda_device *d, struct cuda_job *j)
{
	int err = TRY(d, cuStreamCreate, &j->stream, CUDA_STREAM_NON_BLOCKING);

	for (int i = 0; !err && i < N_MOMENTS; i++)
		err = TRY(d, cuEventCreate, &j->moments[i], 0);
	return err;
}

static int fill_job(struct cuda_device *d, struct cuda_job *j, char **errmsg)
{
	const char *call = NULL;
	CUresult result;

	if (get_stream(d, j))
		return device_base__check(&d->base, errmsg);
	result = get_buffers(d, j, &call);
	if (result == CUDA_OUT_OF_MEMORY)
		return error__set(errmsg, -ENOMEM, "%s: %s: no memory for a job of %zu bytes",
			d->base.dev.name, call, j->base.job.in_bytes + j->base.job.out_bytes);
	return check(d, call, result) ? device_base__check(&d->base, errmsg) : 0;
}

static int cuda_open_job(struct ebpf_gpu_device *dev, size_t in_bytes, size_t out_bytes,
	struct ebpf_gpu_job **job, char **errmsg)
{
	struct cuda_device *d = cuda_of(dev);
	struct cuda_job *j;
	int err;

	if (enter(d))
		return device_base__check(&d->base, errmsg);
	j = calloc(1, sizeof(*j));
	if (!j)
		return error__set(errmsg, -ENOMEM, "%s: no memory for a job", dev->name);
	j->base.job.in_bytes = in_bytes;
	j->base.job.out_bytes = out_bytes;
	err = fill_job(d, j, errmsg);
	if (err) {
		free_job(d, j);
		return err;
	}
	j->base.job.in_address = j->in;
	j->base.job.out_address = j->out;
	device_base__add_job(&d->base, &j->base);
	*job = &j->base.job;
	return 0;
}

static void cuda_close_job(struct ebpf_gpu_job *job)
{
	struct cuda_device *d = cuda_of(job->dev);

	d->cu.cuCtxSetCurrent(d->context);
	if (has_stuck(d))
		return;
	device_base__remove_job(&d->base, (struct device_job *)job);
	free_job(d, (struct cuda_job *)job);
}

/* Few packets go to as many multiprocessors as there are, a warp each; many make blocks larger. */
static uint32_t threads_of_block(const struct cuda_device *d, uint32_t n)
{
	uint32_t share = (n + d->multiprocessors - 1) / d->multiprocessors;
	uint32_t threads = (share + WARP - 1) / WARP * WARP;

	return threads > MOST_THREADS ? MOST_THREADS : threads;
}

static int enqueue(struct cuda_device *d, struct cuda_job *j, const struct cuda_module *m,
	size_t in_used, size_t out_used, uint32_t n)
{
	const uint32_t threads = threads_of_block(d, n), blocks = (n + threads - 1) / threads;
	CUdeviceptr env = 0, launch = j->in;
	void *arguments[] = {&env, &launch};

	if (TRY(d, cuEventRecord, j->moments[BEGUN], j->stream) ||
		TRY(d, cuMemcpyHtoDAsync_v2, j->in, j->base.job.in, in_used, j->stream) ||
		TRY(d, cuEventRecord, j->moments[COPIED_IN], j->stream) ||
		TRY(d, cuLaunchKernel, m->run, blocks, 1, 1, threads, 1, 1, 0, j->stream, arguments,
			NULL) ||
		TRY(d, cuEventRecord, j->moments[RUN], j->stream) ||
		TRY(d, cuMemcpyDtoHAsync_v2, j->base.job.out, j->out, out_used, j->stream) ||
		TRY(d, cuEventRecord, j->moments[COPIED_OUT], j->stream))
		return -EIO;
	return 0;
}

static int cuda_submit(struct ebpf_gpu_job *job, struct ebpf_gpu_module *mod, size_t in_used,
	size_t out_used, uint32_t n)
{
	struct cuda_device *d = cuda_of(job->dev);
	struct cuda_job *j = (struct cuda_job *)job;
	int err;

	if (!n || in_used < sizeof(uint32_t) || in_used > job->in_bytes || !out_used ||
		out_used > job->out_bytes)
		return -EINVAL;
	if (j->under_way)
		return -EBUSY;
	if (enter(d))
		return -EIO;
	j->base.mod = mod;
	err = enqueue(d, j, (const struct cuda_module *)mod, in_used, out_used, n);
	j->under_way = !err;
	return err;
}

static uint64_t between_ns(struct cuda_device *d, const struct cuda_job *j, enum moment from)
{
	float ms = 0;

	if (d->cu.cuEventElapsedTime(&ms, j->moments[from], j->moments[from + 1]) || ms < 0)
		return 0;
	return (uint64_t)((double)ms * 1e6);
}

/* Asks the driver even if the device has failed: the buffers are the caller's again only when
 * nothing is copied any more. */
static int cuda_poll(struct ebpf_gpu_job *job)
{
	struct cuda_device *d = cuda_of(job->dev);
	struct cuda_job *j = (struct cuda_job *)job;
	CUresult result;

	if (!j->under_way)
		return device_base__failed(&d->base) ? -EIO : 1;
	result = d->cu.cuCtxSetCurrent(d->context);
	if (!result)
		result = d->cu.cuEventQuery(j->moments[COPIED_OUT]);
	if (result == CUDA_NOT_READY)
		return 0;
	j->under_way = false;
	if (check(d, "cuEventQuery", result) || device_base__failed(&d->base))
		return -EIO;
	job->times = (struct ebpf_gpu_job_times){.in_ns = between_ns(d, j, BEGUN),
		.kernel_ns = between_ns(d, j, COPIED_IN),
		.out_ns = between_ns(d, j, RUN)};
	return 1;
}

static void cuda_abandon(struct ebpf_gpu_job *job)
{
	device_base__abandon(device_base__of(job->dev), (struct device_job *)job);
}

const struct ebpf_gpu_device_ops gpu_cuda_ops = {
	.name = "cuda",
	.target = EBPF_TARGET_PTX,
	.open = cuda_open,
	.close = cuda_close,
	.load = cuda_load,
	.unload = cuda_unload,
	.write_map = cuda_write_map,
	.open_job = cuda_open_job,
	.close_job = cuda_close_job,
	.submit = cuda_submit,
	.poll = cuda_poll,
	.abandon = cuda_abandon,
};
