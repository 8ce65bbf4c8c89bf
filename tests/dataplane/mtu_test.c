/* SPDX-License-Identifier: BSD-3-Clause
 *
 * mtu_test -- what is longer than the MTU of the link that it is redirected to is lost, by a name
 * of its own, as in Linux: with room for a VLAN's tag, before a program at the entry sees it, of a
 * broadcast that copy alone. The MTU is the link's as it is set at the time.
 */
#include "control/commands.h"
#include "targets.h"

#define MTU     100
#define LONGEST (MTU + RTE_ETHER_HDR_LEN + RTE_VLAN_HLEN)

static void set_mtu(struct ringed *b, unsigned port, unsigned mtu)
{
	struct control_context c = {.tables = control__dataplane_tables,
		.instance = b->instance,
		.changed = control__changed,
		.dataplane = b->dataplane,
		.role = CONTROL_OPERATOR};
	char line[128], *err = NULL;

	snprintf(line, sizeof(line), "link add port%u ifindex %u mac 02:00:00:00:00:01 mtu %u",
		port, b->ports.port[port].ifindex, mtu);
	if (control__run_line(&c, line, &err))
		fail_msg("%s", err);
	control__free_row(&c);
}

static void inject_long(
	struct ringed *b, uint32_t number, uint32_t verdict, uint32_t redirect, unsigned length)
{
	struct rte_mbuf *m = ringed__make(b->pool, number, verdict, redirect);

	assert_non_null(rte_pktmbuf_append(m, (uint16_t)(length - rte_pktmbuf_pkt_len(m))));
	ringed__inject(b, 0, 0, m);
}

/* Every other packet is one byte too long. */
static void inject_alternately(struct ringed *b, uint32_t redirect, unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		inject_long(b, i, XDP_REDIRECT, redirect, LONGEST + i % 2);
}

static void the_longest_are_redirected_and_longer_ones_lost(void **state)
{
	static const uint32_t ways[] = {GO(BY_IFINDEX, 2), GO(BY_DEVMAP, 1), GO(BY_HASH, 1)};
	struct counters c;
	struct ringed b;

	for (unsigned w = 0; w < RTE_DIM(ways); w++) {
		open_targets(&b, RING_SLOTS);
		set_mtu(&b, 1, MTU);
		set_target(devmap, 1, 2, NULL);
		set_target(hash, 1, 2, NULL);
		inject_alternately(&b, ways[w], 200);
		run(&b, 200);
		c = dataplane__port_counters(b.dataplane, 0);
		assert_int_equal(c.outcome[OUTCOME_REDIRECT], 100);
		assert_int_equal(c.outcome[OUTCOME_OVER_MTU], 100);
		expect(&b, 1, 0, 2, 200, false);
		expect_nothing(&b, 1);
		close_targets(&b);
	}
}

static void programs_at_entries_do_not_see_longer_ones(void **state)
{
	struct counters c;
	struct ringed b;

	open_targets(&b, RING_SLOTS);
	set_mtu(&b, 1, MTU);
	set_target(devmap, 1, 2, load(&b, EBPF_PROGRAM_XDP_DEVMAP, passing, RTE_DIM(passing)));
	inject_alternately(&b, GO(BY_DEVMAP, 1), 100);
	run(&b, 100);
	c = dataplane__port_counters(b.dataplane, 0);
	assert_int_equal(c.outcome[OUTCOME_OVER_MTU], 50);
	c = counters_of(&b, hop__egress(1));
	assert_int_equal(c.entered, 50);
	assert_int_equal(c.outcome[OUTCOME_PASS], 50);
	expect(&b, 1, 0, 2, 100, false);
	close_targets(&b);
}

static void a_broadcast_leaves_where_it_fits(void **state)
{
	struct counters c;
	struct ringed b;

	open_targets(&b, RING_SLOTS);
	set_mtu(&b, 1, MTU);
	set_target(devmap, 0, 2, NULL);
	set_target(devmap, 1, 3, NULL);
	inject_alternately(&b, GO(TO_ALL, 0), 100);
	run(&b, 100);
	c = dataplane__port_counters(b.dataplane, 0);
	assert_int_equal(c.outcome[OUTCOME_REDIRECT], 100);
	c = counters_of(&b, hop__copies(0));
	assert_int_equal(c.entered, 200);
	assert_int_equal(c.outcome[OUTCOME_REDIRECT], 150);
	assert_int_equal(c.outcome[OUTCOME_OVER_MTU], 50);
	expect(&b, 1, 0, 2, 100, false);
	expect(&b, 2, 0, 1, 100, false);
	close_targets(&b);
}

static void what_is_not_redirected_has_any_length(void **state)
{
	struct counters c;
	struct ringed b;

	open_targets(&b, RING_SLOTS);
	assert_int_equal(dataplane__set_pass(b.dataplane, 0, 1, NULL), 0);
	for (unsigned port = 0; port < 2; port++)
		set_mtu(&b, port, MTU);
	for (unsigned i = 0; i < 100; i++)
		inject_long(&b, i, i % 2 ? XDP_TX : XDP_PASS, 0, LONGEST + 1);
	run(&b, 100);
	c = dataplane__port_counters(b.dataplane, 0);
	assert_int_equal(c.outcome[OUTCOME_TX], 50);
	assert_int_equal(c.outcome[OUTCOME_PASS], 50);
	close_targets(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_longest_are_redirected_and_longer_ones_lost),
		cmocka_unit_test(programs_at_entries_do_not_see_longer_ones),
		cmocka_unit_test(a_broadcast_leaves_where_it_fits),
		cmocka_unit_test(what_is_not_redirected_has_any_length),
	};

	return ringed__main(tests, RTE_DIM(tests));
}
