/* SPDX-License-Identifier: BSD-3-Clause
 *
 * loop.c -- loops whose rounds nobody counts: may_goto, open-coded iterators, callbacks.
 *
 * Such a loop ends by itself, so the verifier only looks for a round that brings nothing new:
 * at the instruction that makes the loop a checkpoint is kept each time around, and a state
 * that an open checkpoint covers stops there, as an edge back to it. Numbers that differ from
 * the round before and on which nothing rests yet are forgotten (widened), or counters would
 * keep a loop from ever settling.
 *
 * The marks of a checkpoint, what was read and what the proof rests on, are final when its paths
 * have ended -- unless one of them was an edge back to a checkpoint still open, which may get
 * more marks. Checkpoints that reach each other by such edges are the strongly connected
 * components of a graph, found while it grows, by Tarjan's algorithm: `low` is the number of
 * the oldest checkpoint that is known to be reachable from one. A component is complete when its
 * oldest checkpoint is closed; then its edges carry marks from their targets to their sources
 * until nothing changes. Before that, its checkpoints cover a state only if they cover all of
 * it (RANGES).
 */
#include <string.h>

#include "internal.h"

/* A path that ended at `old`. */
struct edge {
	struct state path; /* without frames */
	struct state *old;
};

struct loops {
	struct edge *edges;
	uint32_t n_edges, edges_room;
	struct state *incomplete; /* closed checkpoints of components still open; newest first */
};

struct loops *loop__new(struct arena *a)
{
	return arena__alloc(a, sizeof(struct loops));
}

static bool same_calls(const struct state *a, const struct state *b)
{
	if (a->top != b->top)
		return false;
	for (uint32_t f = 1; f <= a->top; f++)
		if (a->frames[f]->call_insn != b->frames[f]->call_insn)
			return false;
	return true;
}

void loop__widen(struct verifier *v, uint32_t insn, const struct state *here, struct state *s)
{
	for (const struct state *old = v->checkpoints[insn]; old; old = old->next) {
		if (!old->branches || old == here || !same_calls(old, s))
			continue;
		state__widen(v, old, s);
		return;
	}
}

void loop__opened(struct verifier *v, struct state *checkpoint)
{
	checkpoint->low = checkpoint->number;
	checkpoint->first_edge = v->loops->n_edges;
	checkpoint->incomplete = false;
}

int loop__add_edge(struct verifier *v, struct state *old)
{
	struct loops *l = v->loops;
	struct state *from = v->cur->parent;

	if (l->n_edges == l->edges_room) {
		uint32_t room = l->edges_room ? l->edges_room * 2 : 16;
		struct edge *edges = arena__array(&v->arena, room, sizeof(*edges));

		if (!edges)
			return -ENOMEM;
		if (l->n_edges)
			memcpy(edges, l->edges, l->n_edges * sizeof(*edges));
		arena__free(&v->arena, l->edges, l->edges_room * sizeof(*edges));
		l->edges = edges;
		l->edges_room = room;
	}
	l->edges[l->n_edges++] = (struct edge){.path = *v->cur, .old = old};
	if (old->number < from->low)
		from->low = old->number;
	return 0;
}

/* All checkpoints since `root` are one component, with `root` the oldest, or are complete. */
static void complete(struct verifier *v, struct state *root)
{
	struct loops *l = v->loops;
	uint64_t marks;

	do {
		marks = v->marks;
		for (uint32_t i = root->first_edge; i < l->n_edges; i++)
			prune__inherit(v, &l->edges[i].path, l->edges[i].old);
	} while (marks != v->marks);
	l->n_edges = root->first_edge;
	while (l->incomplete && l->incomplete->number > root->number) {
		struct state *s = l->incomplete;

		l->incomplete = s->next_incomplete;
		s->incomplete = false;
		if (s->evicted)
			prune__forget(v, s);
	}
}

void loop__closed(struct verifier *v, struct state *checkpoint)
{
	struct state *parent = checkpoint->parent;

	if (checkpoint->low == checkpoint->number) {
		complete(v, checkpoint);
		return;
	}
	if (checkpoint->low < parent->low)
		parent->low = checkpoint->low;
	checkpoint->incomplete = true;
	checkpoint->next_incomplete = v->loops->incomplete;
	v->loops->incomplete = checkpoint;
}

bool loop__may_end(struct verifier *v, const struct state *checkpoint)
{
	/* Where only the jump was taken, the budget is used up: nothing ends that loop. */
	if (v->prog.info[v->insn].loop == LOOP_MAY_GOTO)
		return checkpoint->gotos != v->cur->gotos;
	/* Where no round was made, another iterator or call came by, and so will the next one. */
	return checkpoint->rounds != v->cur->rounds &&
	       (v->prog.info[v->insn].loop == LOOP_CALLBACK || iterator__is_active(v, 1));
}

int loop__may_goto(struct verifier *v, uint32_t *next)
{
	struct state *round;
	int err = prune__push(v, v->insn + 1, &round);

	if (err)
		return err;
	round->gotos++;
	loop__widen(v, v->insn, v->cur->parent, round);
	facts__branch(v, true);
	facts__branch(v, false);
	*next = v->insn + 1 + (uint32_t)insn_at(v)->target;
	return 0;
}
