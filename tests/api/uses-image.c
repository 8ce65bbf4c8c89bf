/* SPDX-License-Identifier: BSD-3-Clause
 *
 * uses-image.c -- an image of an object: made, signed, opened, looked at, and its program run out
 * of it.
 */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <ebpf-image.h>

#include "failing.h"
#include "kernel.h"
#include "object.h"

static int sign(void *user, const void *bytes, size_t size, void *signature)
{
	memset(signature, 0x5a, 8);
	return 0;
}

static int check_signature(
	void *user, const void *bytes, size_t size, const void *signature, size_t signature_size)
{
	return signature_size == 8 && *(const uint8_t *)signature == 0x5a ? 0 : -1;
}

static struct ebpf_program *load(struct ebpf_object *obj, struct ebpf_instance *inst)
{
	const struct ebpf_object_program *first;
	struct ebpf_program *prog;
	char *why = NOT_SET;

	first = ebpf_object__find_program(obj, NULL, &why);
	if (!failing__is_there(first, &why) ||
		!failing__is_well(ebpf_object__create_maps(obj, inst, &why), &why))
		return NULL;
	prog = ebpf_object__load_program(obj, first->name, NULL, &why);
	return failing__is_there(prog, &why) ? prog : NULL;
}

static uint8_t *make(
	struct ebpf_program *prog, const struct ebpf_image_source *source, size_t *size)
{
	const struct ebpf_image_signer signer = {.signature_size = 8, .sign = sign};
	struct ebpf_kernel_driver driver = kernel_driver();
	char *why = NOT_SET;
	struct ebpf_image_writer *w = ebpf_image_writer__create(source, &why);
	uint8_t *elf = NULL;

	if (!failing__is_there(w, &why))
		return NULL;
	failing__is_well(ebpf_image_writer__add(w, prog, NULL, "native", &why), &why);
	failing__is_well(ebpf_image_writer__add_kernel(
				 w, prog, EBPF_TARGET_HOST, &driver, "x86-64-v2", &why),
		&why);
	if (!failing__is_well(ebpf_image_writer__finish(w, &signer, &elf, size, &why), &why))
		elf = NULL;
	ebpf_image_writer__destroy(w);
	return elf;
}

/* As who has no compiler does it. */
static void compile_out_of(struct ebpf_image *image)
{
	char *why = NOT_SET;
	struct ebpf_instance *inst = ebpf_instance__create(NULL, &why);
	struct ebpf_object *obj;
	struct ebpf_program *prog;

	if (!failing__is_there(inst, &why))
		return;
	obj = ebpf_object__open_image("image", image, &why);
	prog = failing__is_there(obj, &why) ? load(obj, inst) : NULL;
	if (prog)
		failing__is_there(ebpf_program__compile(prog, "llvm", NULL, &why), &why);
	ebpf_program__unref(prog);
	ebpf_object__close(obj);
	ebpf_instance__destroy(inst);
}

static void use(const uint8_t *elf, size_t size, size_t source_size)
{
	const struct ebpf_image_check check = {.check = check_signature};
	char *why = NOT_SET;
	struct ebpf_image *image;

	SO(ebpf_image__is_one(elf, size));
	image = ebpf_image__open(elf, size, &check, &why);
	if (!failing__is_there(image, &why))
		return;
	SO(ebpf_image__source(image)->size == source_size);
	SO(ebpf_image__n_parts(image) == 2);
	compile_out_of(image);
	ebpf_image__unref(ebpf_image__ref(image));
	ebpf_image__unref(image);
}

/* Without stdio, which has memory of its own. */
static size_t read_object(const char *path, uint8_t *bytes, size_t room)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n = read(fd, bytes, room);

	close(fd);
	return n < 0 ? 0 : (size_t)n;
}

void use_image(void *path)
{
	static uint8_t bytes[1 << 20];
	struct ebpf_image_source source = {
		.kind = EBPF_IMAGE_OBJECT, .name = "object.o", .bytes = bytes};
	char *why = NOT_SET;
	struct ebpf_instance *inst;
	struct ebpf_program *prog;
	struct ebpf_object *obj;
	uint8_t *elf = NULL;
	size_t size = 0;

	source.size = read_object(path, bytes, sizeof(bytes));
	inst = ebpf_instance__create(NULL, &why);
	if (!failing__is_there(inst, &why))
		return;
	obj = ebpf_object__open_mem("object.o", bytes, source.size, &why);
	prog = failing__is_there(obj, &why) ? load(obj, inst) : NULL;
	if (prog)
		elf = make(prog, &source, &size);
	if (elf)
		use(elf, size, source.size);
	free(elf);
	ebpf_program__unref(prog);
	ebpf_object__close(obj);
	ebpf_instance__destroy(inst);
}
