/* SPDX-License-Identifier: BSD-3-Clause
 *
 * offload_test -- a program on a device between rings: whatever becomes of the device, of the
 * program or of the run, each packet is judged once, leaves in the order of its queue, and is
 * counted once, in the dataplane and in the program's own map.
 *
 * A thread puts in numbered packets and looks at what comes out, while the main thread runs the
 * dataplane and, in some tests, another changes it.
 */
#include <pthread.h>
#include <sched.h>
#include <time.h>

#include <rte_cycles.h>

#include "background.h"
#include "gpu/prog-offload.h"
#include "loader/object.h"
#include "offloaded.h"
#include "ringed.h"

#define OUT_SLOTS  16384
#define PATIENCE   200 /* ms */
#define GIVE_UP    60  /* seconds without a packet */
#define LEAST_FREE 4096

static const char *objects; /* the folder with the versions */

struct test {
	struct ringed b;
	struct ebpf_object *object;
	struct gpu_opts opts;
	uint32_t n; /* packets of each queue */
	uint32_t sent[QUEUES];
	uint32_t next[QUEUES][QUEUES];       /* by queue and by port that it left by */
	uint64_t left[QUEUES], counted_from; /* by port */
	uint64_t *since;                     /* of each packet of queue 0: cycles */
	uint64_t longest;                    /* cycles until one of them left */
	unsigned stamps, settings;           /* bits: which there were */
	uint64_t stop_at;                    /* packets that have entered; 0: when all have left */
	char wrong[256];
};

__attribute__((format(printf, 2, 3))) static void complain(struct test *t, const char *fmt, ...)
{
	va_list ap;

	if (*t->wrong)
		return;
	va_start(ap, fmt);
	vsnprintf(t->wrong, sizeof(t->wrong), fmt, ap);
	va_end(ap);
}

/* --- packets ----------------------------------------------------------------------------- */

static uint32_t verdict_of(uint32_t number)
{
	static const uint8_t verdicts[] = {
		XDP_TX, XDP_PASS, XDP_TX, XDP_DROP, XDP_TX, XDP_TX, XDP_PASS};

	return verdicts[number % sizeof(verdicts)];
}

static bool feed(struct test *t, unsigned q)
{
	struct rte_mbuf *m;
	struct numbered *p;

	if (t->sent[q] == t->n || rte_ring_full(t->b.in[0][q]) ||
		rte_mempool_avail_count(t->b.pool) < LEAST_FREE)
		return false;
	m = rte_pktmbuf_alloc(t->b.pool);
	p = (void *)rte_pktmbuf_append(m, 60);
	memset(p, 0, 60);
	p->queue = (uint16_t)q;
	p->number = t->sent[q];
	p->verdict = verdict_of(p->number);
	if (q == 0)
		t->since[p->number] = rte_rdtsc();
	if (rte_ring_enqueue(t->b.in[0][q], m))
		complain(t, "a packet was not received");
	t->sent[q]++;
	return true;
}

/* The next one of its queue that leaves by this port. */
static uint32_t next_to_leave(uint32_t number, unsigned port)
{
	while (verdict_of(number) != (port ? XDP_PASS : XDP_TX))
		number++;
	return number;
}

static void check(struct test *t, unsigned port, const struct numbered *p)
{
	uint32_t *next = &t->next[p->queue][port];

	*next = next_to_leave(*next, port);
	if (p->number != *next)
		complain(t, "queue %u, port %u: packet %u after %u", p->queue, port, p->number,
			*next);
	if (p->judged != 1)
		complain(t, "packet %u was judged %u times", p->number, p->judged);
	*next = p->number + 1;
	t->stamps |= 1u << p->stamp;
	__atomic_fetch_or(&t->settings, 1u << p->setting, __ATOMIC_RELAXED);
	if (p->queue == 0 && rte_rdtsc() - t->since[p->number] > t->longest)
		t->longest = rte_rdtsc() - t->since[p->number];
	t->left[port]++;
}

static bool take(struct test *t, unsigned port, unsigned ring)
{
	struct rte_mbuf *m = ringed__take(&t->b, port, ring);

	if (m)
		check(t, port, rte_pktmbuf_mtod(m, const struct numbered *));
	rte_pktmbuf_free(m);
	return m;
}

