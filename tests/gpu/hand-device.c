/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "core/error.h"
#include "hand-device.h"
#include "kernel-double.h"
#include "kernel.h"

struct ebpf_gpu_module {
	struct hand_device *hand;
	uint8_t *maps[2];
	uint64_t bytes[2];
	uint32_t users; /* jobs under way */
};

struct job {
	struct ebpf_gpu_job public;
	struct ebpf_gpu_module *mod; /* under way with it */
	struct job *next;            /* abandoned */
};

static struct job *abandoned_jobs;

static struct hand_device *hand_of(struct ebpf_gpu_device *dev)
{
	return (struct hand_device *)dev;
}

/* Counts down to the call that fails. */
static bool is_now(uint32_t *countdown)
{
	return *countdown && !--*countdown;
}

static int broken(struct ebpf_gpu_device *dev, const char *what)
{
	snprintf(dev->why, sizeof(dev->why), "%s failed", what);
	return -EIO;
}

static int load(struct ebpf_gpu_device *dev, const struct ebpf_kernel *k,
	struct ebpf_gpu_module **mod, char **errmsg)
{
	struct hand_device *hand = hand_of(dev);

	if (is_now(&hand->fail_load))
		return error__set(errmsg, -EIO, "the module cannot be loaded");
	*mod = calloc(1, sizeof(**mod));
	assert_non_null(*mod);
	(*mod)->hand = hand;
	for (uint32_t i = 0; i < 2; i++) {
		(*mod)->bytes[i] = ebpf_kernel__info(k)->map[i].bytes;
		(*mod)->maps[i] = calloc(1, (*mod)->bytes[i]);
		assert_non_null((*mod)->maps[i]);
	}
	hand->modules++;
	return 0;
}

static void unload(struct ebpf_gpu_module *mod)
{
	assert_int_equal(mod->users, 0);
	mod->hand->modules--;
	free(mod->maps[0]);
	free(mod->maps[1]);
	free(mod);
}

static int write_map(
	struct ebpf_gpu_module *mod, uint32_t map, uint64_t offset, const void *bytes, size_t size)
{
	assert_true(map < 2 && offset + size <= mod->bytes[map]);
	assert_int_equal(mod->users, 0);
	if (is_now(&mod->hand->fail_write))
		return broken(&mod->hand->dev, "a copy to a map");
	memcpy(mod->maps[map] + offset, bytes, size);
	return 0;
}

static int open_job(struct ebpf_gpu_device *dev, size_t in_bytes, size_t out_bytes,
	struct ebpf_gpu_job **job, char **errmsg)
{
	struct hand_device *hand = hand_of(dev);
	struct job *j;

	if (is_now(&hand->fail_open))
		return error__set(errmsg, -ENOMEM, "no memory on the device");
	j = calloc(1, sizeof(*j));
	assert_non_null(j);
	j->public = (struct ebpf_gpu_job){.dev = dev,
		.in = malloc(in_bytes),
		.out = malloc(out_bytes),
		.in_bytes = in_bytes,
		.out_bytes = out_bytes};
	assert_true(j->public.in && j->public.out);
	j->public.in_address = (uint64_t)(uintptr_t)j->public.in;
	j->public.out_address = (uint64_t)(uintptr_t)j->public.out;
	*job = &j->public;
	hand->jobs++;
	return 0;
}

static void close_job(struct ebpf_gpu_job *job)
{
	struct job *j = (struct job *)job;

	assert_null(j->mod);
	hand_of(job->dev)->jobs--;
	free(job->in);
	free(job->out);
	free(j);
}

static int submit(struct ebpf_gpu_job *job, struct ebpf_gpu_module *mod, size_t in_used,
	size_t out_used, uint32_t n)
{
	struct hand_device *hand = hand_of(job->dev);
	struct job *j = (struct job *)job;

	assert_null(j->mod);
	assert_true(in_used <= job->in_bytes && out_used <= job->out_bytes);
	assert_int_equal(((struct kernel_launch *)job->in)->n, n);
	if (is_now(&hand->fail_submit))
		return broken(job->dev, "a launch");
	j->mod = mod;
	mod->users++;
	hand->running++;
	hand->submitted++;
	hand->in_bytes += in_used;
	hand->out_bytes += out_used;
	return 0;
}

static void end(struct job *j)
{
	j->mod->users--;
	j->mod = NULL;
	hand_of(j->public.dev)->running--;
}

static void forge_all(const struct hand_device *hand, const struct kernel_launch *l)
{
	for (uint32_t i = 0; i < l->n; i++) {
		struct kernel_result *r = (struct kernel_result *)(l->out + l->results) + i;
		struct ebpf_note *notes =
			(struct ebpf_note *)(l->out + l->notes) + i * l->max_notes;

		hand->forge(r, notes);
		if (r->n_notes <= l->max_notes)
			r->seal = kernel_result__seal(r, notes, l->seed, i);
	}
}

static int poll(struct ebpf_gpu_job *job)
{
	struct hand_device *hand = hand_of(job->dev);
	struct job *j = (struct job *)job;
	struct kernel_launch *l = (struct kernel_launch *)job->in;

	assert_non_null(j->mod);
	if (hand->holds)
		return 0;
	if (is_now(&hand->fail_poll)) {
		end(j);
		return broken(job->dev, "a kernel");
	}
	double__run(j->mod->maps, l);
	if (hand->forge)
		forge_all(hand, l);
	for (uint32_t i = 0; hand->spoils && i < l->n; i++)
		((struct kernel_result *)job->out)[i].verdict ^= 1;
	end(j);
	return 1;
}

static void abandon(struct ebpf_gpu_job *job)
{
	struct job *j = (struct job *)job;

	assert_non_null(j->mod);
	j->next = abandoned_jobs;
	abandoned_jobs = j;
	hand_of(job->dev)->abandoned++;
}

static const struct ebpf_gpu_device_ops ops = {.name = "hand",
	.target = EBPF_TARGET_HOST,
	.load = load,
	.unload = unload,
	.write_map = write_map,
	.open_job = open_job,
	.close_job = close_job,
	.submit = submit,
	.poll = poll,
	.abandon = abandon};

struct hand_device *hand_device__open(void)
{
	struct hand_device *hand = calloc(1, sizeof(*hand));

	assert_non_null(hand);
	hand->dev = (struct ebpf_gpu_device){.ops = &ops, .name = "hand"};
	return hand;
}

/* With the device go jobs that were given up, and the modules that these may still use. */
void hand_device__close(struct hand_device *hand)
{
	assert_int_equal(hand->jobs, hand->abandoned);
	while (abandoned_jobs) {
		struct job *j = abandoned_jobs;
		struct ebpf_gpu_module *mod = j->mod;

		abandoned_jobs = j->next;
		end(j);
		close_job(&j->public);
		if (!mod->users)
			unload(mod);
	}
	assert_int_equal(hand->modules, 0);
	free(hand);
}
