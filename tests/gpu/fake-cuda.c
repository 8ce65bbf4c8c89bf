/* SPDX-License-Identifier: BSD-3-Clause
 *
 * fake-cuda.c -- see fake-cuda.h.
 *
 * Each look at an event takes one step of its stream, waiting for a stream takes all of them.
 */
#include <pthread.h>
#include <stdio.h>
#include <string.h>

/* A handle is a thing here. */
#define CUDA_VERSION 0
typedef int CUresult, CUdevice, CUdevice_attribute, CUjit_option;
typedef unsigned long long CUdeviceptr;
typedef struct thing *CUcontext, *CUmodule, *CUfunction, *CUevent, *CUstream;
#include "cuda-driver.h"
#include "fake-things.h"

#define FIRST_DEVICE 1000 /* handles are not numbers */

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static bool initialised;
static __thread struct thing *current;

/* The error that the call is to give, or 0. */
static CUresult begin(const char *call)
{
	if (!initialised && strcmp(call, "cuDriverGetVersion"))
		return amiss("%s before cuInit", call);
	if (fake_cuda.lost)
		return fake_cuda.error;
	if (!fake_cuda.fails || strcmp(fake_cuda.fails, call))
		return 0;
	if (fake_cuda.after) {
		fake_cuda.after--;
		return 0;
	}
	fake_cuda.failed = true;
	fake_cuda.lost = fake_cuda.sticky;
	return fake_cuda.error;
}

/* The same for calls that need a context. */
static CUresult begin_inside(const char *call)
{
	CUresult result = begin(call);

	if (!result && (!current || current->gone)) {
		amiss("%s without a context", call);
		result = FAKE_INVALID_CONTEXT;
	}
	return result;
}

static CUresult destroy(const char *call, void *handle, enum kind kind)
{
	CUresult result = begin_inside(call);
	struct thing *t = handle;

	if (result)
		return result;
	if (!thing__is(t, kind))
		return amiss("%s of what is none", call);
	if (fake_cuda.hangs)
		return amiss("%s waits for a device that hangs", call);
	thing__end(t);
	return 0;
}

/* --- the calls ------------------------------------------------------------------------------- */

/* Holds the lock until the function returns. */
#define LOCKED __attribute__((cleanup(unlock))) pthread_mutex_t *held = take_lock()

static pthread_mutex_t *take_lock(void)
{
	pthread_mutex_lock(&lock);
	return &lock;
}

static void unlock(pthread_mutex_t **held)
{
	pthread_mutex_unlock(*held);
}

#define CUDA_CALL(name, parameters) __attribute__((visibility("default"))) CUresult name parameters;
#include "cuda-calls.def"
#undef CUDA_CALL

CUresult cuDriverGetVersion(int *version)
{
	LOCKED;
	*version = fake_cuda.version;
	return begin(__func__);
}

CUresult cuInit(unsigned int flags)
{
	initialised = true;
	if (flags)
		return amiss("cuInit with flags");
	return fake_cuda.n_devices ? begin("cuInit") : FAKE_NO_DEVICE;
}

static const struct {
	int error;
	const char *name, *text;
} errors[] = {
	{FAKE_INVALID_VALUE, "CUDA_ERROR_INVALID_VALUE", "invalid argument"},
	{FAKE_OUT_OF_MEMORY, "CUDA_ERROR_OUT_OF_MEMORY", "out of memory"},
	{FAKE_INVALID_PTX, "CUDA_ERROR_INVALID_PTX", "a PTX JIT compilation failed"},
	{FAKE_ILLEGAL_ADDRESS, "CUDA_ERROR_ILLEGAL_ADDRESS",
		"an illegal memory access was encountered"},
	{FAKE_LAUNCH_FAILED, "CUDA_ERROR_LAUNCH_FAILED", "unspecified launch failure"},
};

static CUresult describe(CUresult error, const char **name, const char **text)
{
	for (size_t i = 0; i < sizeof(errors) / sizeof(*errors); i++) {
		if (errors[i].error == error) {
			*name = errors[i].name;
			*text = errors[i].text;
			return 0;
		}
	}
	return FAKE_INVALID_VALUE;
}

CUresult cuGetErrorName(CUresult error, const char **name)
{
	const char *text;

	return describe(error, name, &text);
}

