/* SPDX-License-Identifier: BSD-3-Clause
 *
 * helper-probe.c -- reads of addresses that may be anything. Whatever can be read is the
 * kernel's memory here; user memory, that of the process that happens to run, there is none.
 */
#include "helpers.h"
#include "uapi.h"

#define FIRST_PAGE 4096 /* nobody's memory begins below it */

static uint64_t fail(void *dst, uint64_t size)
{
	__builtin_memset(dst, 0, size);
	return (uint64_t)-RT_EFAULT;
}

/* An address that cannot be the kernel's on its machines has another error than one where there
 * is nothing. */
static uint64_t fail_at(uint64_t address, void *dst, uint64_t size)
{
	__builtin_memset(dst, 0, size);
	return address >> 47 == 0x1ffff ? (uint64_t)-RT_EFAULT : (uint64_t)-RT_ERANGE;
}

uint64_t helper_probe_read_kernel(struct ebpf_env *env, void *dst, uint64_t size, uint64_t address)
{
	bool ok = size ? env->host->read && !env->host->read(dst, address, size)
		       : address >= FIRST_PAGE;

	return ok ? 0 : fail_at(address, dst, size);
}

/* Up to the terminator, which is set in any case; byte by byte it would be slow, so up to the
 * next boundary of 64 bytes at once: what lies there is all readable or not. */
rt_cold uint64_t helper_probe_read_kernel_str(
	struct ebpf_env *env, void *dst, uint64_t size, uint64_t address)
{
	char *to = dst;
	uint64_t at = 0, n;

	for (uint64_t left; at < size; at += n) {
		char chunk[64];

		n = 64 - (address + at) % 64;
		left = size - at;
		n = n < left ? n : left;
		if (!env->host->read || env->host->read(chunk, address + at, n))
			return fail_at(address, dst, size);
		for (uint64_t i = 0; i < n; i++) {
			to[at + i] = chunk[i];
			if (!chunk[i])
				return at + i + 1;
		}
	}
	if (size)
		to[size - 1] = 0;
	return size;
}

uint64_t helper_probe_read_user(struct ebpf_env *env, void *dst, uint64_t size, uint64_t address)
{
	return fail(dst, size);
}

uint64_t helper_probe_read_user_str(
	struct ebpf_env *env, void *dst, uint64_t size, uint64_t address)
{
	return size ? fail(dst, size) : 0;
}
