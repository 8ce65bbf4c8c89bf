/* SPDX-License-Identifier: BSD-3-Clause
 *
 * broadcast_test -- a redirect to all of a DEVMAP's interfaces: every copy has an outcome, also
 * with rings full and pools empty.
 */
#include "targets.h"

static void broadcasts_reach_all(void **state)
{
	const unsigned n = 1000;
	struct counters c;
	struct ringed b;

	open_targets(&b, RING_SLOTS);
	set_all(&b);
	for (unsigned i = 0; i < n; i++)
		inject(&b, 0, i, i % 2 ? GO(TO_ALL, 0) : GO(TO_ALL_OTHERS, 0));
	run(&b, n);
	c = dataplane__port_counters(b.dataplane, 0);
	assert_int_equal(c.entered, n);
	assert_int_equal(c.outcome[OUTCOME_REDIRECT], n);
	c = counters_of(&b, hop__copies(0));
	assert_int_equal(c.entered, n / 2 * 4 + n / 2 * 3);
	assert_int_equal(c.outcome[OUTCOME_REDIRECT], n / 2 * 3 + n / 2 * 2);
	assert_int_equal(c.outcome[OUTCOME_NO_TARGET], n);
	c = counters_of(&b, hop__egress(1));
	assert_int_equal(c.entered, n);
	assert_int_equal(c.outcome[OUTCOME_PASS], n / 5 * 2);
	expect(&b, 0, 1, 2, n, false);
	for (unsigned i = 0; i < n; i++)
		if (egress_verdicts[i % 5] == XDP_PASS)
			expect(&b, 1, i, 1, i + 1, true);
	expect(&b, 2, 0, 1, n, false); /* what the program wrote is in its copy */
	close_targets(&b);
}

static void a_broadcast_to_nobody_is_one_packet_redirected(void **state)
{
	struct counters c;
	struct ringed b;

	open_targets(&b, RING_SLOTS);
	set_target(devmap, 0, 1, NULL);
	for (unsigned i = 0; i < 40; i++)
		inject(&b, 0, i, GO(TO_ALL_OTHERS, 0));
	run(&b, 40);
	c = dataplane__port_counters(b.dataplane, 0);
	assert_int_equal(c.outcome[OUTCOME_REDIRECT], 40);
	assert_int_equal(counters_of(&b, hop__copies(0)).entered, 0);
	expect_nothing(&b, 0);
	close_targets(&b);
}

/* Takes all buffers out of a pool but `n`, so that they can be given back. */
static unsigned empty_pool(struct rte_mempool *pool, struct rte_mbuf **held, unsigned max)
{
	unsigned taken = 0;

	while (taken < max && (held[taken] = rte_pktmbuf_alloc(pool)))
		taken++;
	assert_true(taken < max);
	return taken;
}

/* Copies, the last packet needs none. */
static void with_pools_empty_the_last_copy_remains(void **state)
{
	enum { N = 100, MOST = 100000 };
	struct rte_mbuf **held = calloc(MOST, sizeof(*held));
	struct counters c;
	struct ringed b;
	unsigned n_held;

	assert_non_null(held);
	open_targets(&b, RING_SLOTS);
	set_target(devmap, 0, 2, NULL);
	set_target(devmap, 1, 3, NULL);
	for (unsigned i = 0; i < N; i++)
		inject(&b, 0, i, GO(TO_ALL, 0));
	n_held = empty_pool(b.pool, held, MOST);
	run(&b, N);
	c = counters_of(&b, hop__copies(0));
	assert_int_equal(c.entered, 2 * N);
	/* a worker may have had a few in its cache */
	assert_true(c.outcome[OUTCOME_NO_MBUF] > 0);
	assert_int_equal(c.outcome[OUTCOME_REDIRECT], 2 * N - c.outcome[OUTCOME_NO_MBUF]);
	expect(&b, 2, 0, 1, N, false);
	rte_pktmbuf_free_bulk(held, n_held);
	free(held);
	close_targets(&b);
}

static void copies_that_a_port_refuses_are_copies_lost(void **state)
{
	struct counters c;
	struct ringed b;

	open_targets(&b, 16);
	set_target(devmap, 0, 2, NULL);
	set_target(devmap, 1, 3, NULL);
	for (unsigned i = 0; i < 50; i++)
		inject(&b, 0, i, GO(TO_ALL, 0));
	run(&b, 50);
	c = dataplane__port_counters(b.dataplane, 0);
	assert_int_equal(c.outcome[OUTCOME_REDIRECT], 50);
	c = counters_of(&b, hop__copies(0));
	assert_int_equal(c.outcome[OUTCOME_REDIRECT], 30);
	assert_int_equal(c.outcome[OUTCOME_TX_FULL], 70);
	close_targets(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(broadcasts_reach_all),
		cmocka_unit_test(a_broadcast_to_nobody_is_one_packet_redirected),
		cmocka_unit_test(with_pools_empty_the_last_copy_remains),
		cmocka_unit_test(copies_that_a_port_refuses_are_copies_lost),
	};

	return ringed__main(tests, RTE_DIM(tests));
}
