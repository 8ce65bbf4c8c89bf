/* SPDX-License-Identifier: BSD-3-Clause
 *
 * launch.h -- a kernel of this CPU, run here and now: a batch of packets goes in, what the kernel
 * noted is done, what it gave back the interpreter judges. For tests of kernels without devices.
 */
#ifndef TESTS_GPU_LAUNCH_H
#define TESTS_GPU_LAUNCH_H

#include <stdbool.h>

#include "kernel.h"

#define LAUNCH_BATCH    64
#define LAUNCH_HEADROOM 258
#define LAUNCH_ROOM     4096 /* of a packet's window, headroom and all */

struct launch_packet {
	uint8_t buf[LAUNCH_ROOM];
	uint8_t *data;
	uint32_t len;
	uint64_t verdict;
	struct ebpf_redirect redirect;
	bool again; /* the interpreter judged it */
};

struct launcher {
	struct ebpf_kernel *kernel;
	const struct ebpf_kernel_info *info;
	struct ebpf_kernel_image *image;
	uint8_t **memory; /* of maps, by index */
	struct ebpf_env env;
};

/* False with *errmsg: the program cannot be a kernel. Fails the test where it could be one. */
bool launcher__open(
	struct launcher *l, struct ebpf_instance *inst, struct ebpf_program *prog, char **errmsg);
void launcher__close(struct launcher *l);
/* Snapshots of the maps as they are now are what the kernel reads from now on. */
void launcher__refresh(struct launcher *l);
/* Judges the packets, at most LAUNCH_BATCH; bytes behind the first `window` of each are kept from
 * the kernel (0: none are). */
void launcher__run(struct launcher *l, struct launch_packet *packets, uint32_t n, uint32_t window);

/* The same by the program's installed code. */
void launch__on_cpu(struct ebpf_program *prog, struct ebpf_env *env, struct launch_packet *p);
void launch_packet__fill(struct launch_packet *p, const void *data, uint32_t len);

#endif
