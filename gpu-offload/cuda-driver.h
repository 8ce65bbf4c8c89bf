/* SPDX-License-Identifier: BSD-3-Clause
 *
 * cuda-driver.h -- the CUDA driver API: the calls in use, out of libcuda.so.1, which is opened at
 * run time; nothing of CUDA is needed to build. Names, types and values are NVIDIA's, those that
 * drivers since CUDA 10.0 have: the first whose PTX (6.3) knows sm_75.
 *
 * Threads: any.
 */
#ifndef GPU_OFFLOAD_CUDA_DRIVER_H
#define GPU_OFFLOAD_CUDA_DRIVER_H

#include <stddef.h>

#define CUDA_LEAST_VERSION 10000 /* 1000 * major + 10 * minor */

/* tests/gpu/cuda-declarations.c compares these with cuda.h's, where there is one. */
#ifndef CUDA_VERSION
typedef int CUresult;
typedef int CUdevice;
typedef int CUdevice_attribute;
typedef int CUjit_option;
typedef unsigned long long CUdeviceptr;
typedef struct CUctx_st *CUcontext;
typedef struct CUmod_st *CUmodule;
typedef struct CUfunc_st *CUfunction;
typedef struct CUevent_st *CUevent;
typedef struct CUstream_st *CUstream;
#endif

enum cuda_result {
	CUDA_OK = 0,
	CUDA_OUT_OF_MEMORY = 2,
	CUDA_NO_DEVICE = 100,
	CUDA_NOT_FOUND = 500,
	CUDA_NOT_READY = 600,
};

enum cuda_attribute {
	CUDA_MULTIPROCESSORS = 16,
	CUDA_CAPABILITY_MAJOR = 75,
	CUDA_CAPABILITY_MINOR = 76,
};

enum cuda_jit_option {
	CUDA_JIT_ERROR_LOG = 5,
	CUDA_JIT_ERROR_LOG_BYTES = 6,
};

enum cuda_stream_flag {
	CUDA_STREAM_NON_BLOCKING = 1,
};

struct cuda_driver {
#define CUDA_CALL(name, parameters) CUresult(*name) parameters;
#include "cuda-calls.def"
#undef CUDA_CALL
};

/* Opens the library, which stays open, and initialises it. Negative errno with a sentence: there is
 * none, it is too old, it does not work. *version: as CUDA_LEAST_VERSION. */
int cuda_driver__open(struct cuda_driver *cu, int *version, char **errmsg);

/* "cuStreamCreate: CUDA_ERROR_INVALID_VALUE (invalid argument)" */
void cuda_driver__tell(
	const struct cuda_driver *cu, const char *call, CUresult result, char *text, size_t bytes);

#endif
