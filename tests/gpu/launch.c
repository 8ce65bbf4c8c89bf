/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "launch.h"

bool launcher__open(
	struct launcher *l, struct ebpf_instance *inst, struct ebpf_program *prog, char **errmsg)
{
	struct ebpf_kernel_driver driver = kernel_driver();
	char *err = NULL;

	*l = (struct launcher){
		.kernel = ebpf_program__offload(prog, EBPF_TARGET_HOST, &driver, errmsg)};
	if (!l->kernel && errno == ENOTSUP)
		return false;
	if (!l->kernel)
		fail_msg("%s", *errmsg);
	l->info = ebpf_kernel__info(l->kernel);
	l->memory = calloc(l->info->n_maps + 1, sizeof(*l->memory));
	assert_non_null(l->memory);
	for (uint32_t i = 0; i < l->info->n_maps; i++) {
		if (!l->info->map[i].use)
			continue;
		l->memory[i] = aligned_alloc(64, (l->info->map[i].bytes + 63) & ~UINT64_C(63));
		assert_non_null(l->memory[i]);
	}
	launcher__refresh(l);
	l->image = ebpf_kernel__place(l->kernel, l->memory, &err);
	if (!l->image)
		fail_msg("%s", err);
	ebpf_env__init(&l->env, inst, 0);
	return true;
}

void launcher__close(struct launcher *l)
{
	ebpf_kernel_image__destroy(l->image);
	for (uint32_t i = 0; l->memory && i < l->info->n_maps; i++)
		free(l->memory[i]);
	free(l->memory);
	ebpf_kernel__destroy(l->kernel);
}

void launcher__refresh(struct launcher *l)
{
	for (uint32_t i = 0; i < l->info->n_maps; i++)
		if (l->memory[i])
			ebpf_map__snapshot(
				l->info->map[i].map, 0, l->memory[i], l->info->map[i].bytes);
}

void launch_packet__fill(struct launch_packet *p, const void *data, uint32_t len)
{
	memset(p, 0, sizeof(*p));
	p->data = p->buf + LAUNCH_HEADROOM;
	p->len = len;
	memcpy(p->data, data, len);
}

void launch__on_cpu(struct ebpf_program *prog, struct ebpf_env *env, struct launch_packet *p)
{
	struct ebpf_xdp_ctx ctx = {.data = p->data,
		.data_end = p->data + p->len,
		.data_meta = p->data,
		.buf = p->buf,
		.buf_end = p->buf + sizeof(p->buf),
		.head_limit = p->data - (EBPF_XDP_HEADROOM - EBPF_XDP_FRAME_HEADER),
		.tail_limit = p->data + EBPF_XDP_MAX_LINEAR,
		.ingress_ifindex = 3,
		.rx_queue_index = 1};

	env->redirect.kind = EBPF_REDIRECT_NONE;
	p->verdict = (uint32_t)ebpf_program__run(prog, env, &ctx);
	p->redirect = env->redirect;
	p->data = ctx.data;
	p->len = (uint32_t)(ctx.data_end - ctx.data);
}

/* What a batch's buffers hold, here one structure each. */
struct in {
	struct kernel_packet packets[LAUNCH_BATCH];
	uint8_t windows[LAUNCH_BATCH][LAUNCH_ROOM] __attribute__((aligned(64)));
};

struct out {
	struct kernel_result results[LAUNCH_BATCH];
	uint8_t windows[LAUNCH_BATCH][LAUNCH_ROOM] __attribute__((aligned(64)));
	struct ebpf_note notes[];
};

static void apply(struct launcher *l, struct launch_packet *p, const struct kernel_result *r,
	const struct ebpf_note *notes, const uint8_t *window, uint32_t sent)
{
	struct ebpf_env *env = &l->env;
	ptrdiff_t at = LAUNCH_HEADROOM + r->head - r->meta, end = at + r->meta + r->len;

	env->redirect.kind = EBPF_REDIRECT_NONE;
	for (uint32_t i = 0; i < r->n_notes; i++)
		ebpf_note__apply(l->kernel, env, &notes[i], l->memory[notes[i].map]);
	p->redirect = env->redirect;
	if (r->redirect_kind == EBPF_REDIRECT_IFINDEX)
		p->redirect = (struct ebpf_redirect){
			.kind = EBPF_REDIRECT_IFINDEX, .target = r->redirect_target};
	p->verdict = r->verdict;
	p->data += r->head;
	p->len = r->len;
	if (end > LAUNCH_HEADROOM + sent) /* it has not seen the rest */
		end = LAUNCH_HEADROOM + sent;
	if (l->info->writes_packet && end > at)
		memcpy(p->buf + at, window + at, (size_t)(end - at));
}

static uint32_t sent_of(const struct launch_packet *p, uint32_t window)
{
	return window && window < p->len ? window : p->len;
}

void launcher__run(struct launcher *l, struct launch_packet *packets, uint32_t n, uint32_t window)
{
	uint32_t max_notes = l->info->max_notes;
	struct in *in = aligned_alloc(64, sizeof(*in));
	struct out *out =
		calloc(1, sizeof(*out) + (size_t)n * max_notes * sizeof(struct ebpf_note));
	struct kernel_launch launch = {.n = n,
		.end = n,
		.headroom = LAUNCH_HEADROOM,
		.max_notes = max_notes,
		.windows_out = l->info->writes_packet,
		.packets = offsetof(struct in, packets),
		.windows = offsetof(struct in, windows),
		.results = offsetof(struct out, results),
		.notes = offsetof(struct out, notes),
		.out_windows = offsetof(struct out, windows),
		.in = (uintptr_t)in,
		.out = (uintptr_t)out,
		.seed = 1};

	assert_true(in && out && n <= LAUNCH_BATCH);
	memset(in->windows, 0xa5, sizeof(in->windows));
	for (uint32_t i = 0; i < n; i++) {
		in->packets[i] = (struct kernel_packet){.len = packets[i].len,
			.ifindex = 3,
			.queue = 1,
			.room = LAUNCH_ROOM,
			.window = i * LAUNCH_ROOM};
		memcpy(in->windows[i] + LAUNCH_HEADROOM, packets[i].data,
			sent_of(&packets[i], window));
	}
	ebpf_kernel_image__run(l->image)(NULL, &launch);
	for (uint32_t i = 0; i < n; i++) {
		packets[i].again = out->results[i].again;
		if (packets[i].again)
			launch__on_cpu(ebpf_kernel__program(l->kernel), &l->env, &packets[i]);
		else
			apply(l, &packets[i], &out->results[i], out->notes + i * max_notes,
				out->windows[i], sent_of(&packets[i], window));
	}
	free(in);
	free(out);
}
