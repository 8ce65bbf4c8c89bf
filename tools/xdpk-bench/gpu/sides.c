/* SPDX-License-Identifier: BSD-3-Clause
 *
 * sides.c -- packets judged by the core alone, by the device alone, and as the dataplane's split
 * decides: by turns, so that what slows down the machine slows down all three.
 *
 * A worker does what a worker of the dataplane does with a lane: a burst is judged at once while
 * nothing is under way and nothing is to go; otherwise it is put into batches, to go or to be
 * judged in its turn. There is no deadline: it is throughput that is compared. Workers never sleep,
 * so that it is by their time on a CPU: whatever else runs on the machine is not counted.
 *
 * Of `auto` everything counts, what it tries out as well; only what it has to learn at first does
 * not. So the ratio is one of sums, where the other figures are medians.
 */
#include <sched.h>
#include <string.h>

#include "../figures.h"
#include "../measure.h"
#include "core/error.h"
#include "gpu.h"
#include "internal.h"
#include "worker.h"

#define DEADLINE_NS UINT64_C(10000000000)
/* What `auto` has to learn with. */
#define LEARNING_NS (40.0 * SPLIT_SLOT_NS)

/* What looking for a batch may take. */
#define MOST_WAIT_NS 20000

enum { N_SIDES = SPLIT_GPU + 1 };

/* --- a worker ------------------------------------------------------------------------------ */

static void spend(struct split_work *work, uint64_t since, uint32_t n)
{
	split_work__spend(work, gpu_clock_ns() - since, n);
}

/* What lies side by side, by the core's own loop. */
static uint32_t judge_directly(struct gpu_worker *w, struct gpu_side *side)
{
	struct bench_burst burst = {.packets = gpu_worker__next(w)};
	uint64_t began = gpu_clock_ns();

	do {
		gpu_worker__next(w);
		gpu_worker__advance(w);
		burst.n++;
	} while (burst.n < BENCH_BURST && w->next);
	w->bout->core.driver(&w->env, &burst);
	atomic_fetch_add_explicit(&w->judged, burst.n, memory_order_relaxed);
	spend(&side->slot.direct, began, burst.n);
	side->slot.direct.packets += burst.n;
	return burst.n;
}

static uint32_t put_in(struct gpu_worker *w, struct gpu_side *side)
{
	uint64_t began = gpu_clock_ns();
	bool goes = split__goes(&side->split, BENCH_BURST);
	uint32_t n = 0;

	while (n < BENCH_BURST && ebpf_offload_queue__held(w->queue) < side->split.limit &&
		gpu_worker__add(w, goes))
		n++;
	spend(goes ? &side->slot.gone : &side->slot.turn, began, n);
	return n;
}

/* A burst. */
static uint32_t receive(struct gpu_worker *w, struct gpu_side *side)
{
	if (!side->split.share && !ebpf_offload_queue__held(w->queue))
		return judge_directly(w, side);
	return put_in(w, side);
}

static bool has_gone(const struct ebpf_offload_batch *b, uint32_t i)
{
	return ((const struct batch *)b)->place[i] != NOT_SENT;
}

static void judge(struct gpu_worker *w, struct ebpf_offload_batch *b, struct split_slot *slot)
{
	for (uint32_t i = 0, end; i < b->n; i = end) {
		struct split_work *work = has_gone(b, i) ? &slot->gone : &slot->turn;
		uint64_t began = gpu_clock_ns();

		for (end = i + 1; end < b->n && has_gone(b, end) == has_gone(b, i); end++)
			;
		gpu_worker__judge(w, b, i, end);
		spend(work, began, end - i);
		work->packets += end - i;
	}
}

static void note_batch(const struct ebpf_offload_batch *b, struct split_slot *slot)
{
	const struct ebpf_gpu_job_times *t = &b->times;
	uint64_t longest = t->in_ns > t->kernel_ns ? t->in_ns : t->kernel_ns;

	if (!b->n_gone)
		return;
	longest = longest > t->out_ns ? longest : t->out_ns;
	slot->batches++;
	slot->device.packets += b->n_gone;
	slot->device.ns += longest ? longest : b->away_ns;
}

/* A batch. */
static uint32_t see_off(struct gpu_worker *w, struct gpu_side *side)
{
	uint64_t began = gpu_clock_ns();
	struct ebpf_offload_batch *b = ebpf_offload_queue__poll(w->queue, began);
	uint32_t n = b ? b->n : 0;

	if (!b)
		return 0;
	note_batch(b, &side->slot);
	side->slot.batch_ns += gpu_clock_ns() - began;
	judge(w, b, &side->slot);
	ebpf_offload_queue__free(w->queue, b);
	return n;
}

static uint64_t worked_ns(const struct split_slot *slot)
{
	return slot->direct.ns + slot->turn.ns + slot->gone.ns + slot->batch_ns;
}

