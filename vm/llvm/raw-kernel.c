/* SPDX-License-Identifier: BSD-3-Clause
 *
 * raw-kernel.c -- a raw program as a GPU's kernel: a thread for each piece of memory. Compiled to
 * bitcode for GPUs; raw.c, which is too, has the checks. What a fault was, nobody learns: its
 * result is UINT64_MAX.
 */
#include "ebpf-env.h"

void ebpf_kernel(uint8_t *mem, uint64_t len, uint64_t stride, uint64_t n, uint64_t *results);

void ebpf_kernel(uint8_t *mem, uint64_t len, uint64_t stride, uint64_t n, uint64_t *results)
{
	uint64_t i = (uint64_t)__nvvm_read_ptx_sreg_ctaid_x() * __nvvm_read_ptx_sreg_ntid_x() +
		     __nvvm_read_ptx_sreg_tid_x();
	struct ebpf_env env = {0};
	struct ebpf_raw_ctx ctx = {.mem = mem + i * stride, .len = len};

	if (i < n)
		results[i] = ebpf_program_entry(&env, &ctx);
}
