/* SPDX-License-Identifier: BSD-3-Clause
 *
 * write.c -- makes images: compiles, gathers sections, lays them out.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../core/error.h"
#include "image.h"

struct section {
	char *name;
	const void *bytes;
	void *owned; /* the same, if it is the writer's */
	size_t size;
	uint32_t link;
};

struct ebpf_image_writer {
	struct section *sections; /* as in the file; 0 is the empty one */
	uint32_t n_sections;
};

static int no_memory(char **errmsg)
{
	return error__set(errmsg, -ENOMEM, "no memory for an image");
}

/* Takes `owned`, whatever comes of it. The name's parts are those behind the prefix. */
static int add_section(struct ebpf_image_writer *w, const char *name, const void *bytes,
	void *owned, size_t size, uint32_t link)
{
	struct section *grown = reallocarray(w->sections, w->n_sections + 1, sizeof(*w->sections));
	char *copy = strdup(name);

	if (grown)
		w->sections = grown;
	if (!grown || !copy) {
		free(copy);
		free(owned);
		return -ENOMEM;
	}
	w->sections[w->n_sections++] = (struct section){copy, bytes, owned, size, link};
	return 0;
}

/* Those that every image has. */
static int add_fixed(struct ebpf_image_writer *w, const struct ebpf_image_source *source)
{
	bool is_object = source->kind == EBPF_IMAGE_OBJECT;
	char *name;
	int err;

	if (add_section(w, "", NULL, NULL, 0, 0) ||
		add_section(w, IMAGE_SECTION, NULL, NULL, sizeof(struct image_header), 0) ||
		add_section(w, ".shstrtab", NULL, NULL, 0, 0) ||
		asprintf(&name, "%s%s", is_object ? IMAGE_SECTION_BPF : IMAGE_SECTION_BYTECODE,
			is_object ? source->name : "") < 0)
		return -ENOMEM;
	err = add_section(w, name, source->bytes, NULL, source->size, 0);
	free(name);
	return err;
}

struct ebpf_image_writer *ebpf_image_writer__create(
	const struct ebpf_image_source *source, char **errmsg)
{
	struct ebpf_image_writer *w = calloc(1, sizeof(*w));

	if (errmsg)
		*errmsg = NULL;
	if (w && !add_fixed(w, source))
		return w;
	ebpf_image_writer__destroy(w);
	no_memory(errmsg);
	return NULL;
}

void ebpf_image_writer__destroy(struct ebpf_image_writer *w)
{
	if (!w)
		return;
	for (uint32_t i = 0; i < w->n_sections; i++) {
		free(w->sections[i].name);
		free(w->sections[i].owned);
	}
	free(w->sections);
	free(w);
}

/* --- parts --------------------------------------------------------------------------------- */

static int add_identity(struct ebpf_image_writer *w, const struct ebpf_program *prog,
	const struct compile_opts *opts, const char *name)
{
	struct image_identity identity;
	uint8_t *request, *both;
	size_t size;

	if (image_identity__make(prog, opts, NULL, &identity, &request, &size))
		return -ENOMEM;
	both = malloc(sizeof(identity) + size);
	if (both) {
		memcpy(both, &identity, sizeof(identity));
		memcpy(both + sizeof(identity), request, size);
	}
	free(request);
	return both ? add_section(w, name, both, both, sizeof(identity) + size, 0) : -ENOMEM;
}

static int add_named(struct ebpf_image_writer *w, struct ebpf_program *prog,
	const struct compile_opts *opts, const char *driver, char **errmsg)
{
	bool is_ptx = strcmp(opts->cpu, COMPILE_CPU_PTX) == 0;
	struct compiled_object object;
	char *names[2] = {NULL, NULL};
	int err = program__make_object(prog, opts, &object, errmsg);

	if (err)
		return err;
	if (asprintf(&names[0], IMAGE_SECTION_REQUEST "%s:%s:%s", prog->view.name, driver,
		    opts->cpu) < 0 ||
		asprintf(&names[1], "%s%s:%s:%s", is_ptx ? IMAGE_SECTION_PTX : IMAGE_SECTION_NATIVE,
			prog->view.name, driver, opts->cpu) < 0 ||
		add_identity(w, prog, opts, names[0])) {
		free(object.elf);
		err = no_memory(errmsg);
	} else if (add_section(
			   w, names[1], object.elf, object.elf, object.size, w->n_sections - 1)) {
		err = no_memory(errmsg);
	}
	free(names[0]);
	free(names[1]);
	return err;
}

int image_writer__add(struct ebpf_image_writer *w, struct ebpf_program *prog,
	const struct compile_opts *opts, char **errmsg)
{
	return add_named(w, prog, opts, opts->driver ? opts->driver->name : "", errmsg);
}

int ebpf_image_writer__add(struct ebpf_image_writer *w, struct ebpf_program *prog,
	const struct ebpf_driver *driver, const char *cpu, char **errmsg)
{
	struct compile_opts opts = {.backend = "llvm", .driver = driver, .cpu = cpu};

	if (errmsg)
		*errmsg = NULL;
	return image_writer__add(w, prog, &opts, errmsg);
}

int ebpf_image_writer__add_kernel(struct ebpf_image_writer *w, struct ebpf_program *prog,
	enum ebpf_target target, const struct ebpf_kernel_driver *driver, const char *cpu,
	char **errmsg)
{
	struct ebpf_driver d = kernel_driver__for(driver, target);
	struct compile_opts opts = {.backend = "llvm",
		.driver = &d,
		.cpu = target == EBPF_TARGET_PTX ? COMPILE_CPU_PTX : cpu,
		.flags = COMPILE_KERNEL};

	if (errmsg)
		*errmsg = NULL;
	return image_writer__add(w, prog, &opts, errmsg);
}

