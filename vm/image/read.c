/* SPDX-License-Identifier: BSD-3-Clause
 *
 * read.c -- opens an image: its header, its sum and its signature first, then its sections. What
 * is in them is looked at by those who use it: requests in difference.c, objects in vm/native.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "../core/error.h"
#include "../native/elf-object.h"
#include "image.h"

#define HEADER_AT sizeof(Elf64_Ehdr)
#define HEAD_SIZE (HEADER_AT + sizeof(struct image_header))

static bool starts_with(const char *text, const char *prefix)
{
	return strncmp(text, prefix, strlen(prefix)) == 0;
}

bool ebpf_image__is_one(const void *bytes, size_t size)
{
	uint64_t magic;

	if (size < HEADER_AT + sizeof(magic) || memcmp(bytes, ELFMAG, SELFMAG) != 0)
		return false;
	memcpy(&magic, (const uint8_t *)bytes + HEADER_AT, sizeof(magic));
	return magic == IMAGE_MAGIC;
}

/* --- the whole ----------------------------------------------------------------------------- */

static int check_header(const uint8_t *bytes, size_t size, char **errmsg)
{
	struct image_header h;

	if (!ebpf_image__is_one(bytes, size))
		return error__set(errmsg, -EINVAL, "this is no image");
	if (size < HEAD_SIZE)
		return error__set(errmsg, -EINVAL,
			"the image is cut off: it has %zu bytes, less than its header", size);
	memcpy(&h, bytes + HEADER_AT, sizeof(h));
	if (h.format != IMAGE_FORMAT)
		return error__set(errmsg, -ENOEXEC,
			"the image has format %" PRIu32 "; this version reads format %d", h.format,
			IMAGE_FORMAT);
	if (h.size > size)
		return error__set(errmsg, -EINVAL,
			"the image is cut off: it has %zu of %" PRIu64 " bytes", size, h.size);
	if (h.size < HEAD_SIZE || size > IMAGE_MAX || !memchr(h.version, 0, sizeof(h.version)))
		return error__set(errmsg, -EINVAL, "the image's header is damaged");
	if (image__checksum(bytes, h.size) != h.checksum)
		return error__set(errmsg, -EINVAL,
			"the image is damaged: its checksum is not that of its bytes");
	return 0;
}

/* What is behind the signed bytes, to the end of the file, is the signature and nothing else. */
static int check_signature(const struct elf_object *obj, uint64_t signed_size,
	const struct ebpf_image_check *check, char **errmsg)
{
	const uint8_t *signature = NULL;
	size_t size = obj->size - signed_size;

	for (uint32_t i = 0; i < obj->n_sections; i++) {
		Elf64_Shdr sh = elf_object__section(obj, i);

		if (strcmp(elf_object__section_name(obj, &sh), IMAGE_SECTION_SIGNATURE) != 0)
			continue;
		if (sh.sh_offset != signed_size || sh.sh_size != size || signature)
			return error__set(errmsg, -EINVAL,
				"the image is damaged: its signature is not what follows it");
		signature = obj->bytes + sh.sh_offset;
	}
	if (size && !signature)
		return error__set(errmsg, -EINVAL,
			"the image is damaged: %zu bytes follow it that are no signature", size);
	if (check && check->check(check->user, obj->bytes, signed_size, signature, size))
		return error__set(errmsg, -EACCES,
			signature ? "the image's signature is not accepted"
				  : "the image is not signed");
	return 0;
}

/* --- sections ------------------------------------------------------------------------------ */

static int damaged(const struct elf_object *obj, const Elf64_Shdr *sh, const char *why, char **err)
{
	error__set(err, -EINVAL, "the image is damaged: section %s %s",
		elf_object__section_name(obj, sh), why);
	error__make_printable(err);
	return -EINVAL;
}

/* "NAME:DRIVER:CPU", cut at the last two colons; they are written over in `names`. */
static bool cut_name(char *name, struct ebpf_image_part *is)
{
	char *cpu = strrchr(name, ':'), *driver;

	if (!cpu)
		return false;
	*cpu = '\0';
	driver = strrchr(name, ':');
	if (!driver)
		return false;
	*driver = '\0';
	is->program = name;
	is->driver = driver + 1;
	is->cpu = cpu + 1;
	return true;
}

static int open_part(struct ebpf_image *img, const struct elf_object *obj, const Elf64_Shdr *sh,
	char *name, char **errmsg)
{
	struct image_part *part = &img->parts[img->n_parts++];
	Elf64_Shdr request;

	if (!cut_name(name, &part->is))
		return damaged(obj, sh, "says no program, driver and CPU", errmsg);
	if (sh->sh_link >= obj->n_sections)
		return damaged(obj, sh, "has no request", errmsg);
	request = elf_object__section(obj, sh->sh_link);
	if (!starts_with(elf_object__section_name(obj, &request), IMAGE_SECTION_REQUEST) ||
		request.sh_type != SHT_PROGBITS || request.sh_offset % IMAGE_ALIGN ||
		request.sh_size < sizeof(struct image_identity))
		return damaged(obj, sh, "has no request", errmsg);
	part->identity = (const void *)(img->bytes + request.sh_offset);
	part->request = img->bytes + request.sh_offset + sizeof(struct image_identity);
	part->request_size = request.sh_size - sizeof(struct image_identity);
	part->object = img->bytes + sh->sh_offset;
	part->is.size = sh->sh_size;
	return 0;
}

