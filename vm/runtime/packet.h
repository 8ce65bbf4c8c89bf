/* SPDX-License-Identifier: BSD-3-Clause
 *
 * packet.h -- the packet as helpers see it: the linear part, from data to data_end, and where it
 * goes on (struct ebpf_xdp_frags). Offsets count from data on.
 *
 * Almost all packets are linear, and most programs are never given another: compiled, those know
 * it, and what stands here of fragments is not in their code. The functions that go over fragments
 * are never inlined, and get no context, which so stays in registers.
 */
#ifndef VM_RUNTIME_PACKET_H
#define VM_RUNTIME_PACKET_H

#include "ebpf-env.h"

#include "target.h"

rt_inline bool rt_packet__has_frags(struct ebpf_env *env, const struct ebpf_xdp_ctx *ctx)
{
	return unlikely(ctx->metadata & EBPF_RX_FRAGS) && ebpf_program_has_frags(env);
}

rt_inline uint64_t rt_packet__linear_size(const struct ebpf_xdp_ctx *ctx)
{
	return (uint64_t)(ctx->data_end - ctx->data);
}

rt_inline uint64_t rt_packet__size(struct ebpf_env *env, const struct ebpf_xdp_ctx *ctx)
{
	uint64_t linear = rt_packet__linear_size(ctx);

	return rt_packet__has_frags(env, ctx) ? linear + ctx->frags->size : linear;
}

/* A packet as bytes at three places: for those who go over fragments. */
struct rt_parts {
	uint8_t *data;
	uint64_t size;                      /* of the linear part */
	const struct ebpf_xdp_frags *frags; /* NULL: none */
};

rt_inline struct rt_parts rt_packet__parts(struct ebpf_env *env, const struct ebpf_xdp_ctx *ctx)
{
	return (struct rt_parts){.data = ctx->data,
		.size = rt_packet__linear_size(ctx),
		.frags = rt_packet__has_frags(env, ctx) ? ctx->frags : NULL};
}

/* Copy of the packet's bytes from `offset` on as many as there are, `size` at the most. */
void rt_parts__read(const struct rt_parts *p, uint64_t offset, void *to, uint64_t size);
void rt_parts__write(const struct rt_parts *p, uint64_t offset, const void *from, uint64_t size);
/* The bytes [offset, offset + size) of the fragments, which hold them, where they lie in one
 * piece; otherwise NULL. */
void *rt_frags__at(const struct ebpf_xdp_frags *frags, uint64_t offset, uint64_t size);
/* False: the last fragment has no room. What is new is zeros. */
bool rt_frags__grow(struct ebpf_xdp_frags *frags, uint32_t by);
/* What is left of `by` when all fragments are gone; otherwise 0. */
uint32_t rt_frags__shrink(struct ebpf_xdp_frags *frags, uint32_t by);

#endif
