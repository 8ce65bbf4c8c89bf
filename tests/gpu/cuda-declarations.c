/* SPDX-License-Identifier: BSD-3-Clause
 *
 * cuda-declarations.c -- compiles only if our declarations of the CUDA driver API are those of
 * cuda.h, where a toolkit has put it.
 */
#include <cuda.h>
#include <cudaTypedefs.h>

#include "cuda-driver.h"

/* cuda.h shows only the newest of each call: this is the one with flags and without parameters. */
extern __typeof__(*(PFN_cuCtxCreate_v3020)0) cuCtxCreate_v2;

#define CUDA_CALL(name, parameters)                                                             \
	_Static_assert(__builtin_types_compatible_p(                                            \
			       __typeof__(((struct cuda_driver *)0)->name), __typeof__(&name)), \
		#name);
#include "cuda-calls.def"
#undef CUDA_CALL

#define SAME(ours, theirs) _Static_assert((int)(ours) == (int)(theirs), #theirs)
SAME(CUDA_OK, CUDA_SUCCESS);
SAME(CUDA_OUT_OF_MEMORY, CUDA_ERROR_OUT_OF_MEMORY);
SAME(CUDA_NO_DEVICE, CUDA_ERROR_NO_DEVICE);
SAME(CUDA_NOT_FOUND, CUDA_ERROR_NOT_FOUND);
SAME(CUDA_NOT_READY, CUDA_ERROR_NOT_READY);
SAME(CUDA_MULTIPROCESSORS, CU_DEVICE_ATTRIBUTE_MULTIPROCESSOR_COUNT);
SAME(CUDA_CAPABILITY_MAJOR, CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR);
SAME(CUDA_CAPABILITY_MINOR, CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MINOR);
SAME(CUDA_JIT_ERROR_LOG, CU_JIT_ERROR_LOG_BUFFER);
SAME(CUDA_JIT_ERROR_LOG_BYTES, CU_JIT_ERROR_LOG_BUFFER_SIZE_BYTES);
SAME(CUDA_STREAM_NON_BLOCKING, CU_STREAM_NON_BLOCKING);
