/* SPDX-License-Identifier: BSD-3-Clause
 *
 * replace_test -- a program is replaced again and again under full traffic, by successors that have
 * to be compiled and by some that are in the cache, and now and then by one that cannot take its
 * place.
 *
 * Packets are numbered. The versions (version.bpf.c) stamp them, with a number that the test put
 * into a map of that version's own: the generation, that is how many replacements there have been.
 * Even and odd generations give different verdicts and so leave by different ports. Hence it is
 * known of each packet that comes out who judged it, and that nobody else had a part in it.
 *
 *	XDPK_REPLACEMENTS=1000   so many for each test, and a tenth of failures; 24 otherwise
 */
#include <dirent.h>
#include <malloc.h>
#include <pthread.h>
#include <limits.h>
#include <sched.h>
#include <sys/stat.h>
#include <time.h>

#include <rte_cycles.h>

#include "background.h"
#include "loader/object.h"
#include "ringed.h"
#include "version.h"

#define UNDER_WAY    900  /* packets of a queue outside: fewer than a ring has slots */
#define WINDOW       4096 /* a power of two beyond that */
#define WARM_UP      4    /* replacements before anything is measured; as many for each version */
#define N_FAILURES   5u   /* kinds of them */
#define LONGEST_SPAN 20000000ul /* ns without a replacement, after each */
#define LONG_GAP     1000000    /* ns that a worker may be held up by a replacement */

static const char *objects; /* the folder with the versions */
static const char *compiler;
static char folder[] = "/tmp/replace-test.XXXXXX";
static char script[64], bad_sign[64], cache[64], damaged[64];

/* --- the longest time between two bursts ------------------------------------------------- */

/* Of the processor time of the worker of a queue, while a packet waited for it: what the machine
 * does else with its processors is not counted. */
static struct clock {
	clockid_t id;   /* the worker's; 0: not known yet */
	uint64_t burst; /* when the last one was */
} clocks[QUEUES];

