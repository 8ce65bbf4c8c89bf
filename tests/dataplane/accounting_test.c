/* SPDX-License-Identifier: BSD-3-Clause
 *
 * accounting_test -- every packet has exactly one outcome, and goes where its verdict says.
 */
#include "ringed.h"

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
	struct ringed b;

	ringed__open(&b, 2, RING_SLOTS, NULL);
	for (unsigned i = 0; i < n; i++) {
		expected[kinds[i % n_kinds].outcome]++;
		ringed__inject(&b, 0, 0,
			ringed__make(b.pool, i, kinds[i % n_kinds].verdict,
				kinds[i % n_kinds].redirect));
	}
	ringed__run(&b, n);
	c = dataplane__port_counters(b.dataplane, 0);
	assert_int_equal(c.entered, n);
	assert_memory_equal(c.outcome, expected, sizeof(expected));
	assert_int_equal(dataplane__port_sent(b.dataplane, 0), expected[OUTCOME_TX]);
	assert_int_equal(dataplane__port_sent(b.dataplane, 1), expected[OUTCOME_REDIRECT]);
	assert_int_equal(dataplane__port_counters(b.dataplane, 1).entered, 0);
	/* in order, and nothing else */
	for (unsigned i = 0; i < n; i++)
		if (kinds[i % n_kinds].outcome == OUTCOME_TX)
			assert_int_equal(ringed__take_number(&b, 0, 0), i);
		else if (kinds[i % n_kinds].outcome == OUTCOME_REDIRECT)
			assert_int_equal(ringed__take_number(&b, 1, 0), i);
	assert_true(ringed__take_number(&b, 0, 0) < 0);
	assert_true(ringed__take_number(&b, 1, 0) < 0);
	ringed__close(&b);
}

static void pass_goes_to_its_target(void **state)
{
	struct counters c;
	struct ringed b;

	ringed__open(&b, 2, RING_SLOTS, NULL);
	assert_int_equal(dataplane__set_pass(b.dataplane, 0, 1, NULL), 0);
	for (unsigned i = 0; i < 50; i++)
		ringed__inject(&b, 0, 0, ringed__make(b.pool, i, XDP_PASS, 0));
	ringed__run(&b, 50);
	c = dataplane__port_counters(b.dataplane, 0);
	assert_int_equal(c.outcome[OUTCOME_PASS], 50);
	for (unsigned i = 0; i < 50; i++)
		assert_int_equal(ringed__take_number(&b, 1, 0), i);
	ringed__close(&b);
}

/* Port 1 is the host's: no program there may say anything. */
static void make_host_side(struct ringed *b)
{
	struct dataplane *dp = b->dataplane;

	assert_int_equal(dataplane__set_host(dp, 0, 1, NULL), -EBUSY);
	assert_int_equal(dataplane__detach(dp, "obedient", 1, NULL), 0);
	assert_int_equal(dataplane__set_host(dp, 0, 1, NULL), 0);
	assert_int_equal(dataplane__attach(dp, "obedient", 1, NULL, NULL), -EINVAL);
	assert_int_equal(dataplane__set_pass(dp, 1, 2, NULL), -EINVAL);
	assert_int_equal(dataplane__set_host(dp, 2, 1, NULL), -EINVAL); /* it is another's */
	assert_int_equal(dataplane__set_host(dp, 1, 2, NULL), -EBUSY);
	assert_int_equal(dataplane__set_host(dp, 0, 9, NULL), -ENODEV);
}

static void a_host_side_gets_what_passes_and_sends_out_of_its_port(void **state)
{
	enum { FROM_HOST = 40, FROM_PORT = 320 }; /* two rounds, ten rounds */
	struct counters host, port;
	struct ringed b;

	ringed__open(&b, 3, 32, NULL); /* rings of 31 to send to */
	make_host_side(&b);
	for (unsigned i = 0; i < FROM_HOST; i++)
		ringed__inject(&b, 1, 0, ringed__make(b.pool, i, XDP_DROP, 0));
	for (unsigned i = 0; i < FROM_PORT; i++)
		ringed__inject(&b, 0, 0, ringed__make(b.pool, i, i % 16 ? XDP_DROP : XDP_PASS, 0));
	ringed__run(&b, FROM_PORT);

	host = dataplane__port_counters(b.dataplane, 1);
	assert_int_equal(host.entered, FROM_HOST);
	assert_int_equal(host.outcome[OUTCOME_FORWARD], 31);
	assert_int_equal(host.outcome[OUTCOME_TX_FULL], FROM_HOST - 31);
	assert_int_equal(dataplane__port_sent(b.dataplane, 0), 31);
	port = dataplane__port_counters(b.dataplane, 0);
	assert_int_equal(port.outcome[OUTCOME_PASS], FROM_PORT / 16);
	assert_int_equal(port.outcome[OUTCOME_DROP], FROM_PORT - FROM_PORT / 16);
	assert_int_equal(port.outcome[OUTCOME_FORWARD], 0);
	for (unsigned i = 0; i < 31; i++)
		assert_int_equal(ringed__take_number(&b, 0, 0), i);
	for (unsigned i = 0; i < FROM_PORT; i += 16)
		assert_int_equal(ringed__take_number(&b, 1, 0), i);

	/* Without its port it is a port like others. */
	assert_int_equal(dataplane__del_port(b.dataplane, 0, NULL), 0);
	assert_int_equal(b.ports.port[1].host_of, NO_PORT);
	assert_int_equal(dataplane__attach(b.dataplane, "obedient", 1, NULL, NULL), 0);
	ringed__close(&b);
}

