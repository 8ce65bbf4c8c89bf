/* SPDX-License-Identifier: BSD-3-Clause
 *
 * stats.c -- print counters.
 *
 *	                         net_pcap0     net_ring0         total
 *	received                        60             0            60
 *	drop                            12             0            12
 *	...
 *	sent                            48             0            48
 *	in flight                        0             0             0
 *	accounted: yes
 *
 * Rows of losses appear when there were any; a line for each other hop (hop.h) that anything
 * entered. `missed` is what a device lost before a worker
 * could receive it; it is no part of the sum.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <time.h>

#include "background.h"
#include "stats.h"

struct totals {
	struct counters port[RTE_MAX_ETHPORTS + 1]; /* the last used one is the sum */
	uint64_t sent[RTE_MAX_ETHPORTS + 1];
	int64_t missed[RTE_MAX_ETHPORTS + 1];
	const char *name[RTE_MAX_ETHPORTS + 1];
	uint16_t n;
};

/* Under the lock, or after the run. */
static void collect(const struct dataplane *dp, struct totals *t)
{
	uint16_t n = 0;

	*t = (struct totals){0};
	for (uint16_t slot = 0; slot < dp->ports->n; slot++) {
		if (dp->ports->port[slot].state != PORT_STARTED)
			continue;
		t->name[n] = dp->ports->port[slot].name;
		t->port[n] = dataplane__port_counters(dp, slot);
		t->sent[n] = dataplane__port_sent(dp, slot);
		t->missed[n++] = (int64_t)dataplane__port_missed(dp, slot);
	}
	t->n = n;
	t->name[n] = "total";
	for (uint16_t p = 0; p < n; p++) {
		counters__sum(&t->port[n], &t->port[p]);
		t->sent[n] += t->sent[p];
		t->missed[n] += t->missed[p];
	}
	counters__sum(&t->port[n], &dp->gone);
}

static void print_row(FILE *out, const char *label, const int64_t *values, uint16_t n)
{
	fprintf(out, "%-16s", label);
	for (uint16_t i = 0; i <= n; i++)
		fprintf(out, " %16" PRId64, values[i]);
	fputc('\n', out);
}

static void print_head(const struct totals *t, FILE *out)
{
	fprintf(out, "%-16s", "");
	for (uint16_t p = 0; p <= t->n; p++)
		fprintf(out, " %16.16s", t->name[p]);
	fputc('\n', out);
}

static void print_programs(const struct dataplane *dp, FILE *out)
{
	for (uint16_t i = 0; i < MAX_PROGS; i++) {
		struct prog_counters c = dataplane__prog_counters(dp, i);
		uint64_t entered = 0;

		if (!*dp->progs[i].name)
			continue;
		for (unsigned v = 0; v < N_VERDICTS; v++)
			entered += c.verdict[v];
		fprintf(out, "program %s: interpreted %" PRIu64 ", compiled %" PRIu64 "\n",
			dp->progs[i].name, c.interpreted, entered - c.interpreted);
	}
}

static void print_workers(const struct dataplane *dp, FILE *out)
{
	for (unsigned i = 0; i < dp->n_workers && dp->n_workers > 1; i++) {
		const struct worker *w = dp->workers[i];
		uint64_t received = 0, sent = 0;

		for (uint16_t hop = 0; hop < HOP_CPUMAP; hop++)
			received += counter__read(&w->hops[hop].entered);
		for (uint16_t p = 0; p < dp->ports->n; p++)
			sent += counter__read(&w->sent[p]);
		fprintf(out, "worker %u: %u queues, received %" PRIu64 ", sent %" PRIu64 "\n", i,
			plan_worker__queues(&dp->plan->worker[i]), received, sent);
	}
}

/* Returns whether nothing is in flight there. */
static bool print_hop(
	const struct dataplane *dp, uint16_t hop, FILE *out, const char *what, const char *whose)
{
	struct counters c = dataplane__hop_counters(dp, hop);

	if (!c.entered)
		return true;
	fprintf(out, "%s %s: %" PRIu64 " entered", what, whose, c.entered);
	for (unsigned r = 0; r < N_OUTCOMES; r++)
		if (c.outcome[r])
			fprintf(out, ", %s %" PRIu64, outcome__text(r), c.outcome[r]);
	fputc('\n', out);
	return !counters__in_flight(&c);
}

