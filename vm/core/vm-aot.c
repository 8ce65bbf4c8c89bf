/* SPDX-License-Identifier: BSD-3-Clause
 *
 * vm-aot.c -- raw programs compiled ahead of time, as images (ebpf-image.h).
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "../image/image.h"
#include "error.h"
#include "vm.h"

/* --- making -------------------------------------------------------------------------------- */

static int write_image(struct ebpf_vm *vm, const struct compile_request *plain,
	const struct ebpf_aot_options *o, uint8_t **elf, size_t *size, char **why)
{
	const struct ebpf_image_source source = {.kind = EBPF_IMAGE_BYTECODE,
		.name = "",
		.bytes = plain->view.insns,
		.size = plain->view.n_insns * sizeof(*plain->view.insns)};
	struct ebpf_image_writer *w = ebpf_image_writer__create(&source, why);
	struct compile_opts opts = vm__compile_opts(vm);
	int err;

	if (!w)
		return -ENOMEM;
	if (o->cpu)
		opts.cpu = o->cpu;
	err = image_writer__add(w, vm->prog, &opts, why);
	if (!err)
		err = ebpf_image_writer__finish(w, o->signer, elf, size, why);
	ebpf_image_writer__destroy(w);
	return err;
}

/* The VM's own copy of the instructions may be hidden; an image has them plain. */
static int make_image(struct ebpf_vm *vm, const struct ebpf_aot_options *o, uint8_t **elf,
	size_t *size, char **why)
{
	struct compile_request plain;
	uint8_t *blob;
	size_t blob_size;
	int err;

	if (!vm->prog)
		return error__set(why, -ENOENT, "there is no code to compile");
	if (program__build_request(vm->prog, 0, NULL, "", &blob, &blob_size))
		return error__set(why, -ENOMEM, "no memory for an image");
	err = compile_request__open(blob, blob_size, &plain, why);
	if (!err) {
		err = write_image(vm, &plain, o, elf, size, why);
		compile_request__close(&plain);
	}
	program__drop_request(vm->prog, blob, blob_size);
	return err;
}

int ebpf_aot_compile(
	struct ebpf_vm *vm, const struct ebpf_aot_options *o, uint8_t **elf, size_t *size)
{
	struct ebpf_aot_options opts = {0}; /* the caller's may be shorter */
	char *why = NULL;

	if (o)
		memcpy(&opts, o, o->size < sizeof(opts) ? o->size : sizeof(opts));
	return vm__result(vm, make_image(vm, &opts, elf, size, &why), &why, opts.errmsg);
}

/* --- loading ------------------------------------------------------------------------------- */

static int use_compiled(struct ebpf_vm *vm, char **why)
{
	struct compile_opts opts = vm__compile_opts(vm);
	struct compiled_object object;
	const struct ebpf_code *code;
	ebpf_jit_fn jit;
	int err;

	opts.backend = "llvm"; /* that made it */
	err = program__find_object(vm->prog, &opts, &object, why);
	if (err)
		return err == -ENOENT
			       ? error__set(why, -ENOEXEC, "the image has no code for this CPU")
			       : err;
	code = program__load_object(vm->prog, &opts, &object, &jit, why);
	err = code ? 0 : -errno;
	free(object.elf);
	if (!err)
		vm__use(vm, code, jit);
	return err;
}

static int load_image(struct ebpf_vm *vm, struct ebpf_image *img, char **why)
{
	const struct ebpf_image_source *source = ebpf_image__source(img);
	int err;

	if (source->kind != EBPF_IMAGE_BYTECODE)
		return error__set(
			why, -EINVAL, "the image is of an object file, not of raw bytecode");
	err = vm__load(vm, source->bytes, source->size, img, why);
	if (err)
		return err;
	err = use_compiled(vm, why);
	if (err)
		ebpf_unload_code(vm);
	return err;
}

int ebpf_aot_load(struct ebpf_vm *vm, const void *elf, size_t size, char **errmsg)
{
	const struct ebpf_image_check *check = vm->aot_check.check ? &vm->aot_check : NULL;
	char *why = NULL;
	struct ebpf_image *img = ebpf_image__open(elf, size, check, &why);
	int err = img ? load_image(vm, img, &why) : -errno;

	ebpf_image__unref(img);
	error__make_printable(&why); /* names are the file's */
	return vm__result(vm, err, &why, errmsg);
}

void ebpf_set_aot_check(struct ebpf_vm *vm, const struct ebpf_image_check *check)
{
	vm->aot_check = check ? *check : (struct ebpf_image_check){0};
}
