/* SPDX-License-Identifier: BSD-3-Clause */
#include <dirent.h>
#include <limits.h>
#include <malloc.h>
#include <pthread.h>
#include <sys/stat.h>
#include <time.h>

#include <rte_cycles.h>

#include "background.h"
#include "loader/object.h"
#include "replacing.h"

#define N_FAILURES   6u         /* kinds of them */
#define LONGEST_SPAN 20000000ul /* ns without a replacement, after each */
#define LONG_GAP     1000000    /* ns that a worker may be held up by a replacement */

static const char *objects; /* the folder with the versions */
static char folder[] = "/tmp/replace-test.XXXXXX";
static char script[64], bad_sign[64], cache[64], damaged[64];

static uint64_t clock_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

/* Programs at entries, as control lines would have it. Some generations do not say it again. */
static int set_entries(struct ebpf_object *obj, char **errmsg)
{
	static const struct {
		const char *map, *program;
		uint32_t numbers[2];
	} entries[] = {
		{"ports", "at_port", {1, 2}},
		{"some", "at_port", {1, 2}},
		{"workers", "at_worker", {4096, 4096}},
	};
	int err = 0;

	for (unsigned i = 0; i < 2 * RTE_DIM(entries) && !err; i++)
		err = ebpf_object__set_map_target(obj, entries[i / 2].map, i % 2,
			entries[i / 2].numbers[i % 2], entries[i / 2].program, BPF_ANY, errmsg);
	return err;
}

/* A program of the object, with the maps of the one that runs. NULL with *errmsg. */
static struct ebpf_program *load(
	struct replacing *t, struct ebpf_object *obj, uint32_t generation, char **errmsg)
{
	uint32_t first = 0;
	char own[16];
	struct ebpf_map *map;

	if ((t->object && ebpf_object__share_maps(obj, t->object, NULL, errmsg)) ||
		ebpf_object__create_maps(obj, t->b.instance, errmsg))
		return NULL;
	snprintf(own, sizeof(own), "own_%u", version__of(generation));
	map = ebpf_object__map_by_name(obj, own);
	if (map && ebpf_map__update(map, &first, &generation, BPF_ANY))
		return NULL;
	if (t->heirs && generation % 4 < 2 && set_entries(obj, errmsg))
		return NULL;
	return ebpf_object__load_program(obj, NULL, NULL, errmsg);
}

/* Adds the program, or has it take the place of the one that runs. Negative errno with *errmsg. */
static int put(
	struct replacing *t, const char *path, const char *name, uint32_t generation, char **errmsg)
{
	struct ebpf_object *obj = ebpf_object__open(path, errmsg);
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
	ebpf_object__close(obj);
	return err;
}

static const char *version_path(const struct replacing *t, unsigned version)
{
	static char path[PATH_MAX];

	snprintf(path, sizeof(path), "%s/%s-%u.bpf.o", objects, t->heirs ? "heirs" : "version",
		version);
	return path;
}

struct prog *replacing__program(const struct replacing *t)
{
	return dataplane__find_prog(t->b.dataplane, "version");
}

static void replace(struct replacing *t, uint32_t generation)
{
	uint64_t since = rte_get_timer_cycles(), ns;
	char *err = NULL;

	if (put(t, version_path(t, version__of(generation)), "version", generation, &err))
		traffic__complain(&t->traffic, "generation %u: %s", generation, err);
	ns = (rte_get_timer_cycles() - since) * 1000000 / (rte_get_timer_hz() / 1000);
	free(err);
	t->sum_ns += ns;
	t->longest_ns = RTE_MAX(t->longest_ns, ns);
	for (unsigned ms = 0; __atomic_load_n(&t->traffic.judged, __ATOMIC_RELAXED) < generation;
		ms++) {
		if (ms > 60000)
			traffic__complain(
				&t->traffic, "generation %u judges no packet", generation);
		if (*t->traffic.wrong)
			return;
		usleep(1000);
	}
}

