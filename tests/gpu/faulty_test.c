/* SPDX-License-Identifier: BSD-3-Clause
 *
 * faulty_test.c -- a faulty device works as often as it was told to, and then fails in its way.
 */
#include <errno.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "clock.h"
#include "use-device.h"

#define N     200 /* packets */
#define VALUE 9

static void run_well(struct ebpf_gpu_job *job, struct ebpf_gpu_module *mod)
{
	struct batch b;

	assert_int_equal(use__submit(job, mod, &b, N), 0);
	assert_int_equal(use__await(job), 1);
	assert_int_equal(batch__count_wrong(&b, job, VALUE), 0);
	assert_true(job->times.kernel_ns);
}

/* Every call says that the device has failed. */
static void check_failed(const struct used *u, const char *why)
{
	const struct ebpf_gpu_device_ops *ops = u->dev->ops;
	struct ebpf_gpu_module *mod = NULL;
	struct ebpf_gpu_job *job = NULL;
	char *err = NULL;
	uint64_t value = 0;
	struct batch b;

	assert_string_equal(u->dev->why, why);
	assert_int_equal(use__submit(u->job, u->mod, &b, N), -EIO);
	assert_int_equal(ops->write_map(u->mod, 0, 0, &value, sizeof(value)), -EIO);
	assert_int_equal(ops->load(u->dev, &sum_kernel, &mod, &err), -EIO);
	assert_non_null(strstr(err, why));
	free(err);
	assert_int_equal(ops->open_job(u->dev, BATCH_IN, BATCH_OUT, &job, &err), -EIO);
	assert_non_null(strstr(err, why));
	free(err);
}

static void test_load(void **state)
{
	struct used u = use__begin("faulty:load:2:host:1", VALUE);
	struct ebpf_gpu_module *second = use__load(u.dev, VALUE), *none = NULL;

	for (int i = 0; i < 2; i++) {
		char *err = NULL;

		assert_int_equal(u.dev->ops->load(u.dev, &sum_kernel, &none, &err), -EIO);
		assert_string_equal(err, "faulty:load:host:1: the kernel is not loaded");
		free(err);
		run_well(u.job, i ? second : u.mod);
	}
	u.dev->ops->unload(second);
	use__end(&u);
}

static void test_memory(void **state)
{
	struct used u = use__begin("faulty:memory:1:host:1", VALUE);
	struct ebpf_gpu_job *none = NULL;
	char *err = NULL;

	assert_int_equal(u.dev->ops->open_job(u.dev, BATCH_IN, BATCH_OUT, &none, &err), -ENOMEM);
	assert_non_null(strstr(err, "faulty:memory:host:1: no memory for a job of"));
	free(err);
	run_well(u.job, u.mod);
	use__end(&u);
}

static void test_launch(void **state)
{
	struct used u = use__begin("faulty:launch:3:host:2", VALUE);
	struct batch b;

	for (int i = 0; i < 3; i++)
		run_well(u.job, u.mod);
	assert_int_equal(use__submit(u.job, u.mod, &b, N), -EIO);
	check_failed(&u, "faulty:launch:host:2: the launch failed");
	use__end(&u);
}

static void test_wrong(void **state)
{
	struct used u = use__begin("faulty:wrong:2:host:2", VALUE);
	struct batch b;

	run_well(u.job, u.mod);
	run_well(u.job, u.mod);
	for (int i = 0; i < 3; i++) {
		assert_int_equal(use__submit(u.job, u.mod, &b, N), 0);
		assert_int_equal(use__await(u.job), 1);
		assert_int_equal(batch__count_wrong(&b, u.job, VALUE), N);
	}
	use__end(&u);
}

static void test_late(void **state)
{
	struct used u = use__begin("faulty:late:1:host:2", VALUE);

	run_well(u.job, u.mod);
	for (int i = 0; i < 2; i++) {
		uint64_t before = now_ns();

		run_well(u.job, u.mod);
		assert_true(now_ns() - before >= 20000000);
	}
	use__end(&u);
}

