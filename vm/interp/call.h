/* SPDX-License-Identifier: BSD-3-Clause
 *
 * call.h -- calls of helpers from interpreted programs.
 */
#ifndef VM_INTERP_CALL_H
#define VM_INTERP_CALL_H

#include "code.h"

/* Checks r1..r5 as the helper's prototype has them, calls it, sets r0. An answer other than NONE is
 * a fault whose address and size are in env; nothing was called then. */
enum ebpf_fault_reason interp_helper__call(struct interp_run *run, const struct interp_helper *h);

/* The same of bpf_map_lookup_elem(); false: EBPF_FAULT_ACCESS. */
bool interp_helper__look_up(struct interp_run *run, const struct interp_helper *h);

/* registered.c: may the helper be called with r1..r5? The address and size of what it may not have
 * are in env otherwise. */
bool interp_helper__accepts(struct interp_run *run, const struct ebpf_helper_type *type);

/* dynptr.c: a helper has made or changed the one at the address; is there one? */
bool interp_dynptr__note(struct interp_run *run, uint64_t address);
bool interp_dynptr__check(struct interp_run *run, uint64_t address);

/* execute.c: what a helper gets for a callback. Runs run->callback.function in a frame of its own;
 * 1, and run->fault set, if it does not come to its end. */
uint64_t interp__call_back(struct ebpf_env *env, void *r1, void *r2, void *r3, void *r4, void *r5);

#endif
