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
