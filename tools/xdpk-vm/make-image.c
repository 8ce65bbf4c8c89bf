/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/error.h"
#include "ebpf-image.h"
#include "input.h"
#include "kernel.h"
#include "make-image.h"
#include "object-program.h"

struct making {
	const struct image_job *job;
	struct ebpf_image_writer *writer;
	struct opened_object *o;
	unsigned n_parts;
	bool no_kernel; /* the program cannot be one, whatever for: that is told once */
};

/* That one program of many cannot be a kernel is no reason to make no image of the others. */
static int add_kernel(struct making *m, struct ebpf_program *prog, enum ebpf_target target,
	const char *cpu, char **errmsg)
{
	const struct ebpf_kernel_driver driver = kernel_driver();
	int err;

	if (m->no_kernel)
		return 0;
	err = ebpf_image_writer__add_kernel(m->writer, prog, target, &driver, cpu, errmsg);
	m->n_parts += !err;
	if (err != -ENOTSUP || m->job->program)
		return err;
	m->no_kernel = true;
	fprintf(stderr, "%s\n", *errmsg ? *errmsg : "no kernel");
	free(*errmsg);
	*errmsg = NULL;
	return 0;
}

static int add_native(struct making *m, struct ebpf_program *prog, const char *driver,
	const char *cpu, char **errmsg)
{
	struct ebpf_driver d;
	int err;

	if (strcmp(driver, KERNEL_DRIVER) == 0)
		return add_kernel(m, prog, EBPF_TARGET_HOST, cpu, errmsg);
	err = drivers__find(&d, driver, errmsg);
	if (!err)
		err = ebpf_image_writer__add(m->writer, prog, d.name ? &d : NULL, cpu, errmsg);
	m->n_parts += !err;
	return err;
}

static int add_program(struct making *m, const char *name, char **errmsg)
{
	const struct image_job *job = m->job;
	struct ebpf_program *prog = ebpf_object__load_program(m->o->obj, name, NULL, errmsg);
	int err = prog ? 0 : errno ? -errno : -EINVAL;

	m->no_kernel = false;
	for (unsigned d = 0; d < job->drivers.n && job->for_cpu && !err; d++)
		for (unsigned c = 0; c < job->cpus.n && !err; c++)
			err = add_native(m, prog, job->drivers.word[d], job->cpus.word[c], errmsg);
	if (!err && job->for_gpu)
		err = add_kernel(m, prog, EBPF_TARGET_PTX, NULL, errmsg);
	ebpf_program__unref(prog);
	return err;
}

static int add_programs(struct making *m, char **errmsg)
{
	const struct ebpf_object_program *p =
		ebpf_object__find_program(m->o->obj, m->job->program, errmsg);
	int err = p ? 0 : -EINVAL;

	if (p && m->job->program)
		return add_program(m, p->name, errmsg);
	for (size_t i = 0; !err && i < ebpf_object__n_programs(m->o->obj); i++) {
		p = ebpf_object__program(m->o->obj, i);
		if (p->is_xdp)
			err = add_program(m, p->name, errmsg);
	}
	if (!err && !m->n_parts)
		err = error__set(
			errmsg, -ENOTSUP, "%s: no program of it can be a kernel", m->job->path);
	return err;
}

static int compile_object(const struct image_job *job, const char *path,
	const struct ebpf_image_source *source, uint8_t **elf, size_t *size, char **errmsg)
{
	struct opened_object o;
	struct making m = {.job = job, .o = &o};
	int err = opened_object__open_mem(&o, path, source->bytes, source->size, job->init, errmsg);

	if (err)
		return err;
	m.writer = ebpf_image_writer__create(source, errmsg);
	err = m.writer ? add_programs(&m, errmsg) : -ENOMEM;
	if (!err)
		err = ebpf_image_writer__finish(m.writer, NULL, elf, size, errmsg);
	ebpf_image_writer__destroy(m.writer);
	opened_object__close(&o);
	return err;
}

static int compile_bytecode(const struct image_job *job, const void *code, size_t code_size,
	uint8_t **elf, size_t *size, char **errmsg)
{
	struct ebpf_aot_options opts = {
		.size = sizeof(opts), .cpu = job->cpus.word[0], .errmsg = errmsg};
	struct ebpf_vm *vm;
	int err;

	if (job->cpus.n > 1 || job->for_gpu || code_size > UINT32_MAX)
		return error__set(
			errmsg, -EINVAL, "%s: bytecode is compiled for one CPU", job->path);
	vm = ebpf_create("llvm");
	if (!vm)
		return error__set(errmsg, -errno, "no backend llvm here");
	err = ebpf_load(vm, code, (uint32_t)code_size, errmsg);
	if (!err)
		err = ebpf_aot_compile(vm, &opts, elf, size);
	ebpf_destroy(vm);
	return err;
}

/* Maps are called by the file: `path` ends in the source's name. */
static int compile_source(const struct image_job *job, const char *path,
	const struct ebpf_image_source *source, uint8_t **elf, size_t *size, char **errmsg)
{
	if (source->kind == EBPF_IMAGE_OBJECT)
		return compile_object(job, path, source, elf, size, errmsg);
	return compile_bytecode(job, source->bytes, source->size, elf, size, errmsg);
}

static int compile_bytes(const struct image_job *job, const uint8_t *bytes, size_t n, uint8_t **elf,
	size_t *size, char **errmsg)
{
	const char *slash = strrchr(job->path, '/');
	const struct ebpf_image_source source = {
		.kind = input__is_elf(bytes, n) ? EBPF_IMAGE_OBJECT : EBPF_IMAGE_BYTECODE,
		.name = slash ? slash + 1 : job->path,
		.bytes = bytes,
		.size = n};

	return compile_source(job, job->path, &source, elf, size, errmsg);
}

/* Of an image what it was made from. */
static int compile_again(const struct image_job *job, const uint8_t *bytes, size_t n, uint8_t **elf,
	size_t *size, char **errmsg)
{
	struct ebpf_image *img = ebpf_image__open(bytes, n, NULL, errmsg);
	int err = -EINVAL;

	if (img)
		err = compile_source(job, ebpf_image__source(img)->name, ebpf_image__source(img),
			elf, size, errmsg);
	else
		error__prefix(errmsg, "%s", job->path);
	ebpf_image__unref(img);
	return err;
}

int image_job__run(const struct image_job *job, uint8_t **elf, size_t *size, char **errmsg)
{
	uint8_t *bytes;
	size_t n;
	int err = input__bytes(job->path, &bytes, &n, errmsg);

	if (err)
		return err;
	if (ebpf_image__is_one(bytes, n))
		err = compile_again(job, bytes, n, elf, size, errmsg);
	else
		err = compile_bytes(job, bytes, n, elf, size, errmsg);
	free(bytes);
	return err;
}
