/* SPDX-License-Identifier: BSD-3-Clause
 *
 * accounting_test -- every packet has exactly one outcome, and goes where its verdict says.
 *
 * Packets say themselves what shall become of them: the program's place is taken by a driver
 * that reads the verdict from the packet. A port is a net_ring device between rings of ours,
 * two to receive from and two to send to; two workers.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>
#include <rte_eal.h>
#include <rte_eth_ring.h>
#include <rte_lcore.h>
#include <rte_mbuf.h>

#include "dataplane.h"
#include "pool.h"
#include "port-change.h"

#define SKIPPED 77

/* What is in a packet, after padding like an Ethernet header's. */
struct tag {
	uint8_t padding[14];
	uint32_t number, verdict, redirect;
} __attribute__((packed));

static struct ebpf_instance *instance;
static struct ebpf_program *program;
static struct dataplane *dataplane;
static unsigned awaited; /* packets that the driver shall see */
static unsigned misfits; /* packets that the driver should not have seen */

static void obedient_driver(struct ebpf_env *env, void *arg)
{
	struct burst *burst = arg;

	for (uint32_t i = 0; i < burst->n; i++) {
		struct rte_mbuf *m = burst->pkts[i];
		const struct tag *tag = rte_pktmbuf_mtod(m, const struct tag *);

		if (m->nb_segs != 1 || rte_mbuf_refcnt_read(m) != 1 ||
			m->buf_len < PACKET_BUF_SIZE || m->data_len != m->pkt_len ||
			m->pkt_len < sizeof(*tag))
			__atomic_add_fetch(&misfits, 1, __ATOMIC_RELAXED);
		burst->verdict[i] = tag->verdict;
		burst->redirect[i] = (struct ebpf_redirect){
			.kind = EBPF_REDIRECT_IFINDEX, .target = tag->redirect};
	}
	if (!__atomic_sub_fetch(&awaited, burst->n, __ATOMIC_RELAXED))
		dataplane__stop(dataplane);
}

static const struct ebpf_code obedient = {.backend = "test", .driver = obedient_driver};

#define QUEUES     2
#define RING_SLOTS 2048
#define MAX_RINGED 2

/* The ports of one test, and the far ends of those that are rings. */
struct bench {
	struct ports ports;
	struct rte_ring *in[MAX_RINGED][QUEUES], *out[MAX_RINGED][QUEUES];
	unsigned n_ringed;
	struct rte_mempool *pool;
};

static struct rte_ring *make_ring(const char *direction, unsigned slots)
{
	static unsigned n;
	char name[RTE_RING_NAMESIZE];
	struct rte_ring *ring;

	snprintf(name, sizeof(name), "%s_%u", direction, n++);
	ring = rte_ring_create(name, slots, SOCKET_ID_ANY, 0);
	assert_non_null(ring);
	return ring;
}

static void make_ringed_port(struct bench *b, unsigned out_slots)
{
	static unsigned n;
	unsigned p = b->n_ringed++;
	char name[16];

	for (unsigned q = 0; q < QUEUES; q++) {
		b->in[p][q] = make_ring("in", RING_SLOTS);
		b->out[p][q] = make_ring("out", out_slots);
	}
	snprintf(name, sizeof(name), "bench_%u", n++);
	assert_true(rte_eth_from_rings(name, b->in[p], QUEUES, b->out[p], QUEUES, 0) >= 0);
}

/* devargs: one port more, or NULL */
static void open_bench(struct bench *b, unsigned n_ringed, unsigned out_slots, const char *devargs)
{
	struct input input;
	struct prog *prog;
	char *errmsg = NULL;

	memset(b, 0, sizeof(*b));
	while (b->n_ringed < n_ringed)
		make_ringed_port(b, out_slots);
	assert_int_equal(ports__adopt(&b->ports, &errmsg), 0);
	if (devargs) {
		assert_int_equal(input__describe(&input, devargs, &errmsg), 0);
		assert_int_equal(ports__probe(&b->ports, devargs, &input, &errmsg), 0);
	}
	if (ports__start(&b->ports, rte_lcore_count(), &errmsg))
		fail_msg("%s", errmsg);
	b->pool = b->ports.port[0].pool;
	dataplane = dataplane__create(&b->ports, instance, &errmsg);
	assert_non_null(dataplane);
	prog = dataplane__add_prog(dataplane,
		&(struct prog_opts){.program = ebpf_program__ref(program), .engine = TIER_INTERP},
		&errmsg);
	assert_non_null(prog);
	ebpf_program__install(program, &obedient);
	for (uint16_t p = 0; p < b->ports.n; p++)
		assert_int_equal(dataplane__attach(dataplane, prog->name, p, NULL, &errmsg), 0);
	misfits = 0;
}

