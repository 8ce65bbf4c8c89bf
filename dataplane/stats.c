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
 * Rows of losses appear when there were any. `missed` is what a device lost before a worker
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
	int64_t missed[RTE_MAX_ETHPORTS + 1];
	uint16_t n;
};

static void collect(const struct dataplane *dp, struct totals *t)
{
	*t = (struct totals){.n = dp->ports->n};
	for (uint16_t p = 0; p < t->n; p++) {
		t->port[p] = dataplane__port_counters(dp, p);
		t->missed[p] = (int64_t)dataplane__port_missed(dp, p);
		counters__sum(&t->port[t->n], &t->port[p]);
		t->missed[t->n] += t->missed[p];
	}
}

static void print_row(FILE *out, const char *label, const int64_t *values, uint16_t n)
{
	fprintf(out, "%-16s", label);
	for (uint16_t i = 0; i <= n; i++)
		fprintf(out, " %16" PRId64, values[i]);
	fputc('\n', out);
}

static void print_head(const struct dataplane *dp, FILE *out)
{
	fprintf(out, "%-16s", "");
	for (uint16_t p = 0; p < dp->ports->n; p++)
		fprintf(out, " %16.16s", dp->ports->port[p].name);
	fprintf(out, " %16s\n", "total");
}

static void print_engines(const struct dataplane *dp, FILE *out)
{
	const struct ebpf_code *now = ebpf_program__code(dp->prog);
	uint64_t ran[2] = {0};

	for (unsigned i = 0; i < dp->n_workers; i++) {
		ran[0] += counter__read(&dp->workers[i]->ran[0]);
		ran[1] += counter__read(&dp->workers[i]->ran[1]);
	}
	fprintf(out, "program %s: %s %" PRIu64, ebpf_program__name(dp->prog),
		dp->first_code->backend, ran[0]);
	if (now != dp->first_code)
		fprintf(out, ", then %s %" PRIu64, now->backend, ran[1]);
	fputc('\n', out);
}

static void print_workers(const struct dataplane *dp, FILE *out)
{
	for (unsigned i = 0; i < dp->n_workers && dp->n_workers > 1; i++) {
		uint64_t received = 0, sent = 0;

		for (uint16_t p = 0; p < dp->ports->n; p++) {
			received += counter__read(&dp->workers[i]->counters[p].received);
			sent += counter__read(&dp->workers[i]->counters[p].sent);
		}
		fprintf(out, "worker %u: %u queues, received %" PRIu64 ", sent %" PRIu64 "\n", i,
			dp->workers[i]->n_rxqs, received, sent);
	}
}

bool stats__print_totals(const struct dataplane *dp, FILE *out)
{
	int64_t row[RTE_MAX_ETHPORTS + 1], in_flight[RTE_MAX_ETHPORTS + 1];
	bool accounted = true;
	struct totals t;

	collect(dp, &t);
	print_head(dp, out);
	for (uint16_t p = 0; p <= t.n; p++) {
		row[p] = (int64_t)t.port[p].received;
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
		row[p] = (int64_t)t.port[p].sent;
	print_row(out, "sent", row, t.n);
	if (t.missed[t.n])
		print_row(out, "missed", t.missed, t.n);
	print_workers(dp, out);
	print_engines(dp, out);
	fprintf(out, "accounted: %s\n", accounted ? "yes" : "no");
	return accounted;
}

struct stats_ticker {
	const struct dataplane *dp;
	FILE *out;
	unsigned seconds;
	bool stop;
	pthread_mutex_t lock;
	pthread_cond_t wake;
	pthread_t thread;
};

static double now_seconds(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (double)ts.tv_sec + (double)ts.tv_nsec * 1e-9;
}

static void print_rates(const struct stats_ticker *ticker, struct counters *last, double elapsed,
	double since_start)
{
	struct counters now;
	struct totals t;

	collect(ticker->dp, &t);
	now = t.port[t.n];
	fprintf(ticker->out, "%.0f s: %s, received %.3f Mpps, sent %.3f Mpps", since_start,
		ebpf_program__code(ticker->dp->prog)->backend,
		(double)(now.received - last->received) / elapsed * 1e-6,
		(double)(now.sent - last->sent) / elapsed * 1e-6);
	for (unsigned r = 0; r < N_OUTCOMES; r++)
		if (now.outcome[r])
			fprintf(ticker->out, ", %s %" PRIu64, outcome__text(r), now.outcome[r]);
	fprintf(ticker->out, "\n");
	fflush(ticker->out);
	*last = now;
}

static void *ticker_main(void *arg)
{
	struct stats_ticker *ticker = arg;
	double start = now_seconds(), before = start;
	struct counters last = {0};
	struct timespec next;

	clock_gettime(CLOCK_MONOTONIC, &next);
	pthread_mutex_lock(&ticker->lock);
	while (!ticker->stop) {
		int err = 0;

		next.tv_sec += ticker->seconds;
		while (!ticker->stop && err != ETIMEDOUT)
			err = pthread_cond_timedwait(&ticker->wake, &ticker->lock, &next);
		if (!ticker->stop) {
			double now = now_seconds();

			print_rates(ticker, &last, now - before, now - start);
			before = now;
		}
	}
	pthread_mutex_unlock(&ticker->lock);
	return NULL;
}

struct stats_ticker *stats__start_ticker(const struct dataplane *dp, FILE *out, unsigned seconds)
{
	struct stats_ticker *ticker = calloc(1, sizeof(*ticker));
	pthread_condattr_t attr;

	if (!ticker)
		return NULL;
	ticker->dp = dp;
	ticker->out = out;
	ticker->seconds = seconds;
	pthread_mutex_init(&ticker->lock, NULL);
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&ticker->wake, &attr);
	pthread_condattr_destroy(&attr);
	if (background__start(&ticker->thread, "xdpk-stats", ticker_main, ticker)) {
		free(ticker);
		return NULL;
	}
	return ticker;
}

void stats__stop_ticker(struct stats_ticker *ticker)
{
	if (!ticker)
		return;
	pthread_mutex_lock(&ticker->lock);
	ticker->stop = true;
	pthread_cond_signal(&ticker->wake);
	pthread_mutex_unlock(&ticker->lock);
	pthread_join(ticker->thread, NULL);
	pthread_cond_destroy(&ticker->wake);
	pthread_mutex_destroy(&ticker->lock);
	free(ticker);
}
