/* SPDX-License-Identifier: BSD-3-Clause
 *
 * helper-section.c -- the kernel functions that begin and end sections: workers are not preempted,
 * and what a program looks at stays until it has ended.
 */
#include "helpers.h"

rt_hot uint64_t helper_rcu_read_lock(struct ebpf_env *env)
{
	return 0;
}

rt_hot uint64_t helper_rcu_read_unlock(struct ebpf_env *env)
{
	return 0;
}

rt_hot uint64_t helper_preempt_disable(struct ebpf_env *env)
{
	return 0;
}

rt_hot uint64_t helper_preempt_enable(struct ebpf_env *env)
{
	return 0;
}