static void close_bench(struct bench *b)
{
	assert_int_equal(misfits, 0);
	assert_int_equal(rte_mempool_avail_count(b->pool), b->pool->size);
	dataplane__destroy(dataplane);
	ports__stop(&b->ports);
	for (unsigned p = 0; p < b->n_ringed; p++) {
		for (unsigned q = 0; q < QUEUES; q++) {
			rte_ring_free(b->in[p][q]);
			rte_ring_free(b->out[p][q]);
		}
	}
}

static struct rte_mbuf *make_packet(
	struct rte_mempool *pool, uint32_t number, uint32_t verdict, uint32_t redirect)
{
	struct tag tag = {.number = number, .verdict = verdict, .redirect = redirect};
	struct rte_mbuf *m = rte_pktmbuf_alloc(pool);

	assert_non_null(m);
	memcpy(rte_pktmbuf_append(m, sizeof(tag)), &tag, sizeof(tag));
	return m;
}

static void inject(struct bench *b, unsigned port, unsigned queue, struct rte_mbuf *m)
{
	assert_int_equal(rte_ring_enqueue(b->in[port][queue], m), 0);
}

static struct rte_mbuf *take(struct bench *b, unsigned port, unsigned queue)
{
	void *m;

	return rte_ring_dequeue(b->out[port][queue], &m) ? NULL : m;
}

/* The number of the next packet that has left, -1 if there is none. */
static int64_t take_number(struct bench *b, unsigned port, unsigned queue)
{
	struct rte_mbuf *m = take(b, port, queue);
	int64_t number = -1;

	if (m)
		number = rte_pktmbuf_mtod(m, const struct tag *)->number;
	rte_pktmbuf_free(m);
	return number;
}

static void run(unsigned packets)
{
	awaited = packets;
	dataplane__run(dataplane);
	for (uint16_t p = 0; p < dataplane->ports->n; p++) {
		struct counters c = dataplane__port_counters(dataplane, p);

		assert_int_equal(counters__in_flight(&c), 0);
	}
}

static void verdicts_go_where_they_say(void **state)
{
	/* 2 is the other port's ifindex, 9 nobody's; 5 and beyond are no verdicts. */
	static const struct {
		uint32_t verdict, redirect;
		enum outcome outcome;
	} kinds[] = {
		{XDP_ABORTED, 0, OUTCOME_ABORTED},
		{XDP_DROP, 0, OUTCOME_DROP},
		{XDP_PASS, 0, OUTCOME_PASS},
		{XDP_TX, 0, OUTCOME_TX},
		{XDP_REDIRECT, 2, OUTCOME_REDIRECT},
		{XDP_REDIRECT, 9, OUTCOME_NO_TARGET},
		{XDP_REDIRECT, 0, OUTCOME_NO_TARGET},
		{5, 0, OUTCOME_ABORTED},
		{UINT32_MAX, 0, OUTCOME_ABORTED},
	};
	const unsigned n_kinds = RTE_DIM(kinds), n = 111 * RTE_DIM(kinds);
	uint64_t expected[N_OUTCOMES] = {0};
	struct counters c;
	struct bench b;

	open_bench(&b, 2, RING_SLOTS, NULL);
	for (unsigned i = 0; i < n; i++) {
		expected[kinds[i % n_kinds].outcome]++;
		inject(&b, 0, 0,
			make_packet(b.pool, i, kinds[i % n_kinds].verdict,
				kinds[i % n_kinds].redirect));
	}
	run(n);
	c = dataplane__port_counters(dataplane, 0);
	assert_int_equal(c.entered, n);
	assert_memory_equal(c.outcome, expected, sizeof(expected));
	assert_int_equal(dataplane__port_sent(dataplane, 0), expected[OUTCOME_TX]);
	assert_int_equal(dataplane__port_sent(dataplane, 1), expected[OUTCOME_REDIRECT]);
	assert_int_equal(dataplane__port_counters(dataplane, 1).entered, 0);
	/* in order, and nothing else */
	for (unsigned i = 0; i < n; i++)
		if (kinds[i % n_kinds].outcome == OUTCOME_TX)
			assert_int_equal(take_number(&b, 0, 0), i);
		else if (kinds[i % n_kinds].outcome == OUTCOME_REDIRECT)
			assert_int_equal(take_number(&b, 1, 0), i);
	assert_true(take_number(&b, 0, 0) < 0);
	assert_true(take_number(&b, 1, 0) < 0);
	close_bench(&b);
}

