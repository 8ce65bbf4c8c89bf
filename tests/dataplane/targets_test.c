/* SPDX-License-Identifier: BSD-3-Clause
 *
 * targets_test -- redirects by DEVMAP, DEVMAP_HASH, XSKMAP and CPUMAP, broadcasts, and programs at
 * their entries: every packet and every copy has exactly one outcome at each hop it comes to, also
 * with rings full, pools empty, and ports, programs and entries that come and go.
 *
 * A packet names the map and the key that it shall go by.
 */
#include <errno.h>
#include <limits.h>
#include <pthread.h>
#include <sched.h>

#include "core/map.h"
#include "ringed.h"
#include "runtime/helpers.h"

#define N_PORTS 3

/* In a tag's `redirect`: by which map, and the key there. */
enum way { BY_IFINDEX, BY_DEVMAP, BY_HASH, BY_XSKMAP, BY_CPUMAP, TO_ALL, TO_ALL_OTHERS, N_WAYS };
#define GO(way, key) ((uint32_t)(way) << 16 | (key))

#define STAMP 0x5eed /* a program at an entry was here */

static struct ebpf_map *devmap, *hash, *xskmap, *cpumap;

static uint32_t ask(struct ebpf_env *env, uint32_t redirect)
{
	uint32_t key = redirect & 0xffff, all = BPF_F_BROADCAST;

	switch ((enum way)(redirect >> 16)) {
	case BY_DEVMAP: return (uint32_t)helper_redirect_map(env, &devmap->rt, key, XDP_DROP);
	case BY_HASH: return (uint32_t)helper_redirect_map(env, &hash->rt, key, XDP_DROP);
	case BY_XSKMAP: return (uint32_t)helper_redirect_map(env, &xskmap->rt, key, XDP_DROP);
	case BY_CPUMAP: return (uint32_t)helper_redirect_map(env, &cpumap->rt, key, XDP_DROP);
	case TO_ALL_OTHERS: all |= BPF_F_EXCLUDE_INGRESS; /* fall through */
	case TO_ALL: return (uint32_t)helper_redirect_map(env, &devmap->rt, 0, all);
	default: return (uint32_t)helper_redirect(env, key, 0);
	}
}

static void redirect(struct ebpf_env *env, struct burst *burst)
{
	for (uint32_t i = 0; i < burst->n; i++) {
		const struct tag *tag = rte_pktmbuf_mtod(burst->pkts[i], const struct tag *);

		env->redirect.kind = EBPF_REDIRECT_NONE;
		burst->verdict[i] = tag->verdict;
		if (tag->verdict == XDP_REDIRECT)
			burst->verdict[i] = ask(env, tag->redirect);
		burst->redirect[i] = env->redirect;
	}
}

static void redirecting(struct ebpf_env *env, void *burst)
{
	redirect(env, burst);
	ringed__seen(((struct burst *)burst)->n);
}

/* The first of a chain. */
static void letting_through(struct ebpf_env *env, void *arg)
{
	struct burst *burst = arg;

	for (uint32_t i = 0; i < burst->n; i++)
		burst->verdict[i] = XDP_PASS;
}

/* --- programs at entries ---------------------------------------------------------------------- */

/* A packet's number says what becomes of it there: of five two pass, one is dropped, two get what
 * is no verdict for such programs. */
static const uint32_t egress_verdicts[] = {XDP_PASS, XDP_DROP, XDP_TX, XDP_REDIRECT, XDP_PASS};
/* Two pass, one goes on to interface 2. */
static const uint32_t cpumap_verdicts[] = {XDP_PASS, XDP_DROP, XDP_TX, XDP_REDIRECT, XDP_PASS};

static void at_egress(struct ebpf_env *env, void *arg)
{
	struct burst *burst = arg;

	for (uint32_t i = 0; i < burst->n; i++) {
		struct tag *tag = rte_pktmbuf_mtod(burst->pkts[i], struct tag *);

		tag->redirect = STAMP;
		burst->verdict[i] = egress_verdicts[tag->number % 5];
	}
}

static void at_cpumap(struct ebpf_env *env, void *arg)
{
	struct burst *burst = arg;

	for (uint32_t i = 0; i < burst->n; i++) {
		struct tag *tag = rte_pktmbuf_mtod(burst->pkts[i], struct tag *);

		tag->redirect = STAMP;
		burst->verdict[i] = cpumap_verdicts[tag->number % 5];
		helper_redirect(env, 2, 0);
		burst->redirect[i] = env->redirect;
	}
}

static struct ebpf_program *load(
	struct ringed *b, enum ebpf_program_type type, const struct ebpf_insn *insns, uint32_t n)
{
	struct ebpf_program_spec spec = {
		.name = "there", .type = type, .insns = insns, .n_insns = n};
	struct ebpf_program *prog = ebpf_program__load(b->instance, &spec, NULL, NULL);

