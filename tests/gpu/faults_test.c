/* SPDX-License-Identifier: BSD-3-Clause
 *
 * faults_test.c -- workers beside each other on devices that work and on devices that break: no
 * packet is lost or judged twice, each comes in its turn, counters are exact. Also under
 * ThreadSanitizer, where the kernel is kernel-double.h's.
 */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <cmocka.h>

#include "rig-program.h"
#include "rig.h"

#define N_WORKERS 2

static struct ebpf_instance *inst;
static struct ebpf_program *prog;
static struct rig rigs[N_WORKERS];
static atomic_bool is_over;

static int set_up(void **state)
{
	inst = ebpf_instance__create(&(struct ebpf_instance_opts){.workers = N_WORKERS}, NULL);
	assert_non_null(inst);
	prog = rig_program__load(inst);
	return 0;
}

static int tear_down(void **state)
{
	rig_program__unload(prog);
	ebpf_instance__destroy(inst);
	return 0;
}

struct work {
	struct rig *rig;
	uint32_t packets;
};

static void *work(void *arg)
{
	const struct work *w = arg;

	ebpf_env__online(&w->rig->env);
	rig__run(w->rig, w->packets, 32, w->rig->any_bias ? 0 : 7);
	ebpf_env__offline(&w->rig->env);
	return NULL;
}

/* The control thread: map contents change, and versions with them. */
static void *change(void *arg)
{
	struct ebpf_offload *o = arg;

	for (uint64_t bias = 0; !atomic_load(&is_over); bias++) {
		if (rigs[0].any_bias)
			rig_program__set_bias(bias & 3);
		ebpf_offload__refresh(o);
		nanosleep(&(struct timespec){.tv_nsec = 100000}, NULL);
	}
	return NULL;
}

static void run_workers(struct ebpf_offload *o, uint32_t packets, bool bias_changes)
{
	struct work works[N_WORKERS];
	pthread_t workers[N_WORKERS], control;

	rig_program__clear_counts();
	rig_program__set_bias(0);
	ebpf_offload__refresh(o);
	atomic_store(&is_over, false);
	for (uint32_t i = 0; i < N_WORKERS; i++) {
		rig__open(&rigs[i], inst, i, o);
		rigs[i].real = true;
		rigs[i].any_bias = bias_changes;
		works[i] = (struct work){&rigs[i], packets};
	}
	for (uint32_t i = 0; i < N_WORKERS; i++)
		assert_int_equal(pthread_create(&workers[i], NULL, work, &works[i]), 0);
	assert_int_equal(pthread_create(&control, NULL, change, o), 0);
	for (uint32_t i = 0; i < N_WORKERS; i++)
		pthread_join(workers[i], NULL);
	atomic_store(&is_over, true);
	pthread_join(control, NULL);
	for (uint32_t i = 0; i < N_WORKERS; i++)
		rig__check(&rigs[i]);
	for (uint32_t kind = 0; kind < 4; kind++)
		assert_int_equal(
			rig_program__count(kind), rigs[0].counted[kind] + rigs[1].counted[kind]);
}

static struct ebpf_offload *open_offload(
	struct ebpf_gpu_device **dev, const char *spec, const struct ebpf_offload_opts *opts)
{
	struct ebpf_offload *o;
	char *err = NULL;

	*dev = ebpf_gpu_device__open(spec, &err);
	if (!*dev)
		fail_msg("%s", err);
	o = ebpf_offload__create(*dev, prog, opts, &err);
	if (!o)
		fail_msg("%s", err);
	return o;
}

static void close_offload(struct ebpf_gpu_device *dev, struct ebpf_offload *o)
{
	for (uint32_t i = 0; i < N_WORKERS; i++)
		rig__close(&rigs[i]);
	ebpf_offload__destroy(o);
	ebpf_gpu_device__close(dev);
}

static const uint32_t sizes[] = {1, 7, 64, 1024, 4096};
#define N_SIZES (sizeof(sizes) / sizeof(*sizes))

