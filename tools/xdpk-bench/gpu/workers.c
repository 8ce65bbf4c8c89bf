/* SPDX-License-Identifier: BSD-3-Clause
 *
 * workers.c -- what workers do with packets, and all of them together: opened, watched, closed; the
 * latency of packets that arrive by the clock, whether their worker is ready or not; and whether
 * the device judges as the core does.
 */
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "../figures.h"
#include "../measure.h"
#include "core/error.h"
#include "gpu.h"
#include "internal.h"
#include "worker.h"

#define RESTORE_ROUNDS 32 /* less than a time to live */
#define MAX_SAMPLES    (1 << 18)
#define MIN_SAMPLES    64

uint64_t gpu_clock_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

/* --- what a worker does -------------------------------------------------------------------- */

static bool is_due(const struct gpu_worker *w, uint64_t now)
{
	return !w->interval_ns || w->arrival_ns <= (double)now;
}

struct bench_packet *gpu_worker__next(struct gpu_worker *w)
{
	struct traffic *t = &w->bout->bench.traffic;
	uint32_t i = w->first + w->next;

	if (t->restored && w->round % RESTORE_ROUNDS == 0)
		traffic__restore_packet(t, i);
	return &t->packets[i];
}

void gpu_worker__advance(struct gpu_worker *w)
{
	if (++w->next < w->n)
		return;
	w->next = 0;
	w->round++;
}

bool gpu_worker__add(struct gpu_worker *w, bool goes)
{
	struct bench_packet *p = gpu_worker__next(w);
	const struct ebpf_offload_packet packet = {
		.data = goes ? p->data : NULL, .len = p->len, .ifindex = 1, .user = p};

	if (!ebpf_offload_queue__add(w->queue, &packet))
		return false;
	if (w->interval_ns) {
		w->arrived[w->next] = (uint64_t)w->arrival_ns;
		w->arrival_ns += w->interval_ns;
	}
	gpu_worker__advance(w);
	return true;
}

static void note_latency(
	struct gpu_worker *w, const struct ebpf_offload_batch *b, uint32_t from, uint32_t end)
{
	const struct bench_packet *mine = w->bout->bench.traffic.packets + w->first;
	uint64_t now = gpu_clock_ns();

	for (uint32_t i = from; i < end && w->n_samples < MAX_SAMPLES; i++) {
		const struct bench_packet *p = b->user[i];

		w->samples[w->n_samples++] = (uint32_t)(now - w->arrived[p - mine]);
	}
}

void gpu_worker__judge(
	struct gpu_worker *w, struct ebpf_offload_batch *b, uint32_t from, uint32_t end)
{
	for (uint32_t i = from; i < end; i++) {
		struct bench_packet *p = b->user[i];
		struct ebpf_xdp_ctx ctx;

		bench_packet__open(p, &ctx);
		w->env.redirect.kind = EBPF_REDIRECT_NONE;
		w->env.tail_calls = 0;
		p->verdict = (uint32_t)ebpf_offload_batch__judge(b, i, &w->env, &ctx);
		p->data = ctx.data;
		p->len = (uint32_t)(ctx.data_end - ctx.data);
	}
	if (w->interval_ns)
		note_latency(w, b, from, end);
	atomic_fetch_add_explicit(&w->judged, end - from, memory_order_relaxed);
}

/* As a worker's loop does it: a burst in, a batch out. Was there something to do? */
static bool step(struct gpu_worker *w, uint64_t now, uint32_t most)
{
	struct ebpf_offload_batch *b;
	uint32_t n = 0;

	while (n < most && is_due(w, now) && gpu_worker__add(w, true))
		n++;
	b = ebpf_offload_queue__poll(w->queue, now);
	if (b) {
		gpu_worker__judge(w, b, 0, b->n);
		ebpf_offload_queue__free(w->queue, b);
	}
	return n || b;
}

void gpu_worker__drain(struct gpu_worker *w)
{
	ebpf_offload_queue__flush(w->queue, gpu_clock_ns());
	while (ebpf_offload_queue__held(w->queue))
		if (!step(w, gpu_clock_ns(), 0))
			sched_yield();
}

