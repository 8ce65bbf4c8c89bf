/* SPDX-License-Identifier: BSD-3-Clause
 *
 * ebpf-image.h -- images: programs compiled ahead of time, in one file with what they were made
 * from.
 *
 * An image is a relocatable ELF file (`readelf -SW IMAGE.o` tells what is in it):
 *
 *	.xdpk.image                         version, layout of the machine, checksum of all
 *	.xdpk.source.bpf:FILE               the BPF object file, to the byte; or
 *	.xdpk.source.bytecode               the instructions of a raw program
 *	.xdpk.native:PROGRAM:DRIVER:CPU     machine code, as vm/core/backend.h says; or
 *	.xdpk.ptx:PROGRAM:DRIVER:sm_75      a kernel for GPUs
 *	.xdpk.request:PROGRAM:DRIVER:CPU    what that was compiled for: it is used for nothing else
 *	.xdpk.signature                     of all before it, if somebody has signed it
 *
 * The source is verified, interpreted and replayed as if it had come alone. What was compiled is
 * used where a program would be compiled (ebpf_program_spec.image), without the compiler, if
 * everything that its code depends on is the same here: version, layouts, instructions, geometry
 * of the maps, constants, options, CPU. If not, compiling fails with a sentence that names the
 * difference (-ENOEXEC), and the program can still be interpreted. What the image has no code for
 * is compiled as ever.
 *
 * Machine code is not verified: who can write an image decides what the process does. The checksum
 * finds damage, not intent; a signature does (struct ebpf_image_check).
 *
 * Errors: as in ebpf-vm.h. Threads: an image does not change once it is open; a writer belongs to
 * one thread.
 */
#ifndef EBPF_IMAGE_H
#define EBPF_IMAGE_H

#include "ebpf-offload.h"
#include "ebpf-program.h"

#pragma GCC visibility push(default)
#ifdef __cplusplus
extern "C" {
#endif

struct ebpf_image;
struct ebpf_image_writer;

enum ebpf_image_kind {
	EBPF_IMAGE_OBJECT,   /* a BPF object file */
	EBPF_IMAGE_BYTECODE, /* instructions of a raw program */
};

/* What an image was made from. */
struct ebpf_image_source {
	enum ebpf_image_kind kind;
	const char *name; /* of the object's file, by which maps are called; else "" */
	const void *bytes;
	size_t size;
};

/* --- reading ------------------------------------------------------------------------------- */

/* Is what was signed what is there? `signature` is NULL where there is none. Anything but 0 refuses
 * the image (-EACCES). */
struct ebpf_image_check {
	int (*check)(void *user, const void *bytes, size_t size, const void *signature,
		size_t signature_size);
	void *user;
};

/* Does it begin as an image does? */
bool ebpf_image__is_one(const void *bytes, size_t size);
/* Copies the bytes. check may be NULL. NULL with *errmsg: EINVAL for what is cut off or damaged,
 * ENOEXEC for another format, EACCES. */
struct ebpf_image *ebpf_image__open(
	const void *bytes, size_t size, const struct ebpf_image_check *check, char **errmsg);
struct ebpf_image *ebpf_image__ref(struct ebpf_image *img);
void ebpf_image__unref(struct ebpf_image *img); /* NULL is fine */

/* All in it is borrowed from the image. */
const struct ebpf_image_source *ebpf_image__source(const struct ebpf_image *img);

struct ebpf_image_part {
	const char *program;
	const char *driver; /* "": none */
	const char *cpu;    /* "native", "x86-64", "x86-64-v2" to "-v4"; of PTX "sm_75" */
	size_t size;        /* bytes of its object */
};

size_t ebpf_image__n_parts(const struct ebpf_image *img);
const struct ebpf_image_part *ebpf_image__part(const struct ebpf_image *img, size_t i);

/* --- making -------------------------------------------------------------------------------- */

/* Gives the signature of `size` bytes: 0, or a negative errno. */
struct ebpf_image_signer {
	size_t signature_size;
	int (*sign)(void *user, const void *bytes, size_t size, void *signature);
	void *user;
};

/* The source's bytes are borrowed until the writer is destroyed. */
struct ebpf_image_writer *ebpf_image_writer__create(
	const struct ebpf_image_source *source, char **errmsg);
/* Compiles a program of the source as it is loaded now, with the sizes that its maps have: driver
 * NULL is none. */
int ebpf_image_writer__add(struct ebpf_image_writer *w, struct ebpf_program *prog,
	const struct ebpf_driver *driver, const char *cpu, char **errmsg);
/* The same as a kernel (ebpf-offload.h); cpu is not for EBPF_TARGET_PTX. */
int ebpf_image_writer__add_kernel(struct ebpf_image_writer *w, struct ebpf_program *prog,
	enum ebpf_target target, const struct ebpf_kernel_driver *driver, const char *cpu,
	char **errmsg);
/* *elf is malloc'ed; signer may be NULL. */
int ebpf_image_writer__finish(struct ebpf_image_writer *w, const struct ebpf_image_signer *signer,
	uint8_t **elf, size_t *size, char **errmsg);
void ebpf_image_writer__destroy(struct ebpf_image_writer *w); /* NULL is fine */

#ifdef __cplusplus
}
#endif
#pragma GCC visibility pop
#endif
