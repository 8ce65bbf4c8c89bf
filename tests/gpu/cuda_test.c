/* SPDX-License-Identifier: BSD-3-Clause
 *
 * cuda_test.c -- the CUDA device on a driver that is a fake: what it asks of it, and what it makes
 * of each call's failure.
 *
 *	cuda_test works LIBRARY    on the fake driver
 *	cuda_test old LIBRARY      on one without a call that is in use
 *	cuda_test none             without a driver
 */
#include <dlfcn.h>
#include <errno.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "fake-cuda.h"
#include "use-device.h"

#define SKIPPED 77

static struct fake_cuda *fake;

static int set_up(void **state)
{
	*fake = (struct fake_cuda){.version = 12040,
		.n_devices = 3,
		.major = 9,
		.multiprocessors = 132,
		.names = {"NVIDIA A100-SXM4-80GB", "NVIDIA H100 80GB HBM3", "Tesla T4"},
		.map_bytes = SUM_MAP_BYTES,
		.judge = sum__judge};
	return 0;
}

/* Nothing is left behind, and nothing was asked that a driver takes amiss. */
static int tear_down(void **state)
{
	if (fake->n_amiss || fake->n_left || fake->n_alive)
		print_error("%u left, %u alive, %u amiss: %s\n", fake->n_left, fake->n_alive,
			fake->n_amiss, fake->amiss);
	return fake->n_amiss || fake->n_left || fake->n_alive;
}

/* --- devices --------------------------------------------------------------------------------- */

static void test_devices_by_number_and_name(void **state)
{
	static const char *const specs[][2] = {
		{"cuda", "cuda:0 NVIDIA A100-SXM4-80GB"},
		{"cuda:", "cuda:0 NVIDIA A100-SXM4-80GB"},
		{"cuda:0", "cuda:0 NVIDIA A100-SXM4-80GB"},
		{"cuda:2", "cuda:2 Tesla T4"},
		{"cuda:H100", "cuda:1 NVIDIA H100 80GB HBM3"},
		{"cuda:tesla", "cuda:2 Tesla T4"},
		{"cuda:80GB", "cuda:0 NVIDIA A100-SXM4-80GB"},
	};

	for (size_t i = 0; i < sizeof(specs) / sizeof(*specs); i++) {
		struct ebpf_gpu_device *dev = use__open(specs[i][0]);

		assert_string_equal(dev->name, specs[i][1]);
		assert_string_equal(dev->driver, "CUDA 12.4");
		assert_int_equal(dev->ops->target, EBPF_TARGET_PTX);
		ebpf_gpu_device__close(dev);
	}
	use__open_refused("cuda:3", "cuda:3: there is no such device, but 0 NVIDIA A100-SXM4-80GB, "
				    "1 NVIDIA H100 80GB HBM3, 2 Tesla T4");
	use__open_refused("cuda:99999999999999999999", "there is no such device");
	use__open_refused("cuda:RTX", "cuda:RTX: there is no such device");
}

static void test_drivers_that_do_not_do(void **state)
{
	fake->version = 9020;
	use__open_refused("cuda",
		"cuda: the NVIDIA driver is too old: it is of CUDA 9.2, and kernels need 10.0");
	set_up(state);
	fake->n_devices = 0;
	use__open_refused("cuda", "cuda: the NVIDIA driver knows no device");
	set_up(state);
	fake->fails = "cuDriverGetVersion"; /* so does the library that toolkits link with */
	fake->error = 34;
	use__open_refused(
		"cuda", "cuda: the NVIDIA driver does not work: cuDriverGetVersion: error 34");
	set_up(state);
	fake->fails = "cuInit";
	fake->error = 999;
	use__open_refused("cuda", "cuda: the NVIDIA driver does not work: cuInit: error 999");
	set_up(state);
	fake->major = 7;
	fake->minor = 2;
	use__open_refused("cuda:1", "cuda:1 NVIDIA H100 80GB HBM3: its compute capability is 7.2, "
				    "and kernels need 7.5");
	fake->minor = 5;
	ebpf_gpu_device__close(use__open("cuda"));
}

