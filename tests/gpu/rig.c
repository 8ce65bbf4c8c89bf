/* SPDX-License-Identifier: BSD-3-Clause */
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "kernel-double.h"
#include "rig.h"

#define FRAME     2048
#define HEADROOM  256
#define BURST_NS  10000
#define N_FRAMES  (4 * OFFLOAD_MAX_BATCH + 64)
#define MOST_SPIN 20000000

/* What packet `number` is like. */
struct shape {
	uint32_t len, headroom, room;
	uint8_t kind;
};

static uint8_t byte_at(uint32_t number, uint32_t at)
{
	return (uint8_t)(number * 31 + at * 7 + (at >> 8));
}

static struct shape shape_of(const struct rig *r, uint32_t number)
{
	uint32_t mixed = number * 2654435761u >> 8;
	struct shape s = {.len = number % 17 ? 60 + mixed % 200 : 60 + mixed % 1441,
		.kind = (uint8_t)mixed,
		.headroom = HEADROOM,
		.room = FRAME};

	if (number % 101 == 0)
		s.len = DOUBLE_LEAST - 1; /* the program looks at nothing of these */
	if (r->small_buffers) {
		s.headroom = 0;
		s.room = s.len;
	}
	return s;
}

static uint8_t *frame_of(const struct rig *r, uint32_t number)
{
	return r->frames + (size_t)(number % r->n_frames) * FRAME;
}

static void fill(const struct rig *r, uint32_t number)
{
	struct shape s = shape_of(r, number);
	uint8_t *data = frame_of(r, number) + s.headroom;

	for (uint32_t i = 0; i < s.len; i++)
		data[i] = byte_at(number, i);
	data[18] = s.kind;
}

static struct ebpf_xdp_ctx open_packet(const struct rig *r, uint32_t number)
{
	struct shape s = shape_of(r, number);
	uint8_t *buf = frame_of(r, number), *data = buf + s.headroom;

	return (struct ebpf_xdp_ctx){.data = data,
		.data_end = data + s.len,
		.data_meta = data,
		.buf = buf,
		.buf_end = buf + s.room,
		.head_limit = data - (EBPF_XDP_HEADROOM - EBPF_XDP_FRAME_HEADER),
		.tail_limit = data + EBPF_XDP_MAX_LINEAR};
}

static void check_bytes(const struct rig *r, uint32_t number, const struct ebpf_xdp_ctx *ctx)
{
	struct shape s = shape_of(r, number);
	bool has_room = !r->small_buffers;
	int32_t head = s.kind & 0x10 && has_room ? 8 : 0;
	int32_t cut = s.kind & 0x20 ? 8 : 0, grown = s.kind & 0x40 && (has_room || cut) ? 8 : 0;

	/* A buffer that is too small, but for what the tail gave back. */
	assert_int_equal(ctx->data_end - ctx->data, (int32_t)s.len + head - cut + grown);
	for (uint32_t i = 0; i < s.len - (uint32_t)cut; i++) {
		uint8_t was = i == 18 ? s.kind : byte_at(number, i);

		if (i == 19)
			was ^= 0xff;
		if (ctx->data[(uint32_t)head + i] != was)
			fail_msg("packet %u: byte %u is %u and not %u", number, i,
				ctx->data[(uint32_t)head + i], was);
	}
	for (int32_t i = 0; i < grown; i++)
		assert_int_equal(ctx->data_end[-1 - i], 0);
}

static void look_at(struct rig *r, struct offload_batch *b, uint32_t i)
{
	uint32_t number = r->out++;
	struct shape s = shape_of(r, number);
	struct ebpf_xdp_ctx ctx = open_packet(r, number);
	uint64_t verdict;

	assert_int_equal((uintptr_t)b->user[i], number); /* in its turn */
	r->env.tail_calls = 0;
	r->env.redirect.kind = EBPF_REDIRECT_NONE;
	verdict = offload_batch__judge(b, i, &r->env, &ctx);
	if (s.len < DOUBLE_LEAST) {
		assert_int_equal(verdict, 0);
		return;
	}
	assert_int_equal(verdict, (s.kind + r->bias) & 3);
	r->counted[s.kind & 3]++;
	check_bytes(r, number, &ctx);
}

void rig__open(struct rig *r, struct ebpf_instance *inst, uint32_t worker, struct offload *o)
{
	char *err = NULL;

	*r = (struct rig){.offload = o, .n_frames = N_FRAMES, .now_ns = 1};
	r->frames = malloc((size_t)r->n_frames * FRAME);
	assert_non_null(r->frames);
	ebpf_env__init(&r->env, inst, worker);
	r->queue = offload_queue__create(o, &err);
	if (!r->queue)
		fail_msg("%s", err);
}

void rig__close(struct rig *r)
{
	offload_queue__destroy(r->queue);
	free(r->frames);
}

uint32_t rig__add(struct rig *r, uint32_t n, uint32_t stay)
{
	uint32_t i;

	for (i = 0; i < n; i++) {
		struct shape s = shape_of(r, r->in);
		bool stays = stay && r->in % stay == 0;
		struct offload_packet p = {.data = stays ? NULL : frame_of(r, r->in) + s.headroom,
			.len = s.len,
			.user = (void *)(uintptr_t)r->in};

		fill(r, r->in);
		if (!offload_queue__add(r->queue, &p))
			break;
		r->in++;
	}
	if (offload_queue__held(r->queue) > r->most_held)
		r->most_held = offload_queue__held(r->queue);
	return i;
}

uint32_t rig__poll(struct rig *r)
{
	struct offload_batch *b;
	uint32_t n = 0;

	for (; (b = offload_queue__poll(r->queue, r->now_ns)); n++) {
		for (uint32_t i = 0; i < b->n; i++)
			look_at(r, b, i);
		offload_queue__free(r->queue, b);
	}
	assert_int_equal(offload_queue__held(r->queue), r->in - r->out);
	return n;
}

void rig__drain(struct rig *r)
{
	uint64_t spins = 0;

	offload_queue__flush(r->queue, r->now_ns);
	while (offload_queue__held(r->queue)) {
		assert_true(spins++ < MOST_SPIN);
		r->now_ns += 100;
		if (!rig__poll(r))
			sched_yield();
	}
	assert_int_equal(r->in, r->out);
}

void rig__run(struct rig *r, uint32_t n, uint32_t burst, uint32_t stay)
{
	uint32_t end = r->in + n;

	while (r->in < end) {
		rig__add(r, end - r->in < burst ? end - r->in : burst, stay);
		r->now_ns += BURST_NS;
		rig__poll(r);
	}
	rig__drain(r);
}
