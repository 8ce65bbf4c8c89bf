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
 * What a map of maps holds is an array of pointers to another definition at the end, an array
 * of programs' to functions; an initialiser is in the section's relocations (entries.c):
 *
 *		__array(values, struct { ... });     typeof(struct { ... }) *values[];
 *
 * BTF of an unlinked object knows no offsets, so a variable is found by its symbol.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include <linux/bpf.h>

#include "../vm/core/error.h"
#include "object-internal.h"
#include "value-fields.h"

/* Values of the field pinning; libbpf declares them for programs only. */
enum { PIN_NONE, PIN_BY_NAME };

struct map_field {
	const char *name;
	enum { NUMBER, SIZE_OF_TYPE, VALUES } kind;
	size_t place; /* uint64_t in struct definition */
};

struct definition {
	uint64_t type, key_size, value_size, max_entries, flags, pinning, numa_node, map_extra;
	uint32_t key_type, value_type; /* 0: not given */
	uint64_t values;               /* offset of the member in the struct, or NO_VALUES */
	const struct btf_type *inner;  /* of a map of maps, NULL if not given */
	struct ebpf_map_opts opts;
};

static const struct map_field fields[] = {
	{"type", NUMBER, offsetof(struct definition, type)},
	{"key_size", NUMBER, offsetof(struct definition, key_size)},
	{"key", SIZE_OF_TYPE, offsetof(struct definition, key_size)},
	{"value_size", NUMBER, offsetof(struct definition, value_size)},
	{"value", SIZE_OF_TYPE, offsetof(struct definition, value_size)},
	{"max_entries", NUMBER, offsetof(struct definition, max_entries)},
	{"map_flags", NUMBER, offsetof(struct definition, flags)},
	{"pinning", NUMBER, offsetof(struct definition, pinning)},
	{"numa_node", NUMBER, offsetof(struct definition, numa_node)},
	{"map_extra", NUMBER, offsetof(struct definition, map_extra)},
	{"values", VALUES, 0},
};

static const struct map_field *find_field(const char *name)
{
	for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++) {
		if (strcmp(fields[i].name, name) == 0)
			return &fields[i];
	}
	return NULL;
}

/* The value of a member that is a number or a pointer to a type. */
static bool field_value(
	const struct btf *btf, uint32_t type, const struct map_field *field, uint64_t *value)
{
	const struct btf_type *t = btf_types__resolve(btf, type);
	int64_t size;

	if (t && field->kind == NUMBER)
		return btf_types__number(btf, t, value);
	if (!t || !btf_is_ptr(t))
		return false;
	size = btf__resolve_size(btf, t->type);
	if (size <= 0 || size > UINT32_MAX)
		return false;
	*value = (uint64_t)size;
	return true;
}

static bool holds_maps(uint32_t type)
{
	return type == BPF_MAP_TYPE_ARRAY_OF_MAPS || type == BPF_MAP_TYPE_HASH_OF_MAPS;
}

/* The member `values`: an array, of pointers, to a struct or to a function's type. */
static int read_values(const struct btf *btf, const char *map, const struct btf_type *s,
	uint32_t member, struct definition *def, char **errmsg)
{
	const struct btf_type *t = btf_types__resolve(btf, btf_members(s)[member].type);
	bool maps = holds_maps(def->type);

	if (!maps && def->type != BPF_MAP_TYPE_PROG_ARRAY)
		return error__set(errmsg, -EINVAL,
			"map %s: field values, but it is no map of maps or programs", map);
	t = t && btf_is_array(t) ? btf_types__resolve(btf, btf_array(t)->type) : NULL;
	t = t && btf_is_ptr(t) ? btf_types__resolve(btf, t->type) : NULL;
	if (!t || !(maps ? btf_is_struct(t) : btf_is_func_proto(t)))
		return error__set(
			errmsg, -EINVAL, "map %s: field values is not what __array() makes", map);
	if (def->value_size == 0)
		def->value_size = sizeof(uint32_t);
	def->inner = maps ? t : NULL;
	def->values = btf_member_bit_offset(s, member) / 8;
	return 0;
}

static int read_number(const struct btf *btf, const char *map, const struct btf_member *m,
	const struct map_field *field, struct definition *def, uint32_t *seen, char **errmsg)
{
	uint64_t *place = (uint64_t *)((char *)def + field->place), value;
	uint32_t bit = 1u << field->place / sizeof(value);

	if (!field_value(btf, m->type, field, &value))
		return error__set(errmsg, -EINVAL, "map %s: field %s is not what %s makes", map,
			field->name, field->kind == NUMBER ? "__uint()" : "__type()");
	/* a size may be given twice: by number and by type */
	if (*seen & bit && *place != value)
		return error__set(errmsg, -EINVAL,
			"map %s: field %s says %" PRIu64 ", not %" PRIu64, map, field->name, value,
			*place);
	if (value > UINT32_MAX && field->place != offsetof(struct definition, map_extra))
		return error__set(errmsg, -EINVAL, "map %s: field %s says %" PRIu64 ", too much",
			map, field->name, value);
	if (strcmp(field->name, "key") == 0)
		def->key_type = btf_types__resolve(btf, m->type)->type;
	if (strcmp(field->name, "value") == 0)
		def->value_type = btf_types__resolve(btf, m->type)->type;
	*seen |= bit;
	*place = value;
	return 0;
}

