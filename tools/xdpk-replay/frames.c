/* SPDX-License-Identifier: BSD-3-Clause */
#include <stdlib.h>
#include <string.h>

#include "frames.h"

/* Frames are an odd number of cache lines apart, or all headers would share one L1 set. */
#define FRAME_STRIDE (EBPF_XDP_FRAME_SIZE + 3 * 64)

/* A packet in fragments, in its pages and, afterwards, in one piece. */
struct parts {
	struct ebpf_xdp_frags frags;
	uint8_t page[EBPF_XDP_MAX_FRAGS][EBPF_XDP_FRAME_SIZE];
	uint8_t whole[EBPF_XDP_FRAME_SIZE + EBPF_XDP_MAX_FRAGS * EBPF_XDP_FRAME_SIZE];
};

struct frames {
	uint8_t *linear;
	struct parts *parts; /* NULL: there are none */
};

struct frames *frames__create(uint32_t n, bool has_frags)
{
	struct frames *f = calloc(1, sizeof(*f));

	if (!f)
		return NULL;
	f->linear = aligned_alloc(64, n * FRAME_STRIDE);
	f->parts = has_frags ? malloc(n * sizeof(*f->parts)) : NULL;
	if (f->linear && (f->parts || !has_frags))
		return f;
	frames__destroy(f);
	return NULL;
}

void frames__destroy(struct frames *f)
{
	if (f) {
		free(f->linear);
		free(f->parts);
	}
	free(f);
}

/* What is behind a fragment's bytes need not be cleared: bpf_xdp_adjust_tail() does that. */
static void place_frags(struct parts *p, const uint8_t *data, uint32_t size)
{
	p->frags = (struct ebpf_xdp_frags){.size = size};
	for (uint32_t at = 0, n; at < size; at += n) {
		uint8_t *page = p->page[p->frags.n];

		n = size - at < EBPF_XDP_FRAME_SIZE ? size - at : EBPF_XDP_FRAME_SIZE;
		memcpy(page, data + at, n);
		p->frags.frag[p->frags.n++] = (struct ebpf_xdp_frag){
			.data = page, .size = n, .room = EBPF_XDP_FRAME_SIZE};
	}
}

/* Zeroes before it, as in the kernel. What lies behind it need not be cleared, and so the packets
 * stay in the nearest caches. */
struct ebpf_xdp_ctx frames__place(struct frames *f, uint32_t i, const struct capture_packet *in)
{
	uint8_t *buf = f->linear + i * FRAME_STRIDE, *data = buf + EBPF_XDP_HEADROOM;
	uint32_t linear = in->len < EBPF_XDP_MAX_LINEAR ? in->len : EBPF_XDP_MAX_LINEAR;
	struct ebpf_xdp_ctx ctx = {.data = data,
		.data_end = data + linear,
		.data_meta = data,
		.buf = buf,
		.buf_end = buf + EBPF_XDP_FRAME_SIZE,
		.head_limit = buf + EBPF_XDP_FRAME_HEADER,
		.tail_limit = buf + EBPF_XDP_FRAME_SIZE - EBPF_XDP_TAIL_RESERVE};

	memset(buf, 0, EBPF_XDP_HEADROOM);
	memcpy(data, in->data, linear);
	if (in->len > linear) {
		place_frags(&f->parts[i], in->data + linear, in->len - linear);
		ctx.frags = &f->parts[i].frags;
		ctx.metadata = EBPF_RX_FRAGS;
	}
	return ctx;
}

const uint8_t *frames__bytes(
	struct frames *f, uint32_t i, const struct ebpf_xdp_ctx *ctx, uint32_t *size)
{
	uint8_t *whole;

	*size = ctx->data_end - ctx->data_meta;
	if (!(ctx->metadata & EBPF_RX_FRAGS))
		return ctx->data_meta;
	whole = f->parts[i].whole;
	memcpy(whole, ctx->data_meta, *size);
	for (uint32_t n = 0; n < ctx->frags->n; n++) {
		memcpy(whole + *size, ctx->frags->frag[n].data, ctx->frags->frag[n].size);
		*size += ctx->frags->frag[n].size;
	}
	return whole;
}
