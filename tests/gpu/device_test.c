/* SPDX-License-Identifier: BSD-3-Clause
 *
 * device_test.c -- devices run kernels beside the caller, on the version of the maps that was asked
 * for, and fail as their contract says. The kernel is sum-kernel.h's.
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

/* --- names ----------------------------------------------------------------------------------- */

static void test_what_is_no_device_is_refused(void **state)
{
	static const struct {
		const char *spec, *says;
	} bad[] = {
		{"", "there is no device"},
		{"gpu", "there is no device gpu"},
		{"hos", "there is no device hos"},
		{"hosts:1", "there is no device hosts:1"},
		{"host:0", "1 to 256 threads"},
		{"host:257", "1 to 256 threads"},
		{"host:-1", "1 to 256 threads"},
		{"host:4x", "1 to 256 threads"},
		{"faulty", "faulty:FAULT[:AFTER]:DEVICE"},
		{"faulty:late", "faulty:FAULT[:AFTER]:DEVICE"},
		{"faulty:broken:host", "faulty:FAULT[:AFTER]:DEVICE"},
		{"faulty:late:3", "AFTER is a number"},
		{"faulty:late:3x:host", "AFTER is a number"},
		{"faulty:late:3:", "there is no device"},
		{"faulty:late:nothing", "there is no device nothing"},
	};

	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		use__open_refused(bad[i].spec, bad[i].says);
	ebpf_gpu_device__close(NULL);
}

static void test_devices_have_names(void **state)
{
	static const char *const names[][2] = {{"host:3", "host:3"},
		{"faulty:late:7:host:2", "faulty:late:host:2"},
		{"faulty:lost:faulty:load:host:1", "faulty:lost:faulty:load:host:1"}};

	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
		struct ebpf_gpu_device *dev = use__open(names[i][0]);

		assert_string_equal(dev->name, names[i][1]);
		assert_int_equal(dev->ops->target, EBPF_TARGET_HOST);
		ebpf_gpu_device__close(dev);
	}
	ebpf_gpu_device__close(use__open("host"));
}

/* --- host ------------------------------------------------------------------------------------ */

static void test_all_packets_of_a_batch_are_judged(void **state)
{
	static const char *const specs[] = {"host:1", "host:2", "host:7"};

	for (size_t s = 0; s < sizeof(specs) / sizeof(*specs); s++) {
		struct used u = use__begin(specs[s], 77);
		struct batch b;

		for (uint32_t n = 1; n <= BATCH_MAX; n = n * 2 + (n & 1 && n > 1)) {
			assert_int_equal(use__submit(u.job, u.mod, &b, n), 0);
			assert_int_equal(use__await(u.job), 1);
			assert_int_equal(batch__count_wrong(&b, u.job, 77), 0);
			assert_true(u.job->times.in_ns && u.job->times.kernel_ns &&
				    u.job->times.out_ns);
		}
		use__end(&u);
	}
}

static void test_submit_returns_at_once(void **state)
{
	struct used u = use__begin("host:2", 1);
	struct batch b;

	sum_holds = true;
	assert_int_equal(use__submit(u.job, u.mod, &b, 100), 0);
	assert_int_equal(u.dev->ops->poll(u.job), 0);
	assert_int_equal(u.dev->ops->submit(u.job, u.mod, b.in_used, b.out_used, 100), -EBUSY);
	sum_holds = false;
	assert_int_equal(use__await(u.job), 1);
	assert_int_equal(u.dev->ops->poll(u.job), 1); /* and again */
	assert_int_equal(batch__count_wrong(&b, u.job, 1), 0);
	use__end(&u);
}