/* --- modules --------------------------------------------------------------------------------- */

static void check_load_fails(struct ebpf_gpu_device *dev, const char *says)
{
	struct ebpf_gpu_module *mod = NULL;
	char *err = NULL;

	assert_int_equal(dev->ops->load(dev, &sum_kernel, &mod, &err), -ENOEXEC);
	assert_string_equal(err, says);
	free(err);
	assert_string_equal(dev->why, "");
}

static void test_a_kernel_is_refused_with_the_log(void **state)
{
	struct ebpf_gpu_device *dev = use__open("cuda");

	fake->jit_log = "ptxas application ptx input, line 9; error   : Unknown opcode\n"
			"ptxas fatal   : Ptx assembly aborted due to errors\n\n";
	check_load_fails(dev,
		"cuda:0 NVIDIA A100-SXM4-80GB: the kernel is not loaded: cuModuleLoadDataEx: "
		"CUDA_ERROR_INVALID_PTX (a PTX JIT compilation failed): "
		"ptxas application ptx input, line 9; error   : Unknown opcode;"
		"ptxas fatal   : Ptx assembly aborted due to errors");
	fake->jit_log = NULL;
	fake->map_bytes = SUM_MAP_BYTES - 1;
	check_load_fails(dev, "cuda:0 NVIDIA A100-SXM4-80GB: the kernel has 4095 bytes for "
			      "ebpf_map_0, where there should be 4096");
	fake->map_bytes = SUM_MAP_BYTES;
	dev->ops->unload(use__load(dev, 1));
	ebpf_gpu_device__close(dev);
}

/* A map that is only counted in is in no instruction of the kernel. */
static void test_a_map_may_be_missing(void **state)
{
	struct ebpf_gpu_device *dev = use__open("cuda");
	struct ebpf_gpu_module *mod;

	fake->map_bytes = 0;
	mod = use__load(dev, 1); /* which writes the map */
	dev->ops->unload(mod);
	ebpf_gpu_device__close(dev);
}

static void test_maps_are_written_before_the_call_returns(void **state)
{
	struct used u = use__begin("cuda", 1);
	uint64_t value = 3000000000u;
	struct batch b;

	assert_int_equal(u.dev->ops->write_map(u.mod, 0, SUM_VALUE_AT, &value, sizeof(value)), 0);
	value = 0;
	assert_int_equal(use__submit(u.job, u.mod, &b, 10), 0);
	assert_int_equal(use__await(u.job), 1);
	assert_int_equal(batch__count_wrong(&b, u.job, 3000000000u), 0);
	assert_int_equal(u.dev->ops->write_map(u.mod, 0, SUM_MAP_BYTES - 7, &value, 8), -EINVAL);
	assert_int_equal(u.dev->ops->write_map(u.mod, 0, UINT64_MAX, &value, 8), -EINVAL);
	assert_int_equal(u.dev->ops->write_map(u.mod, 1, 0, &value, 8), -EINVAL);
	assert_int_equal(u.dev->ops->write_map(u.mod, 2, 0, &value, 8), -EINVAL);
	use__end(&u);
}

/* --- jobs ------------------------------------------------------------------------------------ */