	assert_non_null(prog);
	return prog;
}

static const struct ebpf_insn passing[] = {
	{.opcode = 0xb7, .imm = XDP_PASS}, /* r0 = 2 */
	{.opcode = 0x95},                  /* exit */
};

/* A program that runs with this driver. */
static struct ebpf_program *driven(
	struct ringed *b, enum ebpf_program_type type, ebpf_driver_fn driver)
{
	struct ebpf_program *prog = load(b, type, passing, RTE_DIM(passing));
	struct ebpf_driver native = {.name = "test", .native = driver};

	ebpf_program__install(prog, ebpf_program__interpret(prog, &native, NULL));
	return prog;
}

static void set_target(
	struct ebpf_map *map, uint32_t key, uint32_t number, struct ebpf_program *prog)
{
	assert_int_equal(ebpf_map__set_target(map, key, number, prog, BPF_ANY), 0);
	ebpf_program__unref(prog);
}

/* --- set-up ----------------------------------------------------------------------------------- */

static struct ebpf_map *make_map(struct ringed *b, uint32_t type, uint32_t value_size)
{
	struct ebpf_map_opts opts = {.name = "targets",
		.type = type,
		.key_size = 4,
		.value_size = value_size,
		.max_entries = 64};
	struct ebpf_map *map = ebpf_map__create(b->instance, &opts, NULL);

	assert_non_null(map);
	return map;
}

static void open_targets(struct ringed *b, unsigned out_slots)
{
	ringed__open(b, N_PORTS, out_slots, NULL);
	devmap = make_map(b, BPF_MAP_TYPE_DEVMAP, 8);
	hash = make_map(b, BPF_MAP_TYPE_DEVMAP_HASH, 8);
	xskmap = make_map(b, BPF_MAP_TYPE_XSKMAP, 4);
	cpumap = make_map(b, BPF_MAP_TYPE_CPUMAP, 8);
	ringed__add_prog(b, "redirecting", redirecting);
	for (uint16_t p = 0; p < N_PORTS; p++) {
		assert_int_equal(dataplane__detach(b->dataplane, "obedient", p, NULL), 0);
		assert_int_equal(dataplane__attach(b->dataplane, "redirecting", p, NULL, NULL), 0);
	}
}

/* What is still in the rings, of the test or on its way to it. */
static unsigned discard(struct rte_ring *ring)
{
	unsigned n = 0;

	for (void *m; !rte_ring_dequeue(ring, &m); n++)
		rte_pktmbuf_free(m);
	return n;
}

static void close_targets(struct ringed *b)
{
	for (unsigned p = 0; p < b->n_ringed; p++) {
		for (unsigned q = 0; q < QUEUES; q++) {
			discard(b->in[p][q]);
			discard(b->out[p][q]);
		}
	}
	ebpf_map__unref(devmap);
	ebpf_map__unref(hash);
	ebpf_map__unref(xskmap);
	ebpf_map__unref(cpumap);
	ringed__close(b);
}

static struct counters counters_of(const struct ringed *b, uint16_t hop)
{
	return dataplane__hop_counters(b->dataplane, hop);
}

/* Of all hops that there are: what has entered has an outcome. */
static void check_everywhere(const struct ringed *b)
{
	for (uint16_t hop = 0; hop < N_HOPS; hop++) {
		struct counters c = counters_of(b, hop);

		if (counters__in_flight(&c))
			fail_msg("hop %u: %lld of %llu in flight", hop,
				(long long)counters__in_flight(&c), (unsigned long long)c.entered);
	}
}

static void run(struct ringed *b, unsigned packets)
{
	ringed__run(b, packets);
	check_everywhere(b);
}

static void inject(struct ringed *b, unsigned queue, uint32_t number, uint32_t redirect)
{
	ringed__inject(b, 0, queue, ringed__make(b->pool, number, XDP_REDIRECT, redirect));
}

/* Packets 0, step, ... below n leave by a port in order, with or without a stamp. */
static void expect(
	struct ringed *b, unsigned port, unsigned first, unsigned step, unsigned n, bool stamped)
{
	for (unsigned i = first; i < n; i += step) {
		struct rte_mbuf *m = ringed__take(b, port, 0);
		const struct tag *tag;

		assert_non_null(m);
		tag = rte_pktmbuf_mtod(m, const struct tag *);
		assert_int_equal(tag->number, i);
		assert_int_equal(tag->redirect == STAMP, stamped);
		rte_pktmbuf_free(m);
	}
}

static void expect_nothing(struct ringed *b, unsigned port)
{
	for (unsigned q = 0; q < QUEUES; q++)
		assert_null(ringed__take(b, port, q));
}

/* --- one by one ------------------------------------------------------------------------------- */

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

