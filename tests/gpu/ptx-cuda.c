/* SPDX-License-Identifier: BSD-3-Clause
 *
 * ptx-cuda.c -- a libcuda.so.1 that is a machine for PTX (ptx.h): with it the whole way to a GPU
 * and back is walked where there is none. fake-cuda.c is the strict one; this one does all at once,
 * when it is told, and streams and events have nothing left to do.
 *
 * A kernel that the machine stops is a failed launch, and why is said on standard error. With
 * PTX_JUDGES_ALL in the environment so is one that leaves a packet to the CPU, which would hide
 * what it does wrong.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kernel.h"
#include "ptx.h"

/* A handle is a thing here. */
#define CUDA_VERSION 0
typedef int CUresult, CUdevice, CUdevice_attribute, CUjit_option;
typedef unsigned long long CUdeviceptr;
typedef void *CUcontext, *CUstream, *CUevent;
typedef struct ptx_module *CUmodule;
typedef struct function *CUfunction;
#include "cuda-driver.h"

#define CUDA_CALL(name, parameters) __attribute__((visibility("default"))) CUresult name parameters;
#include "cuda-calls.def"
#undef CUDA_CALL

#define INVALID_PTX   218
#define LAUNCH_FAILED 719
#define ALIGNMENT     256
#define MAX_FUNCTIONS 64

/* Of all modules; one that is unloaded gives its place back. */
static struct function {
	const struct ptx_module *module;
	char name[64];
} functions[MAX_FUNCTIONS];

static int nothing; /* what contexts, streams and events are */

CUresult cuDriverGetVersion(int *version)
{
	*version = CUDA_LEAST_VERSION;
	return CUDA_OK;
}

CUresult cuInit(unsigned int flags)
{
	return CUDA_OK;
}

CUresult cuGetErrorName(CUresult result, const char **name)
{
	*name = result == INVALID_PTX ? "CUDA_ERROR_INVALID_PTX" : "CUDA_ERROR_LAUNCH_FAILED";
	return CUDA_OK;
}

CUresult cuGetErrorString(CUresult result, const char **text)
{
	*text = "the machine for PTX stopped";
	return CUDA_OK;
}

CUresult cuDeviceGetCount(int *count)
{
	*count = 1;
	return CUDA_OK;
}

CUresult cuDeviceGet(CUdevice *device, int number)
{
	*device = number;
	return CUDA_OK;
}

CUresult cuDeviceGetName(char *name, int bytes, CUdevice device)
{
	snprintf(name, (size_t)bytes, "machine for PTX");
	return CUDA_OK;
}

CUresult cuDeviceGetAttribute(int *value, CUdevice_attribute attribute, CUdevice device)
{
	*value = attribute == CUDA_CAPABILITY_MAJOR   ? 7
		 : attribute == CUDA_CAPABILITY_MINOR ? 5
						      : 4;
	return CUDA_OK;
}

CUresult cuCtxCreate_v2(CUcontext *context, unsigned int flags, CUdevice device)
{
	*context = &nothing;
	return CUDA_OK;
}

CUresult cuCtxDestroy_v2(CUcontext context)
{
	return CUDA_OK;
}

CUresult cuCtxSetCurrent(CUcontext context)
{
	return CUDA_OK;
}

/* --- modules ------------------------------------------------------------------------------- */

CUresult cuModuleLoadDataEx(CUmodule *module, const void *image, unsigned int n_options,
	CUjit_option *options, void **values)
{
	char why[PTX_WHY];

	*module = ptx_module__load(image, why);
	if (*module)
		return CUDA_OK;
	for (unsigned int i = 0; i + 1 < n_options; i++)
		if (options[i] == CUDA_JIT_ERROR_LOG && options[i + 1] == CUDA_JIT_ERROR_LOG_BYTES)
			snprintf(values[i], (size_t)values[i + 1], "%s", why);
	return INVALID_PTX;
}

CUresult cuModuleUnload(CUmodule module)
{
	for (size_t i = 0; i < MAX_FUNCTIONS; i++)
		if (functions[i].module == module)
			functions[i].module = NULL;
	ptx_module__unload(module);
	return CUDA_OK;
}

