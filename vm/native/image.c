/* SPDX-License-Identifier: BSD-3-Clause
 *
 * image.c -- an image's life: written through one mapping of a memfd that is gone before the
 * second, read and execute, appears. The memfd is sealed in between, so nothing can write it
 * any more; the data part is a private copy.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "../core/error.h"
#include "observer.h"

struct exported {
	void *address;
	const char *name; /* in the image's names */
};

struct native_image {
	uint8_t *base;
	size_t size;
	struct exported *exports;
	size_t n_exports;
	char *names;
	struct gdb_entry *gdb; /* NULL: gdb was not told */
};

static int no_memory(const struct link *l, const char *what)
{
	int err = errno ? -errno : -ENOMEM;

	return error__set(l->errmsg, err, "object: %s: %s", what, strerror(-err));
}

/* Does the symbol name a function of the image that others may call? */
static bool is_export(const struct link *l, uint32_t i, Elf64_Sym *sym)
{
	Elf64_Shdr sh;

	*sym = elf_object__symbol(&l->obj, i);
	if (ELF64_ST_BIND(sym->st_info) != STB_GLOBAL || ELF64_ST_TYPE(sym->st_info) != STT_FUNC ||
		link__is_undefined(sym) || sym->st_shndx >= l->obj.n_sections ||
		l->section_at[sym->st_shndx] == LINK_NOWHERE)
		return false;
	sh = elf_object__section(&l->obj, sym->st_shndx);
	return (sh.sh_flags & SHF_EXECINSTR) && sym->st_value < sh.sh_size;
}

static int keep_exports(const struct link *l, struct native_image *img)
{
	size_t n = 0, text = 0;
	Elf64_Sym sym;
	char *name;

	for (uint32_t i = 0; i < l->obj.n_symbols; i++) {
		if (!is_export(l, i, &sym))
			continue;
		n++;
		text += strlen(elf_object__symbol_name(&l->obj, i)) + 1;
	}
	img->exports = calloc(n + 1, sizeof(*img->exports));
	img->names = name = malloc(text + 1);
	if (!img->exports || !img->names)
		return no_memory(l, "its symbols");
	for (uint32_t i = 0; i < l->obj.n_symbols; i++) {
		if (!is_export(l, i, &sym))
			continue;
		img->exports[img->n_exports++] = (struct exported){.name = name,
			.address = img->base + l->section_at[sym.st_shndx] + sym.st_value};
		name = stpcpy(name, elf_object__symbol_name(&l->obj, i)) + 1;
	}
	return 0;
}

/* Writes the image into the memfd and takes every way to write it again away. */
static int write_image(struct link *l, int fd, size_t size)
{
	int err;

	l->bytes = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (l->bytes == MAP_FAILED)
		return no_memory(l, "mapping its image");
	err = link__fill(l);
	munmap(l->bytes, size);
	l->bytes = NULL;
	if (!err &&
		fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL))
		err = no_memory(l, "sealing its image");
	return err;
}

static int map_parts(const struct link *l, int fd)
{
	static const int protection[N_PARTS] = {
		[PART_CODE] = PROT_READ | PROT_EXEC,
		[PART_CONST] = PROT_READ,
		[PART_DATA] = PROT_READ | PROT_WRITE,
	};

	for (int part = 0; part < N_PARTS; part++) {
		uint32_t at = l->part_at[part], size = l->part_at[part + 1] - at;

		if (size && mmap((uint8_t *)(uintptr_t)l->base + at, size, protection[part],
				    MAP_PRIVATE | MAP_FIXED, fd, at) == MAP_FAILED)
			return no_memory(l, "mapping its image");
	}
	return 0;
}

/* The code again, the same bytes in memory without a file. */
static int make_anonymous(const struct link *l, int fd)
{
	uint8_t *code = (uint8_t *)(uintptr_t)l->base;
	size_t size = l->part_at[PART_CODE + 1], done = 0;

	if (mmap(code, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_FIXED | MAP_ANONYMOUS, -1,
		    0) == MAP_FAILED)
		return no_memory(l, "mapping its image");
	while (done < size) {
		ssize_t n = pread(fd, code + done, size - done, (off_t)done);

		if (n <= 0)
			return no_memory(l, "reading its image");
		done += (size_t)n;
	}
	return mprotect(code, size, PROT_READ | PROT_EXEC) ? no_memory(l, "mapping its image") : 0;
}

static int make_image(struct link *l, struct native_image *img)
{
	int err = link__place(l), fd;

	if (err)
		return err;
	img->size = l->part_at[N_PARTS];
	img->base = mmap(
		NULL, img->size, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (img->base == MAP_FAILED) {
		img->base = NULL;
		return no_memory(l, "reserving addresses");
	}
	l->base = (uintptr_t)img->base;
	fd = memfd_create("ebpf-image", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	if (fd < 0)
		return no_memory(l, "memfd_create");
	err = ftruncate(fd, (off_t)img->size) ? no_memory(l, "sizing its image") : 0;
	if (!err)
		err = write_image(l, fd, img->size);
	if (!err)
		err = map_parts(l, fd);
	if (!err && observer__wants_anonymous())
		err = make_anonymous(l, fd);
	close(fd);
	return err ? err : keep_exports(l, img);
}

struct native_image *native_image__load(const char *name, const uint8_t *elf, size_t size,
	native_resolve_fn resolve, void *user, char **errmsg)
{
	struct link l = {.name = name, .resolve = resolve, .user = user, .errmsg = errmsg};
	struct native_image *img = calloc(1, sizeof(*img));

	if (!img) {
		no_memory(&l, "loading it");
		return NULL;
	}
	if (elf_object__open(&l.obj, elf, size, errmsg) || make_image(&l, img)) {
		native_image__unload(img);
		img = NULL;
	} else {
		img->gdb = observer__loaded(&l);
	}
	link__release(&l);
	return img;
}

void *native_image__symbol(const struct native_image *img, const char *name)
{
	for (size_t i = 0; i < img->n_exports; i++)
		if (strcmp(img->exports[i].name, name) == 0)
			return img->exports[i].address;
	return NULL;
}

size_t native_image__bytes(const struct native_image *img)
{
	return img->size;
}

void native_image__unload(struct native_image *img)
{
	if (!img)
		return;
	observer__unloaded(img->gdb);
	if (img->base)
		munmap(img->base, img->size);
	free(img->exports);
	free(img->names);
	free(img);
}
