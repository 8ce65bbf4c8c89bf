/* SPDX-License-Identifier: BSD-3-Clause
 *
 * hand-device.h -- a device that does what the test says, when it says so: it runs the double
 * (kernel-double.h) in poll(), or holds jobs back, or breaks.
 *
 * Threads: one.
 */
#ifndef TESTS_GPU_HAND_DEVICE_H
#define TESTS_GPU_HAND_DEVICE_H

#include "device.h"
#include "kernel.h"

struct hand_device {
	struct ebpf_gpu_device dev;
	bool holds; /* jobs stay under way until it does no longer */
	uint32_t fail_open, fail_load, fail_write, fail_submit, fail_poll; /* 1: the next call */
	bool spoils; /* results, of which a bit in each is turned */
	/* What is done to each result, which is then sealed again; NULL: nothing. */
	void (*forge)(struct kernel_result *r, struct ebpf_note *notes);
	uint32_t abandoned, running, jobs, modules, submitted;
	uint64_t in_bytes, out_bytes; /* that jobs were to copy */
};

struct hand_device *hand_device__open(void);
/* Fails the test if anything is left that was to be closed, abandoned jobs aside. */
void hand_device__close(struct hand_device *hand);

#endif