static bool is_over(const struct test *t)
{
	struct counters c = dataplane__port_counters(t->b.dataplane, 0);

	if (t->stop_at)
		return c.entered >= t->stop_at;
	return c.entered == QUEUES * (uint64_t)t->n && !counters__in_flight(&c);
}

static bool take_all(struct test *t)
{
	bool any = false;

	for (unsigned i = 0; i < 2 * QUEUES; i++)
		while (take(t, i / QUEUES, i % QUEUES))
			any = true;
	return any;
}

static void *feed_and_check(void *arg)
{
	struct test *t = arg;
	uint64_t last = rte_get_timer_cycles();

	while (!is_over(t) && !*t->wrong) {
		bool moved = false;

		for (unsigned i = 0; i < QUEUES * BURST_SIZE; i++)
			moved |= feed(t, i % QUEUES);
		moved |= take_all(t);
		if (moved)
			last = rte_get_timer_cycles();
		else if (rte_get_timer_cycles() - last > GIVE_UP * rte_get_timer_hz())
			complain(t, "of %u and %u packets %u have left", t->sent[0], t->sent[1],
				(unsigned)(t->left[0] + t->left[1]));
		sched_yield();
	}
	dataplane__stop(t->b.dataplane);
	return NULL;
}

/* --- the program ------------------------------------------------------------------------- */

static int put(struct test *t, unsigned version, bool offload, char **errmsg)
{
	struct prog_opts opts = {
		.name = "offloaded", .engine = TIER_INTERP, .gpu = offload ? &t->opts : NULL};
	char path[PATH_MAX];
	int err = -EINVAL;

	snprintf(path, sizeof(path), "%s/offloaded-%u.bpf.o", objects, version);
	opts.object = ebpf_object__open(path, errmsg);
	if (!opts.object)
		return err;
	if ((!t->object || !ebpf_object__share_maps(opts.object, t->object, NULL, errmsg)) &&
		!ebpf_object__create_maps(opts.object, t->b.instance, errmsg))
		opts.program = ebpf_object__load_program(opts.object, "offloaded", NULL, errmsg);
	if (opts.program && t->object)
		err = dataplane__replace_prog(t->b.dataplane, &opts, errmsg);
	else if (opts.program)
		err = dataplane__add_prog(t->b.dataplane, &opts, errmsg) ? 0 : -EINVAL;
	if (!err)
		t->object = opts.object;
	return err;
}

static void set(struct test *t, uint32_t value)
{
	uint32_t first = 0;

	if (ebpf_map__update(
		    ebpf_object__map_by_name(t->object, "setting"), &first, &value, BPF_ANY))
		complain(t, "the setting cannot be changed");
}

static uint64_t counted(const struct test *t, uint32_t verdict)
{
	uint64_t value[RTE_MAX_LCORE], sum = 0;

	assert_int_equal(
		ebpf_map__lookup(ebpf_object__map_by_name(t->object, "count"), &verdict, value), 0);
	for (uint32_t i = 0; i < ebpf_instance__workers(t->b.instance); i++)
		sum += value[i];
	return sum;
}

static void open_with(struct test *t, const struct gpu_opts *opts, uint32_t n)
{
	char *err = NULL;

	*t = (struct test){.n = n, .opts = *opts};
	t->since = calloc(n, sizeof(*t->since));
	assert_non_null(t->since);
	ringed__open_with(&t->b, 2, OUT_SLOTS, NULL,
		&(struct ebpf_instance_opts){.cache_dir = ""}); /* it is compiled once */
	assert_int_equal(dataplane__set_pass(t->b.dataplane, 0, 1, NULL), 0);
	assert_int_equal(dataplane__detach(t->b.dataplane, "obedient", 0, NULL), 0);
	if (put(t, 1, true, &err))
		fail_msg("%s", err);
	if (dataplane__attach(t->b.dataplane, "offloaded", 0, NULL, &err))
		fail_msg("%s", err);
}

static struct gpu_opts make_opts(const char *device, uint32_t batch)
{
	struct gpu_opts opts = gpu_opts__defaults;

