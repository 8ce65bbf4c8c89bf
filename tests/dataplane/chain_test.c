/* SPDX-License-Identifier: BSD-3-Clause
 *
 * chain_test -- the programs of a port run in order of priority, each on what the one before lets
 * through; and a port's programs and ports themselves change while packets come.
 */
#include <pthread.h>
#include <limits.h>
#include <sched.h>

#include <rte_cycles.h>

#include "ringed.h"

/* A program of a chain: notes its place in the packet, and gives the verdict for packets of its own
 * number in three; others pass. */
static void judge(struct burst *burst, uint32_t mine, uint32_t verdict)
{
	for (uint32_t i = 0; i < burst->n; i++) {
		struct tag *tag = rte_pktmbuf_mtod(burst->pkts[i], struct tag *);

		tag->redirect = tag->redirect * 10 + mine + 1;
		burst->verdict[i] = tag->number % 3 == mine ? verdict : XDP_PASS;
	}
}

static void first(struct ebpf_env *env, void *burst)
{
	judge(burst, 0, XDP_DROP);
}

static void second(struct ebpf_env *env, void *burst)
{
	judge(burst, 1, XDP_TX);
}

static void third(struct ebpf_env *env, void *burst)
{
	judge(burst, 2, XDP_ABORTED);
}

/* Lets everything through, and tells when all packets have come. */
static void counting(struct ebpf_env *env, void *arg)
{
	struct burst *burst = arg;

	for (uint32_t i = 0; i < burst->n; i++)
		burst->verdict[i] = XDP_PASS;
	ringed__seen(burst->n);
}

enum { PACKETS = 999 };

static void open_chain(struct ringed *b)
{
	ringed__open(b, 2, RING_SLOTS, NULL);
	ringed__add_prog(b, "first", first);
	ringed__add_prog(b, "second", second);
	ringed__add_prog(b, "third", third);
	ringed__add_prog(b, "counting", counting);
	assert_int_equal(dataplane__detach(b->dataplane, "obedient", 0, NULL), 0);
	assert_int_equal(dataplane__set_pass(b->dataplane, 0, 1, NULL), 0);
	for (unsigned i = 0; i < PACKETS; i++)
		ringed__inject(b, 0, 0, ringed__make(b->pool, i, 0, 0));
}

static void attach(struct ringed *b, const char *name, uint32_t priority, int call_on)
{
	struct attach_opts opts = {.priority = priority, .call_on = call_on};
	char *errmsg = NULL;

	if (dataplane__attach(b->dataplane, name, 0, &opts, &errmsg))
		fail_msg("%s", errmsg);
}

static struct prog_counters counters_of(struct ringed *b, const char *name)
{
	struct prog *prog = dataplane__find_prog(b->dataplane, name);

	assert_non_null(prog);
	return dataplane__prog_counters(b->dataplane, (uint16_t)(prog - b->dataplane->progs));
}

/* The next packet out of a port: its number, and which programs it went through. */
static void expect(struct ringed *b, unsigned port, uint32_t number, uint32_t way)
{
	struct rte_mbuf *m = ringed__take(b, port, 0);

	assert_non_null(m);
	assert_int_equal(rte_pktmbuf_mtod(m, struct tag *)->number, number);
	assert_int_equal(rte_pktmbuf_mtod(m, struct tag *)->redirect, way);
	rte_pktmbuf_free(m);
}

static void each_sees_what_the_one_before_lets_through(void **state)
{
	struct prog_counters c;
	struct counters port;
	struct ringed b;

	open_chain(&b);
	attach(&b, "third", 30, -1);
	attach(&b, "counting", 1, -1);
	attach(&b, "first", 10, -1);
	attach(&b, "second", 20, -1);
	ringed__run(&b, PACKETS);

	port = dataplane__port_counters(b.dataplane, 0);
	assert_int_equal(port.entered, PACKETS);
	assert_int_equal(port.outcome[OUTCOME_DROP], PACKETS / 3);
	assert_int_equal(port.outcome[OUTCOME_TX], PACKETS / 3);
	assert_int_equal(port.outcome[OUTCOME_ABORTED], PACKETS / 3);
	c = counters_of(&b, "counting");
	assert_int_equal(c.verdict[XDP_PASS], PACKETS);
	assert_int_equal(c.called_next, PACKETS);
	c = counters_of(&b, "first");
	assert_int_equal(c.verdict[XDP_DROP], PACKETS / 3);
	assert_int_equal(c.verdict[XDP_PASS], PACKETS - PACKETS / 3);
	assert_int_equal(c.called_next, PACKETS - PACKETS / 3);
	c = counters_of(&b, "third");
	assert_int_equal(c.verdict[XDP_ABORTED], PACKETS / 3);
	assert_int_equal(c.verdict[XDP_PASS], 0);
	assert_int_equal(c.called_next, 0);
	for (unsigned i = 1; i < PACKETS; i += 3)
		expect(&b, 0, i, 12);
	assert_null(ringed__take(&b, 0, 0));
	assert_null(ringed__take(&b, 1, 0));
	ringed__close(&b);
}

