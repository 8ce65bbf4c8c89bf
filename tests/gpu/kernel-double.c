/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "core/error.h"
#include "kernel-double.h"
#include "kernel.h"
#include "rig-program.h"

/* --- the kernel --------------------------------------------------------------------------- */

struct moved {
	int32_t head, len;
};

static struct moved move(uint8_t kind, const struct kernel_packet *p, uint8_t *data)
{
	struct moved m = {.len = (int32_t)p->len};

	if (kind & 0x10)
		m = (struct moved){.head = -8, .len = m.len + 8};
	if (kind & 0x20)
		m.len -= 8;
	if (kind & 0x40) {
		memset(data + m.head + m.len, 0, 8);
		m.len += 8;
	}
	return m;
}

static void judge(uint8_t *const *memory, const struct kernel_launch *l, uint32_t i)
{
	const struct kernel_packet *p = (const struct kernel_packet *)(l->in + l->packets) + i;
	struct kernel_result *to = (struct kernel_result *)(l->out + l->results) + i;
	struct ebpf_note *note = (struct ebpf_note *)(l->out + l->notes) + i * l->max_notes;
	uint8_t *window = (uint8_t *)l->in + l->windows + p->window;
	uint8_t *data = window + l->headroom, kind = data[18];
	struct kernel_result r = {.len = p->len};
	struct moved m;
	uint64_t bias;

	if (p->len >= RIG_LEAST) {
		memcpy(&bias, memory[1], sizeof(bias));
		data[19] ^= 0xff;
		*note = (struct ebpf_note){
			.kind = EBPF_NOTE_ADD, .size = 8, .offset = (kind & 3) * 8, .operand = 1};
		m = move(kind, p, data);
		r = (struct kernel_result){.verdict = (kind + bias) & 3,
			.head = (int16_t)m.head,
			.len = (uint32_t)m.len,
			.n_notes = 1};
	}
	r.seal = kernel_result__seal(&r, note, l->seed, i);
	memcpy((uint8_t *)l->out + l->out_windows + p->window, window, p->room);
	*to = r;
}

void double__run(uint8_t *const *memory, void *launch)
{
	const struct kernel_launch *l = launch;

	for (uint32_t i = l->first; i < l->end; i++)
		judge(memory, l, i);
}

/* --- ebpf-offload.h ----------------------------------------------------------------------- */

static struct ebpf_kernel_map uses[2];
static struct ebpf_kernel_info info = {.writes_packet = true,
	.moves_packet = true,
	.grows_packet = true,
	.max_notes = 1,
	.n_maps = 2,
	.map = uses};

void double__say_moves(bool moves)
{
	info.moves_packet = moves;
}

struct ebpf_kernel *__wrap_ebpf_program__offload(struct ebpf_program *prog, enum ebpf_target target,
	const struct ebpf_kernel_driver *driver, char **errmsg);
struct ebpf_kernel *__wrap_ebpf_program__offload(struct ebpf_program *prog, enum ebpf_target target,
	const struct ebpf_kernel_driver *driver, char **errmsg)
{
	uses[0] = (struct ebpf_kernel_map){
		.map = rig_maps[0], .use = EBPF_MAP_COUNTED, .bytes = 4 * 8};
	uses[1] = (struct ebpf_kernel_map){
		.map = rig_maps[1], .use = EBPF_MAP_READ, .bytes = RIG_BIASES * 8};
	return (struct ebpf_kernel *)uses;
}

const struct ebpf_kernel_info *__wrap_ebpf_kernel__info(const struct ebpf_kernel *k);
const struct ebpf_kernel_info *__wrap_ebpf_kernel__info(const struct ebpf_kernel *k)
{
	return &info;
}

void __wrap_ebpf_kernel__destroy(struct ebpf_kernel *k);
void __wrap_ebpf_kernel__destroy(struct ebpf_kernel *k)
{
}

/* --- images: code without a place for its maps, so one function each ---------------------- */

#define N_IMAGES 4

struct ebpf_kernel_image {
	uint8_t *memory[2];
	bool is_used;
};

static struct ebpf_kernel_image images[N_IMAGES];

#define IMAGE(n)                                                 \
	static void run_image_##n(struct ebpf_env *env, void *l) \
	{                                                        \
		double__run(images[n].memory, l);                \
	}

IMAGE(0)
IMAGE(1)
IMAGE(2)
IMAGE(3)

static const ebpf_driver_fn image_runs[N_IMAGES] = {
	run_image_0, run_image_1, run_image_2, run_image_3};

struct ebpf_kernel_image *__wrap_ebpf_kernel__place(
	const struct ebpf_kernel *k, uint8_t *const *memory, char **errmsg);
struct ebpf_kernel_image *__wrap_ebpf_kernel__place(
	const struct ebpf_kernel *k, uint8_t *const *memory, char **errmsg)
{
	for (uint32_t i = 0; i < N_IMAGES; i++) {
		if (images[i].is_used)
			continue;
		images[i] = (struct ebpf_kernel_image){{memory[0], memory[1]}, true};
		return &images[i];
	}
	error__set(errmsg, -ENOMEM, "too many images");
	return NULL;
}

ebpf_driver_fn __wrap_ebpf_kernel_image__run(const struct ebpf_kernel_image *img);
ebpf_driver_fn __wrap_ebpf_kernel_image__run(const struct ebpf_kernel_image *img)
{
	return image_runs[img - images];
}

void __wrap_ebpf_kernel_image__destroy(struct ebpf_kernel_image *img);
void __wrap_ebpf_kernel_image__destroy(struct ebpf_kernel_image *img)
{
	if (img)
		img->is_used = false;
}

uint64_t __wrap_ebpf_note__apply(const struct ebpf_kernel *k, struct ebpf_env *env,
	const struct ebpf_note *note, const uint8_t *memory);
uint64_t __wrap_ebpf_note__apply(const struct ebpf_kernel *k, struct ebpf_env *env,
	const struct ebpf_note *note, const uint8_t *memory)
{
	assert_non_null(memory);
	atomic_fetch_add(&rig_noted[note->offset / 8], note->operand);
	return 0;
}