	snprintf(opts.device, sizeof(opts.device), "%s", device);
	opts.split = SPLIT_GPU;
	opts.batch = batch;
	opts.patience_ms = PATIENCE;
	return opts;
}

static void open_test(struct test *t, const char *device, uint32_t batch, uint32_t n)
{
	const struct gpu_opts opts = make_opts(device, batch);

	open_with(t, &opts, n);
}

static const struct prog_offload *offload_of(struct test *t)
{
	return dataplane__find_prog(t->b.dataplane, "offloaded")->offload;
}

static void expect_state(struct test *t, const char *state)
{
	const struct prog_offload *po = offload_of(t);
	char *why = prog_offload__why(po);

	if (strcmp(prog_offload__state(po), state))
		fail_msg("%s: it %s: %s", t->opts.device, prog_offload__state(po),
			why ? why : "no reason");
	assert_int_equal(why != NULL, strcmp(state, "works") != 0);
	free(why);
}

static void run(struct test *t)
{
	pthread_t thread;

	assert_int_equal(background__start(&thread, "feed", feed_and_check, t), 0);
	dataplane__run(t->b.dataplane);
	pthread_join(thread, NULL);
	take_all(t);
}

/* Every packet that has entered has had one outcome; those that it names have left. */
static void expect_all(struct test *t)
{
	struct counters c = dataplane__port_counters(t->b.dataplane, 0);
	struct prog_counters p;

	if (*t->wrong)
		fail_msg("%s, batch %u: %s", t->opts.device, t->opts.batch, t->wrong);
	assert_int_equal(counters__in_flight(&c), 0);
	assert_int_equal(c.outcome[OUTCOME_TX], t->left[0]);
	assert_int_equal(c.outcome[OUTCOME_PASS], t->left[1]);
	assert_int_equal(c.outcome[OUTCOME_DROP] + t->left[0] + t->left[1], c.entered);
	p = dataplane__prog_counters(
		t->b.dataplane, (uint16_t)(dataplane__find_prog(t->b.dataplane, "offloaded") -
					   t->b.dataplane->progs));
	assert_int_equal(p.verdict[XDP_TX], counted(t, XDP_TX));
	assert_int_equal(p.verdict[XDP_PASS], counted(t, XDP_PASS));
	assert_int_equal(p.verdict[XDP_DROP], counted(t, XDP_DROP));
}

static void close_test(struct test *t)
{
	struct rte_mbuf *m;

	for (unsigned q = 0; q < QUEUES; q++) /* not received any more */
		while (!rte_ring_dequeue(t->b.in[0][q], (void **)&m))
			rte_pktmbuf_free(m);
	free(t->since);
	ringed__close(&t->b);
}

/* --- tests ------------------------------------------------------------------------------- */

static void batches_of_any_size(void **state)
{
	static const uint32_t sizes[] = {1, 2, 7, 63, 64, 65, 1000, 4096};
	struct ebpf_offload_stats s;
	struct test t;

	for (size_t i = 0; i < RTE_DIM(sizes); i++) {
		open_test(&t, "host:2", sizes[i], sizes[i] < 64 ? 3000 : 20000);
		run(&t);
		expect_all(&t);
		expect_state(&t, "works");
		ebpf_offload__stats(offload_of(&t)->offload, &s);
		assert_int_equal(s.packets, QUEUES * (uint64_t)t.n);
		assert_int_equal(s.fallback, 0);
		assert_true(s.batches >= s.packets / sizes[i]);
		close_test(&t);
	}
}

