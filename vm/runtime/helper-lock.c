/* SPDX-License-Identifier: BSD-3-Clause
 *
 * helper-lock.c -- bpf_spin_lock, bpf_spin_unlock: the word in a map's value that the map's own
 * writers take too (value.h). Programs hold one at a time, for a few instructions, and call nothing
 * meanwhile.
 */
#include "helpers.h"

rt_hot uint64_t helper_spin_lock(struct ebpf_env *env, uint32_t *lock)
{
	rt_lock(lock);
	return 0;
}

rt_hot uint64_t helper_spin_unlock(struct ebpf_env *env, uint32_t *lock)
{
	rt_unlock(lock);
	return 0;
}