static void test_batches_come_back(void **state)
{
	static const struct {
		uint32_t multiprocessors, n, blocks, threads;
	} shapes[] = {
		{132, 1, 1, 32},
		{132, 33, 2, 32},
		{132, 4096, 128, 32},
		{40, 4096, 32, 128},
		{4, 4096, 16, 256},
		{4, 4001, 16, 256},
	};

	for (size_t i = 0; i < sizeof(shapes) / sizeof(*shapes); i++) {
		struct ebpf_gpu_device *dev;
		struct ebpf_gpu_module *mod;
		struct ebpf_gpu_job *job;
		struct batch b;

		fake->multiprocessors = (int)shapes[i].multiprocessors;
		dev = use__open("cuda");
		mod = use__load(dev, i);
		job = use__open_job(dev);
		for (int again = 0; again < 2; again++) {
			assert_int_equal(use__submit(job, mod, &b, shapes[i].n), 0);
			assert_int_equal(dev->ops->poll(job), 0);
			assert_int_equal(
				dev->ops->submit(job, mod, b.in_used, b.out_used, 1), -EBUSY);
			assert_int_equal(use__await(job), 1);
			assert_int_equal(batch__count_wrong(&b, job, i), 0);
			/* What the kernel does not write is not what was there before. */
			assert_int_equal(job->out[b.launch.out_windows], 0);
		}
		assert_int_equal(fake->blocks, shapes[i].blocks);
		assert_int_equal(fake->threads, shapes[i].threads);
		assert_int_equal(job->times.in_ns, 250000);
		assert_int_equal(job->times.kernel_ns, 250000);
		assert_int_equal(job->times.out_ns, 250000);
		assert_int_equal(dev->ops->submit(job, mod, BATCH_IN + 1, 8, 1), -EINVAL);
		assert_int_equal(dev->ops->submit(job, mod, BATCH_IN, BATCH_OUT + 1, 1), -EINVAL);
		assert_int_equal(dev->ops->submit(job, mod, BATCH_IN, BATCH_OUT, 0), -EINVAL);
		dev->ops->close_job(job);
		dev->ops->unload(mod);
		ebpf_gpu_device__close(dev);
	}
}

static void test_no_memory_is_no_failure(void **state)
{
	static const char *const calls[] = {"cuMemHostAlloc", "cuMemAlloc_v2"};
	struct ebpf_gpu_device *dev = use__open("cuda");

	fake->error = FAKE_OUT_OF_MEMORY;
	for (uint32_t i = 0; i < 4; i++) {
		struct ebpf_gpu_job *job = NULL;
		char *err = NULL, says[200];

		fake->fails = calls[i / 2];
		fake->after = i % 2;
		assert_int_equal(dev->ops->open_job(dev, 600, 400, &job, &err), -ENOMEM);
		snprintf(says, sizeof(says), "%s: %s: no memory for a job of 1000 bytes", dev->name,
			calls[i / 2]);
		assert_string_equal(err, says);
		free(err);
		fake->fails = NULL;
		dev->ops->close_job(use__open_job(dev));
	}
	ebpf_gpu_device__close(dev);
}

static void test_a_device_lost_in_mid_batch(void **state)
{
	struct used u = use__begin("cuda", 1);
	struct ebpf_gpu_job *other = use__open_job(u.dev);
	struct batch b;

	assert_int_equal(use__submit(u.job, u.mod, &b, 10), 0);
	assert_int_equal(use__submit(other, u.mod, &b, 10), 0);
	assert_int_equal(u.dev->ops->poll(u.job), 0);
	fake->fails = "cuEventQuery";
	fake->error = FAKE_ILLEGAL_ADDRESS;
	fake->sticky = true;
	assert_int_equal(use__await(u.job), -EIO);
	assert_int_equal(use__await(other), -EIO);
	assert_string_equal(u.dev->why,
		"cuda:0 NVIDIA A100-SXM4-80GB: cuEventQuery: CUDA_ERROR_ILLEGAL_ADDRESS "
		"(an illegal memory access was encountered)");
	assert_int_equal(use__submit(u.job, u.mod, &b, 10), -EIO);
	u.dev->ops->close_job(u.job);
	u.dev->ops->unload(u.mod);
	ebpf_gpu_device__close(u.dev); /* with the other */
}