/* Each, at the first time and later. */
static void devices_that_break(void **state)
{
	static const struct {
		const char *device, *state;
	} faults[] = {
		{"faulty:load:0:host:2", "refused"},
		{"faulty:load:1:host:2", "refused"},
		{"faulty:memory:0:host:2", "failed"},
		{"faulty:memory:6:host:2", "failed"},
		{"faulty:launch:0:host:2", "failed"},
		{"faulty:launch:5:host:2", "failed"},
		{"faulty:wrong:0:host:2", "failed"},
		{"faulty:wrong:5:host:2", "failed"},
		{"faulty:late:0:host:2", "works"},
		{"faulty:missing:0:host:2", "failed"},
		{"faulty:missing:5:host:2", "failed"},
		{"faulty:lost:0:host:2", "failed"},
		{"faulty:lost:5:host:2", "failed"},
	};
	static const uint32_t sizes[] = {1, 500};
	struct test t;

	for (size_t i = 0; i < RTE_DIM(faults) * RTE_DIM(sizes); i++) {
		uint32_t size = sizes[i % RTE_DIM(sizes)];
		struct gpu_opts opts = make_opts(faults[i / RTE_DIM(sizes)].device, size);

		if (!strcmp(faults[i / RTE_DIM(sizes)].state, "works"))
			opts.patience_ms = 100 * PATIENCE;
		open_with(&t, &opts, size == 1 ? 200 : 1500);
		run(&t);
		expect_all(&t);
		assert_int_equal(dataplane__port_counters(t.b.dataplane, 0).entered, QUEUES * t.n);
		expect_state(&t, faults[i / RTE_DIM(sizes)].state);
		close_test(&t);
	}
}

/* A batch that does not come back is waited for as long as was said, once, and what came meanwhile
 * is judged by the CPU. */
static void the_cpu_carries_on_in_time(void **state)
{
	struct test t;
	uint64_t ms;

	open_test(&t, "faulty:missing:3:host:2", 64, 20000);
	run(&t);
	expect_all(&t);
	expect_state(&t, "failed");
	ms = t.longest * 1000 / rte_get_tsc_hz();
	assert_in_range(ms, PATIENCE, 3 * PATIENCE);
	close_test(&t);
}

static void a_program_without_a_device_runs(void **state)
{
	static const char *const devices[] = {"cuda:12345", "nothing", "faulty:load:host:1"};
	struct test t;

	for (size_t i = 0; i < RTE_DIM(devices); i++) {
		open_test(&t, devices[i], 64, 1000);
		run(&t);
		expect_all(&t);
		expect_state(&t, "refused");
		close_test(&t);
	}
}

/* What has been received by then leaves. */
static void a_run_that_is_stopped_drains(void **state)
{
	static const char *const devices[] = {"host:2", "faulty:late:0:host:2",
		"faulty:missing:2:host:2", "faulty:lost:2:host:2"};
	static const uint32_t sizes[] = {1, 64, 4096};
	struct test t;

	for (size_t i = 0; i < RTE_DIM(devices) * RTE_DIM(sizes); i++) {
		struct gpu_opts opts =
			make_opts(devices[i / RTE_DIM(sizes)], sizes[i % RTE_DIM(sizes)]);

		opts.deadline_us = 1000000;
		open_with(&t, &opts, 20000);
		t.stop_at = 700;
		run(&t);
		expect_all(&t);
		assert_true(dataplane__port_counters(t.b.dataplane, 0).entered < QUEUES * t.n);
		close_test(&t);
	}
}

struct changes {
	struct test *t;
	unsigned n;
	char *errmsg;
};

static void wait_ms(unsigned ms)
{
	const struct timespec t = {.tv_nsec = ms * 1000000L};

	nanosleep(&t, NULL);
}

static void *replace_again_and_again(void *arg)
{
	struct changes *c = arg;
	struct test *t = c->t;

	for (unsigned i = 0; i < c->n && !c->errmsg; i++) {
		wait_ms(5);
		put(t, 1 + (i + 1) % 2, i % 4 == 0, &c->errmsg);
	}
	__atomic_store_n(&t->stop_at, 1, __ATOMIC_RELAXED);
	return NULL;
}

static void replacing_loses_nothing(void **state)
{
	static const char *const devices[] = {"host:2", "faulty:late:5:host:2"};
	pthread_t thread;
	struct test t;

	for (size_t i = 0; i < RTE_DIM(devices); i++) {
		struct changes c = {.t = &t, .n = 12};

		open_test(&t, devices[i], 64, 10000000);
		assert_int_equal(
			background__start(&thread, "change", replace_again_and_again, &c), 0);
		run(&t);
		pthread_join(thread, NULL);
		if (c.errmsg)
			fail_msg("%s", c.errmsg);
		expect_all(&t);
		assert_int_equal(t.stamps, 1u << 1 | 1u << 2);
		assert_int_equal(dataplane__find_prog(t.b.dataplane, "offloaded")->replaced, c.n);
		close_test(&t);
	}
}