static void actions_say_what_goes_on(void **state)
{
	struct counters port;
	struct ringed b;

	open_chain(&b);
	attach(&b, "counting", 1, -1);
	attach(&b, "first", 10, 1 << XDP_DROP); /* what passes there is done with */
	attach(&b, "second", 20, 1 << XDP_PASS | 1 << XDP_TX);
	attach(&b, "third", 0, -1); /* 50 */
	ringed__run(&b, PACKETS);

	port = dataplane__port_counters(b.dataplane, 0);
	assert_int_equal(port.outcome[OUTCOME_PASS], PACKETS);
	for (unsigned i = 0; i < PACKETS; i++)
		expect(&b, 1, i, i % 3 ? 1 : 123);
	ringed__close(&b);
}

static void order_can_be_changed(void **state)
{
	struct attach_opts last = {.priority = 40, .call_on = -1};
	struct ringed b;

	open_chain(&b);
	attach(&b, "counting", 1, -1);
	attach(&b, "first", 10, -1);
	attach(&b, "second", 10, -1);
	assert_int_equal(dataplane__reorder(b.dataplane, "first", 0, &last, NULL), 0);
	ringed__run(&b, PACKETS);
	for (unsigned i = 0; i < PACKETS; i++)
		if (i % 3 == 1)
			expect(&b, 0, i, 2);
		else if (i % 3 == 2)
			expect(&b, 1, i, 21);
	ringed__close(&b);
}

static void a_port_without_programs_passes_everything(void **state)
{
	struct counters port;
	struct ringed b;

	ringed__open(&b, 2, RING_SLOTS, NULL);
	assert_int_equal(dataplane__detach(b.dataplane, "obedient", 0, NULL), 0);
	assert_int_equal(dataplane__set_pass(b.dataplane, 0, 1, NULL), 0);
	for (unsigned i = 0; i < 50; i++)
		ringed__inject(&b, 0, 0, ringed__make(b.pool, i, XDP_DROP, 0));
	/* The other port has its program, which sees the last packet. */
	ringed__inject(&b, 1, 0, ringed__make(b.pool, 0, XDP_DROP, 0));
	ringed__run(&b, 1);
	port = dataplane__port_counters(b.dataplane, 0);
	assert_int_equal(port.entered, port.outcome[OUTCOME_PASS]);
	for (unsigned i = 0; i < port.entered; i++)
		assert_int_equal(ringed__take_number(&b, 1, 0), i);
	/* What the run did not come to is still where it was put. */
	for (void *m; rte_ring_dequeue(b.in[0][0], &m) == 0;)
		rte_pktmbuf_free(m);
	ringed__close(&b);
}

static void refusals_name_what_they_are_about(void **state)
{
	struct ringed b;
	char *errmsg;

	open_chain(&b);
	attach(&b, "counting", 1, -1);
	assert_int_equal(dataplane__attach(b.dataplane, "counting", 0, NULL, &errmsg), -EEXIST);
	assert_non_null(strstr(errmsg, "counting"));
	free(errmsg);
	assert_int_equal(dataplane__attach(b.dataplane, "nobody", 0, NULL, &errmsg), -ENOENT);
	assert_non_null(strstr(errmsg, "nobody"));
	free(errmsg);
	assert_int_equal(dataplane__attach(b.dataplane, "first", 7, NULL, NULL), -ENODEV);
	assert_int_equal(dataplane__detach(b.dataplane, "first", 0, NULL), -ENOENT);
	assert_int_equal(dataplane__del_prog(b.dataplane, "counting", &errmsg), -EBUSY);
	assert_non_null(strstr(errmsg, "attached to 1 port"));
	free(errmsg);
	assert_int_equal(dataplane__del_prog(b.dataplane, "third", NULL), 0);
	assert_int_equal(dataplane__del_prog(b.dataplane, "third", NULL), -ENOENT);
	ringed__run(&b, PACKETS);
	for (unsigned i = 0; i < PACKETS; i++)
		expect(&b, 1, i, 0);
	ringed__close(&b);
}