CUresult cuGetErrorString(CUresult error, const char **text)
{
	const char *name;

	return describe(error, &name, text);
}

CUresult cuDeviceGetCount(int *count)
{
	LOCKED;
	*count = fake_cuda.n_devices;
	return begin(__func__);
}

CUresult cuDeviceGet(CUdevice *device, int number)
{
	LOCKED;
	*device = FIRST_DEVICE + number;
	return begin(__func__);
}

CUresult cuDeviceGetName(char *name, int bytes, CUdevice device)
{
	LOCKED;
	snprintf(name, (size_t)bytes, "%s", fake_cuda.names[device - FIRST_DEVICE]);
	return begin(__func__);
}

CUresult cuDeviceGetAttribute(int *value, CUdevice_attribute attribute, CUdevice device)
{
	LOCKED;
	switch (attribute) {
	case CUDA_MULTIPROCESSORS: *value = fake_cuda.multiprocessors; break;
	case CUDA_CAPABILITY_MAJOR: *value = fake_cuda.major; break;
	case CUDA_CAPABILITY_MINOR: *value = fake_cuda.minor; break;
	default: return amiss("attribute %d", (int)attribute);
	}
	return begin(__func__);
}

CUresult cuCtxCreate_v2(CUcontext *context, unsigned int flags, CUdevice device)
{
	LOCKED;
	CUresult result = begin(__func__);

	if (result)
		return result;
	if (flags || device < FIRST_DEVICE || device >= FIRST_DEVICE + fake_cuda.n_devices)
		return amiss("cuCtxCreate_v2 of device %d with flags %u", device, flags);
	current = thing__make(CONTEXT, 0, NULL);
	*context = current;
	return 0;
}

/* All that is in it goes with it. */
CUresult cuCtxDestroy_v2(CUcontext context)
{
	LOCKED;
	if (!thing__is(context, CONTEXT))
		return amiss("cuCtxDestroy_v2 of what is none");
	if (fake_cuda.hangs)
		return amiss("cuCtxDestroy_v2 of a device that hangs");
	for (struct thing *t = things, *next; t; t = next) {
		next = t->next;
		if (t->context != context)
			continue;
		fake_cuda.n_left += t->kind != FUNCTION && !fake_cuda.lost;
		thing__end(t);
	}
	thing__end(context);
	fake_cuda.lost = false;
	return 0;
}

CUresult cuCtxSetCurrent(CUcontext context)
{
	LOCKED;
	CUresult result = begin(__func__);

	if (result)
		return result;
	if (!thing__is(context, CONTEXT))
		return amiss("cuCtxSetCurrent of what is none");
	current = context;
	return 0;
}

CUresult cuModuleLoadDataEx(CUmodule *module, const void *image, unsigned int n_options,
	CUjit_option *options, void **values)
{
	LOCKED;
	CUresult result = begin_inside(__func__);
	struct thing *t;

	if (result)
		return result;
	if (n_options != 2 || options[0] != CUDA_JIT_ERROR_LOG ||
		options[1] != CUDA_JIT_ERROR_LOG_BYTES)
		return amiss("cuModuleLoadDataEx with other options");
	if (strcmp(image, "// the kernel that sums\n"))
		return amiss("cuModuleLoadDataEx of another text");
	if (fake_cuda.jit_log) {
		snprintf(values[0], (size_t)values[1], "%s", fake_cuda.jit_log);
		return FAKE_INVALID_PTX;
	}
	t = thing__make(MODULE, fake_cuda.map_bytes, current);
	if (t->memory)
		memset(t->memory, 0, t->bytes);
	*module = t;
	return 0;
}

static bool is_in_use(const struct thing *module)
{
	for (const struct thing *t = things; t; t = t->next) {
		for (uint32_t i = 0; i < t->n; i++) {
			if (t->steps[(t->first + i) % MAX_STEPS].thing == module)
				return true;
		}
	}
	return false;
}

CUresult cuModuleUnload(CUmodule module)
{
	LOCKED;
	if (!fake_cuda.lost && is_in_use(module))
		return amiss("cuModuleUnload of a module that runs");
	return destroy("cuModuleUnload", module, MODULE);
}