static void pass_goes_to_its_target(void **state)
{
	struct counters c;
	struct bench b;

	open_bench(&b, 2, RING_SLOTS, NULL);
	assert_int_equal(dataplane__set_pass(dataplane, 0, 1, NULL), 0);
	for (unsigned i = 0; i < 50; i++)
		inject(&b, 0, 0, make_packet(b.pool, i, XDP_PASS, 0));
	run(50);
	c = dataplane__port_counters(dataplane, 0);
	assert_int_equal(c.outcome[OUTCOME_PASS], 50);
	for (unsigned i = 0; i < 50; i++)
		assert_int_equal(take_number(&b, 1, 0), i);
	close_bench(&b);
}

static void refused_packets_are_a_loss_of_where_they_came_from(void **state)
{
	struct counters c;
	struct bench b;

	open_bench(&b, 2, 16, NULL); /* rings of 15 */
	for (unsigned i = 0; i < 100; i++)
		inject(&b, 0, 1, make_packet(b.pool, i, i & 1 ? XDP_REDIRECT : XDP_DROP, 2));
	run(100);
	c = dataplane__port_counters(dataplane, 0);
	assert_int_equal(c.entered, 100);
	assert_int_equal(c.outcome[OUTCOME_DROP], 50);
	assert_int_equal(c.outcome[OUTCOME_REDIRECT], 15);
	assert_int_equal(c.outcome[OUTCOME_TX_FULL], 35);
	assert_int_equal(dataplane__port_counters(dataplane, 1).outcome[OUTCOME_TX_FULL], 0);
	for (unsigned i = 0; i < 15; i++)
		assert_int_equal(take_number(&b, 1, 1), 2 * i + 1);
	assert_true(take_number(&b, 1, 1) < 0);
	close_bench(&b);
}

static void odd_packets_are_made_plain_or_lost_by_name(void **state)
{
	struct rte_mempool *small = rte_pktmbuf_pool_create("small", 63, 0, 0, 512, SOCKET_ID_ANY);
	struct rte_mbuf *shared, *chain, *tail, *indirect, *narrow, *longest, *tiny;
	struct counters c;
	struct bench b;

	assert_non_null(small);
	open_bench(&b, 1, RING_SLOTS, NULL);

	longest = make_packet(b.pool, 0, XDP_TX, 0);
	assert_non_null(rte_pktmbuf_append(longest, EBPF_XDP_MAX_LINEAR - longest->pkt_len));
	inject(&b, 0, 0, longest);

	shared = make_packet(b.pool, 1, XDP_TX, 0);
	rte_mbuf_refcnt_update(shared, 1);
	inject(&b, 0, 0, shared);

	chain = make_packet(small, 2, XDP_TX, 0);
	tail = rte_pktmbuf_alloc(small);
	memset(rte_pktmbuf_append(tail, 300), 0x5a, 300);
	assert_int_equal(rte_pktmbuf_chain(chain, tail), 0);
	inject(&b, 0, 0, chain);

	narrow = make_packet(small, 3, XDP_TX, 0);
	indirect = rte_pktmbuf_clone(narrow, small);
	rte_pktmbuf_free(narrow);
	inject(&b, 0, 0, indirect);

	inject(&b, 0, 0, make_packet(small, 4, XDP_TX, 0));

	chain = make_packet(b.pool, 5, XDP_TX, 0);
	tail = rte_pktmbuf_alloc(b.pool);
	assert_non_null(rte_pktmbuf_append(tail, EBPF_XDP_MAX_LINEAR));
	assert_int_equal(rte_pktmbuf_chain(chain, tail), 0);
	inject(&b, 0, 0, chain);

	tiny = make_packet(b.pool, 0, XDP_TX, 0);
	rte_pktmbuf_trim(tiny, tiny->data_len - 13);
	inject(&b, 0, 0, tiny);

	inject(&b, 0, 0, make_packet(b.pool, 6, XDP_TX, 0));
	run(6);
	c = dataplane__port_counters(dataplane, 0);
	assert_int_equal(c.entered, 8);
	assert_int_equal(c.outcome[OUTCOME_TX], 6);
	assert_int_equal(c.outcome[OUTCOME_TOO_LONG], 1);
	assert_int_equal(c.outcome[OUTCOME_TOO_SHORT], 1);
	for (unsigned i = 0; i < 7; i++) {
		struct rte_mbuf *m;

		if (i == 5)
			continue;
		m = take(&b, 0, 0);
		assert_non_null(m);
		assert_int_equal(rte_pktmbuf_mtod(m, struct tag *)->number, i);
		assert_ptr_equal(m->pool, b.pool);
		if (i == 2) {
			assert_int_equal(m->pkt_len, sizeof(struct tag) + 300);
			assert_int_equal(
				*rte_pktmbuf_mtod_offset(m, uint8_t *, sizeof(struct tag) + 299),
				0x5a);
		}
		rte_pktmbuf_free(m);
	}
	/* The other owner's packet is as it was, and his alone. */
	assert_int_equal(rte_mbuf_refcnt_read(shared), 1);
	assert_int_equal(rte_pktmbuf_mtod(shared, struct tag *)->number, 1);
	rte_pktmbuf_free(shared);
	assert_int_equal(rte_mempool_avail_count(small), small->size);
	close_bench(&b);
	rte_mempool_free(small);
}