/* What a caller forgets to say must not come by chance here, and be missing on a GPU. */
static void test_only_what_is_used_is_copied(void **state)
{
	struct used u = use__begin("host:1", 5);
	struct kernel_result before[8], after[8];
	struct batch b;

	assert_int_equal(use__submit(u.job, u.mod, &b, 8), 0);
	assert_int_equal(use__await(u.job), 1);
	memcpy(before, u.job->out, sizeof(before));
	/* The last packet is another now, which nobody says; nor that it is wanted back. */
	u.job->in[b.in_used - 1] ^= 0xff;
	u.job->in[b.in_used - BATCH_LEN] ^= 0xff;
	memset(u.job->out, 0xaa, b.out_used);
	assert_int_equal(
		u.dev->ops->submit(u.job, u.mod, b.in_used - BATCH_LEN, b.out_used - BATCH_LEN, 8),
		0);
	assert_int_equal(use__await(u.job), 1);
	memcpy(after, u.job->out, sizeof(after));
	assert_memory_equal(before, after, sizeof(before));
	for (size_t i = 1; i <= BATCH_LEN; i++)
		assert_int_equal(u.job->out[b.out_used - i], 0xaa);
	use__end(&u);
}

static void test_sizes_are_checked(void **state)
{
	struct used u = use__begin("host:1", 5);
	const struct ebpf_gpu_device_ops *ops = u.dev->ops;
	uint8_t bytes[16] = {0};

	assert_int_equal(ops->submit(u.job, u.mod, BATCH_IN + 1, BATCH_OUT, 1), -EINVAL);
	assert_int_equal(ops->submit(u.job, u.mod, BATCH_IN, BATCH_OUT + 1, 1), -EINVAL);
	assert_int_equal(ops->submit(u.job, u.mod, 3, BATCH_OUT, 1), -EINVAL);
	assert_int_equal(ops->submit(u.job, u.mod, BATCH_IN, BATCH_OUT, 0), -EINVAL);
	assert_int_equal(ops->write_map(u.mod, 0, SUM_MAP_BYTES - 16, bytes, 16), 0);
	assert_int_equal(ops->write_map(u.mod, 0, SUM_MAP_BYTES - 15, bytes, 16), -EINVAL);
	assert_int_equal(ops->write_map(u.mod, 0, UINT64_MAX, bytes, 16), -EINVAL);
	assert_int_equal(ops->write_map(u.mod, 1, 0, bytes, 16), -EINVAL);
	assert_int_equal(ops->write_map(u.mod, 2, 0, bytes, 16), -EINVAL);
	use__end(&u);
}

static void test_close_job_waits_for_it(void **state)
{
	struct ebpf_gpu_device *dev = use__open("host:2");
	struct ebpf_gpu_module *mod = use__load(dev, 5);

	for (int i = 0; i < 50; i++) {
		struct ebpf_gpu_job *job = use__open_job(dev);
		struct batch b;

		assert_int_equal(use__submit(job, mod, &b, 300), 0);
		dev->ops->close_job(job);
	}
	dev->ops->unload(mod);
	ebpf_gpu_device__close(dev);
}

static void test_what_is_given_up_goes_with_the_device(void **state)
{
	struct ebpf_gpu_device *dev = use__open("host:2");
	struct ebpf_gpu_module *mod = use__load(dev, 5), *other = use__load(dev, 6);
	struct ebpf_gpu_job *job = use__open_job(dev), *next = use__open_job(dev);
	struct batch b;

	sum_holds = true;
	assert_int_equal(use__submit(job, mod, &b, 64), 0);
	dev->ops->abandon(job);
	dev->ops->unload(mod);
	assert_int_equal(sum_images, 2); /* it may still run */
	assert_int_equal(use__submit(next, other, &b, 64), 0);
	sum_holds = false;
	assert_int_equal(use__await(next), 1);
	assert_int_equal(batch__count_wrong(&b, next, 6), 0);
	dev->ops->close_job(next);
	dev->ops->unload(other);
	assert_int_equal(sum_images, 1);
	ebpf_gpu_device__close(dev);
	assert_int_equal(sum_images, 0);
}

/* --- many threads ---------------------------------------------------------------------------- */

#define N_WORKERS 3
#define N_JOBS    4
#define N_BATCHES 200