/* --- broadcasts ------------------------------------------------------------------------------- */

/* Port 1 by a program, port 2 without, port 0 where they come from; and nobody's. */
static void set_all(struct ringed *b)
{
	set_target(devmap, 0, 1, NULL);
	set_target(devmap, 3, 2, driven(b, EBPF_PROGRAM_XDP_DEVMAP, at_egress));
	set_target(devmap, 4, 99, NULL);
	set_target(devmap, 60, 3, NULL);
}

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

/* --- CPUMAP ----------------------------------------------------------------------------------- */

static void workers_run_what_they_are_given(void **state)
{
	const unsigned n = 1000, each = n / 2;
	struct counters c;
	struct ringed b;

	open_targets(&b, RING_SLOTS);
	assert_int_equal(dataplane__set_pass(b.dataplane, 0, 2, NULL), 0);
	set_target(cpumap, 0, 64, NULL);
	set_target(cpumap, 1, 64, driven(&b, EBPF_PROGRAM_XDP_CPUMAP, at_cpumap));
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

static void a_full_ring_loses_what_it_is_given(void **state)
{
	const unsigned n = 2000;
	struct counters c;
	struct ringed b;

	open_targets(&b, RING_SLOTS);
	blocked_on = &b;
	set_target(cpumap, 1, 64, driven(&b, EBPF_PROGRAM_XDP_CPUMAP, at_blocked_cpumap));
	for (unsigned i = 0; i < n; i++)
		inject(&b, 0, i, GO(BY_CPUMAP, 1));
	run(&b, n);
	c = dataplane__port_counters(b.dataplane, 0);
	assert_int_equal(c.outcome[OUTCOME_REDIRECT], n);
	c = counters_of(&b, hop__cpumap(1));
	assert_int_equal(c.entered, n);
	assert_in_range(c.outcome[OUTCOME_DROP], CPUMAP_SLOTS - 1, CPUMAP_SLOTS - 1 + BURST_SIZE);
	assert_int_equal(c.outcome[OUTCOME_RING_FULL], n - c.outcome[OUTCOME_DROP]);
	close_targets(&b);
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

/* --- all together ----------------------------------------------------------------------------- */

struct traffic {
	struct ringed *b;
	unsigned n;       /* packets to come; their numbers are below */
	unsigned sent;    /* so many were put in */
	unsigned changes; /* of ports and entries, meanwhile */
	bool over;
};

static uint32_t random_way(unsigned *seed)
{
	uint32_t random = (uint32_t)rand_r(seed);

	return GO(random % N_WAYS, random / N_WAYS % 8);
}

static uint32_t random_verdict(unsigned *seed)
{
	return (uint32_t)rand_r(seed) % 4 ? XDP_REDIRECT : (uint32_t)rand_r(seed) % 6;
}

/* Packets of all kinds into both queues, while what leaves is taken away. */
static void *feed(void *arg)
{
	struct traffic *t = arg;
	struct ringed *b = t->b;
	unsigned seed = 1;

	while (t->sent < t->n) {
		unsigned q = t->sent % QUEUES;
		struct rte_mbuf *m;

		if (rte_ring_free_count(b->in[0][q]) && (m = rte_pktmbuf_alloc(b->pool))) {
			struct tag tag = {.number = t->sent++,
				.verdict = random_verdict(&seed),
				.redirect = random_way(&seed)};

			memcpy(rte_pktmbuf_append(m, sizeof(tag)), &tag, sizeof(tag));
			ringed__inject(b, 0, q, m);
		}
		for (unsigned p = 0; p < N_PORTS; p++)
			for (unsigned i = 0; i < QUEUES; i++)
				discard(b->out[p][i]);
		if (t->sent % 256 == 0)
			sched_yield();
	}
	while (!rte_ring_empty(b->in[0][0]) || !rte_ring_empty(b->in[0][1]))
		sched_yield();
	dataplane__stop(b->dataplane);
	return NULL;
}

static uint16_t add_seven(struct ringed *b)
{
	int port = dataplane__add_port(
		b->dataplane, "net_ring7", &(struct port_opts){.ifindex = 7}, NULL);

	assert_true(port >= 0);
	return (uint16_t)port;
}

/* A port with ifindex 7 comes and goes; entries lead there and elsewhere, with new programs. */
static void *change(void *arg)
{
	struct traffic *t = arg;
	unsigned seed = 2;

	while (!__atomic_load_n(&t->over, __ATOMIC_ACQUIRE)) {
		uint32_t key = (uint32_t)rand_r(&seed) % 8;
		uint16_t port = add_seven(t->b);

		set_target(devmap, key, 7, driven(t->b, EBPF_PROGRAM_XDP_DEVMAP, at_egress));
		set_target(hash, key, 7, NULL);
		set_target(cpumap, key % 2, 8, driven(t->b, EBPF_PROGRAM_XDP_CPUMAP, at_cpumap));
		set_target(devmap, (key + 1) % 8, key % 4, NULL);
		assert_int_equal(dataplane__del_port(t->b->dataplane, port, NULL), 0);
		t->changes++;
	}
	return NULL;
}

static void nothing_is_lost_without_a_name(void **state)
{
	static const struct attach_opts first = {.priority = 1, .call_on = -1};
	struct traffic t = {.n = 60000};
	pthread_t feeding, changing;
	struct counters c;
	unsigned programs;
	struct ringed b;

	open_targets(&b, RING_SLOTS);
	/* The first time the instance's table of links grows. */
	assert_int_equal(dataplane__del_port(b.dataplane, add_seven(&b), NULL), 0);
	ringed__add_prog(&b, "letting through", letting_through);
	assert_int_equal(dataplane__attach(b.dataplane, "letting through", 0, &first, NULL), 0);
	programs = b.instance->refs;
	set_all(&b);
	set_target(cpumap, 0, 64, NULL);
	set_target(cpumap, 1, 64, driven(&b, EBPF_PROGRAM_XDP_CPUMAP, at_cpumap));
	assert_int_equal(dataplane__set_pass(b.dataplane, 0, 1, NULL), 0);
	t.b = &b;
	pthread_create(&feeding, NULL, feed, &t);
	pthread_create(&changing, NULL, change, &t);
	run(&b, UINT_MAX);
	__atomic_store_n(&t.over, true, __ATOMIC_RELEASE);
	pthread_join(feeding, NULL);
	pthread_join(changing, NULL);
	c = dataplane__port_counters(b.dataplane, 0);
	assert_int_equal(c.entered, t.n);
	assert_true(t.changes > 2);
	printf("%u packets, %u changes of ports and entries, %llu copies, %llu given to workers\n",
		t.n, t.changes, (unsigned long long)counters_of(&b, hop__copies(0)).entered,
		(unsigned long long)(counters_of(&b, hop__cpumap(0)).entered +
				     counters_of(&b, hop__cpumap(1)).entered));
	/* And programs that entries had are gone. */
	for (uint32_t key = 0; key < 64; key++) {
		ebpf_map__delete(devmap, &key);
		ebpf_map__delete(cpumap, &key);
	}
	ebpf_instance__synchronize(b.instance);
	assert_int_equal(b.instance->refs, programs);
	close_targets(&b);
}

static void *stop_soon(void *arg)
{
	struct ringed *b = arg;
	unsigned seed = (unsigned)(uintptr_t)b->in[0][0];

	/* In the middle of it: workers have begun, and have not come to the end. */
	while (!counters_of(b, hop__rx(0, 0)).entered)
		sched_yield();
	for (volatile int i = rand_r(&seed) % 20000; i > 0; i--)
		;
	dataplane__stop(b->dataplane);
	return NULL;
}

static void a_stop_in_mid_burst_leaves_nothing_behind(void **state)
{
	unsigned seed = 3;

	for (int i = 0; i < 20; i++) {
		pthread_t stopping;
		struct ringed b;

		open_targets(&b, RING_SLOTS);
		set_all(&b);
		set_target(cpumap, 0, 64, NULL);
		set_target(cpumap, 1, 64, driven(&b, EBPF_PROGRAM_XDP_CPUMAP, at_cpumap));
		for (unsigned p = 0; p < 1800; p++)
			ringed__inject(&b, 0, p % QUEUES,
				ringed__make(b.pool, p, random_verdict(&seed), random_way(&seed)));
		pthread_create(&stopping, NULL, stop_soon, &b);
		run(&b, UINT_MAX);
		pthread_join(stopping, NULL);
		close_targets(&b);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(entries_send_to_their_interface),
		cmocka_unit_test(programs_judge_at_devmap_entries),
		cmocka_unit_test(programs_at_entries_see_their_context),
		cmocka_unit_test(what_a_port_refuses_is_its_egress_hops_loss),
		cmocka_unit_test(broadcasts_reach_all),
		cmocka_unit_test(a_broadcast_to_nobody_is_one_packet_redirected),
		cmocka_unit_test(with_pools_empty_the_last_copy_remains),
		cmocka_unit_test(copies_that_a_port_refuses_are_copies_lost),
		cmocka_unit_test(workers_run_what_they_are_given),
		cmocka_unit_test(a_full_ring_loses_what_it_is_given),
		cmocka_unit_test(packets_that_go_in_circles_end_with_the_run),
		cmocka_unit_test(nothing_is_lost_without_a_name),
		cmocka_unit_test(a_stop_in_mid_burst_leaves_nothing_behind),
	};

	return ringed__main(tests, RTE_DIM(tests));
}
