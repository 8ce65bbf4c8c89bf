/* SPDX-License-Identifier: BSD-3-Clause
 *
 * helper-packet.c -- bpf_xdp_adjust_head, _meta, _tail; bpf_xdp_load_bytes, _store_bytes,
 * _get_buff_len.
 *
 * The kernel's limits decide whether a change is allowed (head_limit, tail_limit). Where the
 * buffer is narrower than they are, the packet moves within it, and the limits with it: they
 * are distances from the packet, not places.
 *
 * Of a packet in fragments the linear part has no tail: it ends where the first fragment begins.
 */
#include "ebpf-offload.h"
#include "helpers.h"
#include "packet.h"
#include "uapi.h"

#define ETH_HEADER 14
#define META_MAX   252 /* struct skb_shared_info has 8 bits for it, and it is whole words */

static void packet__shift(struct ebpf_xdp_ctx *ctx, int64_t by)
{
	__builtin_memmove(
		ctx->data_meta + by, ctx->data_meta, (uint64_t)(ctx->data_end - ctx->data_meta));
	ctx->data_meta += by;
	ctx->data += by;
	ctx->data_end += by;
	ctx->head_limit += by;
	ctx->tail_limit += by;
}

/* Makes room for `head` bytes before data_meta and `tail` bytes after data_end. A kernel has a part
 * of the packet, and no room but that around it: the CPU is to judge such a packet. */
rt_cold static bool packet__move(
	struct ebpf_env *env, struct ebpf_xdp_ctx *ctx, int64_t head, int64_t tail)
{
	int64_t before = ctx->data_meta - ctx->buf, after = ctx->buf_end - ctx->data_end;

	if (env->notes) {
		env->notes->full = 1;
		return false;
	}
	if (before + after < head + tail)
		return false;
	packet__shift(ctx, before < head ? head - before : after - tail);
	return true;
}

rt_inline bool packet__make_room(
	struct ebpf_env *env, struct ebpf_xdp_ctx *ctx, int64_t head, int64_t tail)
{
	if (likely(ctx->data_meta - ctx->buf >= head && ctx->buf_end - ctx->data_end >= tail))
		return true;
	return packet__move(env, ctx, head, tail);
}

uint64_t helper_xdp_adjust_head(struct ebpf_env *env, struct ebpf_xdp_ctx *ctx, uint64_t delta)
{
	int64_t offset = (int32_t)delta, meta = ctx->data - ctx->data_meta;

	if (ctx->data - ctx->head_limit + offset < meta ||
		ctx->data_end - ctx->data - offset < ETH_HEADER)
		return (uint64_t)-RT_EINVAL;
	if (!packet__make_room(env, ctx, -offset, 0))
		return (uint64_t)-RT_EINVAL;
	if (meta)
		__builtin_memmove(ctx->data_meta + offset, ctx->data_meta, (uint64_t)meta);
	ctx->data_meta += offset;
	ctx->data += offset;
	return 0;
}

uint64_t helper_xdp_adjust_meta(struct ebpf_env *env, struct ebpf_xdp_ctx *ctx, uint64_t delta)
{
	int64_t offset = (int32_t)delta, meta = ctx->data - ctx->data_meta - offset;

	if (ctx->data_meta - ctx->head_limit + offset < 0 || meta < 0)
		return (uint64_t)-RT_EINVAL;
	if (meta % 4 || meta > META_MAX)
		return (uint64_t)-RT_EACCES;
	if (!packet__make_room(env, ctx, -offset, 0))
		return (uint64_t)-RT_EINVAL;
	ctx->data_meta += offset;
	return 0;
}

/* The least of all numbers is not negated, in Linux, and shortens nothing. */
rt_inline int64_t packet__shrink(struct ebpf_xdp_ctx *ctx, int32_t delta)
{
	uint64_t size = rt_packet__linear_size(ctx) + ctx->frags->size;
	uint32_t by = -(uint32_t)delta;

	if (delta == INT32_MIN)
		return 0;
	if (by + ETH_HEADER > size)
		return -RT_EINVAL;
	by = rt_frags__shrink(ctx->frags, by);
	if (!ctx->frags->n) {
		ctx->metadata &= ~(uint32_t)EBPF_RX_FRAGS;
		ctx->data_end -= by;
	}
	return 0;
}

uint64_t helper_xdp_adjust_tail(struct ebpf_env *env, struct ebpf_xdp_ctx *ctx, uint64_t delta)
{
	int64_t offset = (int32_t)delta;

	if (rt_packet__has_frags(env, ctx)) {
		if (offset < 0)
			return (uint64_t)packet__shrink(ctx, (int32_t)delta);
		return rt_frags__grow(ctx->frags, (uint32_t)offset) ? 0 : (uint64_t)-RT_EINVAL;
	}
	if (ctx->tail_limit - ctx->data_end < offset ||
		ctx->data_end - ctx->data + offset < ETH_HEADER)
		return (uint64_t)-RT_EINVAL;
	if (!packet__make_room(env, ctx, 0, offset))
		return (uint64_t)-RT_EINVAL;
	if (offset > 0)
		__builtin_memset(ctx->data_end, 0, (uint64_t)offset);
	ctx->data_end += offset;
	return 0;
}

rt_inline int64_t packet__check(
	struct ebpf_env *env, const struct ebpf_xdp_ctx *ctx, uint64_t offset, uint64_t size)
{
	if (offset > 0xffff || size > 0xffff)
		return -RT_EFAULT;
	return offset + size > rt_packet__size(env, ctx) ? -RT_EINVAL : 0;
}

rt_hot uint64_t helper_xdp_load_bytes(
	struct ebpf_env *env, struct ebpf_xdp_ctx *ctx, uint64_t offset, void *to, uint64_t size)
{
	uint64_t at = (uint32_t)offset, n = (uint32_t)size;
	struct rt_parts parts = rt_packet__parts(env, ctx);
	int64_t err = packet__check(env, ctx, at, n);

	if (err)
		return (uint64_t)err;
	if (likely(at + n <= parts.size))
		__builtin_memmove(to, ctx->data + at, n);
	else
		rt_parts__read(&parts, at, to, n);
	return 0;
}

rt_hot uint64_t helper_xdp_store_bytes(struct ebpf_env *env, struct ebpf_xdp_ctx *ctx,
	uint64_t offset, const void *from, uint64_t size)
{
	uint64_t at = (uint32_t)offset, n = (uint32_t)size;
	struct rt_parts parts = rt_packet__parts(env, ctx);
	int64_t err = packet__check(env, ctx, at, n);

	if (err)
		return (uint64_t)err;
	if (likely(at + n <= parts.size))
		__builtin_memmove(ctx->data + at, from, n);
	else
		rt_parts__write(&parts, at, from, n);
	return 0;
}

rt_hot uint64_t helper_xdp_get_buff_len(struct ebpf_env *env, struct ebpf_xdp_ctx *ctx)
{
	return rt_packet__size(env, ctx);
}
