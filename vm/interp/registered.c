/* SPDX-License-Identifier: BSD-3-Clause
 *
 * registered.c -- arguments of helpers that the user registered with a type.
 */
#include "call.h"
#include "memory.h"

static bool is_string(struct interp_run *run, uint64_t address, bool write)
{
	for (uint64_t at = address; interp_memory__find(run, at, 1, write); at++)
		if (!*(const char *)(uintptr_t)at)
			return true;
	interp_memory__blame(run, address, run->env->fault_address - address + 1);
	return false;
}

bool interp_helper__accepts(struct interp_run *run, const struct ebpf_helper_type *type)
{
	for (unsigned i = 0; i < 5; i++) {
		uint64_t address = run->r[1 + i], size = type->arg[i].size;
		bool write = type->arg[i].is_written;

		if (type->arg[i].check == EBPF_CHECK_NOTHING ||
			(type->arg[i].may_be_null && !address))
			continue;
		if (type->arg[i].check == EBPF_CHECK_STRING) {
			if (!is_string(run, address, write))
				return false;
			continue;
		}
		if (type->arg[i].check == EBPF_CHECK_MEM_LEN)
			size = run->r[2 + i];
		if (size && !interp_memory__find(run, address, size, write))
			return false;
	}
	return true;
}