CUresult cuModuleGetFunction(CUfunction *function, CUmodule module, const char *name)
{
	LOCKED;
	CUresult result = begin_inside(__func__);
	struct thing *t;

	if (result)
		return result;
	if (!thing__is(module, MODULE) || strcmp(name, "ebpf_driver"))
		return amiss("cuModuleGetFunction %s", name);
	t = thing__make(FUNCTION, 0, current);
	t->module = module;
	*function = t;
	return 0;
}

CUresult cuModuleGetGlobal_v2(
	CUdeviceptr *address, size_t *bytes, CUmodule module, const char *name)
{
	LOCKED;
	CUresult result = begin_inside(__func__);

	if (result)
		return result;
	if (!thing__is(module, MODULE) || strcmp(name, "ebpf_map_0"))
		return amiss("cuModuleGetGlobal_v2 %s", name);
	if (!module->memory)
		return FAKE_NOT_FOUND;
	*address = far(module->memory);
	*bytes = module->bytes;
	return 0;
}

static CUresult allocate(const char *call, uint8_t **memory, size_t bytes, enum kind kind)
{
	CUresult result = begin_inside(call);

	if (!result && !bytes)
		result = amiss("%s of nothing", call);
	if (!result)
		*memory = thing__make(kind, bytes, current)->memory;
	return result;
}

CUresult cuMemAlloc_v2(CUdeviceptr *address, size_t bytes)
{
	uint8_t *memory = NULL;
	CUresult result;

	pthread_mutex_lock(&lock);
	result = allocate("cuMemAlloc_v2", &memory, bytes, DEVICE_MEMORY);
	if (!result)
		*address = far(memory);
	pthread_mutex_unlock(&lock);
	return result;
}

CUresult cuMemFree_v2(CUdeviceptr address)
{
	LOCKED;
	return destroy(
		"cuMemFree_v2", thing__memory(near(address), 1, DEVICE_MEMORY), DEVICE_MEMORY);
}

CUresult cuMemHostAlloc(void **memory, size_t bytes, unsigned int flags)
{
	LOCKED;
	return flags ? amiss("cuMemHostAlloc with flags")
		     : allocate("cuMemHostAlloc", (uint8_t **)memory, bytes, PINNED_MEMORY);
}

CUresult cuMemFreeHost(void *memory)
{
	LOCKED;
	return destroy("cuMemFreeHost", thing__memory(memory, 1, PINNED_MEMORY), PINNED_MEMORY);
}

CUresult cuMemsetD8Async(CUdeviceptr address, unsigned char value, size_t n, CUstream stream)
{
	LOCKED;
	CUresult result = begin_inside(__func__);
	struct step s = {.what = FILL, .to = near(address), .value = value, .bytes = n};

	if (result)
		return result;
	if (!thing__memory(s.to, n, DEVICE_MEMORY))
		return amiss("cuMemsetD8Async beyond the device's memory");
	return stream__add_step("cuMemsetD8Async", stream, s);
}

CUresult cuMemcpyHtoDAsync_v2(CUdeviceptr to, const void *from, size_t bytes, CUstream stream)
{
	LOCKED;
	CUresult result = begin_inside(__func__);
	struct step s = {.what = COPY_IN, .to = near(to), .from = from, .bytes = bytes};

	if (result)
		return result;
	if (!thing__memory(s.to, bytes, DEVICE_MEMORY))
		return amiss("cuMemcpyHtoDAsync_v2 beyond the device's memory");
	return stream__add_step("cuMemcpyHtoDAsync_v2", stream, s);
}

CUresult cuMemcpyDtoHAsync_v2(void *to, CUdeviceptr from, size_t bytes, CUstream stream)
{
	LOCKED;
	CUresult result = begin_inside(__func__);
	struct step s = {.what = COPY_OUT, .to = to, .from = near(from), .bytes = bytes};

	if (result)
		return result;
	if (!thing__memory(s.from, bytes, DEVICE_MEMORY) ||
		!thing__memory(s.to, bytes, PINNED_MEMORY))
		return amiss("cuMemcpyDtoHAsync_v2 beyond its memory");
	return stream__add_step("cuMemcpyDtoHAsync_v2", stream, s);
}

static CUresult create(const char *call, struct thing **t, enum kind kind)
{
	CUresult result = begin_inside(call);

	if (!result)
		*t = thing__make(kind, 0, current);
	return result;
}

