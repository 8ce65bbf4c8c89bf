/* SPDX-License-Identifier: BSD-3-Clause
 *
 * helper-redirect.c -- bpf_redirect, bpf_redirect_map: note in env where the packet shall go.
 *
 * Of several calls for one packet the last one counts, also if it finds no entry.
 */
#include "helpers.h"
#include "map-hash.h"
#include "uapi.h"

#define ACTION_MASK UINT64_C(3) /* flags of redirect_map: what to return without an entry */

rt_hot uint64_t helper_redirect(struct ebpf_env *env, uint64_t ifindex, uint64_t flags)
{
	if (flags)
		return RT_XDP_ABORTED;
	env->redirect.kind = EBPF_REDIRECT_IFINDEX;
	env->redirect.ifindex = (uint32_t)ifindex;
	return RT_XDP_REDIRECT;
}

rt_inline bool is_devmap(const struct rt_map *m)
{
	return m->geo.type == RT_MAP_DEVMAP || m->geo.type == RT_MAP_DEVMAP_HASH;
}

/* Interface, length of the queue or port; 0: no such entry. */
rt_inline uint32_t find_target(const struct rt_map *m, uint32_t key)
{
	const uint32_t *value;

	if (m->geo.type == RT_MAP_DEVMAP_HASH)
		return (uint32_t)rt_hash__word(m, &key);
	value = rt_map__lookup(m, 0, &key);
	return value ? rt_read(value) : 0;
}

rt_hot uint64_t helper_redirect_map(
	struct ebpf_env *env, const struct rt_map *m, uint64_t key, uint64_t flags)
{
	uint64_t allowed = is_devmap(m) ? RT_F_BROADCAST | RT_F_EXCLUDE_INGRESS : 0;
	bool broadcast = flags & RT_F_BROADCAST;
	uint32_t target;

	if (unlikely(flags & ~(ACTION_MASK | allowed)))
		return RT_XDP_ABORTED;
	target = find_target(m, (uint32_t)key);
	if (unlikely(!target && !broadcast)) {
		env->redirect.kind = EBPF_REDIRECT_NONE;
		return flags & ACTION_MASK;
	}
	env->redirect.kind = EBPF_REDIRECT_MAP;
	env->redirect.ifindex = is_devmap(m) && !broadcast ? target : 0;
	env->redirect.key = (uint32_t)key;
	env->redirect.flags = broadcast ? (uint32_t)flags : 0;
	env->redirect.map = m;
	return RT_XDP_REDIRECT;
}
