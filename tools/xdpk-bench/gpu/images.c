/* SPDX-License-Identifier: BSD-3-Clause
 *
 * images.c -- what is measured, compiled ahead of time: a program in the loop of a core and as a
 * kernel, for each level of CPUs, and as a kernel for GPUs.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/error.h"
#include "ebpf-image.h"
#include "gpu.h"
#include "kernel.h"

#define MAX_FILE (64u << 20)

static const char *const levels[] = {"x86-64-v2", "x86-64-v3", "x86-64-v4"};

static int add_code(struct ebpf_image_writer *w, struct ebpf_program *prog, char **errmsg)
{
	const struct ebpf_driver loop = engine_machine__driver(CASE_AS_IT_IS);
	const struct ebpf_kernel_driver kernel = kernel_driver();
	int err = ebpf_image_writer__add_kernel(w, prog, EBPF_TARGET_PTX, &kernel, NULL, errmsg);

	for (size_t i = 0; i < sizeof(levels) / sizeof(levels[0]) && !err; i++) {
		err = ebpf_image_writer__add(w, prog, &loop, levels[i], errmsg);
		if (!err)
			err = ebpf_image_writer__add_kernel(
				w, prog, EBPF_TARGET_HOST, &kernel, levels[i], errmsg);
	}
	return err;
}

static int make(const struct gpu_bout *b, const char *name, const uint8_t *object, size_t size,
	uint8_t **elf, size_t *elf_size, char **errmsg)
{
	const struct ebpf_image_source source = {
		.kind = EBPF_IMAGE_OBJECT, .name = name, .bytes = object, .size = size};
	struct ebpf_image_writer *w = ebpf_image_writer__create(&source, errmsg);
	int err = w ? add_code(w, b->bench.prog, errmsg) : -ENOMEM;

	if (!err)
		err = ebpf_image_writer__finish(w, NULL, elf, elf_size, errmsg);
	ebpf_image_writer__destroy(w);
	return err;
}

/* *bytes is malloc'ed. */
static int read_file(const char *path, uint8_t **bytes, size_t *size, char **errmsg)
{
	FILE *f = fopen(path, "rb");

	*bytes = f ? malloc(MAX_FILE) : NULL;
	*size = *bytes ? fread(*bytes, 1, MAX_FILE, f) : 0;
	if (f)
		fclose(f);
	if (*size && *size < MAX_FILE)
		return 0;
	free(*bytes);
	return error__set(errmsg, -EIO, "%s: cannot be read", path);
}

static int write_file(
	const char *folder, const char *name, const uint8_t *bytes, size_t size, char **errmsg)
{
	char path[512];
	bool written;
	FILE *f;

	if (snprintf(path, sizeof(path), "%s/%s", folder, name) >= (int)sizeof(path))
		return error__set(errmsg, -ENAMETOOLONG, "%s: the name is too long", folder);
	f = fopen(path, "wb");
	written = f && fwrite(bytes, 1, size, f) == size;
	if (f && fclose(f))
		written = false;
	return written ? 0 : error__set(errmsg, -EIO, "%s: cannot be written", path);
}

static int write_image(const struct gpu_bout *b, const char *name, char **errmsg)
{
	uint8_t *object, *elf;
	size_t size, elf_size;
	int err = read_file(b->object, &object, &size, errmsg);

	if (err)
		return err;
	err = make(b, name, object, size, &elf, &elf_size, errmsg);
	free(object);
	if (err)
		return err;
	err = write_file(b->plan->images, name, elf, elf_size, errmsg);
	free(elf);
	return err;
}

int gpu_images__write(const struct gpu_plan *plan, const struct gpu_workload *w, char **errmsg)
{
	struct gpu_bout b = {.plan = plan};
	int err = gpu_bout__open(&b, w, w->lengths[0], errmsg);

	if (!err)
		err = write_image(&b, w->base.object, errmsg);
	case__close(&b.bench);
	return err ? -1 : 0;
}