/* --- the file ------------------------------------------------------------------------------ */

struct layout {
	size_t names_at, names_size, end; /* of what is signed */
	size_t *offset;                   /* of each section */
	uint32_t n_sections;              /* with the signature */
};

static size_t align(size_t at)
{
	return (at + IMAGE_ALIGN - 1) & ~(size_t)(IMAGE_ALIGN - 1);
}

#define TABLE_AT (sizeof(Elf64_Ehdr) + sizeof(struct image_header))
#define N_FIXED  3 /* empty, header, names */

static int lay_out(
	const struct ebpf_image_writer *w, bool is_signed, struct layout *l, char **errmsg)
{
	l->n_sections = w->n_sections + is_signed;
	l->offset = calloc(w->n_sections, sizeof(*l->offset));
	if (!l->offset)
		return no_memory(errmsg);
	l->names_at = TABLE_AT + l->n_sections * sizeof(Elf64_Shdr);
	l->names_size = is_signed ? sizeof(IMAGE_SECTION_SIGNATURE) : 0;
	for (uint32_t i = 0; i < w->n_sections; i++)
		l->names_size += strlen(w->sections[i].name) + 1;
	l->offset[1] = sizeof(Elf64_Ehdr);
	l->offset[2] = l->names_at;
	l->end = l->names_at + l->names_size;
	for (uint32_t i = N_FIXED; i < w->n_sections; i++) {
		l->offset[i] = align(l->end);
		l->end = l->offset[i] + w->sections[i].size;
	}
	l->end = align(l->end);
	if (l->end <= IMAGE_MAX && l->n_sections < SHN_LORESERVE)
		return 0;
	free(l->offset);
	return error__set(errmsg, -EFBIG, "the image would have %zu bytes and %" PRIu32 " sections",
		l->end, l->n_sections);
}

static void write_elf_header(uint8_t *file, const struct layout *l)
{
	Elf64_Ehdr eh = {.e_ident = {ELFMAG0, ELFMAG1, ELFMAG2, ELFMAG3, ELFCLASS64, ELFDATA2LSB,
				 EV_CURRENT},
		.e_type = ET_REL,
		.e_machine = EM_X86_64,
		.e_version = EV_CURRENT,
		.e_shoff = TABLE_AT,
		.e_ehsize = sizeof(eh),
		.e_shentsize = sizeof(Elf64_Shdr),
		.e_shnum = (Elf64_Half)l->n_sections,
		.e_shstrndx = 2};

	memcpy(file, &eh, sizeof(eh));
}

static void write_section_header(
	uint8_t *file, const struct layout *l, uint32_t i, Elf64_Shdr sh, const char *name)
{
	static const uint32_t types[N_FIXED] = {SHT_NULL, SHT_PROGBITS, SHT_STRTAB};

	sh.sh_type = i < N_FIXED ? types[i] : SHT_PROGBITS;
	sh.sh_addralign = i < N_FIXED ? 1 : IMAGE_ALIGN;
	if (!i)
		sh = (Elf64_Shdr){0};
	memcpy(file + TABLE_AT + i * sizeof(sh), &sh, sizeof(sh));
	strcpy((char *)file + l->names_at + sh.sh_name, name);
}

static void write_sections(const struct ebpf_image_writer *w, uint8_t *file, const struct layout *l,
	size_t signature_size)
{
	uint32_t name = 0, i;

	for (i = 0; i < w->n_sections; i++) {
		const struct section *s = &w->sections[i];

		write_section_header(file, l, i,
			(Elf64_Shdr){.sh_name = name,
				.sh_offset = l->offset[i],
				.sh_size = i == 2 ? l->names_size : s->size,
				.sh_link = s->link},
			s->name);
		if (s->bytes)
			memcpy(file + l->offset[i], s->bytes, s->size);
		name += (uint32_t)strlen(s->name) + 1;
	}
	if (i < l->n_sections)
		write_section_header(file, l, i,
			(Elf64_Shdr){
				.sh_name = name, .sh_offset = l->end, .sh_size = signature_size},
			IMAGE_SECTION_SIGNATURE);
}

static void write_header(uint8_t *file, size_t size)
{
	struct image_header h = {.magic = IMAGE_MAGIC,
		.size = size,
		.layout = image__layout(),
		.format = IMAGE_FORMAT,
		.version = XDPK_VERSION};
	size_t at = sizeof(Elf64_Ehdr);

	memcpy(file + at, &h, sizeof(h));
	h.checksum = image__checksum(file, size);
	memcpy(file + at, &h, sizeof(h));
}

int ebpf_image_writer__finish(struct ebpf_image_writer *w, const struct ebpf_image_signer *signer,
	uint8_t **elf, size_t *size, char **errmsg)
{
	size_t signature_size = signer ? signer->signature_size : 0;
	struct layout l = {0};
	uint8_t *file;
	int err;

	if (errmsg)
		*errmsg = NULL;
	err = lay_out(w, signer, &l, errmsg);
	if (err)
		return err;
	file = calloc(1, l.end + signature_size);
	if (file) {
		write_elf_header(file, &l);
		write_sections(w, file, &l, signature_size);
		write_header(file, l.end);
	}
	free(l.offset);
	if (!file)
		return no_memory(errmsg);
	err = signer ? signer->sign(signer->user, file, l.end, file + l.end) : 0;
	if (err) {
		free(file);
		return error__set(errmsg, err, "the image cannot be signed: %s", strerror(-err));
	}
	*elf = file;
	*size = l.end + signature_size;
	return 0;
}