static void refused_packets_are_a_loss_of_where_they_came_from(void **state)
{
	struct counters c;
	struct ringed b;

	ringed__open(&b, 2, 16, NULL); /* rings of 15 */
	for (unsigned i = 0; i < 100; i++)
		ringed__inject(
			&b, 0, 1, ringed__make(b.pool, i, i & 1 ? XDP_REDIRECT : XDP_DROP, 2));
	ringed__run(&b, 100);
	c = dataplane__port_counters(b.dataplane, 0);
	assert_int_equal(c.entered, 100);
	assert_int_equal(c.outcome[OUTCOME_DROP], 50);
	assert_int_equal(c.outcome[OUTCOME_REDIRECT], 15);
	assert_int_equal(c.outcome[OUTCOME_TX_FULL], 35);
	assert_int_equal(dataplane__port_counters(b.dataplane, 1).outcome[OUTCOME_TX_FULL], 0);
	for (unsigned i = 0; i < 15; i++)
		assert_int_equal(ringed__take_number(&b, 1, 1), 2 * i + 1);
	assert_true(ringed__take_number(&b, 1, 1) < 0);
	ringed__close(&b);
}

static void odd_packets_are_made_plain_or_lost_by_name(void **state)
{
	struct rte_mempool *small = rte_pktmbuf_pool_create("small", 63, 0, 0, 512, SOCKET_ID_ANY);
	struct rte_mbuf *shared, *chain, *tail, *indirect, *narrow, *longest, *tiny;
	struct counters c;
	struct ringed b;

	assert_non_null(small);
	ringed__open(&b, 1, RING_SLOTS, NULL);

	longest = ringed__make(b.pool, 0, XDP_TX, 0);
	assert_non_null(rte_pktmbuf_append(longest, EBPF_XDP_MAX_LINEAR - longest->pkt_len));
	ringed__inject(&b, 0, 0, longest);

	shared = ringed__make(b.pool, 1, XDP_TX, 0);
	rte_mbuf_refcnt_update(shared, 1);
	ringed__inject(&b, 0, 0, shared);

	chain = ringed__make(small, 2, XDP_TX, 0);
	tail = rte_pktmbuf_alloc(small);
	memset(rte_pktmbuf_append(tail, 300), 0x5a, 300);
	assert_int_equal(rte_pktmbuf_chain(chain, tail), 0);
	ringed__inject(&b, 0, 0, chain);

	narrow = ringed__make(small, 3, XDP_TX, 0);
	indirect = rte_pktmbuf_clone(narrow, small);
	rte_pktmbuf_free(narrow);
	ringed__inject(&b, 0, 0, indirect);

	ringed__inject(&b, 0, 0, ringed__make(small, 4, XDP_TX, 0));

	chain = ringed__make(b.pool, 5, XDP_TX, 0);
	tail = rte_pktmbuf_alloc(b.pool);
	assert_non_null(rte_pktmbuf_append(tail, EBPF_XDP_MAX_LINEAR));
	assert_int_equal(rte_pktmbuf_chain(chain, tail), 0);
	ringed__inject(&b, 0, 0, chain);

	tiny = ringed__make(b.pool, 0, XDP_TX, 0);
	rte_pktmbuf_trim(tiny, tiny->data_len - 13);
	ringed__inject(&b, 0, 0, tiny);

	ringed__inject(&b, 0, 0, ringed__make(b.pool, 6, XDP_TX, 0));
	ringed__run(&b, 6);
	c = dataplane__port_counters(b.dataplane, 0);
	assert_int_equal(c.entered, 8);
	assert_int_equal(c.outcome[OUTCOME_TX], 6);
	assert_int_equal(c.outcome[OUTCOME_TOO_LONG], 1);
	assert_int_equal(c.outcome[OUTCOME_TOO_SHORT], 1);
	for (unsigned i = 0; i < 7; i++) {
		struct rte_mbuf *m;

		if (i == 5)
			continue;
		m = ringed__take(&b, 0, 0);
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
	ringed__close(&b);
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
	struct ringed b;
	int fd = mkstemp(path);

	assert_true(fd >= 0);
	close(fd);
	/* One send queue for two workers. */
	snprintf(sink, sizeof(sink), "net_pcap_sink,tx_pcap=%s", path);
	ringed__open(&b, 1, RING_SLOTS, sink);
	assert_int_equal(b.ports.port[1].n_txq, 1);
	for (unsigned i = 0; i < PER_QUEUE; i++)
		for (unsigned q = 0; q < QUEUES; q++)
			ringed__inject(
				&b, 0, q, ringed__make(b.pool, i * QUEUES + q, XDP_REDIRECT, 2));
	ringed__run(&b, QUEUES * PER_QUEUE);
	c = dataplane__port_counters(b.dataplane, 0);
	assert_int_equal(c.entered, QUEUES * PER_QUEUE);
	assert_int_equal(c.outcome[OUTCOME_REDIRECT], QUEUES * PER_QUEUE);
	assert_int_equal(dataplane__port_sent(b.dataplane, 1), QUEUES * PER_QUEUE);
	ringed__close(&b);
	check_capture(path, PER_QUEUE);
	unlink(path);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(verdicts_go_where_they_say),
		cmocka_unit_test(pass_goes_to_its_target),
		cmocka_unit_test(a_host_side_gets_what_passes_and_sends_out_of_its_port),
		cmocka_unit_test(refused_packets_are_a_loss_of_where_they_came_from),
		cmocka_unit_test(odd_packets_are_made_plain_or_lost_by_name),
		cmocka_unit_test(handed_over_packets_arrive_and_are_counted_once),
	};

	return ringed__main(tests, RTE_DIM(tests));
}
