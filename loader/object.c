/* SPDX-License-Identifier: BSD-3-Clause
 *
 * object.c -- opening and closing, and what an object says about itself.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../vm/core/error.h"
#include "digest.h"
#include "object-internal.h"

#define MAX_LISTED 16 /* names in an error sentence */

void ebpf_object__fail(const struct ebpf_object *obj, char **errmsg)
{
	int err = errno;

	if (!errmsg || !*errmsg)
		return;
	error__make_printable(errmsg);
	error__prefix(errmsg, "%s", obj->path);
	errno = err;
}

static int open_parts(struct ebpf_object *obj, const void *elf, size_t size, char **errmsg)
{
	int err = elf_file__open(&obj->elf, elf, size, errmsg);

	if (!err)
		err = btf_types__open(&obj->elf, &obj->btf, errmsg);
	if (!err)
		err = btf_ext_info__open(&obj->elf, &obj->ext, errmsg);
	if (!err)
		err = ebpf_object__add_btf_maps(obj, errmsg);
	if (!err)
		err = ebpf_object__add_legacy_maps(obj, errmsg);
	if (!err)
		err = ebpf_object__add_data_maps(obj, errmsg);
	if (!err)
		err = ebpf_object__add_externs(obj, errmsg);
	if (!err)
		err = ebpf_object__find_functions(obj, errmsg);
	if (!err)
		err = ebpf_object__read_entries(obj, errmsg);
	return err;
}

static struct ebpf_object *open_bytes(
	const char *path, struct ebpf_image *image, const void *elf, size_t size, char **errmsg)
{
	struct ebpf_object *obj = calloc(1, sizeof(*obj));
	int err;

	if (errmsg)
		*errmsg = NULL;
	if (obj) {
		obj->references = 1;
		obj->image = image ? ebpf_image__ref(image) : NULL;
		obj->digest = digest__add(DIGEST_BEGIN, elf, size);
		pthread_mutex_init(&obj->lock, NULL);
		obj->path = strdup(path);
	}
	if (!obj || !obj->path) {
		if (obj)
			ebpf_image__unref(obj->image);
		free(obj);
		error__set(errmsg, -ENOMEM, "%s: no memory", path);
		return NULL;
	}
	err = open_parts(obj, elf, size, errmsg);
	if (err) {
		errno = -err;
		ebpf_object__fail(obj, errmsg);
		ebpf_object__close(obj);
		errno = -err;
		return NULL;
	}
	return obj;
}

struct ebpf_object *ebpf_object__open_image(
	const char *path, struct ebpf_image *image, char **errmsg)
{
	const struct ebpf_image_source *source = ebpf_image__source(image);

	if (source->kind == EBPF_IMAGE_OBJECT)
		return open_bytes(path, image, source->bytes, source->size, errmsg);
	error__set(
		errmsg, -EINVAL, "%s: the image is of raw bytecode, not of an object file", path);
	return NULL;
}

struct ebpf_object *ebpf_object__open_mem(
	const char *path, const void *elf, size_t size, char **errmsg)
{
	struct ebpf_image *image;
	struct ebpf_object *obj = NULL;
	int err;

	if (!ebpf_image__is_one(elf, size))
		return open_bytes(path, NULL, elf, size, errmsg);
	image = ebpf_image__open(elf, size, NULL, errmsg);
	if (image)
		obj = ebpf_object__open_image(path, image, errmsg);
	else
		error__prefix(errmsg, "%s", path);
	err = errno;
	ebpf_image__unref(image);
	errno = err;
	return obj;
}

static uint8_t *read_file(int fd, size_t *size)
{
	struct stat st;
	uint8_t *bytes;
	size_t n = 0;

	if (fstat(fd, &st))
		return NULL;
	if (!S_ISREG(st.st_mode)) {
		errno = S_ISDIR(st.st_mode) ? EISDIR : EINVAL;
		return NULL;
	}
	if (st.st_size > ELF_FILE_MAX) {
		errno = EFBIG;
		return NULL;
	}
	bytes = malloc(st.st_size + 1);
	while (bytes && n < (size_t)st.st_size) {
		ssize_t got = read(fd, bytes + n, st.st_size - n);

		if (got < 0) {
			free(bytes);
			return NULL;
		}
		if (got == 0)
			break;
		n += got;
	}
	*size = n;
	return bytes;
}

struct ebpf_object *ebpf_object__open_fd(const char *path, int fd, char **errmsg)
{
	struct ebpf_object *obj = NULL;
	size_t size = 0;
	uint8_t *bytes = read_file(fd, &size);
	int err;

	if (bytes)
		obj = ebpf_object__open_mem(path, bytes, size, errmsg);
	else
		error__set(errmsg, -errno, "%s: %s", path, strerror(errno));
	err = errno;
	free(bytes);
	errno = err;
	return obj;
}

struct ebpf_object *ebpf_object__open(const char *path, char **errmsg)
{
	int err, fd = open(path, O_RDONLY | O_CLOEXEC);
	struct ebpf_object *obj;

	if (fd < 0) {
		error__set(errmsg, -errno, "%s: %s", path, strerror(errno));
		return NULL;
	}
	obj = ebpf_object__open_fd(path, fd, errmsg);
	err = errno;
	close(fd);
	errno = err;
	return obj;
}