/* Whatever is wrong with it, the one that runs goes on. */
static void fail_to_replace(struct replacing *t, unsigned kind)
{
	static const struct {
		const char *name, *words;
		unsigned version; /* 0: another object */
		uint32_t generation;
		bool bad_compiler;
	} kinds[N_FAILURES] = {
		{"version", "damaged.bpf.o", 0, 0, false},
		{"version", "shared", 3, 0, false},
		{"version", "insn", 0, 2, false},
		{"version", "died of signal 11", 4, 0, true},
		{"nobody", "nobody", 2, 0, false},
		{"version", "there is no program at_port any more", 5, 2, false},
	};
	const struct prog before = *replacing__program(t);
	char path[PATH_MAX], *err = NULL;

	kind %= t->heirs ? N_FAILURES : N_FAILURES - 1;
	if (kinds[kind].version)
		snprintf(path, sizeof(path), "%s", version_path(t, kinds[kind].version));
	else if (kind)
		snprintf(path, sizeof(path), "%s/reject.bpf.o", objects);
	else
		snprintf(path, sizeof(path), "%s", damaged);
	if (kinds[kind].bad_compiler)
		symlink(".", bad_sign);
	if (!put(t, path, kinds[kind].name, kinds[kind].generation, &err))
		traffic__complain(&t->traffic, "%s took its place", path);
	else if (!err || !strstr(err, kinds[kind].words))
		traffic__complain(&t->traffic, "%s: no \"%s\" in: %s", path, kinds[kind].words,
			err ? err : "");
	if (kinds[kind].bad_compiler)
		unlink(bad_sign);
	if (replacing__program(t)->program != before.program ||
		replacing__program(t)->object != before.object ||
		replacing__program(t)->replaced != before.replaced)
		traffic__complain(&t->traffic, "%s: changed something", path);
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

static void end_span(struct replacing *t, struct gaps *gaps)
{
	uint64_t gap = traffic__take_gap(&t->traffic);

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
static uint32_t warm_up(struct replacing *t)
{
	uint32_t generation = 0;

	while (generation < WARM_UP && !*t->traffic.wrong) {
		struct tier *tier = replacing__program(t)->tier;
		struct tier_status status;

		tier__wait(tier);
		status = tier__status(tier);
		if (status.state != TIER_COMPILED)
			traffic__complain(&t->traffic, "generation %u: %s", generation, status.why);
		free(status.why);
		replace(t, ++generation);
	}
	for (unsigned i = 0; i < N_FAILURES; i++)
		fail_to_replace(t, i);
	return generation;
}

static void *replace_all(void *arg)
{
	struct replacing *t = arg;
	unsigned every = RTE_MIN(10u, t->n / N_FAILURES);
	uint32_t generation = warm_up(t);

	traffic__take_gap(&t->traffic);
	take_round(t->b.dataplane);
	t->longest_ns = t->sum_ns = t->failures = 0;
	t->before = level();
	for (unsigned i = 0; i < t->n && !*t->traffic.wrong; i++) {
		uint64_t since = clock_ns();

		replace(t, ++generation);
		end_span(t, &t->during);
		since = clock_ns() - since;
		usleep((useconds_t)(RTE_MIN(since, LONGEST_SPAN) / 1000));
		end_span(t, &t->between);
		if (i % every == 0)
			fail_to_replace(t, i / every);
		traffic__take_gap(&t->traffic);
	}
	t->after = level();
	t->round = take_round(t->b.dataplane);
	__atomic_store_n(&t->traffic.done, true, __ATOMIC_RELEASE);
	return NULL;
}

void replacing__run(struct replacing *t)
{
	pthread_t feeding, replacing;

	assert_int_equal(
		background__start(&feeding, "feeding", traffic__feed_and_check, &t->traffic), 0);
	assert_int_equal(background__start(&replacing, "replacing", replace_all, t), 0);
	ringed__run(&t->b, UINT_MAX);
	pthread_join(feeding, NULL);
	pthread_join(replacing, NULL);
	if (*t->traffic.wrong)
		fail_msg("%s", t->traffic.wrong);
}

void replacing__open(struct replacing *t, bool cached, bool heirs)
{
	struct ebpf_compiler c = {.path = script};
	struct ebpf_instance_opts opts = {.compiler = &c, .cache_dir = cached ? cache : NULL};
	struct attach_opts before = {.priority = 1, .call_on = -1};
	const char *n = getenv("XDPK_REPLACEMENTS");
	char *err = NULL;

	memset(t, 0, sizeof(*t));
	t->heirs = heirs;
	t->n = n && atoi(n) > 10 ? (unsigned)atoi(n) & ~1u : 24;
	ringed__open_with(&t->b, 2, RING_SLOTS, NULL, &opts);
	traffic__open(&t->traffic, &t->b);
	if (put(t, version_path(t, 1), "version", 0, &err))
		fail_msg("%s", err);
	assert_int_equal(dataplane__detach(t->b.dataplane, "obedient", 0, NULL), 0);
	assert_int_equal(dataplane__attach(t->b.dataplane, "watch", 0, &before, NULL), 0);
	assert_int_equal(dataplane__attach(t->b.dataplane, "version", 0, NULL, NULL), 0);
	assert_int_equal(dataplane__set_pass(t->b.dataplane, 0, 1, NULL), 0);
}

void replacing__print_times(const struct replacing *t)
{
	printf("%u replacements of %.2f ms (longest %.2f), %u failures, %llu packets\n", t->n,
		(double)t->sum_ns / t->n / 1e6, (double)t->longest_ns / 1e6, t->failures,
		(unsigned long long)t->traffic.packets);
	printf("longest gap %.3f ms, %u of %u over 1 ms; without replacements %.3f ms, %u; with "
	       "what "
	       "else the processors did %.3f ms\n",
		(double)t->during.longest / 1e6, t->during.bad, t->during.spans,
		(double)t->between.longest / 1e6, t->between.bad, (double)t->round / 1e6);
}

static void write_file(const char *path, const char *bytes)
{
	FILE *f = fopen(path, "w");

	assert_non_null(f);
	assert_true(fputs(bytes, f) >= 0);
	fclose(f);
	assert_int_equal(chmod(path, 0700), 0);
}

int replacing__main(int argc, char **argv, const struct CMUnitTest *tests, size_t n)
{
	char command[64];
	int failed;

	if (argc != 3 || !mkdtemp(folder))
		return 2;
	objects = argv[1];
	snprintf(script, sizeof(script), "%s/compiler", folder);
	snprintf(bad_sign, sizeof(bad_sign), "%s/bad", folder);
	snprintf(cache, sizeof(cache), "%s/cache", folder);
	snprintf(damaged, sizeof(damaged), "%s/damaged.bpf.o", folder);
	setenv("REAL", argv[2], 1);
	setenv("BAD", bad_sign, 1);
	write_file(script, "#!/bin/sh\n[ -e $BAD ] && kill -SEGV $$\nexec \"$REAL\" \"$@\"\n");
	write_file(damaged, "\177ELF, and no more");
	failed = ringed__main(tests, n);
	snprintf(command, sizeof(command), "rm -r %s", folder);
	return system(command) || failed ? (failed ? failed : 1) : 0;
}
