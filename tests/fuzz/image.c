/* SPDX-License-Identifier: BSD-3-Clause
 *
 * image.c -- libFuzzer target: any bytes as an image, whose checksum is made right, so that damage
 * is met where it is. It is opened or refused, and what is in it is looked for; a raw program's is
 * loaded, which relocates its code, and never run.
 *
 * The first byte says whether the others are the image, or changes of a right one: two bytes where,
 * one byte what.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "image/image.h"

#define HEAD (sizeof(Elf64_Ehdr) + sizeof(struct image_header))

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct ebpf_insn insns[] = {{.opcode = 0xb7, .imm = 1}, {.opcode = 0x95}};

/* Without a compiler here it has no part. */
static void build(uint8_t **bytes, size_t *size)
{
	struct ebpf_vm *vm = ebpf_create("llvm");
	struct ebpf_image_source source = {
		.kind = EBPF_IMAGE_BYTECODE, .name = "", .bytes = insns, .size = sizeof(insns)};
	struct ebpf_image_writer *w;

	if (vm && !ebpf_load(vm, insns, sizeof(insns), NULL) &&
		!ebpf_aot_compile(vm, NULL, bytes, size)) {
		ebpf_destroy(vm);
		return;
	}
	ebpf_destroy(vm);
	w = ebpf_image_writer__create(&source, NULL);
	if (!w || ebpf_image_writer__finish(w, NULL, bytes, size, NULL))
		abort();
	ebpf_image_writer__destroy(w);
}

static uint8_t *make_input(const uint8_t *data, size_t size, size_t *n)
{
	static uint8_t *right;
	static size_t right_size;
	uint8_t *bytes;

	if (!right)
		build(&right, &right_size);
	*n = data[0] & 1 ? right_size : size - 1;
	bytes = malloc(*n + 1);
	if (!bytes)
		abort();
	memcpy(bytes, data[0] & 1 ? right : data + 1, *n);
	for (size_t i = 1; data[0] & 1 && i + 3 <= size; i += 3)
		bytes[(data[i] | data[i + 1] << 8) % *n] ^= data[i + 2];
	return bytes;
}

static void sum_again(uint8_t *bytes, size_t n)
{
	struct image_header h;

	if (n < HEAD)
		return;
	memcpy(&h, bytes + sizeof(Elf64_Ehdr), sizeof(h));
	if (h.size < HEAD || h.size > n)
		return;
	h.checksum = image__checksum(bytes, h.size);
	memcpy(bytes + sizeof(Elf64_Ehdr), &h, sizeof(h));
}

static void check_sentence(char *why)
{
	if (!why || strchr(why, '\n')) {
		fprintf(stderr, "%s\n", why ? why : "no sentence");
		abort();
	}
	free(why);
}

static void load(const uint8_t *bytes, size_t n)
{
	struct ebpf_vm *vm = ebpf_create("interp");
	char *why;

	if (!vm)
		abort();
	if (ebpf_aot_load(vm, bytes, n, &why))
		check_sentence(why);
	ebpf_destroy(vm);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct ebpf_image *img;
	uint8_t *bytes;
	char *why;
	size_t n;

	if (!size)
		return 0;
	bytes = make_input(data, size, &n);
	sum_again(bytes, n);
	img = ebpf_image__open(bytes, n, NULL, &why);
	if (!img)
		check_sentence(why);
	for (size_t i = 0; img && i < ebpf_image__n_parts(img); i++)
		if (strlen(ebpf_image__part(img, i)->program) > n)
			abort();
	ebpf_image__unref(img);
	load(bytes, n);
	free(bytes);
	return 0;
}
