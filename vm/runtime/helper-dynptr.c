/* SPDX-License-Identifier: BSD-3-Clause
 *
 * helper-dynptr.c -- bpf_dynptr_from_mem, _from_xdp, _read, _write, _data, _slice, _slice_rdwr,
 * _adjust, _clone and what they ask of a dynptr. No dynptr of an XDP program is read-only. A slice
 * of a packet is the packet itself where that lies in one piece.
 */
#include "dynptr.h"
#include "helpers.h"
#include "packet.h"

rt_inline int64_t dynptr__check(const struct rt_dynptr *p, uint32_t offset, uint32_t len)
{
	return len > p->size || offset > p->size - len ? -RT_E2BIG : 0;
}

/* Of memory, not of the packet. */
rt_inline uint8_t *dynptr__at(const struct rt_dynptr *p, uint32_t offset)
{
	return (uint8_t *)p->data + p->offset + offset;
}

rt_hot uint64_t helper_dynptr_from_mem(
	struct ebpf_env *env, void *data, uint64_t size, uint64_t flags, struct rt_dynptr *made)
{
	rt_dynptr__clear(made);
	if ((uint32_t)size > RT_DYNPTR_MAX)
		return (uint64_t)-RT_E2BIG;
	if (flags)
		return (uint64_t)-RT_EINVAL;
	rt_dynptr__init(made, RT_DYNPTR_LOCAL, data, (uint32_t)size);
	return 0;
}

rt_hot uint64_t helper_dynptr_from_xdp(
	struct ebpf_env *env, struct ebpf_xdp_ctx *ctx, uint64_t flags, struct rt_dynptr *made)
{
	rt_dynptr__clear(made);
	if (flags)
		return (uint32_t)-RT_EINVAL;
	rt_dynptr__init(made, RT_DYNPTR_PACKET, ctx, rt_packet__size(env, ctx));
	return 0;
}

rt_hot uint64_t helper_dynptr_read(struct ebpf_env *env, void *to, uint64_t size,
	struct rt_dynptr *p, uint64_t offset, uint64_t flags)
{
	int64_t err;

	if (!p->data || flags)
		return (uint64_t)-RT_EINVAL;
	err = dynptr__check(p, (uint32_t)offset, (uint32_t)size);
	if (err)
		return (uint64_t)err;
	if (p->kind == RT_DYNPTR_PACKET)
		return helper_xdp_load_bytes(
			env, p->data, p->offset + (uint32_t)offset, to, (uint32_t)size);
	__builtin_memmove(to, dynptr__at(p, (uint32_t)offset), (uint32_t)size);
	return 0;
}

rt_hot uint64_t helper_dynptr_write(struct ebpf_env *env, struct rt_dynptr *p, uint64_t offset,
	const void *from, uint64_t size, uint64_t flags)
{
	int64_t err;

	if (!p->data)
		return (uint64_t)-RT_EINVAL;
	err = dynptr__check(p, (uint32_t)offset, (uint32_t)size);
	if (!err && flags)
		err = -RT_EINVAL;
	if (err)
		return (uint64_t)err;
	if (p->kind == RT_DYNPTR_PACKET)
		return helper_xdp_store_bytes(
			env, p->data, p->offset + (uint32_t)offset, from, (uint32_t)size);
	__builtin_memmove(dynptr__at(p, (uint32_t)offset), from, (uint32_t)size);
	return 0;
}

rt_hot void *helper_dynptr_data(
	struct ebpf_env *env, struct rt_dynptr *p, uint64_t offset, uint64_t size)
{
	if (!p->data || p->kind == RT_DYNPTR_PACKET ||
		dynptr__check(p, (uint32_t)offset, (uint32_t)size))
		return NULL;
	return dynptr__at(p, (uint32_t)offset);
}

/* The packet may have become shorter than the dynptr: then, too, the buffer gets what is there. */
rt_inline void *packet__slice(struct ebpf_env *env, const struct ebpf_xdp_ctx *ctx, uint64_t offset,
	void *buffer, uint64_t size)
{
	struct rt_parts parts = rt_packet__parts(env, ctx);
	void *piece = NULL;

	if (likely(offset + size <= parts.size))
		return parts.data + offset;
	if (parts.frags && offset >= parts.size && offset <= 0xffff && size <= 0xffff)
		piece = rt_frags__at(parts.frags, offset - parts.size, size);
	if (piece || !buffer)
		return piece;
	if (parts.frags)
		rt_parts__read(&parts, offset, buffer, size);
	else if (offset < parts.size)
		__builtin_memmove(buffer, parts.data + offset, parts.size - offset);
	return buffer;
}

rt_hot void *helper_dynptr_slice(
	struct ebpf_env *env, struct rt_dynptr *p, uint64_t offset, void *buffer, uint64_t size)
{
	if (!p->data || dynptr__check(p, (uint32_t)offset, (uint32_t)size))
		return NULL;
	if (p->kind != RT_DYNPTR_PACKET)
		return dynptr__at(p, (uint32_t)offset);
	return packet__slice(
		env, p->data, (uint64_t)p->offset + (uint32_t)offset, buffer, (uint32_t)size);
}

rt_hot void *helper_dynptr_slice_rdwr(
	struct ebpf_env *env, struct rt_dynptr *p, uint64_t offset, void *buffer, uint64_t size)
{
	return helper_dynptr_slice(env, p, offset, buffer, size);
}

rt_hot uint64_t helper_dynptr_adjust(
	struct ebpf_env *env, struct rt_dynptr *p, uint64_t start, uint64_t end)
{
	uint32_t first = (uint32_t)start, last = (uint32_t)end;

	if (!p->data || first > last)
		return (uint32_t)-RT_EINVAL;
	if (last > p->size)
		return (uint32_t)-RT_ERANGE;
	p->offset += first;
	p->size = last - first;
	return 0;
}

rt_hot uint64_t helper_dynptr_clone(
	struct ebpf_env *env, struct rt_dynptr *p, struct rt_dynptr *made)
{
	*made = *p;
	return p->data ? 0 : (uint32_t)-RT_EINVAL;
}

rt_hot uint64_t helper_dynptr_is_null(struct ebpf_env *env, struct rt_dynptr *p)
{
	return !p->data;
}

rt_hot uint64_t helper_dynptr_is_rdonly(struct ebpf_env *env, struct rt_dynptr *p)
{
	return false;
}

/* Of the null dynptr it is an error, in 32 bits. */
rt_hot uint64_t helper_dynptr_size(struct ebpf_env *env, struct rt_dynptr *p)
{
	return p->data ? p->size : (uint32_t)-RT_EINVAL;
}
