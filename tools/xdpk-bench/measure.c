/* SPDX-License-Identifier: BSD-3-Clause
 *
 * measure.c -- see measure.h.
 *
 * Where programs choose for themselves, what an empty one costs is taken off: it is measured right
 * after, by the same engine on a case of its own. (The kernel sees to that itself.)
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "core/error.h"
#include "measure.h"

#define MOST_BURSTS (1 << 16) /* between two looks at the clock */

/* A case and its variants, by the engines' indices; those that are not there have no engine. */
struct field {
	struct bench_case bench;
	struct variant variants[MAX_ENGINES];
};

/* --- a case and its variants ----------------------------------------------------------- */

static int open_variant(
	struct field *f, const struct plan *plan, size_t e, const char *name, char **errmsg)
{
	struct variant *v = &f->variants[e];
	int err;

	if (!(engines[e]->kinds & OF_KIND(f->bench.kind)))
		return 0;
	*v = (struct variant){.engine = engines[e], .bench = &f->bench};
	if (plan->quick && engines[e]->slow && engines[e]->slow(&f->bench))
		err = error__set(errmsg, -ENOTSUP, "it takes long");
	else
		err = engines[e]->open(v, errmsg);
	if (!err)
		return 0;
	v->engine = NULL;
	if (err != -ENOTSUP)
		return -1;
	if (plan->verbose)
		fprintf(stderr, "%s: not by %s: %s\n", name, engines[e]->name,
			*errmsg ? *errmsg : "no memory");
	free(*errmsg);
	*errmsg = NULL;
	return 0;
}

static int open_field(struct field *f, const struct plan *plan, const struct workload *w,
	enum case_kind kind, char **errmsg)
{
	memset(f, 0, sizeof(*f));
	if (case__open(&f->bench, w, kind, plan->packets, 1, errmsg))
		return -1;
	for (size_t e = 0; e < n_engines; e++)
		if (plan->engines[e] && open_variant(f, plan, e, w->name, errmsg))
			return -1;
	return 0;
}

static void close_field(struct field *f)
{
	for (size_t e = 0; e < n_engines; e++)
		if (f->variants[e].engine && f->variants[e].engine->close)
			f->variants[e].engine->close(&f->variants[e]);
	case__close(&f->bench);
}

/* --- agreement ------------------------------------------------------------------------- */

static void run_all(struct variant *v)
{
	struct traffic *t = &v->bench->traffic;
	struct bench_burst burst = {.n = BENCH_BURST};

	traffic__restore(t);
	v->bench->env.random[0] = v->bench->env.random[1] = 1; /* the same numbers for all */
	if (v->engine->select)
		v->engine->select(v);
	for (uint32_t i = 0; i < t->n; i += BENCH_BURST) {
		burst.packets = t->packets + i;
		v->driver(&v->bench->env, &burst);
	}
}

static bool same(const struct variant *a, const struct outcome *of_a, const struct variant *b)
{
	const struct traffic *t = &b->bench->traffic;

	for (uint32_t i = 0; i < t->n; i++) {
		struct outcome of_b = outcome__of(&t->packets[i]);

		if (outcome__same(&of_a[i], &of_b))
			continue;
		fprintf(stderr,
			"xdpk-bench: %s: packet %u: %s gives verdict %u, %u bytes, %s verdict %u, "
			"%u bytes%s\n",
			b->bench->workload->name, i, a->engine->name, of_a[i].verdict, of_a[i].len,
			b->engine->name, of_b.verdict, of_b.len,
			of_a[i].bytes != of_b.bytes ? ", others" : "");
		return false;
	}
	return true;
}

/* 0, 1: they differ, -1: no memory */
static int agree(struct field *f)
{
	const struct traffic *t = &f->bench.traffic;
	struct outcome *expected = calloc(t->n, sizeof(*expected));
	const struct variant *first = NULL;
	int differ = 0;

	for (size_t e = 0; expected && !differ && e < n_engines; e++) {
		struct variant *v = &f->variants[e];

		if (!v->engine || !v->driver || v->bench != &f->bench)
			continue;
		run_all(v);
		if (first) {
			differ = !same(first, expected, v);
			continue;
		}
		first = v;
		for (uint32_t i = 0; i < t->n; i++)
			expected[i] = outcome__of(&t->packets[i]);
	}
	traffic__restore(&f->bench.traffic);
	free(expected);
	return expected ? differ : -1;
}

