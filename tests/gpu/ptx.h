/* SPDX-License-Identifier: BSD-3-Clause
 *
 * ptx.h -- a machine for PTX, so that what a GPU would run can be run where there is none: an
 * interpreter of as much of the language as LLVM writes for kernels (integers, no textures, no
 * shared memory, no barriers), one thread after the other.
 *
 * It is strict where a GPU is: an access that is not aligned stops it, as does what it does not
 * know. Memory is this process's: an address in PTX is a pointer here, so that AddressSanitizer
 * sees accesses outside of what they are for.
 *
 *	text      ptx-parse.c: tokens ─► functions of instructions, globals
 *	running   ptx-run.c
 *
 * Source: NVIDIA, Parallel Thread Execution ISA.
 */
#ifndef TESTS_GPU_PTX_H
#define TESTS_GPU_PTX_H

#include <stdbool.h>
#include <stdint.h>

#define PTX_WHY 160 /* bytes for a sentence */

struct ptx_module;

/* NULL, and why. */
struct ptx_module *ptx_module__load(const char *text, char why[PTX_WHY]);
void ptx_module__unload(struct ptx_module *m); /* NULL is fine */
/* A global's memory; NULL: there is none of that name. */
void *ptx_module__global(const struct ptx_module *m, const char *name, uint64_t *bytes);
/* Runs all threads of an entry; false, and why. */
bool ptx_module__launch(const struct ptx_module *m, const char *entry, uint32_t blocks,
	uint32_t threads, const uint64_t *params, uint32_t n_params, char why[PTX_WHY]);

#endif
