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

bool reference__drop(struct state *s, uint32_t id)
{
	for (uint32_t i = 0; i < s->n_refs; i++) {
		if (s->refs[i].id != id)
			continue;
		memmove(&s->refs[i], &s->refs[i + 1], (s->n_refs - i - 1) * sizeof(*s->refs));
		s->n_refs--;
		return true;
	}
	return false;
}

int reference__release(struct verifier *v, uint32_t id)
{
	struct reg *r;

	if (!reference__drop(v->cur, id))
		return reject(v, "reference has not been acquired before");
	for (struct reg_walk w = {0}; (r = state__next_reg(v->cur, &w));)
		if (r->ref == id)
			reg__set_unknown(r);
	dynptr__forget_ref(v->cur, id);
	return 0;
}

int reference__check_none(struct verifier *v, const char *where)
{
	const struct state *s = v->cur;

	if (s->lock.held)
		return reject(
			v, "%s with a bpf_spin_lock held (bpf_spin_unlock is missing)", where);
	if (!s->n_refs)
		return 0;
	return reject(v,
		"%s with an unreleased reference, id=%u alloc_insn=%u (release it on every path)",
		where, s->refs[0].id, s->refs[0].insn);
}
