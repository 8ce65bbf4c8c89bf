/* SPDX-License-Identifier: BSD-3-Clause
 *
 * helper-map.c -- bpf_map_lookup_elem, _update_elem, _delete_elem: the worker is the slot;
 * bpf_map_lookup_percpu_elem, where it is named; and bpf_map_push_elem, _pop_elem, _peek_elem.
 */
#include "helpers.h"

rt_hot void *helper_map_lookup_elem(struct ebpf_env *env, const struct rt_map *m, const void *key)
{
	return rt_map__lookup(m, env->worker, key);
}

rt_hot void *helper_map_lookup_inner(struct ebpf_env *env, const struct rt_map *template,
	const struct rt_map *m, const void *key)
{
	return rt_map__lookup_inner(template, m, env->worker, key);
}

rt_hot void *helper_map_lookup_percpu_elem(
	struct ebpf_env *env, const struct rt_map *m, const void *key, uint64_t cpu)
{
	return (uint32_t)cpu < env->n_workers ? rt_map__lookup(m, (uint32_t)cpu, key) : NULL;
}

rt_hot uint64_t helper_map_update_elem(struct ebpf_env *env, const struct rt_map *m,
	const void *key, const void *value, uint64_t flags)
{
	return (uint64_t)rt_map__update(m, env->worker, key, value, flags);
}

rt_hot uint64_t helper_map_delete_elem(
	struct ebpf_env *env, const struct rt_map *m, const void *key)
{
	return (uint64_t)rt_map__delete(m, key);
}

rt_hot uint64_t helper_map_push_elem(
	struct ebpf_env *env, const struct rt_map *m, const void *value, uint64_t flags)
{
	return (uint64_t)rt_map__push(m, value, flags);
}

rt_hot uint64_t helper_map_pop_elem(struct ebpf_env *env, const struct rt_map *m, void *value)
{
	return (uint64_t)rt_map__pop(m, value);
}

rt_hot uint64_t helper_map_peek_elem(struct ebpf_env *env, const struct rt_map *m, void *value)
{
	return (uint64_t)rt_map__peek(m, value);
}
