/* SPDX-License-Identifier: BSD-3-Clause
 *
 * split_test -- the share of what goes to a device settles where it should: in a model of a worker
 * and a device, slot by slot, that knows what everything takes.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

#include "split.h"

#define BATCH    1024
#define DEADLINE 200000 /* ns */
#define SLOTS    400

/* ns, of a packet but for a batch's */
struct model {
	const char *name;
	double between; /* packets, as they come */
	double direct, turn, gone, per_batch;
	double device, launch; /* of a packet, and what a batch takes the device beside that */
};

struct outcome {
	double rate;              /* packets in a ns */
	uint64_t all, gone, late; /* in the second half */
	struct split split;
};

static double larger(double a, double b)
{
	return a > b ? a : b;
}

static double smaller(double a, double b)
{
	return a < b ? a : b;
}

static double fill(const struct model *m, double between)
{
	double n = DEADLINE / SPLIT_WAIT / between;

	return n < 1 ? 1 : n < BATCH ? n : BATCH;
}

/* What a packet takes if x of them go. */
static double cost(const struct model *m, double x)
{
	double n = fill(m, m->between);
	double worker = (1 - x) * m->turn + x * (m->gone + m->per_batch / n);

	if (!(x > 0))
		return larger(m->between, m->direct);
	return larger(m->between, larger(worker, x * (m->device + m->launch / n)));
}

/* What a slot with this share would show. */
static struct split_slot run_slot(const struct model *m, const struct split *s)
{
	double x = (double)s->share / SPLIT_ALL, each = cost(m, x), n = fill(m, each);
	double away = m->launch + n * m->device;
	bool busy = x > 0 && x * (m->device + m->launch / n) >= each; /* batches wait for others */
	struct split_slot slot = {0};
	double packets = SPLIT_SLOT_NS / each;

	if (s->trying)
		packets = s->share ? BATCH : 512;
	slot.ns = (uint64_t)(packets * each);
	if (s->share == 0) {
		slot.direct.packets = (uint64_t)packets;
		slot.direct.ns = (uint64_t)(packets * m->direct);
		return slot;
	}
	slot.gone.packets = slot.device.packets = (uint64_t)(x * packets);
	slot.gone.ns = (uint64_t)(x * packets * m->gone);
	slot.turn.packets = (uint64_t)((1 - x) * packets);
	slot.turn.ns = (uint64_t)((1 - x) * packets * m->turn);
	slot.batches = (uint64_t)(packets / n) + 1;
	slot.batch_ns = (uint64_t)((double)slot.batches * m->per_batch);
	slot.device.ns = (uint64_t)(x * packets * (m->device + m->launch / n));
	if (busy && !s->trying) /* else there is one */
		away = smaller(4 * away, x * s->limit * m->device);
	if (DEADLINE / SPLIT_WAIT + away > DEADLINE)
		slot.late = slot.gone.packets;
	return slot;
}

/* From a state that may have come from another model. */
static struct outcome run(const struct model *m, struct split s)
{
	struct outcome o = {0};
	double ns = 0;

	for (int i = 0; i < SLOTS; i++) {
		struct split_slot slot = run_slot(m, &s);

		if (i >= SLOTS / 2) {
			o.all += slot.direct.packets + slot.turn.packets + slot.gone.packets;
			ns += (double)slot.ns;
			o.gone += slot.gone.packets;
			o.late += slot.late;
		}
		split__learn(&s, &slot);
	}
	o.rate = (double)o.all / ns;
	o.split = s;
	return o;
}

static struct outcome run_mode(const struct model *m, enum split_mode mode)
{
	struct split s;

	split__init(&s, mode, BATCH, DEADLINE);
	return run(m, s);
}

/* More packets than anybody can judge. */
static const struct model loads[] = {
	{"header filter: it costs more to send than to judge", 1, 20, 30, 35, 4000, 2, 6000},
	{"payload scan on a large device", 1, 1500, 1520, 60, 4000, 20, 6000},
	{"payload scan on a device as fast as ten CPUs", 1, 1500, 1520, 60, 4000, 150, 6000},
	{"a device as fast as the worker", 1, 200, 220, 40, 4000, 200, 6000},
	{"a device half as fast", 1, 200, 220, 40, 4000, 400, 6000},
	{"a device much slower", 1, 200, 220, 40, 4000, 20000, 6000},
	{"large batches alone pay", 1, 100, 110, 50, 20000, 10, 6000},
};

static void is_as_good_as_the_better_side(void **state)
{
	for (size_t i = 0; i < sizeof(loads) / sizeof(loads[0]); i++) {
		double cpu = run_mode(&loads[i], SPLIT_CPU).rate;
		double gpu = run_mode(&loads[i], SPLIT_GPU).rate;
		double best = run_mode(&loads[i], SPLIT_AUTO).rate;

		if (best < 0.95 * larger(cpu, gpu))
			fail_msg("%s: cpu %.3f, gpu %.3f, auto %.3f packets/us", loads[i].name,
				cpu * 1e3, gpu * 1e3, best * 1e3);
	}
}

/* A packet takes the worker so long that a slot has few of them, and a batch longer than a slot. */
static void finds_out_about_few_packets(void **state)
{
	const struct model m = {"a slow program", 1, 200000, 200000, 100, 4000, 400, 6000};
	double gpu = run_mode(&m, SPLIT_GPU).rate;
	struct outcome best = run_mode(&m, SPLIT_AUTO);

	assert_true(best.rate > 0.95 * gpu);
	assert_true(best.split.settled > SPLIT_ALL / 2);
}

