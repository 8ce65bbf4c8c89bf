/* SPDX-License-Identifier: BSD-3-Clause
 *
 * helper-redirect.c -- bpf_redirect, bpf_redirect_map: note in env where the packet shall go.
 *
 * Of several calls for one packet the last one counts, also if it finds no entry.
 */
#include "helpers.h"
#include "map-target.h"
#include "uapi.h"

rt_hot uint64_t helper_redirect(struct ebpf_env *env, uint64_t ifindex, uint64_t flags)
{
	if (flags)
		return RT_XDP_ABORTED;
	env->redirect.kind = EBPF_REDIRECT_IFINDEX;
	env->redirect.target = (uint32_t)ifindex;
	env->redirect.prog = NULL;
	return RT_XDP_REDIRECT;
}

rt_hot uint64_t helper_redirect_map(
	struct ebpf_env *env, const struct rt_map *m, uint64_t key, uint64_t flags)
{
	bool is_cpumap = m->geo.type == RT_MAP_CPUMAP;
	struct rt_target found;

	if (unlikely(flags & ~rt_redirect__flags(m)))
		return RT_XDP_ABORTED;
	if (flags & RT_F_BROADCAST) {
		env->redirect.kind = EBPF_REDIRECT_BROADCAST;
		env->redirect.target = (uint32_t)flags;
		env->redirect.map = m;
		return RT_XDP_REDIRECT;
	}
	found = rt_target__find(m, (uint32_t)key);
	if (unlikely(!found.number)) {
		env->redirect.kind = EBPF_REDIRECT_NONE;
		return flags & RT_REDIRECT_ACTION;
	}
	env->redirect.kind = is_cpumap ? EBPF_REDIRECT_WORKER : EBPF_REDIRECT_IFINDEX;
	env->redirect.queue = is_cpumap ? (uint16_t)found.number : 0; /* 16384 at most */
	env->redirect.target = is_cpumap ? (uint32_t)key : found.number;
	env->redirect.prog = found.prog;
	return RT_XDP_REDIRECT;
}
