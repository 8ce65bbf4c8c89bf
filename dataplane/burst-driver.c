/* SPDX-License-Identifier: BSD-3-Clause
 *
 * burst-driver.c -- the loop over a burst of mbufs, with the program in its middle.
 *
 * Compiled twice: natively, where ebpf_program_entry() is a call to whatever code the program
 * has installed, and to bitcode, where the compiler inlines the program here and the context
 * lives in registers. Hence nothing but loads, stores and the program: what needs DPDK's
 * functions is done by worker.c before and by verdicts.c after.
 *
 * A program must see what the kernel would show it, so the limits of head and tail growth are
 * the kernel's, counted from where the packet began, and not those of the buffer.
 *
 * Segments of a packet behind its first are fragments to programs that take them. Those that a
 * program has taken away stay, empty, at the packet's end (admit.h).
 */
#include <rte_config.h>
#include <rte_mbuf_core.h>

#include <linux/bpf.h>

#include "burst.h"
#include "plain.h"
#include "rx-metadata.h"

driver_inline uint8_t *packet_start(const struct rte_mbuf *m)
{
	return (uint8_t *)m->buf_addr + m->data_off;
}

static inline bool is_in_frags(struct ebpf_env *env, const struct rte_mbuf *m)
{
	return ebpf_program_has_frags(env) && __builtin_expect(m->nb_segs > 1, 0);
}

static __attribute__((noinline, cold)) void open_frags(
	struct ebpf_xdp_frags *frags, const struct rte_mbuf *m)
{
	*frags = (struct ebpf_xdp_frags){.size = m->pkt_len - m->data_len};
	for (m = m->next; m; m = m->next)
		frags->frag[frags->n++] = (struct ebpf_xdp_frag){.data = packet_start(m),
			.size = m->data_len,
			.room = (uint32_t)m->buf_len - m->data_off};
}

static __attribute__((noinline, cold)) void close_frags(
	const struct ebpf_xdp_frags *frags, struct rte_mbuf *m)
{
	uint32_t i = 0;

	m->pkt_len = m->data_len + frags->size;
	for (m = m->next; m; m = m->next, i++)
		m->data_len = i < frags->n ? (uint16_t)frags->frag[i].size : 0;
}

driver_inline void open_packet(struct ebpf_xdp_ctx *ctx, const struct burst *burst, uint32_t i)
{
	struct rte_mbuf *m = burst->pkts[i];
	const struct packet_state *state = &burst->state[i];

	if (m->data_len < ETH_HLEN) /* so the compiler drops a program's check for that */
		__builtin_unreachable();
	ctx->data = packet_start(m);
	ctx->data_meta = ctx->data - state->meta;
	ctx->data_end = ctx->data + m->data_len;
	ctx->buf = m->buf_addr;
	ctx->buf_end = ctx->buf + m->buf_len;
	ctx->head_limit = ctx->data - state->moved - PACKET_HEAD_ROOM;
	ctx->tail_limit = ctx->data - state->moved + EBPF_XDP_MAX_LINEAR;
	ctx->ingress_ifindex = burst->ifindex;
	ctx->rx_queue_index = burst->queue;
	ctx->egress_ifindex = burst->egress_ifindex;
	ctx->frame = m;
	open_metadata(ctx, m);
}

/* Writes back what the program has changed, `was` being how the packet was opened. Most programs
 * cannot move these pointers: then the compiler sees them equal, and nothing of this is left. */
driver_inline void close_packet(const struct ebpf_xdp_ctx *ctx, const struct ebpf_xdp_ctx *was,
	struct burst *burst, uint32_t i)
{
	struct rte_mbuf *m = burst->pkts[i];

	if (ctx->data == was->data && ctx->data_end == was->data_end &&
		ctx->data_meta == was->data_meta && ctx->head_limit == was->head_limit)
		return;
	m->data_off = (uint16_t)(ctx->data - ctx->buf);
	m->data_len = (uint16_t)(ctx->data_end - ctx->data);
	m->pkt_len = m->data_len;
	burst->moved = true;
	burst->state[i] = (struct packet_state){.meta = (uint16_t)(ctx->data - ctx->data_meta),
		.moved = (int16_t)(ctx->data - ctx->head_limit - PACKET_HEAD_ROOM)};
}

/* What the lookups of the burst will touch is on its way before the first of them. */
static inline void look_ahead(struct ebpf_env *env, const struct burst *burst)
{
	uint64_t way[BURST_SIZE];
	uint32_t n = burst->n;

	for (uint32_t i = 0; i < n; i++) {
		struct ebpf_xdp_ctx ctx;

		open_packet(&ctx, burst, i);
		way[i] = ebpf_program_scout(env, &ctx);
	}
	for (uint32_t i = 0; i < n; i++)
		ebpf_program_fetch(env, way[i]);
}

static inline void forget_calls(struct ebpf_env *env)
{
	env->redirect.kind = EBPF_REDIRECT_NONE;
	env->tail_calls = 0;
}

void ebpf_driver(struct ebpf_env *env, void *arg);

/* May these be judged? */
static inline bool are_fit(const struct burst *burst, uint32_t first, uint32_t end)
{
	struct rte_mbuf *const *pkts = burst->pkts + first;
	uint32_t n = end - first;

	return !burst->unchecked || (n == PLAIN_GROUP ? packets__are_plain(pkts, PLAIN_GROUP)
						      : packets__are_plain(pkts, n));
}

static inline uint32_t judge(struct ebpf_env *env, struct burst *burst, uint32_t i)
{
	struct ebpf_xdp_ctx ctx, was;
	struct ebpf_xdp_frags frags;
	bool in_frags = is_in_frags(env, burst->pkts[i]);
	uint32_t verdict;

	open_packet(&ctx, burst, i);
	if (in_frags) {
		open_frags(&frags, burst->pkts[i]);
		ctx.frags = &frags;
		ctx.metadata |= EBPF_RX_FRAGS;
	}
	was = ctx;
	if (ebpf_program_redirects(env))
		forget_calls(env);
	verdict = (uint32_t)ebpf_program_entry(env, &ctx);
	close_packet(&ctx, &was, burst, i);
	if (in_frags)
		close_frags(&frags, burst->pkts[i]);
	burst->verdict[i] = verdict;
	if (verdict == XDP_REDIRECT)
		burst->redirect[i] = env->redirect;
	return verdict;
}

void ebpf_driver(struct ebpf_env *env, void *arg)
{
	struct burst *burst = arg;
	uint32_t n = burst->n, i = 0, any = 0, all = UINT32_MAX;
	uint32_t group = PLAIN_GROUP;

	forget_calls(env);
	if (ebpf_program_looks_ahead(env)) {
		group = n;
		if (are_fit(burst, 0, n))
			look_ahead(env, burst);
	}
	while (i < n) {
		uint32_t end = n - i < group ? n : i + group;

		packets__fetch(burst->pkts + end);
		if (__builtin_expect(!are_fit(burst, i, end), 0))
			break;
		for (; i < end; i++) {
			uint32_t verdict = judge(env, burst, i);

			any |= verdict;
			all &= verdict;
		}
	}
	burst->judged = i;
	burst->uniform = any == all;
}
