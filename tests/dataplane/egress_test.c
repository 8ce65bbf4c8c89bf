/* SPDX-License-Identifier: BSD-3-Clause
 *
 * egress_test -- redirects by DEVMAP, DEVMAP_HASH and XSKMAP go to their interface, where the
 * entry's program judges them: what passes leaves in order, everything else is counted at the
 * port's egress.
 */
#include "targets.h"

static void entries_send_to_their_interface(void **state)
{
	static const uint32_t ways[] = {
		GO(BY_DEVMAP, 5), GO(BY_HASH, 70), GO(BY_XSKMAP, 7), GO(BY_DEVMAP, 6)};
	const unsigned n = 400;
	struct counters c;
	struct ringed b;

	open_targets(&b, RING_SLOTS);
	set_target(devmap, 5, 2, NULL);
	set_target(devmap, 6, 99, NULL); /* no port */
	set_target(hash, 70, 3, NULL);
	set_target(xskmap, 7, 1, NULL);
	for (unsigned i = 0; i < n; i++)
		inject(&b, 0, i, ways[i % 4]);
	run(&b, n);
	c = dataplane__port_counters(b.dataplane, 0);
	assert_int_equal(c.entered, n);
	assert_int_equal(c.outcome[OUTCOME_REDIRECT], n / 4 * 3);
	assert_int_equal(c.outcome[OUTCOME_NO_TARGET], n / 4);
	expect(&b, 1, 0, 4, n, false);
	expect(&b, 2, 1, 4, n, false);
	expect(&b, 0, 2, 4, n, false);
	for (unsigned p = 0; p < N_PORTS; p++)
		expect_nothing(&b, p);
	close_targets(&b);
}

/* Between packets for the same port that no program sees. */
static void programs_judge_at_devmap_entries(void **state)
{
	const unsigned n = 1000, by_program = n / 2;
	struct counters c;
	struct ringed b;

	open_targets(&b, RING_SLOTS);
	set_target(devmap, 1, 2, driven(&b, EBPF_PROGRAM_XDP_DEVMAP, at_egress));
	for (unsigned i = 0; i < n; i++)
		inject(&b, 0, i / 2, i % 2 ? GO(BY_DEVMAP, 1) : GO(BY_IFINDEX, 2));
	run(&b, n);
	c = dataplane__port_counters(b.dataplane, 0);
	assert_int_equal(c.outcome[OUTCOME_REDIRECT], n);
	c = counters_of(&b, hop__egress(1));
	assert_int_equal(c.entered, by_program);
	assert_int_equal(c.outcome[OUTCOME_PASS], by_program / 5 * 2);
	assert_int_equal(c.outcome[OUTCOME_DROP], by_program / 5);
	assert_int_equal(c.outcome[OUTCOME_ABORTED], by_program / 5 * 2);
	assert_int_equal(dataplane__port_sent(b.dataplane, 1), n - by_program / 5 * 3);
	for (unsigned i = 0; i < n; i++) {
		bool judged = i % 2;

		if (!judged || egress_verdicts[i / 2 % 5] == XDP_PASS)
			expect(&b, 1, i / 2, 1, i / 2 + 1, judged);
	}
	expect_nothing(&b, 1);
	close_targets(&b);
}

/* The kernel's own instructions, without a loop of their own. */
static void programs_at_entries_see_their_context(void **state)
{
	/* r0 = egress_ifindex == 2 && ingress_ifindex == 1 ? PASS : DROP */
	static const struct ebpf_insn insns[] = {
		{.opcode = 0x61, .dst = 2, .src = 1, .off = 20},
		{.opcode = 0x61, .dst = 3, .src = 1, .off = 12},
		{.opcode = 0xb7, .dst = 0, .imm = XDP_DROP},
		{.opcode = 0x55, .dst = 2, .off = 2, .imm = 2},
		{.opcode = 0x55, .dst = 3, .off = 1, .imm = 1},
		{.opcode = 0xb7, .dst = 0, .imm = XDP_PASS},
		{.opcode = 0x95},
	};
	struct ebpf_program *prog;
	struct counters c;
	struct ringed b;

	open_targets(&b, RING_SLOTS);
	prog = load(&b, EBPF_PROGRAM_XDP_DEVMAP, insns, RTE_DIM(insns));
	set_target(devmap, 1, 2, ebpf_program__ref(prog));
	set_target(hash, 1, 3, prog);
	for (unsigned i = 0; i < 100; i++)
		inject(&b, 0, i, i % 2 ? GO(BY_HASH, 1) : GO(BY_DEVMAP, 1));
	run(&b, 100);
	c = counters_of(&b, hop__egress(1));
	assert_int_equal(c.outcome[OUTCOME_PASS], 50);
	c = counters_of(&b, hop__egress(2));
	assert_int_equal(c.outcome[OUTCOME_DROP], 50);
	expect(&b, 1, 0, 2, 100, false);
	close_targets(&b);
}

static void what_a_port_refuses_is_its_egress_hops_loss(void **state)
{
	struct counters c;
	struct ringed b;

	open_targets(&b, 16); /* rings of 15 */
	set_target(devmap, 1, 2, load(&b, EBPF_PROGRAM_XDP_DEVMAP, passing, RTE_DIM(passing)));
	for (unsigned i = 0; i < 100; i++)
		inject(&b, 0, i, GO(BY_DEVMAP, 1));
	run(&b, 100);
	c = dataplane__port_counters(b.dataplane, 0);
	assert_int_equal(c.outcome[OUTCOME_REDIRECT], 100);
	c = counters_of(&b, hop__egress(1));
	assert_int_equal(c.outcome[OUTCOME_PASS], 15);
	assert_int_equal(c.outcome[OUTCOME_TX_FULL], 85);
	expect(&b, 1, 0, 1, 15, false);
	close_targets(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(entries_send_to_their_interface),
		cmocka_unit_test(programs_judge_at_devmap_entries),
		cmocka_unit_test(programs_at_entries_see_their_context),
		cmocka_unit_test(what_a_port_refuses_is_its_egress_hops_loss),
	};

	return ringed__main(tests, RTE_DIM(tests));
}
