/* SPDX-License-Identifier: BSD-3-Clause
 *
 * make-image.h -- an image (ebpf-image.h) of an object file, or of raw bytecode, for `compile`.
 */
#ifndef XDPK_VM_MAKE_IMAGE_H
#define XDPK_VM_MAKE_IMAGE_H

#include <stdint.h>

#include "drivers.h"

struct image_job {
	const char *path;    /* of the object, of an image, or of bytecode */
	const char *program; /* NULL: all XDP programs */
	const char *init;    /* file of control lines, or NULL */
	struct words drivers, cpus;
	bool for_cpu, for_gpu;
};

/* *elf is malloc'ed. What of it cannot be a kernel is told on standard error, if there is something
 * else. -EACCES: a program is rejected; -ENOTSUP: none can be a kernel. */
int image_job__run(const struct image_job *job, uint8_t **elf, size_t *size, char **errmsg);

#endif