/* --- all of them --------------------------------------------------------------------------- */

void gpu_workers__close(struct gpu_bout *b)
{
	for (uint32_t i = 0; i < b->plan->workers; i++) {
		ebpf_offload_queue__destroy(b->workers[i].queue);
		free(b->workers[i].arrived);
		free(b->workers[i].samples);
	}
	free(b->workers);
	b->workers = NULL;
	traffic__restore(&b->bench.traffic);
}

int gpu_workers__open(struct gpu_bout *b, double interval_ns, char **errmsg)
{
	uint32_t share = b->bench.traffic.n / b->plan->workers;

	b->workers = calloc(b->plan->workers, sizeof(*b->workers));
	if (!b->workers)
		return error__set(errmsg, -1, "no memory for %u workers", b->plan->workers);
	for (uint32_t i = 0; i < b->plan->workers; i++) {
		struct gpu_worker *w = &b->workers[i];

		w->bout = b;
		w->first = i * share;
		w->n = share;
		w->interval_ns = interval_ns;
		ebpf_env__init(&w->env, b->bench.inst, i);
		w->env.prog = b->bench.prog;
		w->arrived = calloc(share, sizeof(*w->arrived));
		w->samples = calloc(MAX_SAMPLES, sizeof(*w->samples));
		w->queue = ebpf_offload_queue__create(b->offload, errmsg);
		if (w->arrived && w->samples && w->queue)
			continue;
		gpu_workers__close(b);
		return *errmsg ? -1 : error__set(errmsg, -1, "no memory for a worker");
	}
	return 0;
}

static void stop_first(struct gpu_bout *b, uint32_t n)
{
	for (uint32_t i = 0; i < n; i++)
		atomic_store(&b->workers[i].stop, true);
	for (uint32_t i = 0; i < n; i++)
		pthread_join(b->workers[i].thread, NULL);
}

void gpu_workers__stop(struct gpu_bout *b)
{
	stop_first(b, b->plan->workers);
}

int gpu_workers__start(struct gpu_bout *b, void *(*work)(void *worker), char **errmsg)
{
	for (uint32_t i = 0; i < b->plan->workers; i++) {
		int err = pthread_create(&b->workers[i].thread, NULL, work, &b->workers[i]);

		if (err) {
			stop_first(b, i);
			return error__set(errmsg, -1, "no thread: %s", strerror(err));
		}
	}
	return 0;
}