static const char *part_name(const char *section)
{
	static const char *const prefixes[] = {IMAGE_SECTION_NATIVE, IMAGE_SECTION_PTX};

	for (size_t i = 0; i < sizeof(prefixes) / sizeof(prefixes[0]); i++)
		if (starts_with(section, prefixes[i]))
			return section + strlen(prefixes[i]);
	return NULL;
}

static int open_source(
	struct ebpf_image *img, const struct elf_object *obj, const Elf64_Shdr *sh, char **errmsg)
{
	const char *name = elf_object__section_name(obj, sh);
	bool is_object = starts_with(name, IMAGE_SECTION_BPF);

	if (!is_object && strcmp(name, IMAGE_SECTION_BYTECODE) != 0)
		return 0;
	if (img->source.bytes || sh->sh_offset % IMAGE_ALIGN)
		return damaged(obj, sh, "is not alone, or not where it should be", errmsg);
	img->source = (struct ebpf_image_source){
		.kind = is_object ? EBPF_IMAGE_OBJECT : EBPF_IMAGE_BYTECODE,
		.name = is_object ? name + strlen(IMAGE_SECTION_BPF) : "",
		.bytes = img->bytes + sh->sh_offset,
		.size = sh->sh_size};
	return 0;
}

/* Room for all parts and their names. */
static int make_room(struct ebpf_image *img, const struct elf_object *obj)
{
	size_t n = 0, text = 0;

	for (uint32_t i = 0; i < obj->n_sections; i++) {
		Elf64_Shdr sh = elf_object__section(obj, i);
		const char *name = part_name(elf_object__section_name(obj, &sh));

		if (!name)
			continue;
		n++;
		text += strlen(name) + 1;
		if (text > IMAGE_MAX) /* sections may share a name's bytes */
			return -EFBIG;
	}
	img->parts = calloc(n + 1, sizeof(*img->parts));
	img->names = malloc(text + 1);
	return img->parts && img->names ? 0 : -ENOMEM;
}

static int open_sections(struct ebpf_image *img, const struct elf_object *obj, char **errmsg)
{
	int err = make_room(img, obj);
	char *text = img->names;

	if (err)
		return error__set(errmsg, err, "the image's sections: %s", strerror(-err));
	for (uint32_t i = 0; i < obj->n_sections && !err; i++) {
		Elf64_Shdr sh = elf_object__section(obj, i);
		const char *name = part_name(elf_object__section_name(obj, &sh));

		if (sh.sh_type != SHT_PROGBITS)
			continue;
		if (!name) {
			err = open_source(img, obj, &sh, errmsg);
			continue;
		}
		strcpy(text, name);
		err = open_part(img, obj, &sh, text, errmsg);
		text += strlen(name) + 1;
	}
	if (!err && !img->source.bytes)
		err = error__set(
			errmsg, -EINVAL, "the image is damaged: what it was made from is missing");
	return err;
}

struct ebpf_image *ebpf_image__open(
	const void *bytes, size_t size, const struct ebpf_image_check *check, char **errmsg)
{
	struct ebpf_image *img;
	struct elf_object obj;
	int err;

	if (errmsg)
		*errmsg = NULL;
	err = check_header(bytes, size, errmsg);
	img = err ? NULL : calloc(1, sizeof(*img));
	if (img) {
		atomic_init(&img->refs, 1);
		img->bytes = malloc(size);
	}
	if (!err && (!img || !img->bytes))
		err = error__set(errmsg, -ENOMEM, "no memory for an image of %zu bytes", size);
	if (!err) {
		memcpy(img->bytes, bytes, size);
		img->header = (const void *)(img->bytes + HEADER_AT);
		err = elf_object__open(&obj, img->bytes, size, errmsg) ? -EINVAL : 0;
		if (err)
			error__prefix(errmsg, "the image is damaged");
	}
	if (!err)
		err = check_signature(&obj, img->header->size, check, errmsg);
	if (!err)
		err = open_sections(img, &obj, errmsg);
	if (!err)
		return img;
	error__make_printable(errmsg); /* names are the file's */
	ebpf_image__unref(img);
	errno = -err;
	return NULL;
}

struct ebpf_image *ebpf_image__ref(struct ebpf_image *img)
{
	atomic_fetch_add_explicit(&img->refs, 1, memory_order_relaxed);
	return img;
}

void ebpf_image__unref(struct ebpf_image *img)
{
	if (!img || atomic_fetch_sub_explicit(&img->refs, 1, memory_order_acq_rel) != 1)
		return;
	free(img->names);
	free(img->parts);
	free(img->bytes);
	free(img);
}

const struct ebpf_image_source *ebpf_image__source(const struct ebpf_image *img)
{
	return &img->source;
}

size_t ebpf_image__n_parts(const struct ebpf_image *img)
{
	return img->n_parts;
}

const struct ebpf_image_part *ebpf_image__part(const struct ebpf_image *img, size_t i)
{
	return i < img->n_parts ? &img->parts[i].is : NULL;
}