static void devices_that_work(void **state)
{
	for (size_t i = 0; i < N_SIZES; i++) {
		struct ebpf_gpu_device *dev;
		struct ebpf_offload_opts opts = {.batch = sizes[i], .patience_ms = 20000};
		struct ebpf_offload *o = open_offload(&dev, "host:2", &opts);
		uint32_t n = 4 * sizes[i] + 500;
		struct ebpf_offload_stats stats;

		run_workers(o, n, false);
		ebpf_offload__stats(o, &stats);
		assert_int_equal(stats.packets + stats.on_cpu, N_WORKERS * n);
		assert_int_equal(stats.failed + stats.fallback + stats.again, 0);
		close_offload(dev, o);
	}
}

/* All packets of a batch see the same. */
static void maps_that_change(void **state)
{
	struct ebpf_gpu_device *dev;
	struct ebpf_offload_opts opts = {.batch = 50, .patience_ms = 20000};
	struct ebpf_offload *o = open_offload(&dev, "host:2", &opts);
	struct ebpf_offload_stats stats;

	run_workers(o, 20000, true);
	ebpf_offload__stats(o, &stats);
	assert_int_equal(stats.failed, 0);
	assert_true(stats.refreshes > 0 && stats.stale_ns > 0);
	print_message("%llu refreshes beside %llu batches, the stalest after %llu us\n",
		(unsigned long long)stats.refreshes, (unsigned long long)stats.batches,
		(unsigned long long)stats.stale_ns / 1000);
	close_offload(dev, o);
}

static void break_in_mid_traffic(const char *spec, const char *why)
{
	for (size_t i = 0; i < N_SIZES; i++) {
		struct ebpf_gpu_device *dev;
		struct ebpf_offload_opts opts = {.batch = sizes[i], .patience_ms = 5};
		struct ebpf_offload *o = open_offload(&dev, spec, &opts);
		struct ebpf_offload_stats stats;
		const char *said;

		run_workers(o, 6 * sizes[i] + 500, false);
		assert_int_equal(ebpf_offload__state(o, &said), EBPF_OFFLOAD_FAILED);
		/* A machine that is busy may be late before it is broken. */
		if (!strstr(said, why) && !strstr(said, "in time"))
			fail_msg("%s: \"%s\"", spec, said);
		ebpf_offload__stats(o, &stats);
		assert_true(stats.fallback > 0);
		close_offload(dev, o);
	}
}

static void devices_that_break(void **state)
{
	break_in_mid_traffic("faulty:launch:3:host:2", "launch failed");
	break_in_mid_traffic("faulty:wrong:3:host:2", "not whole");
	break_in_mid_traffic("faulty:late:3:host:2", "in time");
	break_in_mid_traffic("faulty:missing:3:host:2", "in time");
	break_in_mid_traffic("faulty:lost:3:host:2", "lost");
}

/* The first, and the second of the two versions. */
static void devices_that_load_nothing(void **state)
{
	static const char *const specs[] = {"faulty:load:host:1", "faulty:load:1:host:1"};

	for (size_t i = 0; i < sizeof(specs) / sizeof(*specs); i++) {
		char *err = NULL;
		struct ebpf_gpu_device *dev = ebpf_gpu_device__open(specs[i], &err);

		assert_non_null(dev);
		assert_null(ebpf_offload__create(dev, prog, NULL, &err));
		assert_non_null(strstr(err, "is not loaded"));
		free(err);
		ebpf_gpu_device__close(dev);
	}
}

static void devices_without_memory(void **state)
{
	struct ebpf_gpu_device *dev;
	struct ebpf_offload *o = open_offload(&dev, "faulty:memory:2:host:1", NULL);
	char *err = NULL;

	assert_null(ebpf_offload_queue__create(o, &err));
	assert_non_null(strstr(err, "no memory"));
	free(err);
	ebpf_offload__destroy(o);
	ebpf_gpu_device__close(dev);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(devices_that_work),
		cmocka_unit_test(maps_that_change),
		cmocka_unit_test(devices_that_break),
		cmocka_unit_test(devices_that_load_nothing),
		cmocka_unit_test(devices_without_memory),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
