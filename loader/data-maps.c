/* SPDX-License-Identifier: BSD-3-Clause
 *
 * data-maps.c -- global variables: each of .data*, .rodata* and .bss* is an array map with one
 * entry, the section. Names are libbpf's: "prog.rodata" (eight letters of the file's name, of an
 * image that of the file that it was made from), but ".rodata.str1.1" as it stands. Also the
 * object's list of maps.
 */
#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <linux/bpf.h>

#include "../vm/core/error.h"
#include "object-internal.h"
#include "value-fields.h"

int ebpf_object__add_map(struct ebpf_object *obj, const struct object_map *map, char **errmsg)
{
	struct object_map *grown;
	const char *name;

	for (size_t i = 0; i < obj->n_maps; i++) {
		if (strcmp(obj->maps[i].opts.name, map->opts.name) == 0)
			return error__set(
				errmsg, -EINVAL, "two maps are called %s", map->opts.name);
		if (obj->maps[i].section == map->section && obj->maps[i].offset == map->offset)
			return error__set(errmsg, -EINVAL,
				"maps %s and %s overlap in section %s at offset %#" PRIx64,
				obj->maps[i].opts.name, map->opts.name,
				obj->elf.sections[map->section].name, map->offset);
	}
	name = strdup(map->opts.name);
	grown = realloc(obj->maps, (obj->n_maps + 1) * sizeof(*grown));
	if (grown)
		obj->maps = grown;
	if (!grown || !name) {
		free((char *)name);
		return error__set(errmsg, -ENOMEM, "no memory for map %s", map->opts.name);
	}
	grown[obj->n_maps] = *map;
	grown[obj->n_maps++].opts.name = name;
	return 0;
}

int ebpf_object__map_at(const struct ebpf_object *obj, uint32_t section, int64_t offset)
{
	for (size_t i = 0; i < obj->n_maps; i++) {
		const struct object_map *m = &obj->maps[i];

		if (m->section == section && (m->is_data || (int64_t)m->offset == offset))
			return i;
	}
	return -1;
}

/* Is it `base` or `base`.something? */
static bool is_section(const char *name, const char *base)
{
	size_t n = strlen(base);

	return strncmp(name, base, n) == 0 && (name[n] == '\0' || name[n] == '.');
}

static void name_map(
	const struct ebpf_object *obj, const char *section, char name[BPF_OBJ_NAME_LEN])
{
	const char *path = obj->image ? ebpf_image__source(obj->image)->name : obj->path;
	const char *slash = strrchr(path, '/'), *file = slash ? slash + 1 : path;
	size_t room = BPF_OBJ_NAME_LEN - 1 - strlen(section), stem = strcspn(file, ".");

	snprintf(name, BPF_OBJ_NAME_LEN, "%.*s%s", (int)(stem < room ? stem : room), file, section);
	for (; *name; name++) {
		if (!isalnum((unsigned char)*name) && *name != '_' && *name != '.')
			*name = '_';
	}
}

int ebpf_object__add_data_map(struct ebpf_object *obj, const char *section_name, uint32_t section,
	const uint8_t *contents, uint64_t size, char **errmsg)
{
	bool is_const = section == 0 || is_section(section_name, ".rodata");
	char plain[BPF_OBJ_NAME_LEN];
	const char *name = section_name;
	struct object_map map = {
		.opts = {.type = BPF_MAP_TYPE_ARRAY,
			.key_size = sizeof(uint32_t),
			.value_size = size,
			.max_entries = 1,
			.flags = is_const ? BPF_F_RDONLY_PROG : 0},
		.values = NO_VALUES,
		.section = section,
		.is_data = true,
		.contents = contents,
		.is_const = is_const,
	};

	if (size > INT_MAX)
		return error__set(errmsg, -E2BIG,
			"section %s has an absurd size: %" PRIu64 " bytes", section_name, size);
	if (!strchr(name + 1, '.')) {
		name_map(obj, name, plain);
		name = plain;
	}
	map.opts.name = name;
	if (obj->btf && section)
		value_fields__find_in_section(obj->btf, &obj->elf, section, &map.opts);
	return ebpf_object__add_map(obj, &map, errmsg);
}

int ebpf_object__add_data_maps(struct ebpf_object *obj, char **errmsg)
{
	int err = 0;

	for (uint32_t i = 1; i < obj->elf.n_sections && !err; i++) {
		const struct elf_section *s = &obj->elf.sections[i];

		if (s->size == 0 || !(s->flags & SHF_ALLOC) || (s->flags & SHF_EXECINSTR))
			continue;
		if (s->type == SHT_NOBITS ? is_section(s->name, ".bss")
					  : s->type == SHT_PROGBITS && s->data &&
						    (is_section(s->name, ".rodata") ||
							    is_section(s->name, ".data")))
			err = ebpf_object__add_data_map(obj, s->name, i, s->data, s->size, errmsg);
	}
	return err;
}
