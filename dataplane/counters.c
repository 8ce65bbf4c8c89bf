/* SPDX-License-Identifier: BSD-3-Clause
 *
 * counters.c -- sums over counters.
 */
#include "counters.h"

const char *outcome__text(enum outcome outcome)
{
	static const char *const text[] = {
#define OUTCOME(name, words) [OUTCOME_##name] = words,
#include "outcomes.def"
#undef OUTCOME
	};

	return text[outcome];
}

void counters__sum(struct counters *sum, const struct counters *c)
{
	/* Outcomes first: see counters.h. */
	for (int i = 0; i < N_OUTCOMES; i++)
		sum->outcome[i] += counter__read(&c->outcome[i]);
	sum->entered += counter__read(&c->entered);
	sum->bursts += counter__read(&c->bursts);
}

int64_t counters__in_flight(const struct counters *c)
{
	uint64_t accounted = 0;

	for (int i = 0; i < N_OUTCOMES; i++)
		accounted += c->outcome[i];
	return (int64_t)(c->entered - accounted);
}