static uint64_t clock_ns(clockid_t id)
{
	struct timespec t;

	clock_gettime(id, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

/* A program before the others, that writes down how late a burst is. */
static void watch(struct ebpf_env *env, void *arg)
{
	struct burst *burst = arg;
	struct clock *clock = &clocks[burst->queue];
	struct stamped *p = rte_pktmbuf_mtod(burst->pkts[0], struct stamped *);
	uint64_t now = clock_ns(CLOCK_THREAD_CPUTIME_ID), since;
	clockid_t id;

	since = RTE_MAX(p->fed, clock->burst);
	p->late = p->fed && now > since ? now - since : 0;
	clock->burst = now;
	if (!clock->id && !pthread_getcpuclockid(pthread_self(), &id))
		__atomic_store_n(&clock->id, id, __ATOMIC_RELAXED);
	for (uint32_t i = 0; i < burst->n; i++)
		burst->verdict[i] = XDP_PASS;
}

static uint64_t worker_ns(unsigned queue)
{
	clockid_t id = __atomic_load_n(&clocks[queue].id, __ATOMIC_RELAXED);

	return id ? clock_ns(id) : 0;
}

/* --- traffic ----------------------------------------------------------------------------- */

struct queue {
	uint32_t sent;                /* packets */
	uint32_t whole;               /* of which the first so many have all come back */
	bool seen[WINDOW];            /* of those behind, by number */
	uint32_t generations[WINDOW]; /* the same */
	uint32_t generation;          /* that judged the last of the first */
	bool stale[WINDOW];           /* fed later than they say */
	uint64_t longest;             /* wait for a worker, ns of its time */
};

struct level {
	size_t heap;
	unsigned mappings, descriptors;
};

/* Between bursts, a worker's own time, in spans of as many milliseconds each. */
struct gaps {
	unsigned spans, bad; /* bad: with one that was too long */
	uint64_t longest;    /* ns */
};

struct test {
	struct ringed b;
	struct queue queue[QUEUES];
	uint64_t packets;            /* sent */
	struct object *object;       /* of the version that runs */
	unsigned n;                  /* replacements to do */
	unsigned failures;           /* that were made on purpose */
	uint64_t longest_ns, sum_ns; /* that replacing took */
	struct level before, after;
	uint64_t round;              /* the longest gap, with what else the processors did */
	struct gaps during, between; /* replacements */
	unsigned judged;             /* generations that have judged a packet */
	bool done;                   /* no more replacements */
	char wrong[1024];            /* the first thing that was */
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

static uint32_t version_of(uint32_t generation)
{
	return 1 + generation % 2;
}

/* If this thread is interrupted midway, the worker's clock goes on. */
static void feed_burst(struct test *t, unsigned q)
{
	struct queue *queue = &t->queue[q];
	uint64_t now = worker_ns(q);
	uint32_t first = queue->sent;

	for (unsigned i = 0; i < BURST_SIZE; i++) {
		struct rte_mbuf *m = rte_pktmbuf_alloc(t->b.pool);
		struct stamped *p = (void *)rte_pktmbuf_append(m, sizeof(*p));

		memset(p, 0, sizeof(*p));
		p->queue = (uint16_t)q;
		p->number = queue->sent++;
		p->fed = now;
		if (rte_ring_enqueue(t->b.in[0][q], m))
			complain(t, "a packet was not received");
	}
	t->packets += BURST_SIZE;
	now = worker_ns(q) - now;
	for (; first != queue->sent; first++)
		queue->stale[first % WINDOW] = now > 50000;
}

static void feed(struct test *t, unsigned q)
{
	const struct queue *queue = &t->queue[q];

	while (queue->sent - queue->whole + BURST_SIZE <= UNDER_WAY)
		feed_burst(t, q);
}

static void check(struct test *t, unsigned port, const struct stamped *p)
{
	struct queue *queue = &t->queue[p->queue % QUEUES];
	uint32_t version = port == 0 ? 1 : 2;

	if (p->head != version || p->tail != version || version_of(p->generation) != version)
		complain(t, "packet %u of port %u: head %u, tail %u, generation %u", p->number,
			port, p->head, p->tail, p->generation);
	if (p->number - queue->whole >= queue->sent - queue->whole ||
		queue->seen[p->number % WINDOW])
		complain(t, "packet %u of queue %u came twice", p->number, p->queue);
	if (p->late > queue->longest && !queue->stale[p->number % WINDOW])
		__atomic_store_n(&queue->longest, p->late, __ATOMIC_RELAXED);
	queue->seen[p->number % WINDOW] = true;
	queue->generations[p->number % WINDOW] = p->generation;
	for (uint32_t i; queue->seen[i = queue->whole % WINDOW]; queue->whole++) {
		queue->seen[i] = false;
		if (queue->generations[i] < queue->generation)
			complain(t, "packet %u was judged by the generation before", queue->whole);
		queue->generation = queue->generations[i];
	}
	if (p->generation > t->judged)
		__atomic_store_n(&t->judged, p->generation, __ATOMIC_RELAXED);
}

static bool take(struct test *t, unsigned port, unsigned ring)
{
	struct rte_mbuf *m = ringed__take(&t->b, port, ring);

	if (!m)
		return false;
	check(t, port, rte_pktmbuf_mtod(m, const struct stamped *));
	rte_pktmbuf_free(m);
	return true;
}

static bool all_is_back(const struct test *t)
{
	for (unsigned q = 0; q < QUEUES; q++)
		if (t->queue[q].whole != t->queue[q].sent)
			return false;
	return true;
}

static void *feed_and_check(void *arg)
{
	struct test *t = arg;
	uint64_t last = rte_get_timer_cycles();

	for (;;) {
		bool done = __atomic_load_n(&t->done, __ATOMIC_ACQUIRE), moved = false;

		for (unsigned q = 0; q < QUEUES && !done; q++)
			feed(t, q);
		for (unsigned i = 0; i < 2 * QUEUES; i++)
			while (take(t, i / QUEUES, i % QUEUES))
				moved = true;
		if (done && all_is_back(t))
			break;
		if (moved) {
			last = rte_get_timer_cycles();
			continue;
		}
		if (rte_get_timer_cycles() - last > 60 * rte_get_timer_hz()) {
			complain(t, "packets %u and %u did not come back", t->queue[0].whole,
				t->queue[1].whole);
			break;
		}
		sched_yield();
	}
	dataplane__stop(t->b.dataplane);
	return NULL;
}

/* --- replacements ------------------------------------------------------------------------ */

/* A program of the object, with the maps of the one that runs. NULL with *errmsg. */
static struct ebpf_program *load(
	struct test *t, struct object *obj, uint32_t generation, char **errmsg)
{
	uint32_t first = 0;
	char own[16];
	struct ebpf_map *map;

	if ((t->object && object__share_maps(obj, t->object, NULL, errmsg)) ||
		object__create_maps(obj, t->b.instance, errmsg))
		return NULL;
	snprintf(own, sizeof(own), "own_%u", version_of(generation));
	map = object__map_by_name(obj, own);
	if (map && ebpf_map__update(map, &first, &generation, BPF_ANY))
		return NULL;
	return object__load_program(obj, object__program(obj, 0)->name, NULL, errmsg);
}

/* Adds the program, or has it take the place of the one that runs. Negative errno with *errmsg. */
static int put(
	struct test *t, const char *path, const char *name, uint32_t generation, char **errmsg)
{
	struct object *obj = object__open(path, errmsg);
	struct prog_opts opts = {.name = name, .object = obj, .engine = TIER_AUTO};
	int err = -EINVAL;

	if (!obj)
		return err;
	opts.program = load(t, obj, generation, errmsg);
	if (opts.program && t->object)
		err = dataplane__replace_prog(t->b.dataplane, &opts, errmsg);
	else if (opts.program)
		err = dataplane__add_prog(t->b.dataplane, &opts, errmsg) ? 0 : -EINVAL;
	if (!err) {
		t->object = obj;
		return 0;
	}
	ebpf_program__unref(opts.program);
	object__close(obj);
	return err;
}

static const char *version_path(unsigned version)
{
	static char path[PATH_MAX];

	snprintf(path, sizeof(path), "%s/version-%u.bpf.o", objects, version);
	return path;
}

static struct prog *running(const struct test *t)
{
	return dataplane__find_prog(t->b.dataplane, "version");
}

static void replace(struct test *t, uint32_t generation)
{
	uint64_t since = rte_get_timer_cycles(), ns;
	char *err = NULL;

	if (put(t, version_path(version_of(generation)), "version", generation, &err))
		complain(t, "generation %u: %s", generation, err);
	ns = (rte_get_timer_cycles() - since) * 1000000 / (rte_get_timer_hz() / 1000);
	free(err);
	t->sum_ns += ns;
	t->longest_ns = RTE_MAX(t->longest_ns, ns);
	for (unsigned ms = 0; __atomic_load_n(&t->judged, __ATOMIC_RELAXED) < generation; ms++) {
		if (ms > 60000)
			complain(t, "generation %u judges no packet", generation);
		if (*t->wrong)
			return;
		usleep(1000);
	}
}

/* Whatever is wrong with it, the one that runs goes on. */
static void fail_to_replace(struct test *t, unsigned kind)
{
	static const struct {
		const char *object, *name, *words;
		bool bad_compiler;
	} kinds[N_FAILURES] = {
		{"damaged.bpf.o", "version", "damaged.bpf.o", false},
		{"version-3.bpf.o", "version", "shared", false},
		{"reject.bpf.o", "version", "insn", false},
		{"version-4.bpf.o", "version", "died of signal 11", true},
		{"version-2.bpf.o", "nobody", "nobody", false},
	};
	const struct prog before = *running(t);
	char path[PATH_MAX], *err = NULL;

	kind %= N_FAILURES;
	snprintf(path, sizeof(path), "%s/%s", kind ? objects : folder, kinds[kind].object);
	if (kinds[kind].bad_compiler)
		symlink(".", bad_sign);
	if (!put(t, path, kinds[kind].name, 2, &err))
		complain(t, "%s took its place", path);
	else if (!err || !strstr(err, kinds[kind].words))
		complain(t, "%s: no \"%s\" in: %s", path, kinds[kind].words, err ? err : "");
	if (kinds[kind].bad_compiler)
		unlink(bad_sign);
	if (running(t)->program != before.program || running(t)->object != before.object ||
		running(t)->replaced != before.replaced)
		complain(t, "%s: changed something", path);
	free(err);
	t->failures++;
}

static unsigned count_lines(const char *path)
{
	FILE *f = fopen(path, "r");
	unsigned n = 0;

	for (int c; f && (c = fgetc(f)) != EOF;)
		n += c == '\n';
	if (f)
		fclose(f);
	return n;
}

static unsigned count_entries(const char *path)
{
	DIR *dir = opendir(path);
	unsigned n = 0;

	while (dir && readdir(dir))
		n++;
	if (dir)
		closedir(dir);
	return n;
}

static struct level level(void)
{
	return (struct level){.heap = mallinfo2().uordblks,
		.mappings = count_lines("/proc/self/maps"),
		.descriptors = count_entries("/proc/self/fd")};
}

/* The longest gap since the last call, ns. */
static uint64_t take_gap(struct test *t)
{
	uint64_t longest = 0;

	for (unsigned q = 0; q < QUEUES; q++) {
		uint64_t gap = __atomic_exchange_n(&t->queue[q].longest, 0, __ATOMIC_RELAXED);

		longest = RTE_MAX(longest, gap);
	}
	return longest;
}

static void end_span(struct test *t, struct gaps *gaps)
{
	uint64_t gap = take_gap(t);

	gaps->spans++;
	gaps->bad += gap > LONG_GAP;
	gaps->longest = RTE_MAX(gaps->longest, gap);
}

/* The same by the workers' own account of their rounds, with what else the machine did. */
static uint64_t take_round(const struct dataplane *dp)
{
	uint64_t longest = 0;

	for (unsigned i = 0; i < dp->n_workers; i++) {
		uint64_t *gap = &dp->workers[i]->time.longest_gap;

		longest = RTE_MAX(longest, __atomic_exchange_n(gap, 0, __ATOMIC_RELAXED));
	}
	return longest * 1000000 / (rte_get_tsc_hz() / 1000);
}

/* Every version has been compiled, every failure made. */
static uint32_t warm_up(struct test *t)
{
	uint32_t generation = 0;

	while (generation < WARM_UP && !*t->wrong) {
		struct tier *tier = running(t)->tier;
		struct tier_status status;

		tier__wait(tier);
		status = tier__status(tier);
		if (status.state != TIER_COMPILED)
			complain(t, "generation %u: %s", generation, status.why);
		free(status.why);
		replace(t, ++generation);
	}
	for (unsigned i = 0; i < N_FAILURES; i++)
		fail_to_replace(t, i);
	return generation;
}

static void *replace_all(void *arg)
{
	struct test *t = arg;
	unsigned every = RTE_MIN(10u, t->n / N_FAILURES);
	uint32_t generation = warm_up(t);

	take_gap(t);
	take_round(t->b.dataplane);
	t->longest_ns = t->sum_ns = t->failures = 0;
	t->before = level();
	for (unsigned i = 0; i < t->n && !*t->wrong; i++) {
		uint64_t since = clock_ns(CLOCK_MONOTONIC);

		replace(t, ++generation);
		end_span(t, &t->during);
		since = clock_ns(CLOCK_MONOTONIC) - since;
		usleep((useconds_t)(RTE_MIN(since, LONGEST_SPAN) / 1000));
		end_span(t, &t->between);
		if (i % every == 0)
			fail_to_replace(t, i / every);
		take_gap(t);
	}
	t->after = level();
	t->round = take_round(t->b.dataplane);
	__atomic_store_n(&t->done, true, __ATOMIC_RELEASE);
	return NULL;
}

static void run(struct test *t)
{
	pthread_t feeding, replacing;

	assert_int_equal(background__start(&feeding, "feeding", feed_and_check, t), 0);
	assert_int_equal(background__start(&replacing, "replacing", replace_all, t), 0);
	ringed__run(&t->b, UINT_MAX);
	pthread_join(feeding, NULL);
	pthread_join(replacing, NULL);
	if (*t->wrong)
		fail_msg("%s", t->wrong);
}

/* --- tests ------------------------------------------------------------------------------- */

static void open_test(struct test *t, bool cached)
{
	struct ebpf_compiler c = {.path = script};
	struct ebpf_instance_opts opts = {.compiler = &c, .cache_dir = cached ? cache : NULL};
	struct attach_opts before = {.priority = 1, .call_on = -1};
	const char *n = getenv("XDPK_REPLACEMENTS");
	char *err = NULL;

	memset(t, 0, sizeof(*t));
	memset(clocks, 0, sizeof(clocks));
	t->n = n && atoi(n) > 10 ? (unsigned)atoi(n) & ~1u : 24;
	ringed__open_with(&t->b, 2, RING_SLOTS, NULL, &opts);
	ringed__add_prog(&t->b, "watch", watch);
	if (put(t, version_path(1), "version", 0, &err))
		fail_msg("%s", err);
	assert_int_equal(dataplane__detach(t->b.dataplane, "obedient", 0, NULL), 0);
	assert_int_equal(dataplane__attach(t->b.dataplane, "watch", 0, &before, NULL), 0);
	assert_int_equal(dataplane__attach(t->b.dataplane, "version", 0, NULL, NULL), 0);
	assert_int_equal(dataplane__set_pass(t->b.dataplane, 0, 1, NULL), 0);
}

/* Every packet has been judged once, and counted in a map that all versions had. */
static void check_counts(struct test *t)
{
	struct counters port = dataplane__port_counters(t->b.dataplane, 0);
	uint64_t counted;
	uint32_t first = 0;

	assert_int_equal(port.entered, t->packets);
	assert_int_equal(port.outcome[OUTCOME_TX] + port.outcome[OUTCOME_PASS], t->packets);
	assert_true(port.outcome[OUTCOME_TX] && port.outcome[OUTCOME_PASS]);
	assert_int_equal(
		ebpf_map__lookup(object__map_by_name(t->object, "shared"), &first, &counted), 0);
	assert_int_equal(counted, t->packets);
	assert_int_equal(running(t)->replaced, t->n + WARM_UP);
	assert_string_equal(ebpf_program__code(running(t)->program)->backend, "llvm");
}

static void check_level(const struct test *t)
{
	printf("heap %zu -> %zu bytes, mappings %u -> %u, descriptors %u -> %u\n", t->before.heap,
		t->after.heap, t->before.mappings, t->after.mappings, t->before.descriptors,
		t->after.descriptors);
	assert_int_equal(t->before.descriptors, t->after.descriptors);
	assert_in_range(t->after.heap, 0, t->before.heap + (96 << 10));
#ifndef __SANITIZE_ADDRESS__ /* which keeps what was freed */
	assert_in_range(t->after.mappings, 0, t->before.mappings + 8);
#endif
}

static void print_times(const struct test *t)
{
	printf("%u replacements of %.2f ms (longest %.2f), %u failures, %llu packets\n", t->n,
		(double)t->sum_ns / t->n / 1e6, (double)t->longest_ns / 1e6, t->failures,
		(unsigned long long)t->packets);
	printf("longest gap %.3f ms, %u of %u over 1 ms; without replacements %.3f ms, %u; with "
	       "what "
	       "else the processors did %.3f ms\n",
		(double)t->during.longest / 1e6, t->during.bad, t->during.spans,
		(double)t->between.longest / 1e6, t->between.bad, (double)t->round / 1e6);
}

static void replace_under_traffic(struct test *t, bool cached)
{
	open_test(t, cached);
	run(t);
	print_times(t);
	check_counts(t);
	check_level(t);
	ringed__close(&t->b);
}

static struct test test;

static void compiled_each_time(void **state)
{
	replace_under_traffic(&test, false);
}

static void out_of_the_cache(void **state)
{
	replace_under_traffic(&test, true);
}

/* Of the test before. The machine may hold a worker up, too: as often with a replacement as without
 * one, but for chance. Where it does so all the time, nothing can be said. */
static void holds_up_nobody(void **state)
{
	const struct gaps *during = &test.during, *between = &test.between;
	long more;

#ifdef __SANITIZE_ADDRESS__
	print_message("nothing is as fast under a sanitizer\n");
	skip();
#endif
	if (between->bad > between->spans / 10) {
		print_message("the machine interrupts: %u of %u spans without a replacement\n",
			between->bad, between->spans);
		skip();
	}
	assert_int_equal(during->spans, test.n);
	more = (long)during->bad - between->bad;
	assert_true(more <= 0 || more * more <= 9 * (between->bad + 1L)); /* three deviations */
}

static void write_file(const char *path, const char *bytes)
{
	FILE *f = fopen(path, "w");

	assert_non_null(f);
	assert_true(fputs(bytes, f) >= 0);
	fclose(f);
	assert_int_equal(chmod(path, 0700), 0);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(compiled_each_time),
		cmocka_unit_test(out_of_the_cache),
		cmocka_unit_test(holds_up_nobody),
	};
	char command[64];
	int failed;

	if (argc != 3 || !mkdtemp(folder))
		return 2;
	objects = argv[1];
	compiler = argv[2];
	snprintf(script, sizeof(script), "%s/compiler", folder);
	snprintf(bad_sign, sizeof(bad_sign), "%s/bad", folder);
	snprintf(cache, sizeof(cache), "%s/cache", folder);
	snprintf(damaged, sizeof(damaged), "%s/damaged.bpf.o", folder);
	setenv("REAL", compiler, 1);
	setenv("BAD", bad_sign, 1);
	write_file(script, "#!/bin/sh\n[ -e $BAD ] && kill -SEGV $$\nexec \"$REAL\" \"$@\"\n");
	write_file(damaged, "\177ELF, and no more");
	failed = ringed__main(tests, RTE_DIM(tests));
	snprintf(command, sizeof(command), "rm -r %s", folder);
	return system(command) || failed ? (failed ? failed : 1) : 0;
}
