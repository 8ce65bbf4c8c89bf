/* SPDX-License-Identifier: BSD-3-Clause */
#include "random.h"
#include "scout.h"
#include "target.h"

rt_hot void rt_scout__begin(struct ebpf_env *env)
{
	env->scout_random[0] = env->random[0];
	env->scout_random[1] = env->random[1];
}

rt_hot uint64_t rt_scout__draw(struct ebpf_env *env)
{
	return rt_random__draw(env->scout_random);
}

/* Meta data is not copied: its end is where the copy begins. */
rt_hot void rt_scout__copy(struct rt_scout *s, const struct ebpf_xdp_ctx *ctx)
{
	uint64_t len = (uint64_t)(ctx->data_end - ctx->data);

	if (len > RT_SCOUT_BYTES)
		len = RT_SCOUT_BYTES;
	s->ctx = *ctx;
	s->ctx.data = s->ctx.data_meta = s->packet;
	s->ctx.data_end = s->packet + len;
	s->ctx.metadata &= ~(uint32_t)EBPF_RX_FRAGS;
	__builtin_memcpy(s->packet, ctx->data, len);
}
