/* SPDX-License-Identifier: BSD-3-Clause
 *
 * churn_test -- redirects of every kind at once, while ports, entries and their programs come and
 * go, or the run ends: every packet and every copy has exactly one outcome at each hop it comes to.
 */
#include <limits.h>
#include <pthread.h>
#include <sched.h>

#include "core/map.h"
#include "targets.h"

/* The first of a chain. */
static void letting_through(struct ebpf_env *env, void *arg)
{
	struct burst *burst = arg;

	for (uint32_t i = 0; i < burst->n; i++)
		burst->verdict[i] = XDP_PASS;
}

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
	set_target(cpumap, 0, 1024, NULL);
	set_target(cpumap, 1, 1024, driven(&b, EBPF_PROGRAM_XDP_CPUMAP, at_cpumap));
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
		set_target(cpumap, 0, 1024, NULL);
		set_target(cpumap, 1, 1024, driven(&b, EBPF_PROGRAM_XDP_CPUMAP, at_cpumap));
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
		cmocka_unit_test(nothing_is_lost_without_a_name),
		cmocka_unit_test(a_stop_in_mid_burst_leaves_nothing_behind),
	};

	return ringed__main(tests, RTE_DIM(tests));
}
