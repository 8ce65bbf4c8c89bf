/* SPDX-License-Identifier: BSD-3-Clause
 *
 * targets.c -- the maps, the drivers and the set-up of targets.h.
 */
#include "core/map.h"
#include "runtime/helpers.h"
#include "targets.h"

struct ebpf_map *devmap, *hash, *xskmap, *cpumap;

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

/* --- programs at entries ---------------------------------------------------------------------- */

const uint32_t egress_verdicts[] = {XDP_PASS, XDP_DROP, XDP_TX, XDP_REDIRECT, XDP_PASS};
const uint32_t cpumap_verdicts[] = {XDP_PASS, XDP_DROP, XDP_TX, XDP_REDIRECT, XDP_PASS};

void at_egress(struct ebpf_env *env, void *arg)
{
	struct burst *burst = arg;

	for (uint32_t i = 0; i < burst->n; i++) {
		struct tag *tag = rte_pktmbuf_mtod(burst->pkts[i], struct tag *);

		tag->redirect = STAMP;
		burst->verdict[i] = egress_verdicts[tag->number % 5];
	}
}

void at_cpumap(struct ebpf_env *env, void *arg)
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

struct ebpf_program *load(
	struct ringed *b, enum ebpf_program_type type, const struct ebpf_insn *insns, uint32_t n)
{
	struct ebpf_program_spec spec = {
		.name = "there", .type = type, .insns = insns, .n_insns = n};
	struct ebpf_program *prog = ebpf_program__load(b->instance, &spec, NULL, NULL);

	assert_non_null(prog);
	return prog;
}

const struct ebpf_insn passing[] = {
	{.opcode = 0xb7, .imm = XDP_PASS}, /* r0 = 2 */
	{.opcode = 0x95},                  /* exit */
};

/* A program that runs with this driver. */
struct ebpf_program *driven(struct ringed *b, enum ebpf_program_type type, ebpf_driver_fn driver)
{
	struct ebpf_program *prog = load(b, type, passing, RTE_DIM(passing));
	struct ebpf_driver native = {.name = "test", .native = driver};

	ebpf_program__install(prog, ebpf_program__interpret(prog, &native, NULL));
	return prog;
}

void set_target(struct ebpf_map *map, uint32_t key, uint32_t number, struct ebpf_program *prog)
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

void open_targets(struct ringed *b, unsigned out_slots)
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
unsigned discard(struct rte_ring *ring)
{
	unsigned n = 0;

	for (void *m; !rte_ring_dequeue(ring, &m); n++)
		rte_pktmbuf_free(m);
	return n;
}

void close_targets(struct ringed *b)
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

struct counters counters_of(const struct ringed *b, uint16_t hop)
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

void run(struct ringed *b, unsigned packets)
{
	ringed__run(b, packets);
	check_everywhere(b);
}

void inject(struct ringed *b, unsigned queue, uint32_t number, uint32_t redirect)
{
	ringed__inject(b, 0, queue, ringed__make(b->pool, number, XDP_REDIRECT, redirect));
}

/* Packets 0, step, ... below n leave by a port in order, with or without a stamp. */
void expect(
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

void expect_nothing(struct ringed *b, unsigned port)
{
	for (unsigned q = 0; q < QUEUES; q++)
		assert_null(ringed__take(b, port, q));
}

void set_all(struct ringed *b)
{
	set_target(devmap, 0, 1, NULL);
	set_target(devmap, 3, 2, driven(b, EBPF_PROGRAM_XDP_DEVMAP, at_egress));
	set_target(devmap, 4, 99, NULL);
	set_target(devmap, 60, 3, NULL);
}
