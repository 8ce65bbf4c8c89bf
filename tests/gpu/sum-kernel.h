/* SPDX-License-Identifier: BSD-3-Clause
 *
 * sum-kernel.h -- a kernel whose code is a C function of the test, and batches for it: so devices
 * are tested without a compiler, under sanitizers that see all of it.
 *
 * It has two maps: it reads the first, and does not touch the second. A value of the first and the
 * packet's bytes are summed up: that is the verdict. The packet comes back with each byte one
 * greater.
 */
#ifndef TESTS_GPU_SUM_KERNEL_H
#define TESTS_GPU_SUM_KERNEL_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "device.h"
#include "kernel.h"

#define SUM_MAPS      2
#define SUM_MAP_BYTES 4096
#define SUM_VALUE_AT  128 /* in the first map */

extern const struct ebpf_kernel sum_kernel;
/* The PTX that it claims to be; the fake driver runs sum__judge() for it. */
extern const char sum_ptx[];

/* While it is set, no kernel begins. */
extern atomic_bool sum_holds;
/* Images that are placed and not destroyed. */
extern atomic_int sum_images;

/* Judges packet i of a launch. */
void sum__judge(const struct kernel_launch *l, uint32_t i, const uint8_t *map);

/* What lies in a job's buffers. The packets are of `mark` and their number. */
struct batch {
	struct kernel_launch launch;
	size_t in_used, out_used;
	uint32_t mark;
};

#define BATCH_MAX   4096
#define BATCH_LEN   64 /* of a packet */
#define BATCH_IN    (sizeof(struct kernel_launch) + BATCH_MAX * (sizeof(struct kernel_packet) + 512))
#define BATCH_OUT   (BATCH_MAX * (sizeof(struct kernel_result) + 512))
#define BATCH_FIRST 64 /* headroom */

/* Fills the job's `in`. */
void batch__fill(struct batch *b, struct ebpf_gpu_job *job, uint32_t n, uint32_t mark);
/* How many results are not what the kernel makes of the packets with that value in its map. */
uint32_t batch__count_wrong(const struct batch *b, const struct ebpf_gpu_job *job, uint64_t value);

#endif
