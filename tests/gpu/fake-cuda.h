/* SPDX-License-Identifier: BSD-3-Clause
 *
 * fake-cuda.h -- a libcuda.so.1 without a GPU: it answers the calls of cuda-calls.def, does what
 * streams are told, in order and as late as it may, and notes every call that a driver would take
 * amiss. A test sets what it is like, and which calls fail.
 *
 * Device addresses cannot be used by the host: a bit of them is turned. Memory of the device is
 * there for kernels alone.
 */
#ifndef TESTS_GPU_FAKE_CUDA_H
#define TESTS_GPU_FAKE_CUDA_H

#include <stdbool.h>
#include <stdint.h>

#include "kernel.h"

enum fake_error {
	FAKE_INVALID_VALUE = 1,
	FAKE_OUT_OF_MEMORY = 2,
	FAKE_NO_DEVICE = 100,
	FAKE_INVALID_CONTEXT = 201,
	FAKE_INVALID_PTX = 218,
	FAKE_NOT_FOUND = 500,
	FAKE_NOT_READY = 600,
	FAKE_ILLEGAL_ADDRESS = 700,
	FAKE_LAUNCH_FAILED = 719,
};

struct fake_cuda {
	int version;
	int n_devices;
	int major, minor; /* compute capability */
	int multiprocessors;
	const char *names[4];
	const char *jit_log; /* not NULL: PTX is refused with it */
	uint64_t map_bytes;  /* of ebpf_map_0; 0: there is no such variable */
	bool hangs;          /* streams stand still */

	/* The call of that name fails, when it has succeeded `after` times; if the error is
	 * sticky, so does every call from then on until the context is destroyed. */
	const char *fails;
	int error;
	bool sticky;
	unsigned after;

	/* What a kernel does, for packet i. */
	void (*judge)(const struct kernel_launch *l, uint32_t i, const uint8_t *map);

	/* What came of it. */
	bool failed, lost; /* `fails` did; and it was sticky */
	unsigned n_left;   /* things that went with their context, unasked */
	unsigned n_alive;  /* things, contexts too */
	unsigned n_amiss;
	char amiss[200];          /* the first */
	uint32_t blocks, threads; /* of the last launch */
};

extern struct fake_cuda fake_cuda; /* by dlsym() */

#endif
