/* SPDX-License-Identifier: BSD-3-Clause
 *
 * prune.c -- paths, checkpoints, and when a path need not go on.
 *
 * At jumps, jump targets and returns the current state is compared with checkpoints made
 * there. If all paths from a checkpoint have ended and it covers the current state (covers.c),
 * nothing new can follow. A checkpoint with open paths, one of which is the current one, that
 * equals the current state exactly is an infinite loop; unless that is one of the loops that
 * end by themselves (loop.c).
 */
#include <string.h>

#include "internal.h"

#define MAX_STEPS 100 /* a path takes without a checkpoint */

static void read_slots(struct verifier *v, struct state *from, uint32_t frame, uint64_t slots)
{
	for (struct state *s = from; s->parent; s = s->parent) {
		slots &= ~s->written[frame];
		if (!(slots & ~s->parent->read[frame]))
			return;
		s->parent->read[frame] |= slots;
		v->marks++;
	}
}

void prune__read_slots(struct verifier *v, uint32_t frame, uint64_t slots)
{
	read_slots(v, v->cur, frame, slots);
}

void prune__inherit(struct verifier *v, struct state *path, const struct state *old)
{
	for (uint32_t f = 0; f <= old->top; f++)
		read_slots(v, path, f, old->read[f]);
	precision__inherit(v, path, old);
}

void prune__forget(struct verifier *v, struct state *s)
{
	v->n_states--;
	state__free(&v->arena, s);
}

static int make_checkpoint(struct verifier *v, struct state **checkpoint)
{
	struct state *s = state__copy(&v->arena, v->cur);

	if (!s)
		return -ENOMEM;
	s->insn = v->insn;
	s->branches = 1;
	s->hits = s->misses = 0;
	memset(s->read, 0, sizeof(s->read));
	s->number = ++v->stats.states_total;
	loop__opened(v, s);
	s->next = v->checkpoints[v->insn];
	v->checkpoints[v->insn] = s;
	v->cur->parent = s;
	v->cur->steps = 0;
	memset(v->cur->written, 0, sizeof(v->cur->written));
	v->jumps_at_checkpoint = v->jumps;
	v->insns_at_checkpoint = v->stats.insns_examined;
	if (++v->n_states > v->stats.states_peak)
		v->stats.states_peak = v->n_states;
	*checkpoint = s;
	return 0;
}

/* Does the checkpoint, which lies on the current path, end that? */
static int meet_open(struct verifier *v, struct state *s, bool *covered)
{
	*covered = v->prog.info[v->insn].loop && loop__may_end(v, s) && state__covers(v, s, RANGES);
	if (*covered)
		return loop__add_edge(v, s);
	if (s->rounds != v->cur->rounds || s->gotos != v->cur->gotos || !state__covers(v, s, EXACT))
		return 0;
	return reject(v,
		"infinite loop detected at insn %u: nothing that matters changes from round to "
		"round (give the loop a counter with a bound)",
		v->insn);
}

static int meet_closed(struct verifier *v, struct state *s, bool *covered)
{
	*covered = state__covers(v, s, s->incomplete ? RANGES : USED);
	return *covered && s->incomplete ? loop__add_edge(v, s) : 0;
}

static void evict(struct verifier *v, struct state *s)
{
	if (s->branches || s->incomplete)
		s->evicted = true;
	else
		prune__forget(v, s);
}

int prune__visit(struct verifier *v, bool *covered, struct state **checkpoint)
{
	uint32_t jumps = v->jumps - v->jumps_at_checkpoint;
	uint64_t insns = v->stats.insns_examined - v->insns_at_checkpoint;
	/* A loop settles only if every round is remembered; and precision.c goes back to the
	 * last checkpoint at least: it must not be too far. */
	bool must = v->prog.info[v->insn].loop || v->cur->steps > MAX_STEPS;
	bool worth = must || (jumps >= 2 && insns >= 8);
	struct state **link = &v->checkpoints[v->insn], *s;

	*covered = false;
	while ((s = *link)) {
		uint32_t patience = s->branches && v->prog.info[v->insn].loop ? 64 : 3;
		int err = s->branches ? meet_open(v, s, covered) : meet_closed(v, s, covered);

		if (err)
			return err;
		if (*covered) {
			s->hits++;
			prune__inherit(v, v->cur, s);
			return 0;
		}
		/* Within a loop a checkpoint each time around would cost more than it helps. */
		if (s->branches && !must && jumps < 20 && insns < 100)
			worth = false;
		if (worth && ++s->misses > s->hits * patience + patience) {
			*link = s->next;
			evict(v, s);
			continue;
		}
		link = &s->next;
	}
	return worth ? make_checkpoint(v, checkpoint) : 0;
}

void prune__next_path(struct verifier *v)
{
	struct state *s = v->cur->parent, *parent;

	for (; s && --s->branches == 0; s = parent) {
		parent = s->parent;
		loop__closed(v, s);
		if (s->evicted && !s->incomplete)
			prune__forget(v, s);
	}
	state__free(&v->arena, v->cur);
	v->cur = v->pending;
	if (v->pending) {
		v->pending = v->pending->next;
		v->n_pending--;
		v->insn = v->cur->insn;
	}
}

int prune__push(struct verifier *v, uint32_t insn, struct state **other)
{
	struct state *s;

	if (v->n_pending == MAX_PENDING)
		return fail(v, -E2BIG, "the sequence of %u jumps is too complex", MAX_PENDING);
	s = state__copy(&v->arena, v->cur);
	if (!s)
		return -ENOMEM;
	s->insn = insn;
	s->next = v->pending;
	v->pending = s;
	v->n_pending++;
	if (s->parent)
		s->parent->branches++;
	*other = s;
	return 0;
}
