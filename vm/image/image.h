/* SPDX-License-Identifier: BSD-3-Clause
 *
 * image.h -- images (ebpf-image.h) inside the machine: how they lie in a file, and what of one fits
 * a program.
 *
 *	ELF header │ image_header │ section headers │ names │ source │ request, object ... │
 *signature
 *
 * image_header stands where it does so that it can be read before anything else is believed. What
 * is signed is all before the signature, which is the last of the file; what is summed is the same
 * without the sum.
 */
#ifndef VM_IMAGE_IMAGE_H
#define VM_IMAGE_IMAGE_H

#include <elf.h>

#include "../core/host-cpu.h"
#include "../core/program.h"
#include "ebpf-image.h"

#define IMAGE_MAGIC   0x676d696b70647801ull /* "\1xdpkimg" */
#define IMAGE_FORMAT  1
#define IMAGE_ALIGN   16
#define IMAGE_MAX     (256u << 20) /* bytes */
#define IMAGE_VERSION 32

#define IMAGE_SECTION           ".xdpk.image"
#define IMAGE_SECTION_BPF       ".xdpk.source.bpf:"
#define IMAGE_SECTION_BYTECODE  ".xdpk.source.bytecode"
#define IMAGE_SECTION_REQUEST   ".xdpk.request:"
#define IMAGE_SECTION_NATIVE    ".xdpk.native:"
#define IMAGE_SECTION_PTX       ".xdpk.ptx:"
#define IMAGE_SECTION_SIGNATURE ".xdpk.signature"

struct image_header {
	uint64_t magic;
	uint64_t checksum;
	uint64_t size; /* of the file, without the signature */
	uint64_t layout;
	uint32_t format;
	uint32_t pad;
	char version[IMAGE_VERSION];
};

/* What an object was compiled for: this, and the request, without the driver's code and without
 * what is only tuning, behind it. The object's section links to it. */
struct image_identity {
	char backend[24];
	uint64_t driver_layout;
	struct host_cpu cpu; /* where it was made; counts for "native" */
};

struct image_part {
	struct ebpf_image_part is;
	const struct image_identity *identity;
	const uint8_t *request;
	size_t request_size;
	const uint8_t *object;
};

struct ebpf_image {
	atomic_uint refs;
	uint8_t *bytes;
	const struct image_header *header;
	struct ebpf_image_source source;
	struct image_part *parts;
	char *names; /* of programs, drivers and CPUs */
	size_t n_parts;
};

/* identity.c: of what compiled code and the machine look at together. */
uint64_t image__layout(void);
uint64_t image__checksum(const uint8_t *file, size_t size);
/* The request for an identity; cpu NULL is that of opts. */
int image_identity__make(const struct ebpf_program *prog, const struct compile_opts *opts,
	const char *cpu, struct image_identity *identity, uint8_t **request, size_t *request_size);

/* difference.c: the sentence that names what is not the same in two requests. */
int image__explain(const struct image_part *part, const uint8_t *request, size_t request_size,
	const char *program, char **errmsg);

/* find.c: the object of this program for such options, malloc'ed. -ENOENT: the image has none.
 * -ENOEXEC: it has, but not for what is here, and *errmsg says so. */
int image__find(const struct ebpf_image *img, const struct ebpf_program *prog,
	const struct compile_opts *opts, struct compiled_object *object, char **errmsg);

/* write.c: ebpf_image_writer__add() and others. */
int image_writer__add(struct ebpf_image_writer *w, struct ebpf_program *prog,
	const struct compile_opts *opts, char **errmsg);

#endif
