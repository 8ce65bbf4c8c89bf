/* SPDX-License-Identifier: BSD-3-Clause
 *
 * btf-maps.c -- maps defined in section .maps, in libbpf's way: a variable of a struct type
 * whose members are the definition. A number N is a member of type int (*)[N], a type T a
 * member of type T *:
 *
 *	struct {
 *		__uint(type, BPF_MAP_TYPE_HASH);     int (*type)[1];
 *		__type(key, __u32);                  __u32 *key;
 *	} flows SEC(".maps");
 *
 * BTF of an unlinked object knows no offsets, so a variable is found by its symbol.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <linux/bpf.h>

#include "../vm/core/error.h"
#include "object-internal.h"

/* Values of the field pinning; libbpf declares them for programs only. */
enum { PIN_NONE, PIN_BY_NAME };

struct map_field {
	const char *name;
	enum { NUMBER, SIZE_OF_TYPE, IGNORED } kind;
	size_t place; /* uint32_t in struct definition */
};

/* numa_node, map_extra: of no consequence here. values: what an array of maps or programs
 * holds at first; those types are refused when maps are created. */
struct definition {
	struct ebpf_map_opts opts;
	uint32_t pinning;
};

static const struct map_field fields[] = {
	{"type", NUMBER, offsetof(struct definition, opts.type)},
	{"key_size", NUMBER, offsetof(struct definition, opts.key_size)},
	{"key", SIZE_OF_TYPE, offsetof(struct definition, opts.key_size)},
	{"value_size", NUMBER, offsetof(struct definition, opts.value_size)},
	{"value", SIZE_OF_TYPE, offsetof(struct definition, opts.value_size)},
	{"max_entries", NUMBER, offsetof(struct definition, opts.max_entries)},
	{"map_flags", NUMBER, offsetof(struct definition, opts.flags)},
	{"pinning", NUMBER, offsetof(struct definition, pinning)},
	{"numa_node", IGNORED, 0},
	{"map_extra", IGNORED, 0},
	{"values", IGNORED, 0},
};

static const struct map_field *find_field(const char *name)
{
	for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++) {
		if (strcmp(fields[i].name, name) == 0)
			return &fields[i];
	}
	return NULL;
}

/* The value of a member that is a pointer to an array (NUMBER) or to a type. */
static bool field_value(
	const struct btf *btf, uint32_t type, const struct map_field *field, uint32_t *value)
{
	const struct btf_type *t = btf_types__resolve(btf, type);
	int64_t size;

	if (!t || !btf_is_ptr(t))
		return false;
	if (field->kind == NUMBER) {
		t = btf_types__resolve(btf, t->type);
		if (!t || !btf_is_array(t))
			return false;
		*value = btf_array(t)->nelems;
		return true;
	}
	size = btf__resolve_size(btf, t->type);
	if (size <= 0 || size > UINT32_MAX)
		return false;
	*value = size;
	return true;
}

static int read_definition(const struct btf *btf, const char *map, const struct btf_type *s,
	struct definition *def, char **errmsg)
{
	uint32_t seen = 0;

	for (uint32_t i = 0; i < btf_vlen(s); i++) {
		const struct btf_member *m = btf_members(s) + i;
		const char *name = btf_types__string(btf, m->name_off);
		const struct map_field *field = find_field(name);
		uint32_t value, *place;

		if (!field)
			return error__set(errmsg, -EINVAL, "map %s: unknown field %s", map, name);
		if (field->kind == IGNORED)
			continue;
		if (!field_value(btf, m->type, field, &value))
			return error__set(errmsg, -EINVAL, "map %s: field %s is not what %s makes",
				map, name, field->kind == NUMBER ? "__uint()" : "__type()");
		place = (uint32_t *)((char *)def + field->place);
		/* a size may be given twice: by number and by type */
		if ((seen & 1u << (field->place / 4)) && *place != value)
			return error__set(errmsg, -EINVAL, "map %s: field %s says %u, not %u", map,
				name, value, *place);
		seen |= 1u << (field->place / 4);
		*place = value;
	}
	if (def->opts.type == BPF_MAP_TYPE_UNSPEC)
		return error__set(errmsg, -EINVAL, "map %s: its type is missing", map);
	if (def->pinning != PIN_NONE && def->pinning != PIN_BY_NAME)
		return error__set(errmsg, -EINVAL, "map %s: unknown pinning %u", map, def->pinning);
	return 0;
}

static const struct elf_symbol *find_symbol(
	const struct elf_file *elf, uint32_t section, const char *name)
{
	for (uint32_t i = 0; i < elf->n_symbols; i++) {
		const struct elf_symbol *s = &elf->symbols[i];

		if (s->section == section && s->type != STT_SECTION && strcmp(s->name, name) == 0)
			return s;
	}
	return NULL;
}

static int add_map(struct object *obj, uint32_t section, uint32_t var_id, char **errmsg)
{
	const struct btf_type *var = btf__type_by_id(obj->btf, var_id), *type;
	const struct elf_symbol *symbol;
	struct definition def = {0};
	const char *name;
	int err;

	if (!var || !btf_is_var(var))
		return error__set(errmsg, -EINVAL, "section .maps: type %u is no variable", var_id);
	name = btf_types__string(obj->btf, var->name_off);
	symbol = find_symbol(&obj->elf, section, name);
	type = btf_types__resolve(obj->btf, var->type);
	if (!symbol || !name[0])
		return error__set(
			errmsg, -EINVAL, "section .maps: map '%s' has types but no symbol", name);
	if (!type || !btf_is_struct(type))
		return error__set(errmsg, -EINVAL, "map %s: its definition is no struct", name);
	err = read_definition(obj->btf, name, type, &def, errmsg);
	if (err)
		return err;
	def.opts.name = name;
	return object__add_map(obj,
		&(struct object_map){
			.opts = def.opts,
			.section = section,
			.offset = symbol->value,
			.pin_by_name = def.pinning == PIN_BY_NAME,
		},
		errmsg);
}

int object__add_btf_maps(struct object *obj, char **errmsg)
{
	uint32_t section = elf_file__find_section(&obj->elf, MAPS_ELF_SEC);
	const struct btf_type *datasec;
	int err = 0;

	if (!section || !obj->elf.sections[section].size)
		return 0;
	datasec = obj->btf ? btf_types__datasec(obj->btf, MAPS_ELF_SEC) : NULL;
	if (!datasec)
		return error__set(
			errmsg, -EINVAL, "section .maps has no types (BTF): compile with -g");
	for (uint32_t i = 0; i < btf_vlen(datasec) && !err; i++)
		err = add_map(obj, section, btf_var_secinfos(datasec)[i].type, errmsg);
	return err;
}
