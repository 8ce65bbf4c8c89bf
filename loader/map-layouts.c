/* SPDX-License-Identifier: BSD-3-Clause
 *
 * map-layouts.c -- what a map's keys and values mean: the types of its definition; for sections of
 * variables, their symbols (types of an unlinked object know no places). Where the object says
 * nothing, the map's type does: an array's key is a number.
 */
#include <errno.h>

#include "../vm/core/error.h"
#include "layout.h"
#include "object-internal.h"

#define TYPE(name) (UINT64_C(1) << BPF_MAP_TYPE_##name)

/* Keys are indexes. */
#define ARRAYS                                                                          \
	(TYPE(ARRAY) | TYPE(PERCPU_ARRAY) | TYPE(PROG_ARRAY) | TYPE(PERF_EVENT_ARRAY) | \
		TYPE(ARRAY_OF_MAPS) | TYPE(DEVMAP) | TYPE(CPUMAP) | TYPE(XSKMAP))
/* Values are numbers of maps, programs, interfaces, CPUs, queues. */
#define NUMBERS                                                                       \
	(TYPE(PROG_ARRAY) | TYPE(ARRAY_OF_MAPS) | TYPE(HASH_OF_MAPS) | TYPE(DEVMAP) | \
		TYPE(DEVMAP_HASH) | TYPE(CPUMAP) | TYPE(XSKMAP))

static bool is_one_of(uint32_t type, uint64_t types)
{
	return type < 64 && types >> type & 1;
}

static struct ebpf_layout *make(const struct ebpf_object *obj, const struct object_map *m,
	uint32_t type, uint32_t size, uint64_t numbers)
{
	if (!type && size == sizeof(uint32_t) && is_one_of(m->opts.type, numbers))
		return ebpf_layout__make_number(size);
	return ebpf_layout__make(obj->btf, type, size);
}

static struct ebpf_layout *make_key(const struct ebpf_object *obj, const struct object_map *m)
{
	struct ebpf_layout *l = make(obj, m, m->key_type, m->opts.key_size, ARRAYS);

	if (l && m->opts.type == BPF_MAP_TYPE_LPM_TRIE)
		ebpf_layout__set_prefix(l);
	return l;
}

/* 0 if it is not known. */
static uint32_t variable_type(const struct ebpf_object *obj, const char *name)
{
	int id = obj->btf ? btf__find_by_name_kind(obj->btf, name, BTF_KIND_VAR) : 0;

	return id > 0 ? btf__type_by_id(obj->btf, (uint32_t)id)->type : 0;
}

/* A variable of the section; false without memory. */
static bool add_variable(
	const struct ebpf_object *obj, struct ebpf_layout *l, const struct elf_symbol *sym)
{
	uint32_t type = variable_type(obj, sym->name);
	int64_t size = type ? btf__resolve_size(obj->btf, type) : 0;

	if (size <= 0 || size > l->size || sym->value > l->size)
		return true;
	return ebpf_layout__add_member(
		l, obj->btf, type, sym->name, (uint32_t)sym->value, (uint32_t)size);
}

static struct ebpf_layout *make_section(const struct ebpf_object *obj, const struct object_map *m)
{
	struct ebpf_layout *l = ebpf_layout__make_struct(m->opts.value_size);

	for (uint32_t i = 0; l && obj->btf && m->section && i < obj->elf.n_symbols; i++) {
		const struct elf_symbol *sym = &obj->elf.symbols[i];

		if (sym->section != m->section || sym->type != STT_OBJECT || !sym->name[0])
			continue;
		if (add_variable(obj, l, sym))
			continue;
		ebpf_layout__free(l);
		return NULL;
	}
	if (!l || l->n)
		return l;
	ebpf_layout__free(l);
	return ebpf_layout__make(NULL, 0, m->opts.value_size);
}

int ebpf_object__map_layouts(const struct ebpf_object *obj, size_t i, struct ebpf_layout **key,
	struct ebpf_layout **value, char **errmsg)
{
	const struct object_map *m = &obj->maps[i];

	if (errmsg)
		*errmsg = NULL;
	*key = m->opts.key_size ? make_key(obj, m) : NULL;
	*value = m->is_data ? make_section(obj, m)
			    : make(obj, m, m->value_type, m->opts.value_size, NUMBERS);
	if (*value && (*key || !m->opts.key_size))
		return 0;
	ebpf_layout__free(*key);
	ebpf_layout__free(*value);
	*key = *value = NULL;
	return error__set(errmsg, -ENOMEM, "no memory for the types of map %s", m->opts.name);
}

struct ebpf_layout *ebpf_object__variable_layout(
	const struct ebpf_object *obj, const char *name, uint32_t size, char **errmsg)
{
	struct ebpf_layout *l = ebpf_layout__make(obj->btf, variable_type(obj, name), size);

	if (errmsg)
		*errmsg = NULL;
	if (!l)
		error__set(errmsg, -ENOMEM, "no memory for the type of variable %s", name);
	return l;
}

struct ebpf_layout *ebpf_object__type_layout(
	const struct ebpf_object *obj, const char *type, char **errmsg)
{
	static const uint32_t kinds[] = {BTF_KIND_STRUCT, BTF_KIND_UNION, BTF_KIND_TYPEDEF};
	int64_t size;
	struct ebpf_layout *l;
	int id = -ENOENT;

	if (errmsg)
		*errmsg = NULL;
	for (size_t i = 0; obj->btf && i < sizeof(kinds) / sizeof(kinds[0]) && id <= 0; i++)
		id = btf__find_by_name_kind(obj->btf, type, kinds[i]);
	size = id > 0 ? btf__resolve_size(obj->btf, (uint32_t)id) : 0;
	if (size <= 0 || size > UINT32_MAX) {
		error__set(errmsg, -ENOENT,
			"there is no struct %s among the object's types: a variable of the program "
			"keeps it there, like: struct %s *keep;",
			type, type);
		return NULL;
	}
	l = ebpf_layout__make(obj->btf, (uint32_t)id, (uint32_t)size);
	if (!l)
		error__set(errmsg, -ENOMEM, "no memory for type %s", type);
	return l;
}