static double run_ns(const struct gpu_worker *w)
{
	struct timespec t = {0};
	clockid_t clock;

	if (!pthread_getcpuclockid(w->thread, &clock))
		clock_gettime(clock, &t);
	return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

static struct gpu_sample take(const struct gpu_bout *b)
{
	struct gpu_sample s = {.wall_ns = (double)gpu_clock_ns()};

	for (uint32_t i = 0; i < b->plan->workers; i++) {
		s.busy_ns += (double)atomic_load(&b->workers[i].busy_ns);
		s.run_ns += run_ns(&b->workers[i]) / b->plan->workers;
		s.judged += (double)atomic_load(&b->workers[i].judged);
	}
	return s;
}

static void wait_ns(double ns)
{
	const struct timespec t = {(time_t)(ns / 1e9), (long)ns % 1000000000};

	nanosleep(&t, NULL);
}

struct gpu_sample gpu_workers__watch(struct gpu_bout *b, double ns, double packets)
{
	struct gpu_sample from = take(b), to;

	do {
		wait_ns(ns);
		to = take(b);
	} while (to.run_ns - from.run_ns < ns || to.judged - from.judged < packets);
	return (struct gpu_sample){to.wall_ns - from.wall_ns, to.busy_ns - from.busy_ns,
		to.run_ns - from.run_ns, to.judged - from.judged};
}

/* --- latency ------------------------------------------------------------------------------- */

static void *await_arrivals(void *arg)
{
	struct gpu_worker *w = arg;

	w->arrival_ns = (double)gpu_clock_ns();
	while (!atomic_load_explicit(&w->stop, memory_order_relaxed))
		step(w, gpu_clock_ns(), BENCH_BURST);
	gpu_worker__drain(w);
	return NULL;
}

static int by_value(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return (x > y) - (x < y);
}

static int find_percentiles(const struct gpu_bout *b, struct gpu_point *out, char **errmsg)
{
	uint32_t *all = calloc((size_t)b->plan->workers * MAX_SAMPLES, sizeof(*all));
	size_t n = 0;

	if (!all)
		return error__set(errmsg, -1, "no memory for samples");
	for (uint32_t i = 0; i < b->plan->workers; i++) {
		const struct gpu_worker *w = &b->workers[i];
		uint32_t warm = w->n_samples / 8;

		memcpy(all + n, w->samples + warm, (w->n_samples - warm) * sizeof(*all));
		n += w->n_samples - warm;
	}
	qsort(all, n, sizeof(*all), by_value);
	if (n) {
		out->p50_us = all[n / 2] / 1e3;
		out->p99_us = all[n - 1 - n / 100] / 1e3;
	}
	free(all);
	return 0;
}

int gpu_workers__latency(struct gpu_bout *b, struct gpu_point *out, char **errmsg)
{
	struct ebpf_offload_opts *opts = &b->offload->opts;
	uint32_t throughput_us = opts->deadline_us;
	int err = gpu_workers__open(b, 2 * out->ns * b->plan->workers, errmsg);

	if (err)
		return err;
	opts->deadline_us = b->plan->deadline_us;
	err = gpu_workers__start(b, await_arrivals, errmsg);
	if (!err) {
		gpu_workers__watch(b, b->plan->ns * b->plan->repetitions, MIN_SAMPLES);
		gpu_workers__stop(b);
		err = find_percentiles(b, out, errmsg);
	}
	opts->deadline_us = throughput_us;
	gpu_workers__close(b);
	return err;
}

/* --- agreement ----------------------------------------------------------------------------- */

static void run_core(struct gpu_bout *b, struct outcome *expected)
{
	struct traffic *t = &b->bench.traffic;
	struct bench_burst burst = {.n = BENCH_BURST};

	for (uint32_t i = 0; i < t->n; i += BENCH_BURST) {
		burst.packets = t->packets + i;
		b->core.driver(&b->bench.env, &burst);
	}
	for (uint32_t i = 0; i < t->n; i++)
		expected[i] = outcome__of(&t->packets[i]);
	traffic__restore(t);
}

static int compare(const struct gpu_bout *b, const struct outcome *expected, uint32_t n)
{
	const struct traffic *t = &b->bench.traffic;

	for (uint32_t i = 0; i < n; i++) {
		struct outcome o = outcome__of(&t->packets[i]);

		if (outcome__same(&o, &expected[i]))
			continue;
		fprintf(stderr,
			"xdpk-bench: %s: packet %u: %s gives verdict %u, %u bytes, %s verdict %u, "
			"%u bytes%s\n",
			b->bench.workload->name, i, b->core.engine->name, expected[i].verdict,
			expected[i].len, b->dev->name, o.verdict, o.len,
			o.bytes != expected[i].bytes ? ", others" : "");
		return 1;
	}
	return 0;
}

/* All packets of its share, once. */
static void go_round(struct gpu_worker *w)
{
	for (uint32_t n = 0; n < w->n;)
		if (gpu_worker__add(w, true))
			n++;
		else
			step(w, gpu_clock_ns(), 0);
	gpu_worker__drain(w);
}

int gpu_workers__agree(struct gpu_bout *b, char **errmsg)
{
	struct outcome *expected = calloc(b->bench.traffic.n, sizeof(*expected));
	int err = expected ? gpu_workers__open(b, 0, errmsg)
			   : error__set(errmsg, -1, "no memory for outcomes");

	if (!err) {
		run_core(b, expected);
		for (uint32_t i = 0; i < b->plan->workers; i++)
			go_round(&b->workers[i]);
		err = compare(b, expected, b->workers[0].n * b->plan->workers);
		gpu_workers__close(b);
	}
	traffic__restore(&b->bench.traffic);
	free(expected);
	return err;
}