static void test_a_device_that_hangs_is_not_waited_for(void **state)
{
	struct used u = use__begin("cuda", 1);
	struct ebpf_gpu_module *other = use__load(u.dev, 2);
	struct ebpf_gpu_job *idle = use__open_job(u.dev);
	struct batch b;

	fake->hangs = true;
	assert_int_equal(use__submit(u.job, u.mod, &b, 10), 0);
	for (int i = 0; i < 100; i++)
		assert_int_equal(u.dev->ops->poll(u.job), 0);
	u.dev->ops->abandon(u.job);
	u.job = idle;
	u.dev->ops->unload(other);
	use__end(&u);
	assert_int_not_equal(fake->n_alive, 0);
	fake->n_alive = 0;
}

static void test_a_job_given_up_may_yet_end(void **state)
{
	struct used u = use__begin("cuda", 1);
	struct batch b;

	assert_int_equal(use__submit(u.job, u.mod, &b, 10), 0);
	u.dev->ops->abandon(u.job);
	u.dev->ops->unload(u.mod);
	ebpf_gpu_device__close(u.dev);
}

/* --- every call's failure -------------------------------------------------------------------- */

/* The first error that is told, or NULL. */
static char *use_all(void)
{
	struct ebpf_gpu_module *mod = NULL;
	struct ebpf_gpu_job *job = NULL;
	char *err = NULL;
	struct ebpf_gpu_device *dev = ebpf_gpu_device__open("cuda", &err);
	const uint64_t value = 1;
	struct batch b;

	if (!dev)
		return err;
	if (!dev->ops->load(dev, &sum_kernel, &mod, &err) &&
		!dev->ops->open_job(dev, 16384, 16384, &job, &err)) {
		if (dev->ops->write_map(mod, 0, SUM_VALUE_AT, &value, 8) ||
			use__submit(job, mod, &b, 64) || use__await(job) < 0)
			err = strdup(dev->why);
		else
			assert_int_equal(batch__count_wrong(&b, job, 1), 0);
	}
	if (job)
		dev->ops->close_job(job);
	if (mod)
		dev->ops->unload(mod);
	ebpf_gpu_device__close(dev);
	return err;
}

/* Calls whose failure need not be told. */
static bool may_be_silent(const char *call)
{
	return strstr(call, "Destroy") || strstr(call, "Free") || strstr(call, "Unload") ||
	       strstr(call, "Attribute") || strstr(call, "GetError") ||
	       strstr(call, "ElapsedTime") || strstr(call, "StreamSynchronize");
}

static void test_each_call_may_fail(void **state)
{
	static const char *const calls[] = {
#define CUDA_CALL(name, parameters) #name,
#include "cuda-calls.def"
#undef CUDA_CALL
	};

	for (size_t i = 0; i < sizeof(calls) / sizeof(*calls); i++) {
		for (unsigned n = 0; n < 6; n++) {
			char *err;

			set_up(state);
			fake->fails = calls[i];
			fake->error = FAKE_LAUNCH_FAILED;
			fake->after = n / 2;
			fake->sticky = n % 2;
			err = use_all();
			if (fake->failed && !err && !may_be_silent(calls[i]))
				fail_msg("%s failed, and nobody was told", calls[i]);
			if (err && (!fake->failed || strchr(err, '\n') || !*err))
				fail_msg("%s: %s", calls[i], err);
			free(err);
			if (fake->n_amiss || fake->n_alive)
				fail_msg("%s (%u): %u alive; %s", calls[i], n, fake->n_alive,
					fake->amiss);
			fake->n_left = 0; /* what could not be destroyed */
		}
	}
}

/* --- many threads ---------------------------------------------------------------------------- */

struct worker {
	pthread_t id;
	struct ebpf_gpu_device *dev;
	struct ebpf_gpu_module *mod;
	uint32_t wrong;
};

