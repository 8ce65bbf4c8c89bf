/* SPDX-License-Identifier: BSD-3-Clause
 *
 * helper-task.c -- the process that happens to run. Packets come at no process's time here, so
 * that it is always the idle one: the kernel's processor without work, in the root cgroup.
 */
#include "helpers.h"
#include "uapi.h"

#define ROOT_CGROUP 1

/* The address of something that no program can read. */
uint64_t helper_get_current_task(struct ebpf_env *env)
{
	return 0;
}

uint64_t helper_get_current_pid_tgid(struct ebpf_env *env)
{
	return 0;
}

uint64_t helper_get_current_uid_gid(struct ebpf_env *env)
{
	return 0;
}

/* "swapper/" and the processor. */
uint64_t helper_get_current_comm(struct ebpf_env *env, void *name, uint64_t size)
{
	char *to = name, text[24] = "swapper/", digits[10];
	uint32_t n = 8, cpu = env->cpu, left = 0;

	do
		digits[left++] = (char)('0' + cpu % 10);
	while (cpu /= 10);
	while (left)
		text[n++] = digits[--left];
	for (uint64_t i = 0; i < (uint32_t)size; i++)
		to[i] = i < n && i + 1 < (uint32_t)size ? text[i] : 0;
	return 0;
}

uint64_t helper_get_cgroup_classid(struct ebpf_env *env)
{
	return 0;
}

/* It has no number in any namespace that the program could name. */
uint64_t helper_get_ns_current_pid_tgid(
	struct ebpf_env *env, uint64_t device, uint64_t inode, void *info, uint64_t size)
{
	__builtin_memset(info, 0, size);
	return (uint64_t)-RT_EINVAL;
}

uint64_t helper_get_current_cgroup_id(struct ebpf_env *env)
{
	return ROOT_CGROUP;
}

uint64_t helper_get_current_ancestor_cgroup_id(struct ebpf_env *env, uint64_t level)
{
	return (uint32_t)level ? 0 : ROOT_CGROUP;
}