/* --- time ------------------------------------------------------------------------------ */

/* As many bursts, or up to the end of the circle where packets are to become what they were. */
static uint32_t run_bursts(struct variant *v, uint32_t most)
{
	struct traffic *t = &v->bench->traffic;
	struct bench_burst burst = {.n = BENCH_BURST};
	uint32_t n = 0;

	while (n < most && t->next < t->n) {
		burst.packets = t->packets + t->next;
		v->driver(&v->bench->env, &burst);
		n++;
		t->next += BENCH_BURST;
		if (t->next == t->n && !t->restored)
			t->next = 0;
	}
	return n;
}

/* The clock is read seldom, and stands while packets become what they were. */
double variant__run_for(struct variant *v, double ns)
{
	struct traffic *t = &v->bench->traffic;
	double spent = 0, start;
	uint64_t bursts = 0;

	if (v->engine->select)
		v->engine->select(v);
	if (!v->driver)
		return v->engine->measure(v, ns);
	for (uint32_t most = 1; spent < ns; most *= most < MOST_BURSTS && spent < ns / 8 ? 2 : 1) {
		start = now_ns();
		bursts += run_bursts(v, most);
		spent += now_ns() - start;
		if (t->next == t->n)
			traffic__restore(t);
	}
	return spent / bursts / BENCH_BURST;
}

/* One repetition: ns per packet of all, NULL `empty`: nothing to be taken off. */
static void run_once(struct field *f, struct field *empty, double ns, double *out)
{
	for (size_t e = 0; e < n_engines; e++) {
		struct variant *v = &f->variants[e];

		out[e] = 0;
		if (!v->engine)
			continue;
		out[e] = variant__run_for(v, ns);
		if (empty && empty->variants[e].engine)
			out[e] -= variant__run_for(&empty->variants[e], ns);
	}
}

static void take_turns(
	const struct plan *plan, struct field *f, struct field *empty, struct figure *out)
{
	static double ns[MAX_REPETITIONS][MAX_ENGINES];
	double column[MAX_REPETITIONS];

	run_once(f, empty, plan->ns, ns[0]);
	for (uint32_t rep = 0; rep < plan->repetitions; rep++)
		run_once(f, empty, plan->ns, ns[rep]);
	for (size_t e = 0; e < n_engines; e++) {
		if (!f->variants[e].engine)
			continue;
		for (uint32_t rep = 0; rep < plan->repetitions; rep++)
			column[rep] = ns[rep][e];
		out[e].ns = median(column, plan->repetitions);
		for (size_t to = 0; to < n_engines; to++) {
			if (!f->variants[to].engine)
				continue;
			for (uint32_t rep = 0; rep < plan->repetitions; rep++)
				column[rep] = ns[rep][e] / ns[rep][to];
			out[e].ratio[to] = median(column, plan->repetitions);
		}
	}
}

/* The first workload is the empty program. */
static int measure_field(
	const struct plan *plan, struct field *f, struct figure *out, char **errmsg)
{
	static struct field empty;
	bool with_empty = f->bench.kind == CASE_RANDOM;
	struct plan as_many = *plan;
	int err = 0;

	as_many.packets = RANDOM_PACKETS;
	if (with_empty)
		err = open_field(&empty, &as_many, &workloads[0], CASE_AS_IT_IS, errmsg);
	if (!err)
		take_turns(plan, f, with_empty ? &empty : NULL, out);
	if (with_empty)
		close_field(&empty);
	return err;
}

int measure(
	const struct plan *plan, size_t w, enum case_kind kind, struct figures *out, char **errmsg)
{
	static struct field field;
	int err;

	if (!case__object(&workloads[w], kind))
		return 0;
	err = open_field(&field, plan, &workloads[w], kind, errmsg);
	if (!err)
		err = agree(&field);
	if (err < 0 && !*errmsg)
		error__set(errmsg, -1, "%s: no memory", workloads[w].name);
	if (!err && !plan->check_only)
		err = measure_field(plan, &field, out->at[w][kind], errmsg);
	close_field(&field);
	return err;
}
