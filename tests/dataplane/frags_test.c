/* SPDX-License-Identifier: BSD-3-Clause
 *
 * frags_test.c -- packets in several segments: as they are to programs that take fragments,
 * otherwise made one or lost by name; to the packet, and every buffer comes back.
 */
#include "ringed.h"

#define SECOND 2000 /* bytes of a second segment, and of a third */
#define CUT    3000

/* bpf_redirect_map(map 0, 0, r3) */
static const struct ebpf_insn redirect[] = {
	{.opcode = 0x18, .dst = 1, .src = 5},
	{0},
	{.opcode = 0xb7, .dst = 2},
	{.opcode = 0xb7, .dst = 3, .imm = BPF_F_BROADCAST},
	{.opcode = 0x85, .imm = 51},
	{.opcode = 0x95},
};

static const struct ebpf_insn pass[] = {{.opcode = 0xb7, .imm = XDP_PASS}, {.opcode = 0x95}};

/* Cuts 3000 bytes; XDP_TX, or XDP_DROP of packets that are not so long. */
static const struct ebpf_insn cut[] = {
	{.opcode = 0xb7, .dst = 2, .imm = -CUT}, /* r2 = -3000 */
	{.opcode = 0x85, .imm = 65},             /* r0 = bpf_xdp_adjust_tail() */
	{.opcode = 0xbf, .dst = 1, .src = 0},    /* r1 = r0 */
	{.opcode = 0xb7, .dst = 0, .imm = XDP_DROP},
	{.opcode = 0x55, .dst = 1, .off = 1, .imm = 0}, /* if r1 != 0 */
	{.opcode = 0xb7, .dst = 0, .imm = XDP_TX},
	{.opcode = 0x95},
};

static void seen_driver(struct ebpf_env *env, void *arg)
{
	burst_driver(env, arg);
	ringed__seen(((struct burst *)arg)->judged);
}

static struct ebpf_program *load(struct ringed *b, const struct ebpf_program_spec *spec)
{
	char *errmsg = NULL;
	struct ebpf_program *program = ebpf_program__load(b->instance, spec, NULL, &errmsg);

	if (!program)
		fail_msg("%s", errmsg);
	return program;
}

/* In the place of what is attached to all ports. */
static void attach(struct ringed *b, const struct ebpf_program_spec *spec)
{
	static const struct ebpf_driver native = {.name = "test", .native = seen_driver};
	struct ebpf_program *program = load(b, spec);
	char *errmsg = NULL;

	if (!dataplane__add_prog(b->dataplane,
		    &(struct prog_opts){
			    .name = spec->name, .program = program, .engine = TIER_INTERP},
		    &errmsg))
		fail_msg("%s", errmsg);
	ebpf_program__install(program, ebpf_program__interpret(program, &native, NULL));
	for (uint16_t p = 0; p < b->ports.n; p++) {
		assert_int_equal(dataplane__detach(b->dataplane, "obedient", p, &errmsg), 0);
		assert_int_equal(dataplane__attach(b->dataplane, spec->name, p, NULL, &errmsg), 0);
	}
}

static void attach_cut(struct ringed *b, bool has_frags)
{
	attach(b, &(struct ebpf_program_spec){.name = "cut",
			  .type = EBPF_PROGRAM_XDP,
			  .has_frags = has_frags,
			  .insns = cut,
			  .n_insns = RTE_DIM(cut)});
}

/* A packet of segments of these lengths, the first one's included; ends with 0. Byte i is i. */
static struct rte_mbuf *make(struct rte_mempool *pool, const unsigned *lengths)
{
	struct rte_mbuf *packet = NULL;
	unsigned at = 0;

	for (; *lengths; lengths++) {
		struct rte_mbuf *m = rte_pktmbuf_alloc(pool);
		uint8_t *data = (uint8_t *)rte_pktmbuf_append(m, (uint16_t)*lengths);

		assert_non_null(data);
		for (unsigned i = 0; i < *lengths; i++)
			data[i] = (uint8_t)at++;
		if (packet)
			assert_int_equal(rte_pktmbuf_chain(packet, m), 0);
		else
			packet = m;
	}
	return packet;
}

static struct rte_mbuf *make_long(struct rte_mempool *pool)
{
	return make(pool, (unsigned[]){100, SECOND, SECOND, 0});
}

