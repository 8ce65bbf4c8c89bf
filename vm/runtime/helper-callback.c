/* SPDX-License-Identifier: BSD-3-Clause
 *
 * helper-callback.c -- bpf_loop, bpf_for_each_map_elem: they call a function of the program
 * until it returns something else than 0. In bitcode the function is a constant, so that loop and
 * body become one.
 */
#include "helpers.h"
#include "map-hash.h"

/* As the kernel does where it compiles the loop itself: all 64 bits of `n` count, and too many are
 * an error in 32 bits. */
rt_hot uint64_t helper_loop(
	struct ebpf_env *env, uint64_t n, helper_callback_fn body, void *ctx, uint64_t flags)
{
	if (flags)
		return (uint64_t)-RT_EINVAL;
	if (n > RT_MAX_LOOPS)
		return (uint32_t)-RT_E2BIG;
	for (uint64_t i = 0; i < n; i++)
		if (body(env, (void *)(uintptr_t)i, ctx, NULL, NULL, NULL))
			return i + 1;
	return n;
}

rt_hot static uint64_t for_each_in_array(
	struct ebpf_env *env, const struct rt_map *m, helper_callback_fn body, void *ctx)
{
	for (uint32_t i = 0; i < m->geo.max_entries; i++) {
		uint32_t key = i;
		void *value = rt_map__lookup(m, env->worker, &key);

		if (body(env, (void *)m, &key, value, ctx, NULL))
			return i + 1;
	}
	return m->geo.max_entries;
}

rt_hot static uint64_t for_each_in_hash(
	struct ebpf_env *env, const struct rt_map *m, helper_callback_fn body, void *ctx)
{
	struct rt_hash_walk at = {0};
	uint64_t n = 0;

	while (rt_hash__walk(m, env->worker, &at)) {
		n++;
		if (body(env, (void *)m, at.key, at.value, ctx, NULL))
			break;
	}
	return n;
}

rt_hot uint64_t helper_for_each_map_elem(struct ebpf_env *env, const struct rt_map *m,
	helper_callback_fn body, void *ctx, uint64_t flags)
{
	if (flags)
		return (uint64_t)-RT_EINVAL;
	if (m->geo.type == RT_MAP_ARRAY || m->geo.type == RT_MAP_PERCPU_ARRAY)
		return for_each_in_array(env, m, body, ctx);
	return for_each_in_hash(env, m, body, ctx);
}