struct worker {
	pthread_t id;
	struct ebpf_gpu_device *dev;
	uint32_t wrong, failed;
};

/* Two versions of the maps, as a mirror has them: users of each are counted. */
static struct version {
	struct ebpf_gpu_module *mod;
	uint64_t value;
	atomic_uint users;
} versions[2];
static atomic_uint in_use;
static pthread_mutex_t flip = PTHREAD_MUTEX_INITIALIZER;

static struct version *take_version(void)
{
	struct version *v;

	pthread_mutex_lock(&flip);
	v = &versions[in_use];
	v->users++;
	pthread_mutex_unlock(&flip);
	return v;
}

static void end_job(struct worker *w, struct ebpf_gpu_job *job, struct batch *b, struct version *v)
{
	if (use__await(job) != 1)
		w->failed++;
	else
		w->wrong += batch__count_wrong(b, job, v->value);
	v->users--;
}

static void *work(void *arg)
{
	struct worker *w = arg;
	struct version *used[N_JOBS] = {NULL};
	struct ebpf_gpu_job *jobs[N_JOBS];
	struct batch batches[N_JOBS];

	for (uint32_t i = 0; i < N_JOBS; i++) {
		if (w->dev->ops->open_job(w->dev, BATCH_IN, BATCH_OUT, &jobs[i], NULL))
			abort();
	}
	for (uint32_t i = 0; i < N_BATCHES; i++) {
		uint32_t j = i % N_JOBS;

		if (used[j])
			end_job(w, jobs[j], &batches[j], used[j]);
		used[j] = take_version();
		w->failed += use__submit(jobs[j], used[j]->mod, &batches[j], 1 + i * 5) != 0;
	}
	for (uint32_t j = 0; j < N_JOBS; j++) {
		end_job(w, jobs[j], &batches[j], used[j]);
		w->dev->ops->close_job(jobs[j]);
	}
	return NULL;
}

static void write_next_version(struct ebpf_gpu_device *dev, uint64_t value)
{
	struct version *idle = &versions[!in_use];

	while (idle->users)
		use__wait_a_little();
	idle->value = value;
	if (dev->ops->write_map(idle->mod, 0, SUM_VALUE_AT, &value, sizeof(value)))
		abort();
	pthread_mutex_lock(&flip);
	in_use = !in_use;
	pthread_mutex_unlock(&flip);
}

static void test_each_batch_has_one_version_of_the_maps(void **state)
{
	struct ebpf_gpu_device *dev = use__open("host:2");
	struct worker workers[N_WORKERS];

	for (uint32_t i = 0; i < 2; i++) {
		versions[i].value = i;
		versions[i].mod = use__load(dev, i);
	}
	for (uint32_t i = 0; i < N_WORKERS; i++) {
		workers[i] = (struct worker){.dev = dev};
		assert_int_equal(pthread_create(&workers[i].id, NULL, work, &workers[i]), 0);
	}
	for (uint64_t value = 2; value < 100; value++)
		write_next_version(dev, value);
	for (uint32_t i = 0; i < N_WORKERS; i++) {
		pthread_join(workers[i].id, NULL);
		assert_int_equal(workers[i].failed, 0);
		assert_int_equal(workers[i].wrong, 0);
	}
	dev->ops->unload(versions[0].mod);
	dev->ops->unload(versions[1].mod);
	ebpf_gpu_device__close(dev);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_what_is_no_device_is_refused),
		cmocka_unit_test(test_devices_have_names),
		cmocka_unit_test(test_all_packets_of_a_batch_are_judged),
		cmocka_unit_test(test_submit_returns_at_once),
		cmocka_unit_test(test_only_what_is_used_is_copied),
		cmocka_unit_test(test_sizes_are_checked),
		cmocka_unit_test(test_close_job_waits_for_it),
		cmocka_unit_test(test_what_is_given_up_goes_with_the_device),
		cmocka_unit_test(test_each_batch_has_one_version_of_the_maps),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