static void expect_at(
	struct ringed *b, unsigned port, const struct rte_mbuf *same, unsigned len, unsigned segs)
{
	struct rte_mbuf *m = ringed__take(b, port, 0);

	assert_non_null(m);
	rte_mbuf_sanity_check(m, 1);
	if (same)
		assert_ptr_equal(m, same);
	assert_int_equal(m->pkt_len, len);
	assert_int_equal(m->nb_segs, segs);
	for (unsigned i = 0; i < len; i++)
		assert_int_equal(
			*(const uint8_t *)rte_pktmbuf_read(m, i, 1, &(uint8_t){0}), (uint8_t)i);
	rte_pktmbuf_free(m);
}

static void expect_packet(
	struct ringed *b, const struct rte_mbuf *same, unsigned len, unsigned segs)
{
	expect_at(b, 0, same, len, segs);
}

static void segments_are_fragments(void **state)
{
	struct rte_mempool *small =
		rte_pktmbuf_pool_create("foreign", 63, 0, 0, 2200, SOCKET_ID_ANY);
	struct rte_mbuf *own, *gone, *shared, *theirs, *third;
	struct counters c;
	struct ringed b;

	assert_non_null(small);
	ringed__open(&b, 1, RING_SLOTS, NULL);
	attach_cut(&b, true);
	/* Half of the second segment goes, and the third; both; as much as there is of all. */
	ringed__inject(&b, 0, 0, own = make_long(b.pool));
	ringed__inject(&b, 0, 0, gone = make(b.pool, (unsigned[]){1000, SECOND, 1000, 0}));
	ringed__inject(&b, 0, 0, make(b.pool, (unsigned[]){14, SECOND, 0}));
	/* The first has no room, the second is another's too, the third is empty: copied. */
	ringed__inject(&b, 0, 0, make_long(small));
	shared = make_long(b.pool);
	theirs = shared->next;
	rte_mbuf_refcnt_update(theirs, 1);
	ringed__inject(&b, 0, 0, shared);
	third = make(b.pool, (unsigned[]){2000, 1, SECOND, 0});
	rte_pktmbuf_adj(third->next, 1);
	third->pkt_len--;
	ringed__inject(&b, 0, 0, third);
	/* In fragments, and no more than they can hold. */
	ringed__inject(&b, 0, 0, make(b.pool, (unsigned[]){3600, 3600, 3600, 0}));
	third = make(b.pool, (unsigned[]){3000, 3000, 0});
	for (int i = 0; i < 21; i++)
		assert_int_equal(rte_pktmbuf_chain(third, make(b.pool, (unsigned[]){3000, 0})), 0);
	ringed__inject(&b, 0, 0, third);
	ringed__inject(&b, 0, 0, make(b.pool, (unsigned[]){4, 9, 0}));
	ringed__run(&b, 7);

	c = dataplane__port_counters(b.dataplane, 0);
	assert_int_equal(c.entered, 9);
	assert_int_equal(c.outcome[OUTCOME_TX], 6);
	assert_int_equal(c.outcome[OUTCOME_DROP], 1);
	assert_int_equal(c.outcome[OUTCOME_TOO_LONG], 1);
	assert_int_equal(c.outcome[OUTCOME_TOO_SHORT], 1);
	expect_packet(&b, own, 100 + 2 * SECOND - CUT, 2);
	expect_packet(&b, gone, 1000, 1);
	expect_packet(&b, NULL, 100 + 2 * SECOND - CUT, 1);
	expect_packet(&b, NULL, 100 + 2 * SECOND - CUT, 1);
	expect_packet(&b, NULL, 1000, 1);
	expect_packet(&b, NULL, 3 * 3600 - CUT, 3);
	/* The other owner's segment is his alone. */
	assert_int_equal(rte_mbuf_refcnt_read(theirs), 1);
	rte_pktmbuf_free_seg(theirs);
	assert_int_equal(rte_mempool_avail_count(small), small->size);
	ringed__close(&b);
	rte_mempool_free(small);
}

