/* SPDX-License-Identifier: BSD-3-Clause
 *
 * jit-entry.h -- what ebpf_jit, the plain-function door of a compiled raw program, calls around
 * the program. Its environment lies on its own stack, so programs may nest through helpers.
 */
#ifndef VM_CORE_JIT_ENTRY_H
#define VM_CORE_JIT_ENTRY_H

#include "ebpf-env.h"

/* Fills *env for one run of `self` over the memory. */
void ebpf_jit_enter(
	struct ebpf_env *env, const struct ebpf_program *self, uint8_t *mem, uint64_t len);
/* Keeps the fault, if any, for ebpf_last_fault(). */
void ebpf_jit_leave(struct ebpf_env *env);

static inline uint64_t ebpf_jit_run(
	ebpf_entry_fn entry, const struct ebpf_program *self, void *mem, uint64_t len)
{
	struct ebpf_raw_ctx ctx = {.mem = mem, .len = len};
	struct ebpf_env env;
	uint64_t r0;

	ebpf_jit_enter(&env, self, mem, len);
	r0 = entry(&env, &ctx);
	ebpf_jit_leave(&env);
	return r0;
}

#endif
