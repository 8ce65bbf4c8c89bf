/* SPDX-License-Identifier: BSD-3-Clause
 *
 * use-device.h -- what all tests of devices do with them. Functions that fail end the test.
 */
#ifndef TESTS_GPU_USE_DEVICE_H
#define TESTS_GPU_USE_DEVICE_H

#include "sum-kernel.h"

struct ebpf_gpu_device *use__open(const char *spec);
/* Fails the test if it can be opened, or says something else. */
void use__open_refused(const char *spec, const char *says);
/* With that value in the map. */
struct ebpf_gpu_module *use__load(struct ebpf_gpu_device *dev, uint64_t value);
/* For any batch. */
struct ebpf_gpu_job *use__open_job(struct ebpf_gpu_device *dev);

/* One of each. */
struct used {
	struct ebpf_gpu_device *dev;
	struct ebpf_gpu_module *mod;
	struct ebpf_gpu_job *job;
};
struct used use__begin(const char *spec, uint64_t value);
/* Closes what is not NULL; no image is left. */
void use__end(const struct used *u);

/* A new batch; gives what submit() gives. */
int use__submit(struct ebpf_gpu_job *job, struct ebpf_gpu_module *mod, struct batch *b, uint32_t n);
/* Polls until it is no longer under way. */
int use__await(struct ebpf_gpu_job *job);
void use__wait_a_little(void);

#endif