static int read_definition(const struct btf *btf, const char *map, const struct btf_type *s,
	struct definition *def, char **errmsg)
{
	uint32_t seen = 0;
	int err = 0;

	for (uint32_t i = 0; i < btf_vlen(s) && !err; i++) {
		const struct btf_member *m = btf_members(s) + i;
		const char *name = btf_types__string(btf, m->name_off);
		const struct map_field *field = find_field(name);

		if (!field)
			err = error__set(errmsg, -EINVAL, "map %s: unknown field %s", map, name);
		else if (field->kind == VALUES)
			err = read_values(btf, map, s, i, def, errmsg);
		else
			err = read_number(btf, map, m, field, def, &seen, errmsg);
	}
	if (err)
		return err;
	if (def->type == BPF_MAP_TYPE_UNSPEC)
		return error__set(errmsg, -EINVAL, "map %s: its type is missing", map);
	if (def->pinning != PIN_NONE && def->pinning != PIN_BY_NAME)
		return error__set(
			errmsg, -EINVAL, "map %s: unknown pinning %" PRIu64, map, def->pinning);
	def->opts = (struct ebpf_map_opts){.type = (uint32_t)def->type,
		.key_size = (uint32_t)def->key_size,
		.value_size = (uint32_t)def->value_size,
		.max_entries = (uint32_t)def->max_entries,
		.flags = (uint32_t)def->flags,
		.map_extra = def->map_extra,
		.numa_node = (uint32_t)def->numa_node};
	value_fields__find(btf, def->value_type, &def->opts);
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

/* The definition of what a map of maps holds. */
static int read_inner(
	const struct btf *btf, const char *map, struct definition *outer, char **errmsg)
{
	struct definition def = {.values = NO_VALUES};
	struct ebpf_map_opts *inner;
	int err = read_definition(btf, map, outer->inner, &def, errmsg);

	if (err)
		return err;
	if (holds_maps(def.opts.type))
		return error__set(errmsg, -EINVAL, "map %s: it holds maps that hold maps", map);
	inner = malloc(sizeof(*inner));
	if (!inner)
		return error__set(errmsg, -ENOMEM, "no memory for map %s", map);
	*inner = def.opts;
	outer->opts.inner = inner;
	return 0;
}

static int add_map(struct ebpf_object *obj, uint32_t section, uint32_t var_id, char **errmsg)
{
	const struct btf_type *var = btf__type_by_id(obj->btf, var_id), *type;
	struct definition def = {.values = NO_VALUES};
	struct object_map map = {.section = section};
	const struct elf_symbol *symbol;
	const char *name;
	int err;

	if (!var || !btf_is_var(var))
		return error__set(errmsg, -EINVAL, "section .maps: type %u is no variable", var_id);
	name = btf_types__string(obj->btf, var->name_off);
	symbol = find_symbol(&obj->elf, section, name);
	type = btf_types__resolve(obj->btf, var->type);
	if (btf_var(var)->linkage == BTF_VAR_GLOBAL_EXTERN)
		return error__set(errmsg, -EINVAL,
			"map %s is in another object (extern): link them (bpftool gen object)",
			name);
	if (!symbol || !name[0])
		return error__set(
			errmsg, -EINVAL, "section .maps: map '%s' has types but no symbol", name);
	if (!type || !btf_is_struct(type))
		return error__set(errmsg, -EINVAL, "map %s: its definition is no struct", name);
	err = read_definition(obj->btf, name, type, &def, errmsg);
	if (!err && def.inner)
		err = read_inner(obj->btf, name, &def, errmsg);
	if (err)
		return err;
	map.opts = def.opts;
	map.opts.name = name;
	map.offset = symbol->value;
	map.size = symbol->size;
	map.values = def.values == NO_VALUES ? NO_VALUES : symbol->value + def.values;
	map.key_type = def.key_type;
	map.value_type = def.value_type;
	map.pin_by_name = def.pinning == PIN_BY_NAME;
	err = ebpf_object__add_map(obj, &map, errmsg);
	if (err)
		free((void *)map.opts.inner);
	return err;
}

int ebpf_object__add_btf_maps(struct ebpf_object *obj, char **errmsg)
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
