/* SPDX-License-Identifier: BSD-3-Clause
 *
 * counter-state.c -- what is known where ways through a function meet.
 */
#include "counter-state.h"

static uint32_t join_missed(uint32_t a, uint32_t b)
{
	return a == b || !b ? a : a ? MISSED : b;
}

static bool has_name(const struct counter_value *v)
{
	return v->kind != COUNTER_ANY;
}

/* What value `i` is to be called where these two meet. What they have in common, if it did not come
 * to its name here; else the name is that of the first of those that are called as they are. */
static uint32_t common_name(
	struct counter_state *a, struct counter_state *b, uint32_t meeting, uint32_t i)
{
	const struct counter_value *va = value_at(a, i), *vb = value_at(b, i);
	uint32_t j = 0;

	if (va->name == vb->name && (va->name < meeting || va->name >= meeting + N_VALUES))
		return va->name;
	for (; j < i; j++) {
		const struct counter_value *wa = value_at(a, j), *wb = value_at(b, j);

		if (has_name(wa) && has_name(wb) && wa->name == va->name && wb->name == vb->name &&
			wb->off - wa->off == vb->off - va->off)
			break;
	}
	return meeting + j;
}

struct counter_state counter_state__join(
	struct counter_state *a, struct counter_state *b, uint32_t meeting)
{
	struct counter_state joined;

	for (uint32_t i = 0; i < N_VALUES; i++) {
		const struct counter_value *va = value_at(a, i), *vb = value_at(b, i);
		uint32_t name = has_name(va) && has_name(vb) ? common_name(a, b, meeting, i) : 0;

		*value_at(&joined, i) = counter_value__join(va, vb, name);
	}
	joined.missed = join_missed(a->missed, b->missed);
	return joined;
}

bool counter_state__equal(struct counter_state *a, struct counter_state *b)
{
	for (uint32_t i = 0; i < N_VALUES; i++)
		if (!counter_value__equal(value_at(a, i), value_at(b, i)))
			return false;
	return a->missed == b->missed;
}