static void test_missing(void **state)
{
	struct used u = use__begin("faulty:missing:1:host:2", VALUE);
	uint64_t until;
	struct batch b;

	run_well(u.job, u.mod);
	assert_int_equal(use__submit(u.job, u.mod, &b, N), 0);
	for (until = now_ns() + 50000000; now_ns() < until; use__wait_a_little())
		assert_int_equal(u.dev->ops->poll(u.job), 0);
	u.dev->ops->abandon(u.job);
	u.job = NULL;
	use__end(&u);
}

static void test_lost(void **state)
{
	struct used u = use__begin("faulty:lost:1:host:2", VALUE);
	struct ebpf_gpu_job *other = use__open_job(u.dev);
	struct batch b;

	run_well(u.job, u.mod);
	sum_holds = true;
	assert_int_equal(use__submit(u.job, u.mod, &b, N), 0);
	assert_int_equal(use__submit(other, u.mod, &b, N), 0);
	/* Not before the buffers are the caller's again. */
	for (int i = 0; i < 100; i++)
		assert_int_equal(u.dev->ops->poll(u.job), 0);
	sum_holds = false;
	assert_int_equal(use__await(u.job), -EIO);
	assert_int_equal(use__await(other), -EIO);
	check_failed(&u, "faulty:lost:host:2: the device is lost");
	u.dev->ops->close_job(other);
	use__end(&u);
}

/* The fault of a device below is told as the device's own. */
static void test_faults_pass_through(void **state)
{
	struct used u = use__begin("faulty:late:99:faulty:lost:0:host:1", VALUE);
	struct batch b;

	assert_int_equal(use__submit(u.job, u.mod, &b, N), 0);
	assert_int_equal(use__await(u.job), -EIO);
	check_failed(&u, "faulty:lost:host:1: the device is lost");
	use__end(&u);
}

/* --- many threads ---------------------------------------------------------------------------- */

#define N_WORKERS 3
#define N_BATCHES 100
#define AFTER     150

struct worker {
	pthread_t id;
	struct ebpf_gpu_device *dev;
	struct ebpf_gpu_module *mod;
	uint32_t right, wrong, failed;
	bool told;
};

static void *work(void *arg)
{
	struct worker *w = arg;
	struct ebpf_gpu_job *job = NULL;

	if (w->dev->ops->open_job(w->dev, BATCH_IN, BATCH_OUT, &job, NULL))
		return NULL;
	for (int i = 0; i < N_BATCHES; i++) {
		struct batch b;

		if (use__submit(job, w->mod, &b, N) || use__await(job) < 0) {
			w->told |= strstr(w->dev->why, "the device is lost") != NULL;
			w->failed++;
		} else if (batch__count_wrong(&b, job, VALUE)) {
			w->wrong++;
		} else {
			w->right++;
		}
	}
	w->dev->ops->close_job(job);
	return NULL;
}

static void test_all_threads_see_a_device_lost(void **state)
{
	struct used u = use__begin("faulty:lost:150:host:2", VALUE);
	struct worker workers[N_WORKERS];
	uint32_t right = 0;

	for (int i = 0; i < N_WORKERS; i++) {
		workers[i] = (struct worker){.dev = u.dev, .mod = u.mod};
		assert_int_equal(pthread_create(&workers[i].id, NULL, work, &workers[i]), 0);
	}
	for (int i = 0; i < N_WORKERS; i++) {
		struct worker *w = &workers[i];

		pthread_join(w->id, NULL);
		assert_int_equal(w->wrong, 0);
		assert_int_equal(w->right + w->failed, N_BATCHES);
		assert_int_equal(w->told, w->failed != 0);
		right += w->right;
	}
	assert_in_range(right, AFTER - N_WORKERS, AFTER);
	use__end(&u);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_load),
		cmocka_unit_test(test_memory),
		cmocka_unit_test(test_launch),
		cmocka_unit_test(test_wrong),
		cmocka_unit_test(test_late),
		cmocka_unit_test(test_missing),
		cmocka_unit_test(test_lost),
		cmocka_unit_test(test_faults_pass_through),
		cmocka_unit_test(test_all_threads_see_a_device_lost),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
