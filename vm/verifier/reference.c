/* SPDX-License-Identifier: BSD-3-Clause
 *
 * reference.c -- what was acquired and must be released: ring-buffer records, sockets, dynptrs
 * over records.
 *
 * A reference is an id in the state's list. The pointers that die with it carry it in `ref`:
 * the object's own ones, copies of them, slices of a dynptr. They are mere numbers after the
 * release. An acquired pointer's `id` is the reference itself, so that where it turns out to be
 * NULL nothing was acquired.
 */
#include <string.h>

#include "internal.h"

int reference__acquire(struct verifier *v, uint32_t *id)
{
	struct state *s = v->cur;
	struct reference *refs = arena__array(&v->arena, s->n_refs + 1, sizeof(*refs));

	if (!refs)
		return -ENOMEM;
	if (s->n_refs)
		memcpy(refs, s->refs, s->n_refs * sizeof(*refs));
	arena__free(&v->arena, s->refs, s->n_refs * sizeof(*refs));
	*id = new_id(v);
	refs[s->n_refs++] = (struct reference){.id = *id, .insn = v->insn};
	s->refs = refs;
	return 0;
}

/* References that are not the current callback's: it was called while they were held. */
static uint32_t n_outer(const struct state *s)
{
	for (uint32_t f = s->top; f; f--)
		if (s->frames[f]->callback)
			return s->frames[f]->n_refs;
	return 0;
}

static int find(const struct state *s, uint32_t id)
{
	for (uint32_t i = 0; i < s->n_refs; i++)
		if (s->refs[i].id == id)
			return (int)i;
	return -1;
}

bool reference__drop(struct state *s, uint32_t id)
{
	int at = find(s, id);

	if (at < 0)
		return false;
	s->n_refs--;
	memmove(&s->refs[at], &s->refs[at + 1], (s->n_refs - (uint32_t)at) * sizeof(*s->refs));
	for (uint32_t f = 1; f <= s->top; f++)
		if (s->frames[f]->n_refs > (uint32_t)at)
			s->frames[f]->n_refs--;
	return true;
}

int reference__release(struct verifier *v, uint32_t id)
{
	int at = find(v->cur, id);
	struct reg *r;

	if (at < 0 || (uint32_t)at < n_outer(v->cur))
		return reject(v, "reference has not been acquired before%s",
			at < 0 ? "" : " by this callback");
	reference__drop(v->cur, id);
	for (struct reg_walk w = {0}; (r = state__next_reg(v->cur, &w));)
		if (r->ref == id)
			reg__set_unknown(r);
	dynptr__forget_ref(v->cur, id);
	return 0;
}

static int unreleased(struct verifier *v, const char *where, const struct reference *r)
{
	return reject(v,
		"%s with an unreleased reference, id=%u alloc_insn=%u (release it on every path)",
		where, r->id, r->insn);
}

int reference__check_none(struct verifier *v, const char *where)
{
	const struct state *s = v->cur;

	if (s->lock.held)
		return reject(
			v, "%s with a bpf_spin_lock held (bpf_spin_unlock is missing)", where);
	return s->n_refs ? unreleased(v, where, &s->refs[0]) : section__check_none(v, where);
}

int reference__check_callback(struct verifier *v)
{
	const struct state *s = v->cur;
	uint32_t outer = n_outer(s);

	if (s->lock.held)
		return reject(v, "return of a callback with a bpf_spin_lock held");
	return s->n_refs > outer ? unreleased(v, "return of a callback", &s->refs[outer]) : 0;
}