/* Where packets come to that were redirected. */
static bool print_other_hops(const struct dataplane *dp, FILE *out)
{
	bool accounted = true;
	char number[16];

	for (unsigned i = 0; i < dp->n_workers; i++) {
		snprintf(number, sizeof(number), "%u", i);
		accounted &= print_hop(dp, hop__cpumap(i), out, "cpumap of worker", number);
	}
	for (uint16_t slot = 0; slot < dp->ports->n; slot++) {
		const char *name = dp->ports->port[slot].name;

		if (dp->ports->port[slot].state != PORT_STARTED)
			continue;
		accounted &= print_hop(dp, hop__egress(slot), out, "egress of", name);
		accounted &= print_hop(dp, hop__copies(slot), out, "copies from", name);
	}
	return accounted;
}

bool stats__print_totals(const struct dataplane *dp, FILE *out)
{
	int64_t row[RTE_MAX_ETHPORTS + 1], in_flight[RTE_MAX_ETHPORTS + 1];
	bool accounted = true;
	struct totals t;

	collect(dp, &t);
	print_head(&t, out);
	for (uint16_t p = 0; p <= t.n; p++) {
		row[p] = (int64_t)t.port[p].entered;
		in_flight[p] = counters__in_flight(&t.port[p]);
		accounted &= in_flight[p] == 0;
	}
	print_row(out, "received", row, t.n);
	for (unsigned r = 0; r < N_OUTCOMES; r++) {
		for (uint16_t p = 0; p <= t.n; p++)
			row[p] = (int64_t)t.port[p].outcome[r];
		if (r <= OUTCOME_REDIRECT || row[t.n])
			print_row(out, outcome__text(r), row, t.n);
	}
	print_row(out, "in flight", in_flight, t.n);
	for (uint16_t p = 0; p <= t.n; p++)
		row[p] = (int64_t)t.sent[p];
	print_row(out, "sent", row, t.n);
	if (t.missed[t.n])
		print_row(out, "missed", t.missed, t.n);
	accounted &= print_other_hops(dp, out);
	print_workers(dp, out);
	print_programs(dp, out);
	fprintf(out, "accounted: %s\n", accounted ? "yes" : "no");
	return accounted;
}

struct moment {
	double time;
	struct counters counters;
	uint64_t sent;
};

struct stats_ticker {
	struct dataplane *dp;
	FILE *out;
	double start;
	struct moment last;
	struct periodic *periodic;
};

static double now_seconds(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (double)ts.tv_sec + (double)ts.tv_nsec * 1e-9;
}

/* The sum over all ports, and in *sent what was sent. */
static struct counters sum_up(struct dataplane *dp, uint64_t *sent)
{
	struct totals t;

	pthread_mutex_lock(&dp->lock);
	collect(dp, &t);
	pthread_mutex_unlock(&dp->lock);
	*sent = t.sent[t.n];
	return t.port[t.n];
}

static void print_rates(void *arg)
{
	struct stats_ticker *ticker = arg;
	const struct moment *last = &ticker->last;
	struct moment now = {.time = now_seconds()};
	double elapsed = now.time - last->time;

	now.counters = sum_up(ticker->dp, &now.sent);
	fprintf(ticker->out, "%.0f s: received %.3f Mpps, sent %.3f Mpps", now.time - ticker->start,
		(double)(now.counters.entered - last->counters.entered) / elapsed * 1e-6,
		(double)(now.sent - last->sent) / elapsed * 1e-6);
	for (unsigned r = 0; r < N_OUTCOMES; r++)
		if (now.counters.outcome[r])
			fprintf(ticker->out, ", %s %" PRIu64, outcome__text(r),
				now.counters.outcome[r]);
	fprintf(ticker->out, "\n");
	fflush(ticker->out);
	ticker->last = now;
}

struct stats_ticker *stats__start_ticker(struct dataplane *dp, FILE *out, unsigned seconds)
{
	struct stats_ticker *ticker = calloc(1, sizeof(*ticker));

	if (!ticker)
		return NULL;
	ticker->dp = dp;
	ticker->out = out;
	ticker->start = ticker->last.time = now_seconds();
	ticker->periodic = background__repeat("xdpk-stats", seconds * 1000, print_rates, ticker);
	if (!ticker->periodic) {
		free(ticker);
		return NULL;
	}
	return ticker;
}

void stats__stop_ticker(struct stats_ticker *ticker)
{
	if (!ticker)
		return;
	background__stop(ticker->periodic);
	free(ticker);
}
