/* SPDX-License-Identifier: BSD-3-Clause */
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <cmocka.h>

#include "rig-program.h"
#include "rig.h"

#define FRAME    2048
#define HEADROOM 256
#define BURST_NS 10000
#define N_FRAMES (4 * EBPF_OFFLOAD_MAX_BATCH + 64)
#define MOST_NS  20000000000 /* to drain */

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
		s.len = RIG_LEAST - 1; /* the program looks at nothing of these */
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

__attribute__((format(printf, 3, 4))) static void expect(
	struct rig *r, bool holds, const char *fmt, ...)
{
	va_list args;

	if (holds || r->wrong[0])
		return;
	va_start(args, fmt);
	vsnprintf(r->wrong, sizeof(r->wrong), fmt, args);
	va_end(args);
}

static void check_bytes(struct rig *r, uint32_t number, const struct ebpf_xdp_ctx *ctx)
{
	struct shape s = shape_of(r, number);
	bool has_room = !r->small_buffers;
	/* A buffer that is too small has room for what the tail gave back. */
	uint32_t head = s.kind & 0x10 && has_room ? 8 : 0, cut = s.kind & 0x20 ? 8 : 0;
	uint32_t grown = s.kind & 0x40 && (has_room || cut) ? 8 : 0;
	uint32_t len = (uint32_t)(ctx->data_end - ctx->data), kept = s.len - cut;

	expect(r, len == kept + head + grown, "packet %u is %u bytes long", number, len);
	for (uint32_t i = 0; i < kept && !r->wrong[0]; i++) {
		uint8_t is = ctx->data[head + i], was = i == 18 ? s.kind : byte_at(number, i);

		expect(r, is == (i == 19 ? was ^ 0xff : was), "packet %u: byte %u is %u", number, i,
			is);
	}
	for (uint32_t i = 0; i < grown; i++)
		expect(r, !ctx->data_end[-1 - (int32_t)i], "packet %u grows by what was there",
			number);
}

/* *bias: of the batch. */
static void look_at(struct rig *r, struct ebpf_offload_batch *b, uint32_t i, uint64_t *bias)
{
	uint32_t number = r->out++;
	struct shape s = shape_of(r, number);
	struct ebpf_xdp_ctx ctx = open_packet(r, number);
	uint64_t verdict;

	expect(r, (uintptr_t)b->user[i] == number, "packet %u comes in the turn of %u",
		(uint32_t)(uintptr_t)b->user[i], number);
	r->env.tail_calls = 0;
	r->env.redirect.kind = EBPF_REDIRECT_NONE;
	verdict = ebpf_offload_batch__judge(b, i, &r->env, &ctx);
	if (s.len < RIG_LEAST) {
		expect(r, !verdict, "packet %u is too short for verdict %u", number,
			(uint32_t)verdict);
		return;
	}
	if (*bias == UINT64_MAX)
		*bias = verdict - s.kind;
	expect(r, verdict == ((s.kind + *bias) & 3), "packet %u has verdict %u with bias %u",
		number, (uint32_t)verdict, (uint32_t)*bias);
	r->counted[s.kind & 3]++;
	check_bytes(r, number, &ctx);
}

static uint64_t clock_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

static void pass_time(struct rig *r, uint64_t ns)
{
	r->now_ns = r->real ? clock_ns() : r->now_ns + ns;
}

void rig__open(struct rig *r, struct ebpf_instance *inst, uint32_t worker, struct ebpf_offload *o)
{
	char *err = NULL;

	*r = (struct rig){.offload = o, .n_frames = N_FRAMES, .now_ns = 1};
	r->frames = malloc((size_t)r->n_frames * FRAME);
	assert_non_null(r->frames);
	ebpf_env__init(&r->env, inst, worker);
	r->queue = ebpf_offload_queue__create(o, &err);
	if (!r->queue)
		fail_msg("%s", err);
}

void rig__close(struct rig *r)
{
	ebpf_offload_queue__destroy(r->queue);
	free(r->frames);
}

uint32_t rig__add(struct rig *r, uint32_t n, uint32_t stay)
{
	uint32_t i;

	for (i = 0; i < n; i++) {
		struct shape s = shape_of(r, r->in);
		bool stays = stay && r->in % stay == 0;
		struct ebpf_offload_packet p = {
			.data = stays ? NULL : frame_of(r, r->in) + s.headroom,
			.len = s.len,
			.user = (void *)(uintptr_t)r->in};

		fill(r, r->in);
		if (!ebpf_offload_queue__add(r->queue, &p))
			break;
		r->in++;
	}
	if (ebpf_offload_queue__held(r->queue) > r->most_held)
		r->most_held = ebpf_offload_queue__held(r->queue);
	return i;
}

/* Once the device has failed, nothing waits any more. */
uint32_t rig__poll(struct rig *r)
{
	bool has_failed = ebpf_offload__state(r->offload, NULL) != EBPF_OFFLOAD_WORKS;
	struct ebpf_offload_batch *b;
	uint32_t n = 0;

	for (; (b = ebpf_offload_queue__poll(r->queue, r->now_ns)); n++) {
		uint64_t bias = r->any_bias ? UINT64_MAX : r->bias;

		for (uint32_t i = 0; i < b->n; i++)
			look_at(r, b, i, &bias);
		ebpf_offload_queue__free(r->queue, b);
	}
	expect(r, ebpf_offload_queue__held(r->queue) == r->in - r->out, "%u of %u packets are held",
		ebpf_offload_queue__held(r->queue), r->in - r->out);
	expect(r, !has_failed || r->in == r->out, "%u packets wait for a device that has failed",
		r->in - r->out);
	return n;
}

void rig__drain(struct rig *r)
{
	uint64_t start = clock_ns();

	ebpf_offload_queue__flush(r->queue, r->now_ns);
	while (ebpf_offload_queue__held(r->queue)) {
		pass_time(r, 100);
		if (!rig__poll(r))
			sched_yield();
		if (clock_ns() - start > MOST_NS) {
			expect(r, false, "%u packets do not come back", r->in - r->out);
			return;
		}
	}
	expect(r, r->in == r->out, "%u packets are lost", r->in - r->out);
}

void rig__run(struct rig *r, uint32_t n, uint32_t burst, uint32_t stay)
{
	uint32_t end = r->in + n;

	while (r->in < end) {
		uint32_t added = rig__add(r, end - r->in < burst ? end - r->in : burst, stay);

		pass_time(r, BURST_NS);
		if (!rig__poll(r) && !added)
			sched_yield();
	}
	rig__drain(r);
}

void rig__check(const struct rig *r)
{
	if (r->wrong[0])
		fail_msg("%s", r->wrong);
}