CUresult cuModuleGetFunction(CUfunction *function, CUmodule module, const char *name)
{
	for (size_t i = 0; i < MAX_FUNCTIONS; i++) {
		if (functions[i].module)
			continue;
		functions[i].module = module;
		snprintf(functions[i].name, sizeof(functions[i].name), "%s", name);
		*function = &functions[i];
		return CUDA_OK;
	}
	return CUDA_OUT_OF_MEMORY;
}

CUresult cuModuleGetGlobal_v2(
	CUdeviceptr *address, size_t *bytes, CUmodule module, const char *name)
{
	uint64_t size;
	void *memory = ptx_module__global(module, name, &size);

	if (!memory)
		return CUDA_NOT_FOUND;
	*address = (uintptr_t)memory;
	*bytes = size;
	return CUDA_OK;
}

static bool judges_all(const struct kernel_launch *l)
{
	const struct kernel_result *results = (const void *)(uintptr_t)(l->out + l->results);

	for (uint32_t i = 0; i < l->n; i++)
		if (results[i].again)
			return false;
	return true;
}

CUresult cuLaunchKernel(CUfunction function, unsigned int blocks_x, unsigned int blocks_y,
	unsigned int blocks_z, unsigned int threads_x, unsigned int threads_y,
	unsigned int threads_z, unsigned int shared_bytes, CUstream stream, void **arguments,
	void **extra)
{
	uint64_t params[] = {*(CUdeviceptr *)arguments[0], *(CUdeviceptr *)arguments[1]};
	char why[PTX_WHY] = "a packet is left to the CPU";

	if (ptx_module__launch(
		    function->module, function->name, blocks_x, threads_x, params, 2, why) &&
		(!getenv("PTX_JUDGES_ALL") || judges_all((const void *)(uintptr_t)params[1])))
		return CUDA_OK;
	fprintf(stderr, "machine for PTX: %s\n", why);
	return LAUNCH_FAILED;
}

/* --- memory -------------------------------------------------------------------------------- */

static void *allocate(size_t bytes)
{
	return aligned_alloc(ALIGNMENT, (bytes + ALIGNMENT - 1) & ~(size_t)(ALIGNMENT - 1));
}

CUresult cuMemAlloc_v2(CUdeviceptr *address, size_t bytes)
{
	*address = (uintptr_t)allocate(bytes);
	return *address ? CUDA_OK : CUDA_OUT_OF_MEMORY;
}

CUresult cuMemFree_v2(CUdeviceptr address)
{
	free((void *)(uintptr_t)address);
	return CUDA_OK;
}

CUresult cuMemHostAlloc(void **memory, size_t bytes, unsigned int flags)
{
	*memory = allocate(bytes);
	return *memory ? CUDA_OK : CUDA_OUT_OF_MEMORY;
}

CUresult cuMemFreeHost(void *memory)
{
	free(memory);
	return CUDA_OK;
}

CUresult cuMemsetD8Async(CUdeviceptr address, unsigned char value, size_t n, CUstream stream)
{
	memset((void *)(uintptr_t)address, value, n);
	return CUDA_OK;
}

CUresult cuMemcpyHtoDAsync_v2(CUdeviceptr to, const void *from, size_t bytes, CUstream stream)
{
	memcpy((void *)(uintptr_t)to, from, bytes);
	return CUDA_OK;
}

CUresult cuMemcpyDtoHAsync_v2(void *to, CUdeviceptr from, size_t bytes, CUstream stream)
{
	memcpy(to, (const void *)(uintptr_t)from, bytes);
	return CUDA_OK;
}

/* --- streams and events -------------------------------------------------------------------- */

CUresult cuStreamCreate(CUstream *stream, unsigned int flags)
{
	*stream = &nothing;
	return CUDA_OK;
}

CUresult cuStreamDestroy_v2(CUstream stream)
{
	return CUDA_OK;
}

CUresult cuStreamSynchronize(CUstream stream)
{
	return CUDA_OK;
}

CUresult cuEventCreate(CUevent *event, unsigned int flags)
{
	*event = &nothing;
	return CUDA_OK;
}

CUresult cuEventDestroy_v2(CUevent event)
{
	return CUDA_OK;
}

CUresult cuEventRecord(CUevent event, CUstream stream)
{
	return CUDA_OK;
}

CUresult cuEventQuery(CUevent event)
{
	return CUDA_OK;
}

CUresult cuEventElapsedTime(float *ms, CUevent from, CUevent to)
{
	*ms = 0;
	return CUDA_OK;
}
