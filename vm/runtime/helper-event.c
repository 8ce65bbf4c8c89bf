/* SPDX-License-Identifier: BSD-3-Clause
 *
 * helper-event.c -- what programs tell the host: bpf_ringbuf_*, bpf_perf_event_output.
 */
#include "dynptr.h"
#include "helpers.h"
#include "map-types.h"

uint64_t helper_perf_event_output(struct ebpf_env *env, struct ebpf_xdp_ctx *ctx,
	const struct rt_map *m, uint64_t flags, const void *data, uint64_t size)
{
	struct rt_event event = {
		.data = data,
		.size = size,
		.packet = rt_packet__parts(env, ctx),
		.packet_size = (flags & RT_F_CTXLEN_MASK) >> 32,
	};

	if (flags & ~(RT_F_CTXLEN_MASK | RT_F_INDEX_MASK))
		return (uint64_t)-RT_EINVAL;
	if (event.packet_size > rt_packet__size(env, ctx))
		return (uint64_t)-RT_EFAULT;
	return (uint64_t)rt_perf__output(m, env->worker, flags & RT_F_INDEX_MASK, &event);
}

uint64_t helper_ringbuf_output(struct ebpf_env *env, const struct rt_map *m, const void *data,
	uint64_t size, uint64_t flags)
{
	void *record;

	if (flags & ~(uint64_t)(RT_RB_NO_WAKEUP | RT_RB_FORCE_WAKEUP))
		return (uint64_t)-RT_EINVAL;
	record = rt_ringbuf__reserve(m, size);
	if (!record)
		return (uint64_t)-RT_EAGAIN;
	if (size)
		__builtin_memcpy(record, data, size);
	rt_ringbuf__commit(record, false);
	return 0;
}

uint64_t helper_ringbuf_query(struct ebpf_env *env, const struct rt_map *m, uint64_t question)
{
	return rt_ringbuf__query(m, question);
}

void *helper_ringbuf_reserve(
	struct ebpf_env *env, const struct rt_map *m, uint64_t size, uint64_t flags)
{
	return flags ? NULL : rt_ringbuf__reserve(m, size);
}

/* Nobody is woken, whatever the flags say. */
uint64_t helper_ringbuf_submit(struct ebpf_env *env, void *record, uint64_t flags)
{
	rt_ringbuf__commit(record, false);
	return 0;
}

uint64_t helper_ringbuf_discard(struct ebpf_env *env, void *record, uint64_t flags)
{
	rt_ringbuf__commit(record, true);
	return 0;
}

rt_hot uint64_t helper_ringbuf_reserve_dynptr(struct ebpf_env *env, const struct rt_map *m,
	uint64_t size, uint64_t flags, struct rt_dynptr *made)
{
	void *record;

	rt_dynptr__clear(made);
	if (!flags && (uint32_t)size > RT_DYNPTR_MAX)
		return (uint64_t)-RT_E2BIG;
	record = flags ? NULL : rt_ringbuf__reserve(m, (uint32_t)size);
	if (!record)
		return (uint64_t)-RT_EINVAL;
	rt_dynptr__init(made, RT_DYNPTR_RECORD, record, (uint32_t)size);
	return 0;
}

rt_inline uint64_t dynptr__commit(struct rt_dynptr *p, bool discard)
{
	if (p->data)
		rt_ringbuf__commit(p->data, discard);
	rt_dynptr__clear(p);
	return 0;
}

rt_hot uint64_t helper_ringbuf_submit_dynptr(
	struct ebpf_env *env, struct rt_dynptr *p, uint64_t flags)
{
	return dynptr__commit(p, false);
}

rt_hot uint64_t helper_ringbuf_discard_dynptr(
	struct ebpf_env *env, struct rt_dynptr *p, uint64_t flags)
{
	return dynptr__commit(p, true);
}