static void others_get_one_segment(void **state)
{
	struct counters c;
	struct ringed b;

	ringed__open(&b, 1, RING_SLOTS, NULL);
	attach_cut(&b, false);
	ringed__inject(&b, 0, 0, make(b.pool, (unsigned[]){100, 3020, 400, 0}));
	ringed__inject(&b, 0, 0, make(b.pool, (unsigned[]){100, 3020, 401, 0}));
	ringed__run(&b, 1);
	c = dataplane__port_counters(b.dataplane, 0);
	assert_int_equal(c.outcome[OUTCOME_TX], 1);
	assert_int_equal(c.outcome[OUTCOME_TOO_LONG], 1);
	expect_packet(&b, NULL, 3520 - CUT, 1);
	ringed__close(&b);
}

/* The packet leaves in one, or not at all. */
static void ports_that_send_one_segment(void **state)
{
	struct counters c;
	struct ringed b;

	ringed__open(&b, 1, RING_SLOTS, NULL);
	assert_true(b.ports.port[0].sends_segments);
	b.ports.port[0].sends_segments = false;
	attach_cut(&b, true); /* workers see the port as it is now */
	ringed__inject(&b, 0, 0, make(b.pool, (unsigned[]){100, 3500, 2920, 0}));
	ringed__inject(&b, 0, 0, make(b.pool, (unsigned[]){100, 3500, 2921, 0}));
	ringed__run(&b, 2);
	c = dataplane__port_counters(b.dataplane, 0);
	assert_int_equal(c.outcome[OUTCOME_TX], 1);
	assert_int_equal(c.outcome[OUTCOME_TOO_LONG], 1);
	assert_int_equal(dataplane__port_sent(b.dataplane, 0), 1);
	expect_packet(&b, NULL, 3520, 1);
	ringed__close(&b);
}

/* A program at a DEVMAP's entry is asked as well. */
static void broadcast_to_programs(void **state)
{
	struct ebpf_map_opts opts = {.name = "ports",
		.type = BPF_MAP_TYPE_DEVMAP,
		.key_size = 4,
		.value_size = 8,
		.max_entries = 3};
	struct ebpf_program_spec egress = {.name = "egress",
		.type = EBPF_PROGRAM_XDP_DEVMAP,
		.insns = pass,
		.n_insns = RTE_DIM(pass)};
	struct counters copies, there;
	struct ebpf_program *linear;
	struct ebpf_map *ports;
	struct ringed b;

	ringed__open(&b, 3, RING_SLOTS, NULL);
	ports = ebpf_map__create(b.instance, &opts, NULL);
	assert_non_null(ports);
	linear = load(&b, &egress);
	assert_int_equal(ebpf_map__set_target(ports, 0, 2, NULL, BPF_ANY), 0);
	assert_int_equal(ebpf_map__set_target(ports, 1, 3, linear, BPF_ANY), 0);
	attach(&b, &(struct ebpf_program_spec){.name = "redirect",
			   .type = EBPF_PROGRAM_XDP,
			   .has_frags = true,
			   .insns = redirect,
			   .n_insns = RTE_DIM(redirect),
			   .maps = &ports,
			   .n_maps = 1});
	ringed__inject(&b, 0, 0, make(b.pool, (unsigned[]){3000, 520, 0}));
	ringed__inject(&b, 0, 0, make(b.pool, (unsigned[]){3000, 521, 0}));
	ringed__run(&b, 2);
	copies = dataplane__hop_counters(b.dataplane, hop__copies(0));
	assert_int_equal(copies.entered, 4);
	assert_int_equal(copies.outcome[OUTCOME_REDIRECT], 4);
	there = dataplane__hop_counters(b.dataplane, hop__egress(2));
	assert_int_equal(there.entered, 2);
	assert_int_equal(there.outcome[OUTCOME_PASS], 1);
	assert_int_equal(there.outcome[OUTCOME_TOO_LONG], 1);
	expect_at(&b, 1, NULL, 3520, 1);
	expect_at(&b, 1, NULL, 3521, 2);
	expect_at(&b, 2, NULL, 3520, 1);
	assert_null(ringed__take(&b, 2, 0));
	ebpf_map__unref(ports);
	ebpf_program__unref(linear);
	ringed__close(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(segments_are_fragments),
		cmocka_unit_test(others_get_one_segment),
		cmocka_unit_test(ports_that_send_one_segment),
		cmocka_unit_test(broadcast_to_programs),
	};

	return ringed__main(tests, RTE_DIM(tests));
}
