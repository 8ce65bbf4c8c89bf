/* SPDX-License-Identifier: BSD-3-Clause
 *
 * bench.h -- what the burst loop's caller hands it.
 *
 * Every variant runs the same loop (driver-bench.c) over the same packets with the same maps;
 * only how the program in the middle was made differs.
 */
#ifndef XDPK_BENCH_BENCH_H
#define XDPK_BENCH_BENCH_H

#include <stdbool.h>

#include "ebpf-env.h"

#define BENCH_BURST 32

struct bench_packet {
	uint8_t *data;
	uint32_t len;
	uint32_t verdict; /* set by the driver */
};

/* The program's view of it. */
static inline void bench_packet__open(const struct bench_packet *p, struct ebpf_xdp_ctx *ctx)
{
	ctx->data = ctx->data_meta = p->data;
	ctx->data_end = ctx->data + p->len;
	ctx->buf = ctx->data - EBPF_XDP_HEADROOM;
	ctx->buf_end = ctx->data_end;
	ctx->head_limit = ctx->buf + EBPF_XDP_FRAME_HEADER;
	ctx->tail_limit = ctx->data_end;
	ctx->ingress_ifindex = 1;
	ctx->rx_queue_index = 0;
	ctx->egress_ifindex = 0;
	ctx->metadata = 0;
	ctx->frame = 0;
}

/* The driver's argument: a burst of them. */
struct bench_burst {
	struct bench_packet *packets;
	uint32_t n;
};

/* The driver compiled natively: calls the code that is installed in env->prog. The module of a
 * program that was compiled as C exports its own, `bench_native`, with the program in it. */
void driver_bench__native(struct ebpf_env *env, void *burst);
/* The same for raw programs: driver-raw.c. */
void driver_raw__native(struct ebpf_env *env, void *burst);

#endif
