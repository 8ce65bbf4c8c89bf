/* SPDX-License-Identifier: BSD-3-Clause
 *
 * variables.c -- a global variable by name: its symbol says where it is and how long; where
 * the symbol has no size, the variable's type does. Or an extern of .kconfig.
 */
#include <errno.h>
#include <string.h>

#include "../vm/core/error.h"
#include "object-internal.h"

static size_t size_by_type(const struct ebpf_object *obj, const char *name)
{
	int id = obj->btf ? btf__find_by_name_kind(obj->btf, name, BTF_KIND_VAR) : -1;
	int64_t size =
		id > 0 ? btf__resolve_size(obj->btf, btf__type_by_id(obj->btf, id)->type) : 0;

	return size > 0 ? size : 0;
}

static const struct elf_symbol *find_variable(
	const struct ebpf_object *obj, const char *name, int *map)
{
	for (uint32_t i = 0; i < obj->elf.n_symbols; i++) {
		const struct elf_symbol *s = &obj->elf.symbols[i];

		if ((s->type != STT_OBJECT && s->type != STT_NOTYPE) || strcmp(s->name, name) != 0)
			continue;
		*map = s->section ? ebpf_object__map_at(obj, s->section, s->value) : -1;
		if (*map >= 0 && obj->maps[*map].is_data)
			return s;
	}
	return NULL;
}

/* Where a variable is: in the value of a map. */
struct place {
	const struct object_map *map;
	size_t offset, size;
};

static bool find_place(const struct ebpf_object *obj, const char *name, struct place *p)
{
	const struct object_extern *e = ebpf_object__find_extern(obj, name);
	const struct elf_symbol *s;
	int map;

	if (e) {
		*p = (struct place){&obj->maps[ebpf_object__map_at(obj, 0, 0)], e->offset, e->size};
		return true;
	}
	s = find_variable(obj, name, &map);
	if (!s)
		return false;
	*p = (struct place){&obj->maps[map], s->value, s->size ? s->size : size_by_type(obj, name)};
	return true;
}

static void *locate(struct ebpf_object *obj, const char *name, size_t *size, char **errmsg)
{
	struct object_extern *e = ebpf_object__find_extern(obj, name);
	struct place p;
	uint8_t *value;

	if (!find_place(obj, name, &p)) {
		error__set(errmsg, -ENOENT, "no variable %s in .rodata, .data or .bss", name);
		return NULL;
	}
	if (p.size == 0 || p.size > p.map->opts.value_size - p.offset) {
		error__set(errmsg, -EINVAL, "variable %s has no known size", name);
		return NULL;
	}
	if (p.map->is_const && obj->frozen) {
		error__set(errmsg, -EPERM,
			"variable %s is constant since a program has been loaded", name);
		return NULL;
	}
	value = p.map->map ? ebpf_map__initial_value(p.map->map) : NULL;
	if (!value) {
		error__set(errmsg, -EINVAL, "variable %s: the maps are not created yet", name);
		return NULL;
	}
	*size = p.size;
	if (e)
		e->is_known = true; /* the caller gives it a value */
	return value + p.offset;
}

void *ebpf_object__variable(struct ebpf_object *obj, const char *name, size_t *size, char **errmsg)
{
	void *value;

	if (errmsg)
		*errmsg = NULL;
	value = locate(obj, name, size, errmsg);
	if (!value)
		ebpf_object__fail(obj, errmsg);
	return value;
}