CUresult cuStreamCreate(CUstream *stream, unsigned int flags)
{
	LOCKED;
	return flags == CUDA_STREAM_NON_BLOCKING
		       ? create("cuStreamCreate", stream, STREAM)
		       : amiss("cuStreamCreate of a stream that waits for others");
}

CUresult cuStreamDestroy_v2(CUstream stream)
{
	LOCKED;
	return destroy("cuStreamDestroy_v2", stream, STREAM);
}

CUresult cuStreamSynchronize(CUstream stream)
{
	LOCKED;
	CUresult result = begin_inside(__func__);

	if (result)
		return result;
	if (!thing__is(stream, STREAM))
		return amiss("cuStreamSynchronize of what is none");
	if (stream->n && fake_cuda.hangs)
		return amiss("cuStreamSynchronize of a device that hangs");
	while (stream->n)
		stream__take_step(stream);
	return 0;
}

CUresult cuEventCreate(CUevent *event, unsigned int flags)
{
	LOCKED;
	return flags ? amiss("cuEventCreate with flags") : create("cuEventCreate", event, EVENT);
}

CUresult cuEventDestroy_v2(CUevent event)
{
	LOCKED;
	return destroy("cuEventDestroy_v2", event, EVENT);
}

CUresult cuEventRecord(CUevent event, CUstream stream)
{
	LOCKED;
	CUresult result = begin_inside(__func__);

	if (result)
		return result;
	if (!thing__is(event, EVENT))
		return amiss("cuEventRecord of what is none");
	event->stream = stream;
	event->recorded++;
	return stream__add_step(
		"cuEventRecord", stream, (struct step){.what = RECORD, .thing = event});
}

CUresult cuEventQuery(CUevent event)
{
	LOCKED;
	CUresult result = begin_inside(__func__);

	if (result)
		return result;
	if (!thing__is(event, EVENT) || !event->recorded)
		return amiss("cuEventQuery of what is none, or not recorded");
	if (event->reached == event->recorded)
		return 0;
	if (!fake_cuda.hangs)
		stream__take_step(event->stream);
	return FAKE_NOT_READY;
}

#ifndef FAKE_CUDA_TOO_OLD
CUresult cuEventElapsedTime(float *ms, CUevent from, CUevent to)
{
	LOCKED;
	CUresult result = begin_inside(__func__);

	if (result)
		return result;
	if (!thing__is(from, EVENT) || !thing__is(to, EVENT) || !from->recorded ||
		from->reached != from->recorded || to->reached != to->recorded)
		return amiss("cuEventElapsedTime between what is not over");
	*ms = 0.25f;
	return 0;
}
#endif

static CUresult launch(const struct thing *function, uint32_t blocks, uint32_t threads,
	CUstream stream, void **arguments)
{
	CUresult result = begin_inside("cuLaunchKernel");
	struct step s = {.what = RUN, .n_threads = blocks * threads};

	if (result)
		return result;
	if (!thing__is(function, FUNCTION) || !thing__is(function->module, MODULE))
		return amiss("cuLaunchKernel of no function");
	s.thing = function->module;
	s.from = near(*(CUdeviceptr *)arguments[1]);
	if (*(uint64_t *)arguments[0] ||
		!thing__memory(s.from, sizeof(struct kernel_launch), DEVICE_MEMORY))
		return amiss("cuLaunchKernel with other arguments");
	if (!blocks || !threads || threads % 32 || threads > 1024)
		return amiss("cuLaunchKernel of %u blocks of %u threads", blocks, threads);
	fake_cuda.blocks = blocks;
	fake_cuda.threads = threads;
	return stream__add_step("cuLaunchKernel", stream, s);
}

CUresult cuLaunchKernel(CUfunction function, unsigned int blocks_x, unsigned int blocks_y,
	unsigned int blocks_z, unsigned int threads_x, unsigned int threads_y,
	unsigned int threads_z, unsigned int shared_bytes, CUstream stream, void **arguments,
	void **extra)
{
	if (blocks_y != 1 || blocks_z != 1 || threads_y != 1 || threads_z != 1 || shared_bytes ||
		extra)
		return amiss("cuLaunchKernel of other dimensions");
	LOCKED;
	return launch(function, blocks_x, threads_x, stream, arguments);
}
