/* SPDX-License-Identifier: BSD-3-Clause
 *
 * sum-kernel.c -- see sum-kernel.h. Its functions stand in the place of vm's.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "sum-kernel.h"

#define N_IMAGES 16

atomic_bool sum_holds;
atomic_int sum_images;
const char sum_ptx[] = "// the kernel that sums\n";

/* --- the kernel, as vm has it ---------------------------------------------------------------- */

struct ebpf_kernel {
	struct ebpf_kernel_info info;
};

static const struct ebpf_kernel_map maps[SUM_MAPS] = {
	{.use = EBPF_MAP_READ, .bytes = SUM_MAP_BYTES},
	{.use = 0, .bytes = SUM_MAP_BYTES},
};

const struct ebpf_kernel sum_kernel = {
	.info = {.writes_packet = true, .n_maps = SUM_MAPS, .map = maps},
};

const struct ebpf_kernel_info *ebpf_kernel__info(const struct ebpf_kernel *k)
{
	return &k->info;
}

const char *ebpf_kernel__ptx(const struct ebpf_kernel *k, size_t *size)
{
	*size = sizeof(sum_ptx);
	return sum_ptx;
}

/* Compiled code has the addresses of its maps in it, so each image here is a function of its
 * own. */
struct ebpf_kernel_image {
	uint8_t *map;
	atomic_bool used;
	ebpf_driver_fn run;
};

static struct ebpf_kernel_image images[N_IMAGES];

static void run_image(const struct kernel_launch *l, const struct ebpf_kernel_image *img)
{
	while (sum_holds)
		nanosleep(&(struct timespec){.tv_nsec = 100000}, NULL);
	for (uint32_t i = l->first; i < l->end; i++)
		sum__judge(l, i, img->map);
}

#define RUN(i)                                                  \
	static void run_##i(struct ebpf_env *env, void *launch) \
	{                                                       \
		run_image(launch, &images[i]);                  \
	}
#define EACH_IMAGE(DO) \
	DO(0)          \
	DO(1)          \
	DO(2)          \
	DO(3)          \
	DO(4)          \
	DO(5)          \
	DO(6)          \
	DO(7)          \
	DO(8)          \
	DO(9)          \
	DO(10)         \
	DO(11)         \
	DO(12)         \
	DO(13)         \
	DO(14)         \
	DO(15)
EACH_IMAGE(RUN)
#define RUN_OF(i) run_##i,
static const ebpf_driver_fn runs[N_IMAGES] = {EACH_IMAGE(RUN_OF)};

struct ebpf_kernel_image *ebpf_kernel__place(
	const struct ebpf_kernel *k, uint8_t *const *memory, char **errmsg)
{
	for (uint32_t i = 0; i < N_IMAGES; i++) {
		if (atomic_exchange(&images[i].used, true))
			continue;
		images[i].map = memory[0];
		images[i].run = runs[i];
		sum_images++;
		return memory[0] && !memory[1] ? &images[i] : NULL;
	}
	abort();
}

ebpf_driver_fn ebpf_kernel_image__run(const struct ebpf_kernel_image *img)
{
	return img->run;
}

void ebpf_kernel_image__destroy(struct ebpf_kernel_image *img)
{
	if (!img)
		return;
	sum_images--;
	img->used = false;
}

void sum__judge(const struct kernel_launch *l, uint32_t i, const uint8_t *map)
{
	const uint8_t *in = (const uint8_t *)(uintptr_t)l->in;
	uint8_t *out = (uint8_t *)(uintptr_t)l->out;
	const struct kernel_packet *p = (const struct kernel_packet *)(in + l->packets) + i;
	const uint8_t *data = in + l->windows + p->window + l->headroom;
	uint8_t *changed = out + l->out_windows + p->window + l->headroom;
	struct kernel_result r = {.len = p->len};
	uint64_t value;

	memcpy(&value, map + SUM_VALUE_AT, sizeof(value));
	r.verdict = (uint32_t)value;
	for (uint32_t at = 0; at < p->len; at++) {
		r.verdict += data[at];
		changed[at] = data[at] + 1;
	}
	r.seal = kernel_result__seal(&r, NULL, l->seed, i);
	memcpy((struct kernel_result *)(out + l->results) + i, &r, sizeof(r));
}

/* --- a batch --------------------------------------------------------------------------------- */

static uint8_t byte_of(const struct batch *b, uint32_t i, uint32_t at)
{
	return (uint8_t)(b->mark * 131 + i * 7 + at);
}

static struct kernel_packet packet_of(uint32_t i)
{
	return (struct kernel_packet){.len = BATCH_LEN, .room = 128, .window = i * 128};
}

void batch__fill(struct batch *b, struct ebpf_gpu_job *job, uint32_t n, uint32_t mark)
{
	struct kernel_launch *l = &b->launch;

	*b = (struct batch){.mark = mark};
	*l = (struct kernel_launch){.n = n,
		.headroom = BATCH_FIRST,
		.packets = sizeof(*l),
		.windows = sizeof(*l) + n * sizeof(struct kernel_packet),
		.out_windows = n * sizeof(struct kernel_result),
		.windows_out = 1,
		.in = job->in_address,
		.out = job->out_address,
		.seed = mark * 4096};
	b->in_used = l->windows + n * 128;
	b->out_used = l->out_windows + n * 128;
	memcpy(job->in, l, sizeof(*l));
	for (uint32_t i = 0; i < n; i++) {
		struct kernel_packet p = packet_of(i);
		uint8_t *data = job->in + l->windows + p.window + l->headroom;

		memcpy(job->in + l->packets + i * sizeof(p), &p, sizeof(p));
		for (uint32_t at = 0; at < p.len; at++)
			data[at] = byte_of(b, i, at);
	}
}

static bool is_right(
	const struct batch *b, const struct ebpf_gpu_job *job, uint32_t i, uint64_t value)
{
	const struct kernel_launch *l = &b->launch;
	const uint8_t *changed = job->out + l->out_windows + packet_of(i).window + l->headroom;
	uint32_t verdict = (uint32_t)value;
	struct kernel_result r;

	memcpy(&r, job->out + l->results + i * sizeof(r), sizeof(r));
	for (uint32_t at = 0; at < BATCH_LEN; at++) {
		verdict += byte_of(b, i, at);
		if (changed[at] != (uint8_t)(byte_of(b, i, at) + 1))
			return false;
	}
	return r.n_notes == 0 && r.seal == kernel_result__seal(&r, NULL, l->seed, i) &&
	       r.verdict == verdict && r.len == BATCH_LEN;
}

uint32_t batch__count_wrong(const struct batch *b, const struct ebpf_gpu_job *job, uint64_t value)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < b->launch.n; i++)
		n += !is_right(b, job, i, value);
	return n;
}
