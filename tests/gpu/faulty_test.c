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
#include <time.h>
#include <cmocka.h>

#include "use-device.h"

#define N     200 /* packets */
#define VALUE 9

static uint64_t now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

static void run_well(struct gpu_job *job, struct gpu_module *mod)
{
	struct batch b;

	assert_int_equal(use__submit(job, mod, &b, N), 0);
	assert_int_equal(use__await(job), 1);
	assert_int_equal(batch__count_wrong(&b, job, VALUE), 0);
	assert_true(job->times.kernel_ns);
}

static void close_all(struct gpu_device *dev, struct gpu_module *mod, struct gpu_job *job)
{
	if (job)
		dev->ops->close_job(job);
	if (mod)
		dev->ops->unload(mod);
	gpu_device__close(dev);
	assert_int_equal(sum_images, 0);
}

/* Every call says that the device has failed. */
static void check_failed(
	struct gpu_device *dev, struct gpu_module *mod, struct gpu_job *job, const char *why)
{
	struct gpu_module *other = NULL;
	struct gpu_job *more = NULL;
	char *err = NULL;
	uint64_t value = 0;
	struct batch b;

	assert_string_equal(dev->why, why);
	assert_int_equal(use__submit(job, mod, &b, N), -EIO);
	assert_int_equal(dev->ops->write_map(mod, 0, 0, &value, sizeof(value)), -EIO);
	assert_int_equal(dev->ops->load(dev, &sum_kernel, &other, &err), -EIO);
	assert_non_null(strstr(err, why));
	free(err);
	assert_int_equal(dev->ops->open_job(dev, BATCH_IN, BATCH_OUT, &more, &err), -EIO);
	assert_non_null(strstr(err, why));
	free(err);
}

static void test_load(void **state)
{
	struct gpu_device *dev = use__open("faulty:load:2:host:1");
	struct gpu_module *mod[2] = {use__load(dev, VALUE), use__load(dev, VALUE)}, *none = NULL;
	struct gpu_job *job = use__open_job(dev);

	for (int i = 0; i < 2; i++) {
		char *err = NULL;

		assert_int_equal(dev->ops->load(dev, &sum_kernel, &none, &err), -EIO);
		assert_string_equal(err, "faulty:load:host:1: the kernel is not loaded");
		free(err);
		run_well(job, mod[i]);
	}
	dev->ops->unload(mod[1]);
	close_all(dev, mod[0], job);
}

static void test_memory(void **state)
{
	struct gpu_device *dev = use__open("faulty:memory:1:host:1");
	struct gpu_module *mod = use__load(dev, VALUE);
	struct gpu_job *job = use__open_job(dev), *none = NULL;
	char *err = NULL;

	assert_int_equal(dev->ops->open_job(dev, BATCH_IN, BATCH_OUT, &none, &err), -ENOMEM);
	assert_non_null(strstr(err, "faulty:memory:host:1: no memory for a job of"));
	free(err);
	run_well(job, mod);
	close_all(dev, mod, job);
}

static void test_launch(void **state)
{
	struct gpu_device *dev = use__open("faulty:launch:3:host:2");
	struct gpu_module *mod = use__load(dev, VALUE);
	struct gpu_job *job = use__open_job(dev);
	struct batch b;

	for (int i = 0; i < 3; i++)
		run_well(job, mod);
	assert_int_equal(use__submit(job, mod, &b, N), -EIO);
	check_failed(dev, mod, job, "faulty:launch:host:2: the launch failed");
	close_all(dev, mod, job);
}

static void test_wrong(void **state)
{
	struct gpu_device *dev = use__open("faulty:wrong:2:host:2");
	struct gpu_module *mod = use__load(dev, VALUE);
	struct gpu_job *job = use__open_job(dev);
	struct batch b;

	run_well(job, mod);
	run_well(job, mod);
	for (int i = 0; i < 3; i++) {
		assert_int_equal(use__submit(job, mod, &b, N), 0);
		assert_int_equal(use__await(job), 1);
		assert_int_equal(batch__count_wrong(&b, job, VALUE), N);
	}
	close_all(dev, mod, job);
}

static void test_late(void **state)
{
	struct gpu_device *dev = use__open("faulty:late:1:host:2");
	struct gpu_module *mod = use__load(dev, VALUE);
	struct gpu_job *job = use__open_job(dev);

	run_well(job, mod);
	for (int i = 0; i < 2; i++) {
		uint64_t before = now_ms();

		run_well(job, mod);
		assert_true(now_ms() - before >= 19);
	}
	close_all(dev, mod, job);
}

static void test_missing(void **state)
{
	struct gpu_device *dev = use__open("faulty:missing:1:host:2");
	struct gpu_module *mod = use__load(dev, VALUE);
	struct gpu_job *job = use__open_job(dev);
	uint64_t until;
	struct batch b;

	run_well(job, mod);
	assert_int_equal(use__submit(job, mod, &b, N), 0);
	for (until = now_ms() + 50; now_ms() < until; use__wait_a_little())
		assert_int_equal(dev->ops->poll(job), 0);
	dev->ops->abandon(job);
	close_all(dev, mod, NULL);
}

static void test_lost(void **state)
{
	struct gpu_device *dev = use__open("faulty:lost:1:host:2");
	struct gpu_module *mod = use__load(dev, VALUE);
	struct gpu_job *job = use__open_job(dev), *other = use__open_job(dev);
	struct batch b;

	run_well(job, mod);
	sum_holds = true;
	assert_int_equal(use__submit(job, mod, &b, N), 0);
	assert_int_equal(use__submit(other, mod, &b, N), 0);
	/* Not before the buffers are the caller's again. */
	for (int i = 0; i < 100; i++)
		assert_int_equal(dev->ops->poll(job), 0);
	sum_holds = false;
	assert_int_equal(use__await(job), -EIO);
	assert_int_equal(use__await(other), -EIO);
	check_failed(dev, mod, job, "faulty:lost:host:2: the device is lost");
	dev->ops->close_job(other);
	close_all(dev, mod, job);
}

/* The fault of a device below is told as the device's own. */
static void test_faults_pass_through(void **state)
{
	struct gpu_device *dev = use__open("faulty:late:99:faulty:lost:0:host:1");
	struct gpu_module *mod = use__load(dev, VALUE);
	struct gpu_job *job = use__open_job(dev);
	struct batch b;

	assert_int_equal(use__submit(job, mod, &b, N), 0);
	assert_int_equal(use__await(job), -EIO);
	check_failed(dev, mod, job, "faulty:lost:host:1: the device is lost");
	close_all(dev, mod, job);
}

/* --- many threads ---------------------------------------------------------------------------- */

#define N_WORKERS 3
#define N_BATCHES 100
#define AFTER     150

struct worker {
	pthread_t id;
	struct gpu_device *dev;
	struct gpu_module *mod;
	uint32_t right, wrong, failed;
	bool told;
};

static void *work(void *arg)
{
	struct worker *w = arg;
	struct gpu_job *job = NULL;

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
	struct gpu_device *dev = use__open("faulty:lost:150:host:2");
	struct gpu_module *mod = use__load(dev, VALUE);
	struct worker workers[N_WORKERS];
	uint32_t right = 0;

	for (int i = 0; i < N_WORKERS; i++) {
		workers[i] = (struct worker){.dev = dev, .mod = mod};
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
	close_all(dev, mod, NULL);
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
