/* SPDX-License-Identifier: BSD-3-Clause
 *
 * entry.c -- the doors to code that knows nothing but a raw program's two arguments.
 *
 * Compiled to an object that vm/native loads once for each program, so that it is the program's
 * own: `ebpf_self` and `ebpf_code` are other ones each time.
 */
#include "core/backend.h"
#include "core/jit-entry.h"

extern const struct ebpf_program ebpf_self;
extern const struct backend_code ebpf_code;

uint64_t ebpf_interpret(struct ebpf_env *env, void *ctx);
uint64_t ebpf_entry(struct ebpf_env *env, void *ctx);
uint64_t ebpf_jit(void *mem, size_t len);

/* In less memory than it may touch, the program is run by who looks at every access. */
uint64_t ebpf_entry(struct ebpf_env *env, void *ctx)
{
	const struct ebpf_raw_ctx *c = ctx;
	uint64_t len = c->mem ? c->len : 0;

	if (ebpf_code.memory > len)
		return ebpf_interpret(env, ctx);
	return ebpf_code.run(c->mem, len);
}

uint64_t ebpf_jit(void *mem, size_t len)
{
	return ebpf_jit_run(ebpf_entry, &ebpf_self, mem, len);
}
