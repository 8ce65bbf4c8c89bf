/* SPDX-License-Identifier: BSD-3-Clause
 *
 * request.h -- the compile request: everything that determines an image, in one flat blob.
 *
 * Symbolic bytecode, program type and flags, map geometries, frozen contents, functions, lines, the
 * driver's bitcode, options, version and CPU: no addresses, no ids. Two equal blobs give the
 * same image; its hash names it. The blob may cross a process boundary, so
 * compile_request__open() trusts nothing in it: every count and offset is checked.
 */
#ifndef VM_CORE_REQUEST_H
#define VM_CORE_REQUEST_H

#include "view.h"

enum compile_flags {
	COMPILE_CHECK_ACCESS = 1 << 0, /* raw programs: check what facts do not prove */
	COMPILE_KERNEL = 1 << 1,       /* for ebpf-offload.h: the driver's loop is all there is */
	COMPILE_LINES = 1 << 2,        /* with DWARF that tells where code comes from */
};

/* Kernels for GPUs: the oldest level there is code for. Drivers compile on from there. */
#define COMPILE_CPU_PTX "sm_75"

struct compile_request {
	struct program_view view; /* points into the blob and into `tables` */
	uint32_t flags;
	const char *driver_name; /* "" without driver */
	const uint8_t *driver_bitcode;
	size_t driver_bitcode_size;
	uint64_t cache_size; /* lookups in maps beyond it look ahead; without driver 0 */
	const char *cpu;     /* "native", "x86-64", "x86-64-v2" to "-v4", or COMPILE_CPU_PTX */
	void *tables;        /* owned: map views, funcs, lines rebuilt with pointers */
};

/* *blob is malloc'ed. -ENOMEM only. */
int compile_request__build(const struct program_view *v, uint32_t flags,
	const struct ebpf_driver *driver, const char *cpu, uint8_t **blob, size_t *size);
/* -EINVAL with *errmsg naming what is wrong. The blob must outlive *req. */
int compile_request__open(
	const uint8_t *blob, size_t size, struct compile_request *req, char **errmsg);
void compile_request__close(struct compile_request *req);

#endif