/* A worker is never idle: if it took much longer than it worked, it did not have its CPU. Its slots
 * go on when its turn comes again. */
static void decide(struct gpu_side *side, uint64_t worked, uint64_t ns)
{
	side->slot.ns += ns < worked + MOST_WAIT_NS ? ns : worked + MOST_WAIT_NS;
	if (!split__slot_is_over(&side->split, &side->slot))
		return;
	split__learn(&side->split, &side->slot);
	side->slot = (struct split_slot){0};
}

static void drain(struct gpu_worker *w, struct gpu_side *side)
{
	ebpf_offload_queue__flush(w->queue, gpu_clock_ns());
	while (ebpf_offload_queue__held(w->queue))
		if (!see_off(w, side))
			sched_yield();
}

/* Whatever the other side has under way is its own. */
static struct gpu_side *change_side(struct gpu_worker *w, int to)
{
	int from = atomic_load_explicit(&w->side, memory_order_relaxed);

	if (from != to)
		drain(w, &w->sides[from]);
	atomic_store_explicit(&w->side, to, memory_order_relaxed);
	return &w->sides[to];
}

static void *work(void *arg)
{
	struct gpu_worker *w = arg;

	while (!atomic_load_explicit(&w->stop, memory_order_relaxed)) {
		int wanted = atomic_load_explicit(&w->bout->side, memory_order_relaxed);
		struct gpu_side *side = change_side(w, wanted);
		uint64_t began = gpu_clock_ns(), before = worked_ns(&side->slot), ns;
		uint32_t n = receive(w, side) + see_off(w, side);

		ns = gpu_clock_ns() - began;
		decide(side, worked_ns(&side->slot) - before, ns);
		if (n)
			atomic_fetch_add_explicit(&w->busy_ns, ns, memory_order_relaxed);
	}
	drain(w, &w->sides[w->side]);
	return NULL;
}

/* --- all of them --------------------------------------------------------------------------- */

struct side {
	double ns[MAX_REPETITIONS], worker_ns[MAX_REPETITIONS];
	double run_ns, judged; /* of all repetitions together */
};

static void choose_side(struct gpu_bout *b, enum split_mode mode)
{
	atomic_store(&b->side, mode);
	for (uint32_t i = 0; i < b->plan->workers; i++)
		while (atomic_load(&b->workers[i].side) != (int)mode)
			sched_yield();
}

/* Whoever comes from another side first gets into its own way. */
static void run_side(
	struct gpu_bout *b, enum split_mode mode, double warm_up, uint32_t rep, struct side *side)
{
	struct gpu_sample s;

	choose_side(b, mode);
	gpu_workers__watch(b, warm_up, b->plan->workers);
	s = gpu_workers__watch(b, b->plan->ns, b->plan->workers);
	side->ns[rep] = s.wall_ns / s.judged;
	side->worker_ns[rep] = s.busy_ns / s.judged;
	side->run_ns += s.run_ns;
	side->judged += s.judged;
}

static void take_turns(struct gpu_bout *b, struct side *sides)
{
	for (uint32_t rep = 0; rep < b->plan->repetitions; rep++)
		for (int mode = 0; mode < N_SIDES; mode++)
			run_side(b, mode, rep ? b->plan->ns / 4 : LEARNING_NS, rep, &sides[mode]);
}

static double mean(const struct side *s)
{
	return s->run_ns / s->judged;
}

static void sum_up(const struct gpu_bout *b, struct side *sides, struct gpu_point *out)
{
	double cpu = mean(&sides[SPLIT_CPU]), gpu = mean(&sides[SPLIT_GPU]);
	uint32_t n = b->plan->repetitions;

	out->cpu_ns = cpu;
	out->ns = median(sides[SPLIT_GPU].ns, n);
	out->worker_ns = median(sides[SPLIT_GPU].worker_ns, n);
	out->auto_ns = mean(&sides[SPLIT_AUTO]);
	out->auto_ratio = out->auto_ns / (cpu < gpu ? cpu : gpu);
}

int gpu_sides__measure(struct gpu_bout *b, struct gpu_point *out, char **errmsg)
{
	static struct side sides[N_SIDES];
	int err = gpu_workers__open(b, 0, errmsg);

	if (err)
		return err;
	for (uint32_t i = 0; i < b->plan->workers; i++)
		for (int mode = 0; mode < N_SIDES; mode++)
			split__init(
				&b->workers[i].sides[mode].split, mode, out->batch, DEADLINE_NS);
	memset(sides, 0, sizeof(sides));
	atomic_store(&b->side, SPLIT_AUTO);
	err = gpu_workers__start(b, work, errmsg);
	if (!err) {
		take_turns(b, sides);
		gpu_workers__stop(b);
		sum_up(b, sides, out);
	}
	gpu_workers__close(b);
	return err;
}