static void *change_the_setting(void *arg)
{
	struct changes *c = arg;
	struct test *t = c->t;

	for (uint32_t i = 1; i <= c->n; i++) {
		set(t, i);
		for (unsigned ms = 0; !(__atomic_load_n(&t->settings, __ATOMIC_RELAXED) & 1u << i);
			ms++) {
			if (ms == 10000)
				complain(t, "no packet was judged by setting %u", i);
			if (*t->wrong)
				break;
			wait_ms(1);
		}
	}
	__atomic_store_n(&t->stop_at, 1, __ATOMIC_RELAXED);
	return NULL;
}

static void maps_are_kept_up_to_date(void **state)
{
	struct gpu_opts opts = make_opts("host:2", 64);
	struct changes c = {.n = 8};
	struct ebpf_offload_stats s;
	pthread_t thread;
	struct test t;

	opts.stale_ms = 5;
	open_with(&t, &opts, 10000000);
	c.t = &t;
	assert_int_equal(background__start(&thread, "change", change_the_setting, &c), 0);
	run(&t);
	pthread_join(thread, NULL);
	expect_all(&t);
	ebpf_offload__stats(offload_of(&t)->offload, &s);
	assert_true(s.refreshes >= c.n);
	close_test(&t);
}

/* Of a chain the first alone goes to a device; another one says why it does not. */
static void the_first_of_a_chain_alone_goes(void **state)
{
	struct prog_opts opts = {.name = "second", .engine = TIER_INTERP};
	const struct prog_offload *second;
	char path[PATH_MAX], *why;
	struct test t;

	open_test(&t, "host:1", 64, 1000);
	snprintf(path, sizeof(path), "%s/offloaded-2.bpf.o", objects);
	opts.gpu = &t.opts;
	opts.object = ebpf_object__open(path, NULL);
	assert_non_null(opts.object);
	assert_int_equal(ebpf_object__create_maps(opts.object, t.b.instance, NULL), 0);
	opts.program = ebpf_object__load_program(opts.object, "offloaded", NULL, NULL);
	assert_non_null(opts.program);
	assert_non_null(dataplane__add_prog(t.b.dataplane, &opts, NULL));
	second = dataplane__find_prog(t.b.dataplane, "second")->offload;
	assert_string_equal(prog_offload__state(second), "works");
	assert_int_equal(dataplane__attach(t.b.dataplane, "second", 0, NULL, NULL), 0);
	assert_string_equal(prog_offload__state(second), "behind");
	why = prog_offload__why(second);
	assert_non_null(why);
	assert_non_null(strstr(why, "it is behind offloaded, and of a port's programs the first"));
	free(why);
	expect_state(&t, "works");
	assert_int_equal(dataplane__detach(t.b.dataplane, "second", 0, NULL), 0);
	assert_string_equal(prog_offload__state(second), "works");
	run(&t);
	expect_all(&t);
	close_test(&t);
}

/* Whatever it decides. */
static void auto_loses_nothing(void **state)
{
	struct gpu_opts opts = make_opts("host:2", 64);
	struct lane_counters c;
	struct test t;

	opts.split = SPLIT_AUTO;
	open_with(&t, &opts, 100000);
	run(&t);
	expect_all(&t);
	expect_state(&t, "works");
	c = prog_offload__counters(offload_of(&t));
	assert_int_equal(c.direct + c.turn + c.gone, QUEUES * (uint64_t)t.n);
	close_test(&t);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(batches_of_any_size),
		cmocka_unit_test(devices_that_break),
		cmocka_unit_test(the_cpu_carries_on_in_time),
		cmocka_unit_test(a_program_without_a_device_runs),
		cmocka_unit_test(a_run_that_is_stopped_drains),
		cmocka_unit_test(replacing_loses_nothing),
		cmocka_unit_test(maps_are_kept_up_to_date),
		cmocka_unit_test(the_first_of_a_chain_alone_goes),
		cmocka_unit_test(auto_loses_nothing),
	};

	if (argc != 2)
		return 2;
	objects = argv[1];
	return ringed__main(tests, RTE_DIM(tests));
}
