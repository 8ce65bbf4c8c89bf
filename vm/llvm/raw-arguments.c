/* SPDX-License-Identifier: BSD-3-Clause
 *
 * raw-arguments.c -- what compiled raw programs call before helpers that have a type: compiled to
 * bitcode, linked into their modules. An argument is checked as an access is; what it may not be
 * is another fault.
 */
#include "ebpf-env.h"
#include "ebpf-vm.h"
#include "runtime/target.h"

/* raw.c */
bool ebpf_raw_check(
	struct ebpf_env *env, uint64_t address, uint64_t size, bool write, uint32_t insn);

bool ebpf_raw_check_memory(
	struct ebpf_env *env, uint64_t address, uint64_t size, bool write, uint32_t insn);
bool ebpf_raw_check_string(struct ebpf_env *env, uint64_t address, bool write, uint32_t insn);

static bool refuse(struct ebpf_env *env, uint64_t address, uint64_t size)
{
	env->fault_reason = EBPF_FAULT_ARGUMENT;
	env->fault_address = address;
	env->fault_size = size < UINT32_MAX ? (uint32_t)size : UINT32_MAX;
	return false;
}

rt_hot bool ebpf_raw_check_memory(
	struct ebpf_env *env, uint64_t address, uint64_t size, bool write, uint32_t insn)
{
	return !size || likely(ebpf_raw_check(env, address, size, write, insn)) ||
	       refuse(env, address, size);
}

bool ebpf_raw_check_string(struct ebpf_env *env, uint64_t address, bool write, uint32_t insn)
{
	for (uint64_t at = address; ebpf_raw_check(env, at, 1, write, insn); at++)
		if (!*(const char *)(uintptr_t)at)
			return true;
	return refuse(env, address, env->fault_address - address + 1);
}