static void *work(void *arg)
{
	struct worker *w = arg;
	struct ebpf_gpu_job *jobs[2];
	struct batch batches[2];

	for (int j = 0; j < 2; j++) {
		if (w->dev->ops->open_job(w->dev, 16384, 16384, &jobs[j], NULL))
			abort();
	}
	for (int i = 0; i < 50; i++) {
		for (int j = 0; j < 2; j++)
			w->wrong += use__submit(jobs[j], w->mod, &batches[j], 50) != 0;
		for (int j = 0; j < 2; j++) {
			w->wrong += use__await(jobs[j]) != 1;
			w->wrong += batch__count_wrong(&batches[j], jobs[j], 4);
		}
	}
	for (int j = 0; j < 2; j++)
		w->dev->ops->close_job(jobs[j]);
	return NULL;
}

static void test_workers_and_maps_at_once(void **state)
{
	struct ebpf_gpu_device *dev = use__open("cuda");
	struct ebpf_gpu_module *mod = use__load(dev, 4), *idle = use__load(dev, 0);
	struct worker workers[2];

	for (int i = 0; i < 2; i++) {
		workers[i] = (struct worker){.dev = dev, .mod = mod};
		assert_int_equal(pthread_create(&workers[i].id, NULL, work, &workers[i]), 0);
	}
	for (uint64_t value = 0; value < 100; value++)
		assert_int_equal(dev->ops->write_map(idle, 0, SUM_VALUE_AT, &value, 8), 0);
	for (int i = 0; i < 2; i++) {
		pthread_join(workers[i].id, NULL);
		assert_int_equal(workers[i].wrong, 0);
	}
	dev->ops->unload(mod);
	dev->ops->unload(idle);
	ebpf_gpu_device__close(dev);
}

/* --- without a driver that works ------------------------------------------------------------- */

static void test_old(void **state)
{
	use__open_refused("cuda", "cuda: the NVIDIA driver is too old: libcuda.so.1 has no "
				  "cuEventElapsedTime");
	use__open_refused("faulty:late:cuda", "cuda: the NVIDIA driver is too old");
}

static void test_none(void **state)
{
	use__open_refused(
		"cuda", "cuda: no NVIDIA driver: libcuda.so.1: cannot open shared object");
}

/* A library that is open is found by its name wherever it lies. */
static void *open_library(const char *path)
{
	void *library = dlopen(path, RTLD_NOW);

	if (!library) {
		fprintf(stderr, "%s\n", dlerror());
		exit(1);
	}
	return library;
}

int main(int argc, char **argv)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest works[] = {
		TEST(test_devices_by_number_and_name),
		TEST(test_drivers_that_do_not_do),
		TEST(test_a_kernel_is_refused_with_the_log),
		TEST(test_a_map_may_be_missing),
		TEST(test_maps_are_written_before_the_call_returns),
		TEST(test_batches_come_back),
		TEST(test_no_memory_is_no_failure),
		TEST(test_a_device_lost_in_mid_batch),
		TEST(test_a_device_that_hangs_is_not_waited_for),
		TEST(test_a_job_given_up_may_yet_end),
		TEST(test_each_call_may_fail),
		TEST(test_workers_and_maps_at_once),
	};
	const struct CMUnitTest old[] = {cmocka_unit_test(test_old)};
	const struct CMUnitTest none[] = {cmocka_unit_test(test_none)};

	if (argc == 3 && !strcmp(argv[1], "works")) {
		fake = dlsym(open_library(argv[2]), "fake_cuda");
		return cmocka_run_group_tests(works, NULL, NULL);
	}
	if (argc == 3 && !strcmp(argv[1], "old")) {
		open_library(argv[2]);
		return cmocka_run_group_tests(old, NULL, NULL);
	}
	if (dlopen("libcuda.so.1", RTLD_NOW)) {
		printf("skipped: there is a CUDA driver\n");
		return SKIPPED;
	}
	return cmocka_run_group_tests(none, NULL, NULL);
}
