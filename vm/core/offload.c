/* SPDX-License-Identifier: BSD-3-Clause
 *
 * offload.c -- kernels: a program examined, compiled with the kernels' driver around it, and placed
 * over snapshots of its maps.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ebpf-offload.h"
#include "error.h"
#include "map.h"
#include "program.h"
#include "../verifier/offload.h"

/* A packet that needs more notes goes back to the CPU. */
#define MAX_NOTES 16

struct ebpf_kernel {
	struct ebpf_program *prog; /* a reference */
	enum ebpf_target target;
	struct ebpf_kernel_info info;
	struct ebpf_kernel_map *maps;
	struct compiled_object object;
};

struct ebpf_kernel_image {
	struct native_image *image;
	ebpf_driver_fn run;
};

static int no_memory(const struct ebpf_program *prog, char **errmsg)
{
	return error__set(errmsg, -ENOMEM, "%s: no memory for a kernel", prog->view.name);
}

/* --- what it needs ------------------------------------------------------------------------- */

static uint32_t max_notes(const struct offload_needs *needs)
{
	if (needs->n_notes && needs->repeats)
		return MAX_NOTES;
	return needs->n_notes < MAX_NOTES ? needs->n_notes : MAX_NOTES;
}

static int list_maps(struct ebpf_kernel *k, const struct offload_needs *needs)
{
	uint32_t n = k->prog->view.n_maps;

	k->maps = calloc(n + 1, sizeof(*k->maps));
	if (!k->maps)
		return -ENOMEM;
	for (uint32_t i = 0; i < n; i++) {
		k->maps[i] =
			(struct ebpf_kernel_map){.map = k->prog->maps[i], .use = needs->use[i]};
		if (needs->use[i])
			k->maps[i].bytes = rt_map__bytes(&k->prog->maps[i]->rt.geo, 1);
	}
	k->info.n_maps = n;
	k->info.map = k->maps;
	return 0;
}

static int find_needs(struct ebpf_kernel *k, char **errmsg)
{
	const struct ebpf_program *prog = k->prog;
	struct offload_needs needs;
	int err;

	if (prog->view.type != EBPF_PROGRAM_XDP)
		return error__set(errmsg, -ENOTSUP,
			"%s cannot be a kernel: only programs for packets that come in can",
			prog->view.name);
	err = offload__examine(&prog->view, &prog->verified.facts, &needs, errmsg);
	if (err)
		return err;
	k->info = (struct ebpf_kernel_info){.window = needs.window,
		.writes_packet = needs.writes_packet,
		.moves_packet = needs.moves_packet,
		.grows_packet = needs.grows_packet,
		.redirects = needs.redirects,
		.max_notes = max_notes(&needs)};
	err = list_maps(k, &needs) ? no_memory(prog, errmsg) : 0;
	free(needs.use);
	return err;
}

/* --- its code ------------------------------------------------------------------------------ */

/* Text has a NUL behind it, wherever it came from. */
static int end_text(struct ebpf_kernel *k, char **errmsg)
{
	uint8_t *text = realloc(k->object.elf, k->object.size + 1);

	if (!text)
		return no_memory(k->prog, errmsg);
	text[k->object.size] = '\0';
	k->object.elf = text;
	return 0;
}

/* What a kernel looks up is in memory of the device: nothing is fetched ahead. */
struct ebpf_driver kernel_driver__for(
	const struct ebpf_kernel_driver *driver, enum ebpf_target target)
{
	return (struct ebpf_driver){.name = driver->name,
		.bitcode = driver->bitcode[target],
		.bitcode_size = driver->bitcode_size[target],
		.cache_size = UINT64_MAX,
		.layout = driver->layout};
}

static int compile(struct ebpf_kernel *k, const struct ebpf_kernel_driver *driver, char **errmsg)
{
	struct ebpf_driver d = kernel_driver__for(driver, k->target);
	struct compile_opts opts = {.backend = "llvm",
		.driver = &d,
		.cpu = k->target == EBPF_TARGET_PTX ? COMPILE_CPU_PTX : "native",
		.flags = COMPILE_KERNEL};
	int err = program__make_object(k->prog, &opts, &k->object, errmsg);

	return !err && k->target == EBPF_TARGET_PTX ? end_text(k, errmsg) : err;
}

struct ebpf_kernel *ebpf_program__offload(struct ebpf_program *prog, enum ebpf_target target,
	const struct ebpf_kernel_driver *driver, char **errmsg)
{
	struct ebpf_kernel *k = calloc(1, sizeof(*k));
	int err;

	if (errmsg)
		*errmsg = NULL;
	if (!k) {
		no_memory(prog, errmsg);
		return NULL;
	}
	k->prog = ebpf_program__ref(prog);
	k->target = target;
	err = find_needs(k, errmsg);
	if (!err)
		err = compile(k, driver, errmsg);
	if (!err)
		return k;
	ebpf_kernel__destroy(k);
	errno = -err;
	return NULL;
}

void ebpf_kernel__destroy(struct ebpf_kernel *k)
{
	if (!k)
		return;
	free(k->object.elf);
	free(k->maps);
	ebpf_program__unref(k->prog);
	free(k);
}

const struct ebpf_kernel_info *ebpf_kernel__info(const struct ebpf_kernel *k)
{
	return &k->info;
}

struct ebpf_program *ebpf_kernel__program(const struct ebpf_kernel *k)
{
	return k->prog;
}

const char *ebpf_kernel__ptx(const struct ebpf_kernel *k, size_t *size)
{
	if (k->target != EBPF_TARGET_PTX)
		return NULL;
	*size = k->object.size;
	return (const char *)k->object.elf;
}

/* --- host images --------------------------------------------------------------------------- */

struct placing {
	const struct ebpf_kernel *kernel;
	uint8_t *const *memory;
};

/* A map's memory is where the caller says, all else in the process. */
static bool resolve(void *user, const char *symbol, uint64_t *address)
{
	const struct placing *p = user;
	uint32_t map;

	if (sscanf(symbol, "ebpf_map.%" SCNu32, &map) != 1)
		return native_symbols__find(symbol, address);
	if (map >= p->kernel->info.n_maps)
		return false;
	*address = (uintptr_t)p->memory[map];
	return true;
}

struct ebpf_kernel_image *ebpf_kernel__place(
	const struct ebpf_kernel *k, uint8_t *const *memory, char **errmsg)
{
	struct placing p = {k, memory};
	struct ebpf_kernel_image *img = calloc(1, sizeof(*img));

	if (errmsg)
		*errmsg = NULL;
	if (!img) {
		no_memory(k->prog, errmsg);
		return NULL;
	}
	if (k->target != EBPF_TARGET_HOST)
		error__set(
			errmsg, -EINVAL, "%s: the kernel is not for this CPU", k->prog->view.name);
	else
		img->image = native_image__load(
			k->prog->view.name, k->object.elf, k->object.size, resolve, &p, errmsg);
	if (img->image)
		img->run = (ebpf_driver_fn)native_image__symbol(img->image, "ebpf_driver");
	if (img->image && !img->run)
		error__set(errmsg, -ENOEXEC, "%s: the kernel has no driver", k->prog->view.name);
	if (img->run)
		return img;
	ebpf_kernel_image__destroy(img);
	return NULL;
}

ebpf_driver_fn ebpf_kernel_image__run(const struct ebpf_kernel_image *img)
{
	return img->run;
}

void ebpf_kernel_image__destroy(struct ebpf_kernel_image *img)
{
	if (!img)
		return;
	native_image__unload(img->image);
	free(img);
}