/* --- under traffic --------------------------------------------------------------------------- */

struct changes {
	struct ringed *b;
	unsigned n;
	bool done;
};

/* Attaches and detaches, turns the order, and has a port come and go, until packets are over. */
static void *change_all_the_time(void *arg)
{
	static const struct attach_opts before = {.priority = 5, .call_on = -1},
					behind = {.priority = 60, .call_on = -1};
	struct changes *c = arg;
	struct dataplane *dp = c->b->dataplane;

	while (!__atomic_load_n(&c->done, __ATOMIC_ACQUIRE)) {
		int port = dataplane__add_port(dp, "net_ring7", NULL, NULL);

		if (port < 0 || dataplane__attach(dp, "counting", (uint16_t)port, NULL, NULL) ||
			dataplane__set_pass(dp, (uint16_t)port, 0, NULL) ||
			dataplane__attach(dp, "first", 0, &before, NULL) ||
			dataplane__reorder(dp, "first", 0, &behind, NULL) ||
			dataplane__detach(dp, "first", 0, NULL) ||
			dataplane__del_port(dp, (uint16_t)port, NULL))
			break;
		c->n++;
	}
	return NULL;
}

/* What comes from the test and what leaves: until so many packets have been. */
static void *feed_and_drain(void *arg)
{
	enum { TRAFFIC = 30000 };
	struct changes *c = arg;
	struct ringed *b = c->b;
	unsigned sent = 0, back = 0, dropped = 0;
	int64_t last = -1;

	while (back + dropped < TRAFFIC) {
		struct rte_mbuf *m;

		for (unsigned i = 0; i < 32 && sent < TRAFFIC && rte_ring_free_count(b->in[0][0]);
			i++)
			ringed__inject(b, 0, 0, ringed__make(b->pool, sent++, XDP_PASS, 0));
		while ((m = ringed__take(b, 1, 0))) {
			int64_t number = rte_pktmbuf_mtod(m, struct tag *)->number;

			assert_true(number > last);
			last = number;
			back++;
			rte_pktmbuf_free(m);
		}
		dropped = (unsigned)counters_of(b, "first").verdict[XDP_DROP];
		sched_yield();
	}
	dataplane__stop(b->dataplane);
	return NULL;
}

static void changes_under_traffic_lose_nothing(void **state)
{
	struct changes c = {0};
	pthread_t changing, feeding;
	struct counters port;
	struct ringed b;

	ringed__open(&b, 2, RING_SLOTS, NULL);
	ringed__add_prog(&b, "first", first);
	ringed__add_prog(&b, "counting", counting);
	assert_int_equal(dataplane__set_pass(b.dataplane, 0, 1, NULL), 0);
	c.b = &b;
	pthread_create(&changing, NULL, change_all_the_time, &c);
	pthread_create(&feeding, NULL, feed_and_drain, &c);
	ringed__run(&b, UINT_MAX);
	__atomic_store_n(&c.done, true, __ATOMIC_RELEASE);
	pthread_join(feeding, NULL);
	pthread_join(changing, NULL);
	port = dataplane__port_counters(b.dataplane, 0);
	assert_int_equal(port.outcome[OUTCOME_PASS] + port.outcome[OUTCOME_DROP], port.entered);
	printf("%u changes of 6 kinds among %llu packets, longest gap %llu us\n", c.n,
		(unsigned long long)port.entered,
		(unsigned long long)(b.dataplane->workers[0]->time.longest_gap * 1000000 /
				     rte_get_tsc_hz()));
	assert_true(c.n > 2);
	ringed__close(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_sees_what_the_one_before_lets_through),
		cmocka_unit_test(actions_say_what_goes_on),
		cmocka_unit_test(order_can_be_changed),
		cmocka_unit_test(a_port_without_programs_passes_everything),
		cmocka_unit_test(refusals_name_what_they_are_about),
		cmocka_unit_test(changes_under_traffic_lose_nothing),
	};

	return ringed__main(tests, RTE_DIM(tests));
}