uint64_t ebpf_object__digest(const struct ebpf_object *obj)
{
	return obj->digest;
}

struct ebpf_object *ebpf_object__ref(struct ebpf_object *obj)
{
	__atomic_add_fetch(&obj->references, 1, __ATOMIC_RELAXED);
	return obj;
}

void ebpf_object__close(struct ebpf_object *obj)
{
	if (!obj || __atomic_sub_fetch(&obj->references, 1, __ATOMIC_ACQ_REL))
		return;
	ebpf_object__free_linked(obj);
	for (uint32_t i = 0; i < obj->n_functions; i++)
		ebpf_program__unref(obj->functions[i].loaded);
	for (size_t i = 0; i < obj->n_maps; i++) {
		ebpf_map__unref(obj->maps[i].map);
		ebpf_map__unref(obj->maps[i].waiting);
		free((char *)obj->maps[i].opts.name);
		free((void *)obj->maps[i].opts.inner);
		free(obj->maps[i].entries);
	}
	free(obj->maps);
	free(obj->externs);
	free(obj->kconfig);
	free(obj->functions);
	btf_ext_info__close(&obj->ext);
	btf__free(obj->btf);
	elf_file__close(&obj->elf);
	ebpf_image__unref(obj->image);
	pthread_mutex_destroy(&obj->lock);
	free(obj->path);
	free(obj);
}

size_t ebpf_object__n_programs(const struct ebpf_object *obj)
{
	return obj->n_programs;
}

const struct ebpf_object_program *ebpf_object__program(const struct ebpf_object *obj, size_t i)
{
	for (uint32_t f = 0; f < obj->n_functions; f++) {
		if (obj->functions[f].is_program && i-- == 0)
			return &obj->functions[f].program;
	}
	return NULL;
}

/* "a (xdp), b (tc)"; malloc'ed. */
static char *list_programs(const struct ebpf_object *obj)
{
	size_t n = ebpf_object__n_programs(obj), size;
	char *text = NULL;
	FILE *f = open_memstream(&text, &size);

	if (!f)
		return NULL;
	if (n == 0)
		fputs("no program at all", f);
	for (size_t i = 0; i < n && i < MAX_LISTED; i++) {
		const struct ebpf_object_program *p = ebpf_object__program(obj, i);

		fprintf(f, "%s%s (section %s)", i ? ", " : "", p->name, p->section);
	}
	if (n > MAX_LISTED)
		fprintf(f, " and %zu more", n - MAX_LISTED);
	fclose(f);
	return text;
}

/* Those that are for entries of a DEVMAP or CPUMAP come last: Linux attaches them to no port. */
static const struct ebpf_object_program *first_xdp(const struct ebpf_object *obj)
{
	const struct ebpf_object_program *first = NULL;

	for (uint32_t i = 0; i < obj->n_functions; i++) {
		const struct object_function *f = &obj->functions[i];

		if (!f->is_program || !f->program.is_xdp)
			continue;
		if (object_function__type(f) == EBPF_PROGRAM_XDP)
			return &f->program;
		if (!first)
			first = &f->program;
	}
	return first;
}

static const struct ebpf_object_program *find_named(const struct ebpf_object *obj, const char *name)
{
	for (uint32_t i = 0; i < obj->n_functions; i++) {
		const struct object_function *f = &obj->functions[i];

		if (f->is_program && strcmp(f->program.name, name) == 0)
			return &f->program;
	}
	return NULL;
}

const struct ebpf_object_program *ebpf_object__find_program(
	const struct ebpf_object *obj, const char *name, char **errmsg)
{
	const struct ebpf_object_program *found = name ? find_named(obj, name) : first_xdp(obj);
	char *list;

	if (errmsg)
		*errmsg = NULL;
	if (found)
		return found;
	list = list_programs(obj);
	if (name)
		error__set(errmsg, -ENOENT, "no program %s; the object has %s", name,
			list ? list : "others");
	else
		error__set(errmsg, -ENOENT, "no XDP program; the object has %s",
			list ? list : "others");
	free(list);
	errno = ENOENT;
	ebpf_object__fail(obj, errmsg);
	return NULL;
}

size_t ebpf_object__n_maps(const struct ebpf_object *obj)
{
	return obj->n_maps;
}

const struct ebpf_map_opts *ebpf_object__map_opts(const struct ebpf_object *obj, size_t i)
{
	return i < obj->n_maps ? &obj->maps[i].opts : NULL;
}

struct ebpf_map *ebpf_object__map(const struct ebpf_object *obj, size_t i)
{
	return i < obj->n_maps ? obj->maps[i].map : NULL;
}

struct ebpf_map *ebpf_object__map_by_name(const struct ebpf_object *obj, const char *name)
{
	for (size_t i = 0; i < obj->n_maps; i++) {
		const struct object_map *m = &obj->maps[i];

		if (strcmp(m->opts.name, name) == 0 ||
			(m->is_data && strcmp(obj->elf.sections[m->section].name, name) == 0))
			return m->map;
	}
	return NULL;
}
