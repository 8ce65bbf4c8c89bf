/* SPDX-License-Identifier: BSD-3-Clause
 *
 * cpumap_test -- redirects by CPUMAP: workers run what they are given, in order, and no more than
 * the queue holds waits for them.
 */
#include <sched.h>

#include "core/map.h"
#include "runtime/helpers.h"
#include "targets.h"

static void workers_run_what_they_are_given(void **state)
{
	const unsigned n = 1000, each = n / 2;
	struct counters c;
	struct ringed b;

	open_targets(&b, RING_SLOTS);
	assert_int_equal(dataplane__set_pass(b.dataplane, 0, 2, NULL), 0);
	set_target(cpumap, 0, 1024, NULL);
	set_target(cpumap, 1, 1024, driven(&b, EBPF_PROGRAM_XDP_CPUMAP, at_cpumap));
	for (unsigned i = 0; i < n; i++)
		inject(&b, 0, i / 2, GO(BY_CPUMAP, i % 2));
	run(&b, n);
	c = dataplane__port_counters(b.dataplane, 0);
	assert_int_equal(c.outcome[OUTCOME_REDIRECT], n);
	c = counters_of(&b, hop__cpumap(0));
	assert_int_equal(c.entered, each);
	assert_int_equal(c.outcome[OUTCOME_PASS], each);
	c = counters_of(&b, hop__cpumap(1));
	assert_int_equal(c.entered, each);
	assert_int_equal(c.outcome[OUTCOME_PASS], each / 5 * 2);
	assert_int_equal(c.outcome[OUTCOME_DROP], each / 5);
	assert_int_equal(c.outcome[OUTCOME_ABORTED], each / 5);
	assert_int_equal(c.outcome[OUTCOME_REDIRECT], each / 5);
	/* Each worker sends by its own queue. */
	for (unsigned i = 0; i < each; i++) {
		assert_int_equal(ringed__take_number(&b, 2, 0), i);
		if (cpumap_verdicts[i % 5] == XDP_PASS)
			assert_int_equal(ringed__take_number(&b, 2, 1), i);
		if (cpumap_verdicts[i % 5] == XDP_REDIRECT)
			assert_int_equal(ringed__take_number(&b, 1, 1), i);
	}
	close_targets(&b);
}

static struct ringed *blocked_on;

/* Waits at the first packet until all have been given. */
static void at_blocked_cpumap(struct ebpf_env *env, void *arg)
{
	struct burst *burst = arg;

	while (!__atomic_load_n(&blocked_on->dataplane->stop, __ATOMIC_RELAXED))
		sched_yield();
	for (uint32_t i = 0; i < burst->n; i++)
		burst->verdict[i] = XDP_DROP;
}

/* Beside what waits, the worker has a burst in hand, and another may come when all have been seen.
 */
static void a_queue_holds_what_its_entry_says(void **state)
{
	const unsigned n = 2000;
	struct counters c;
	struct ringed b;

	for (unsigned length = 1; length < n; length *= 9) {
		open_targets(&b, RING_SLOTS);
		blocked_on = &b;
		set_target(
			cpumap, 1, length, driven(&b, EBPF_PROGRAM_XDP_CPUMAP, at_blocked_cpumap));
		for (unsigned i = 0; i < n; i++)
			inject(&b, 0, i, GO(BY_CPUMAP, 1));
		run(&b, n);
		c = dataplane__port_counters(b.dataplane, 0);
		assert_int_equal(c.outcome[OUTCOME_REDIRECT], n);
		c = counters_of(&b, hop__cpumap(1));
		assert_int_equal(c.entered, n);
		assert_in_range(c.outcome[OUTCOME_DROP], length, length + 2 * BURST_SIZE);
		assert_int_equal(c.outcome[OUTCOME_RING_FULL], n - c.outcome[OUTCOME_DROP]);
		close_targets(&b);
	}
}

/* For ever, were it not for the end of the run. */
static void at_circle(struct ebpf_env *env, void *arg)
{
	struct burst *burst = arg;

	for (uint32_t i = 0; i < burst->n; i++) {
		burst->verdict[i] =
			(uint32_t)helper_redirect_map(env, &cpumap->rt, !env->worker, XDP_DROP);
		burst->redirect[i] = env->redirect;
	}
}

static void packets_that_go_in_circles_end_with_the_run(void **state)
{
	struct counters c[2];
	struct ringed b;

	open_targets(&b, RING_SLOTS);
	for (uint32_t w = 0; w < 2; w++)
		set_target(cpumap, w, 64, driven(&b, EBPF_PROGRAM_XDP_CPUMAP, at_circle));
	for (unsigned i = 0; i < 10; i++)
		inject(&b, 0, i, GO(BY_CPUMAP, 0));
	run(&b, 10);
	c[0] = counters_of(&b, hop__cpumap(0));
	c[1] = counters_of(&b, hop__cpumap(1));
	assert_int_equal(c[0].outcome[OUTCOME_RING_FULL] + c[1].outcome[OUTCOME_RING_FULL], 10);
	close_targets(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(workers_run_what_they_are_given),
		cmocka_unit_test(a_queue_holds_what_its_entry_says),
		cmocka_unit_test(packets_that_go_in_circles_end_with_the_run),
	};

	return ringed__main(tests, RTE_DIM(tests));
}