/* Checks that a capture holds `n` packets of each queue, those of a queue in order. (Not with
 * libpcap, whose header and <linux/bpf.h> both define struct bpf_insn.) */
static void check_capture(const char *path, unsigned n)
{
	struct {
		uint32_t sec, nsec, caplen, len;
	} record;
	uint32_t next[QUEUES] = {0};
	FILE *f = fopen(path, "rb");
	struct tag tag;

	assert_non_null(f);
	assert_int_equal(fseek(f, 24, SEEK_SET), 0);
	while (fread(&record, sizeof(record), 1, f) == 1) {
		assert_int_equal(record.caplen, sizeof(tag));
		assert_int_equal(fread(&tag, sizeof(tag), 1, f), 1);
		assert_int_equal(tag.number / QUEUES, next[tag.number % QUEUES]++);
	}
	fclose(f);
	for (unsigned q = 0; q < QUEUES; q++)
		assert_int_equal(next[q], n);
}

static void handed_over_packets_arrive_and_are_counted_once(void **state)
{
	enum { PER_QUEUE = 900 };
	char path[] = "/tmp/handover-XXXXXX", sink[128];
	struct counters c;
	struct bench b;
	int fd = mkstemp(path);

	assert_true(fd >= 0);
	close(fd);
	/* One send queue for two workers. */
	snprintf(sink, sizeof(sink), "net_pcap_sink,tx_pcap=%s", path);
	open_bench(&b, 1, RING_SLOTS, sink);
	assert_int_equal(b.ports.port[1].n_txq, 1);
	for (unsigned i = 0; i < PER_QUEUE; i++)
		for (unsigned q = 0; q < QUEUES; q++)
			inject(&b, 0, q, make_packet(b.pool, i * QUEUES + q, XDP_REDIRECT, 2));
	run(QUEUES * PER_QUEUE);
	c = dataplane__port_counters(dataplane, 0);
	assert_int_equal(c.entered, QUEUES * PER_QUEUE);
	assert_int_equal(c.outcome[OUTCOME_REDIRECT], QUEUES * PER_QUEUE);
	assert_int_equal(dataplane__port_sent(dataplane, 1), QUEUES * PER_QUEUE);
	close_bench(&b);
	check_capture(path, PER_QUEUE);
	unlink(path);
}

/* Any program does: its code is replaced. */
static int load_program(void **state)
{
	static const struct ebpf_insn insns[] = {
		{.opcode = 0xb7, .imm = XDP_DROP}, /* r0 = 1 */
		{.opcode = 0x95},                  /* exit */
	};
	struct ebpf_func entry = {.name = "any", .insn = 0};
	struct ebpf_program_spec spec = {.name = "any",
		.type = EBPF_PROGRAM_XDP,
		.insns = insns,
		.n_insns = 2,
		.funcs = &entry,
		.n_funcs = 1};
	char *errmsg = NULL;

	instance = ebpf_instance__create(&(struct ebpf_instance_opts){.workers = 2}, &errmsg);
	program = instance ? ebpf_program__load(instance, &spec, NULL, &errmsg) : NULL;
	if (!program)
		print_error("%s\n", errmsg);
	return program ? 0 : -1;
}

static int unload_program(void **state)
{
	ebpf_program__unref(program);
	ebpf_instance__destroy(instance);
	return 0;
}

int main(void)
{
	char *eal[] = {"accounting_test", "--no-huge", "-m", "192", "--no-shconf", "--no-pci",
		"--no-telemetry", "--log-level=*:3", "--lcores", "0,1", NULL};
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(verdicts_go_where_they_say),
		cmocka_unit_test(pass_goes_to_its_target),
		cmocka_unit_test(refused_packets_are_a_loss_of_where_they_came_from),
		cmocka_unit_test(odd_packets_are_made_plain_or_lost_by_name),
		cmocka_unit_test(handed_over_packets_arrive_and_are_counted_once),
	};
	int failed;

	if (sysconf(_SC_NPROCESSORS_ONLN) < 2)
		eal[9] = "0@0,1@0";
	if (rte_eal_init(RTE_DIM(eal) - 1, eal) < 0) {
		printf("skipped: DPDK does not start here\n");
		return SKIPPED;
	}
	failed = cmocka_run_group_tests(tests, load_program, unload_program);
	rte_eal_cleanup();
	return failed;
}