/* A trial of a device that takes ages is made the more seldom. */
static void tries_slow_devices_seldom(void **state)
{
	const struct model m = {"a very slow device", 1, 200, 220, 40, 4000, 80000, 6000};
	double cpu = run_mode(&m, SPLIT_CPU).rate, best = run_mode(&m, SPLIT_AUTO).rate;

	assert_true(best > 0.97 * cpu);
}

/* As when somebody else had the CPU for a while. */
static void time_that_was_stolen_is_not_counted(void **state)
{
	struct split_work work = {0};

	for (int i = 0; i < 100; i++) {
		split_work__spend(&work, i % 10 == 5 ? 10000000 : 3200, 32);
		work.packets += 32;
	}
	assert_int_equal(work.ns, 100 * 3200);
	split_work__spend(&work, 90000, 32); /* some do take longer */
	assert_int_equal(work.ns, 100 * 3200 + 90000);
}

/* Nothing came back: that does not mean that there is nothing to do. */
static void a_slot_lasts_until_something_is_judged(void **state)
{
	struct split_slot slot = {.ns = 2 * SPLIT_SLOT_NS};
	struct split s;

	split__init(&s, SPLIT_AUTO, BATCH, DEADLINE);
	assert_false(split__slot_is_over(&s, &slot));
	slot.gone.packets = 1;
	assert_true(split__slot_is_over(&s, &slot));
}

/* Bursts are larger than the batches. */
static void tries_with_small_batches(void **state)
{
	struct split s;

	split__init(&s, SPLIT_AUTO, 16, DEADLINE);
	s.trying = true;
	s.share = SPLIT_ALL;
	s.quota = 16;
	assert_true(split__goes(&s, 32));
	assert_false(split__goes(&s, 32));
}

/* Where neither is much faster than the other, both together are. */
static void uses_both_sides(void **state)
{
	const struct model *m = &loads[3];
	double cpu = run_mode(m, SPLIT_CPU).rate, gpu = run_mode(m, SPLIT_GPU).rate;
	struct outcome both = run_mode(m, SPLIT_AUTO);

	assert_true(both.rate > 1.3 * larger(cpu, gpu));
	assert_in_range(both.split.settled, SPLIT_ALL / 4, SPLIT_ALL * 3 / 4);
}

static void leaves_light_load_to_the_worker(void **state)
{
	struct model m = loads[1];
	struct outcome o;

	m.between = 3000; /* the worker alone is busy for half of its time */
	o = run_mode(&m, SPLIT_AUTO);
	assert_int_equal(o.gone, 0);
	m.between = 1600;
	o = run_mode(&m, SPLIT_AUTO);
	assert_true(o.gone > 0);
}

static void keeps_the_deadline(void **state)
{
	struct model m = {"fast, but every batch takes its time", 1, 200, 220, 40, 4000, 1, 150000};
	struct outcome o = run_mode(&m, SPLIT_AUTO);

	assert_int_equal(o.split.settled, 0);
	assert_true(o.late < 0.01 * o.all);
	m.launch = 6000;
	o = run(&m, o.split);
	assert_int_equal(o.split.settled, SPLIT_ALL);
}

static void finds_where_batches_pay(void **state)
{
	const struct model *m = &loads[1];
	struct outcome o = run_mode(m, SPLIT_AUTO);
	double expected = m->per_batch / (m->direct - m->gone);

	assert_in_range(o.split.crossover, (uint32_t)expected, (uint32_t)expected + 1);
	assert_int_equal(run_mode(&loads[0], SPLIT_AUTO).split.crossover, SPLIT_NEVER);
	assert_int_equal(run_mode(m, SPLIT_CPU).split.crossover, 0);
}

static void follows_what_changes(void **state)
{
	struct model slow = loads[5], fast = loads[1];
	struct outcome o;

	slow.direct = fast.direct;
	slow.turn = fast.turn;
	o = run_mode(&slow, SPLIT_AUTO);
	assert_true(o.split.settled < SPLIT_ALL / 8);
	o = run(&fast, o.split);
	assert_int_equal(o.split.settled, SPLIT_ALL);
	o = run(&slow, o.split);
	assert_true(o.split.settled < SPLIT_ALL / 8);
}

static void does_as_told(void **state)
{
	assert_int_equal(run_mode(&loads[1], SPLIT_CPU).gone, 0);
	assert_true(run_mode(&loads[0], SPLIT_GPU).gone > 0);
	assert_int_equal(run_mode(&loads[0], SPLIT_GPU).split.share, SPLIT_ALL);
}

/* Bursts of any size, to the packet but for one burst. */
static void sends_its_share(void **state)
{
	for (uint32_t share = 0; share <= SPLIT_ALL; share += 32) {
		uint64_t all = 0, gone = 0;
		struct split s;

		split__init(&s, SPLIT_AUTO, BATCH, DEADLINE);
		s.share = share;
		for (uint32_t i = 0; i < 10000; i++) {
			uint32_t n = 1 + i * 7 % 64;

			all += n;
			gone += split__goes(&s, n) ? n : 0;
		}
		assert_in_range(gone + 64, all * share / SPLIT_ALL, all * share / SPLIT_ALL + 128);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(is_as_good_as_the_better_side),
		cmocka_unit_test(finds_out_about_few_packets),
		cmocka_unit_test(tries_slow_devices_seldom),
		cmocka_unit_test(time_that_was_stolen_is_not_counted),
		cmocka_unit_test(a_slot_lasts_until_something_is_judged),
		cmocka_unit_test(tries_with_small_batches),
		cmocka_unit_test(uses_both_sides),
		cmocka_unit_test(leaves_light_load_to_the_worker),
		cmocka_unit_test(keeps_the_deadline),
		cmocka_unit_test(finds_where_batches_pay),
		cmocka_unit_test(follows_what_changes),
		cmocka_unit_test(does_as_told),
		cmocka_unit_test(sends_its_share),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
