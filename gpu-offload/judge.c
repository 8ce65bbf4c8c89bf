/* SPDX-License-Identifier: BSD-3-Clause
 *
 * judge.c -- does to a packet what its kernel has found: the packet is moved by the same helpers
 * that a program calls, gets the bytes that have changed, and what was noted is done.
 *
 * Whatever cannot be done, or is not to be believed, has had no effect so far, and the CPU's code
 * judges the packet instead.
 */
#include <linux/bpf.h>
#include <string.h>

#include "internal.h"
#include "runtime/helpers.h"

typedef uint64_t (*move_fn)(struct ebpf_env *env, struct ebpf_xdp_ctx *ctx, uint64_t delta);

struct move {
	move_fn fn;
	int32_t delta;
};

static uint64_t judge_here(
	const struct ebpf_offload *o, struct ebpf_env *env, struct ebpf_xdp_ctx *ctx)
{
	env->prog = o->prog;
	return ebpf_program__entry(env, ctx);
}

/* Takes the packet to where the program left it, or leaves all as it is. First what makes it
 * longer: that may fail, for want of room in the buffer, and can be undone. */
static bool move_packet(
	const struct kernel_result *r, struct ebpf_env *env, struct ebpf_xdp_ctx *ctx)
{
	int32_t len = (int32_t)(ctx->data_end - ctx->data);
	int32_t tail = (int32_t)r->len - (len - r->head);
	const struct move moves[] = {
		{helper_xdp_adjust_tail, tail > 0 ? tail : 0},
		{helper_xdp_adjust_head, r->head},
		{helper_xdp_adjust_meta, -(int32_t)r->meta},
		{helper_xdp_adjust_tail, tail < 0 ? tail : 0},
	};
	uint32_t n = sizeof(moves) / sizeof(*moves), i;

	for (i = 0; i < n; i++)
		if (moves[i].delta && moves[i].fn(env, ctx, (uint64_t)(int64_t)moves[i].delta))
			break;
	if (i == n)
		return true;
	while (i--)
		if (moves[i].delta)
			moves[i].fn(env, ctx, (uint64_t)(int64_t)-moves[i].delta);
	return false;
}

/* `len` was the packet's when it went: no more of it than the window came back. */
static void copy_bytes(const struct batch *b, const struct kernel_packet *p,
	const struct kernel_result *r, struct ebpf_xdp_ctx *ctx)
{
	const struct batch_layout *l = &b->queue->offload->layout;
	const uint8_t *window = b->job->out + b->windows + p->window;
	int32_t from = r->head - r->meta, end = r->head + (int32_t)r->len;

	if (p->len > l->window && end > (int32_t)l->window)
		end = (int32_t)l->window;
	if (end > from)
		memcpy(ctx->data_meta, window + (int32_t)l->headroom + from, (size_t)(end - from));
}

/* Notes are of maps that the program has, and uses so. */
static bool is_possible_note(const struct ebpf_kernel_info *info, const struct ebpf_note *note)
{
	uint32_t use = note->map < info->n_maps ? info->map[note->map].use : 0;

	return use & (note->kind == EBPF_NOTE_ADD               ? EBPF_MAP_COUNTED
			     : note->kind == EBPF_NOTE_REDIRECT ? EBPF_MAP_TARGETS
								: 0u);
}

/* A program that moves no packet leaves it where it was, one without redirects sends none away, and
 * what a map redirects to is a note. */
static bool is_possible(const struct ebpf_offload *o, const struct kernel_packet *p,
	const struct kernel_result *r, const struct ebpf_note *notes)
{
	for (uint32_t i = 0; i < r->n_notes; i++)
		if (!is_possible_note(o->info, &notes[i]))
			return false;
	if (r->redirect_kind != EBPF_REDIRECT_NONE &&
		(r->redirect_kind != EBPF_REDIRECT_IFINDEX || !o->info->redirects))
		return false;
	return o->info->moves_packet || (!r->head && !r->meta && r->len == p->len);
}

/* Of this batch, whole, and within its window. */
static bool is_sound(const struct batch *b, uint32_t place, const struct kernel_packet *p,
	const struct kernel_result *r, const struct ebpf_note *notes)
{
	const struct ebpf_offload *o = b->queue->offload;
	int32_t begin = (int32_t)o->layout.headroom + r->head - r->meta;

	if (r->n_notes > o->info->max_notes ||
		r->seal != kernel_result__seal(r, notes, b->seed, place))
		return false;
	return r->again ||
	       (is_possible(o, p, r, notes) && begin >= 0 && r->len <= EBPF_XDP_MAX_LINEAR &&
		       (p->len > o->layout.window ||
			       (int32_t)o->layout.headroom + r->head + (int32_t)r->len <= p->room));
}

static uint64_t apply_notes(const struct batch *b, const struct kernel_result *r,
	const struct ebpf_note *notes, struct ebpf_env *env)
{
	const struct ebpf_offload *o = b->queue->offload;
	/* The kernel saw the map's entry as it was, and no bpf_redirect() came behind. */
	bool is_by_map = r->verdict == XDP_REDIRECT && !r->redirect_kind;
	uint64_t verdict = r->verdict;

	for (uint32_t i = 0; i < r->n_notes; i++) {
		uint64_t result = ebpf_note__apply(
			o->kernel, env, &notes[i], b->version->memory[notes[i].map]);

		if (notes[i].kind == EBPF_NOTE_REDIRECT && is_by_map)
			verdict = result;
	}
	if (r->redirect_kind)
		env->redirect = (struct ebpf_redirect){
			.kind = r->redirect_kind, .target = r->redirect_target};
	return verdict;
}

uint64_t ebpf_offload_batch__judge(struct ebpf_offload_batch *batch, uint32_t i,
	struct ebpf_env *env, struct ebpf_xdp_ctx *ctx)
{
	const struct batch *b = (const struct batch *)batch;
	struct ebpf_offload_stats *stats = &b->queue->stats;
	struct ebpf_offload *o = b->queue->offload;
	uint32_t place = b->place[i];
	const struct kernel_result *r;
	const struct kernel_packet *p;
	const struct ebpf_note *notes;

	if (place == NOT_SENT || b->has_failed) {
		stat__add(place == NOT_SENT ? &stats->on_cpu : &stats->fallback, 1);
		return judge_here(o, env, ctx);
	}
	r = (const struct kernel_result *)b->job->out + place;
	p = (const struct kernel_packet *)(b->job->in + sizeof(struct kernel_launch)) + place;
	notes = (const struct ebpf_note *)(b->job->out + b->notes) +
		(uint64_t)place * o->info->max_notes;
	if (!is_sound(b, place, p, r, notes)) {
		ebpf_offload__fail(o, "a result is not whole, or is of another batch");
		stat__add(&stats->fallback, 1);
		return judge_here(o, env, ctx);
	}
	if (r->again || (o->info->moves_packet && !move_packet(r, env, ctx))) {
		stat__add(&stats->again, 1);
		return judge_here(o, env, ctx);
	}
	if (o->info->writes_packet)
		copy_bytes(b, p, r, ctx);
	return apply_notes(b, r, notes, env);
}
