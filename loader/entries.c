/* SPDX-License-Identifier: BSD-3-Clause
 *
 * entries.c -- initialisers of maps that hold maps or programs:
 *
 *	struct { ... __array(values, struct inner); } outer SEC(".maps") = {
 *		.values = { [2] = &one_map },
 *	};
 *
 * Each pointer is a relocation in section .maps, whose place says which map and which key;
 * the eight bytes there are the addend. Programs may be added by the user, to maps of targets, too.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include <linux/bpf.h>

#include "../vm/core/error.h"
#include "object-internal.h"

#define R_BPF_64_ABS64 2
#define POINTER        8 /* bytes */

/* The map whose initialiser holds the pointer at `offset`. */
static struct object_map *find_initialiser(
	struct ebpf_object *obj, uint32_t section, uint64_t offset)
{
	for (size_t i = 0; i < obj->n_maps; i++) {
		struct object_map *m = &obj->maps[i];

		if (m->section == section && m->values != NO_VALUES && offset >= m->values &&
			offset - m->offset <= m->size &&
			m->size - (offset - m->offset) >= POINTER &&
			(offset - m->values) % POINTER == 0)
			return m;
	}
	return NULL;
}

/* The index of the map or program that a pointer in `m` refers to, or -1. */
static int find_target(const struct ebpf_object *obj, const struct object_map *m,
	const struct elf_symbol *sym, uint64_t addend)
{
	int64_t offset = sym->value + addend;
	int f;

	if (m->opts.inner) {
		if (sym->section != m->section)
			return -1;
		return ebpf_object__map_at(obj, sym->section, offset);
	}
	f = offset % 8 ? -1 : ebpf_object__function_at(obj, sym->section, offset / 8);
	return f >= 0 && obj->functions[f].is_program ? f : -1;
}

static int append_entry(
	struct object_map *m, uint32_t key, uint32_t target, bool is_users, char **errmsg)
{
	struct initial_entry *grown = realloc(m->entries, (m->n_entries + 1) * sizeof(*grown));

	if (!grown)
		return error__set(
			errmsg, -ENOMEM, "no memory for the values of map %s", m->opts.name);
	m->entries = grown;
	grown[m->n_entries++] = (struct initial_entry){key, target, is_users};
	return 0;
}

static int add_entry(
	struct ebpf_object *obj, uint32_t section, const struct elf_relocation *r, char **errmsg)
{
	const struct elf_section *sec = &obj->elf.sections[section];
	const struct elf_symbol *sym = &obj->elf.symbols[r->symbol];
	struct object_map *m = find_initialiser(obj, section, r->offset);
	uint64_t addend;
	uint32_t key;
	int target;

	if (!m || !sec->data || (r->type != R_BPF_64_ABS64 && r->type != R_BPF_64_64))
		return error__set(errmsg, -EINVAL,
			"section %s, offset %#" PRIx64
			": a relocation of type %u that is no value of a map",
			sec->name, r->offset, r->type);
	memcpy(&addend, sec->data + r->offset, sizeof(addend));
	key = (r->offset - m->values) / POINTER;
	target = find_target(obj, m, sym, addend);
	if (target < 0)
		return error__set(errmsg, -EINVAL,
			"section %s, offset %#" PRIx64 ": value %u of map %s is no %s", sec->name,
			r->offset, key, m->opts.name, m->opts.inner ? "map" : "program");
	return append_entry(m, key, target, false, errmsg);
}

int ebpf_object__read_entries(struct ebpf_object *obj, char **errmsg)
{
	uint32_t section = elf_file__find_section(&obj->elf, MAPS_ELF_SEC);
	const struct elf_section *s = &obj->elf.sections[section];
	int err = 0;

	for (uint32_t i = 0; i < s->n_relocations && !err; i++)
		err = add_entry(obj, section, &s->relocations[i], errmsg);
	return err;
}

bool ebpf_object__map_entry(
	const struct ebpf_object *obj, size_t i, size_t entry, struct ebpf_object_entry *e)
{
	const struct object_map *m = &obj->maps[i];

	if (i >= obj->n_maps || entry >= m->n_entries)
		return false;
	e->key = m->entries[entry].key;
	e->name = m->opts.inner ? obj->maps[m->entries[entry].target].opts.name
				: obj->functions[m->entries[entry].target].program.name;
	return true;
}

int ebpf_object__put_program(struct ebpf_object *obj, struct object_map *m, uint32_t key,
	const struct ebpf_object_program *program, char **errmsg)
{
	uint32_t target = ebpf_object__function_of(obj, program) - obj->functions, i = 0;
	int err = 0;

	if (m->opts.type != BPF_MAP_TYPE_PROG_ARRAY)
		return error__set(errmsg, -EINVAL, "map %s does not hold programs", m->opts.name);
	if (key >= m->opts.max_entries)
		return error__set(errmsg, -E2BIG, "map %s has %u entries, none at %u", m->opts.name,
			m->opts.max_entries, key);
	while (i < m->n_entries && m->entries[i].key != key)
		i++;
	if (i < m->n_entries)
		m->entries[i] = (struct initial_entry){key, target, true};
	else
		err = append_entry(m, key, target, true, errmsg);
	return err || !m->is_filled ? err : ebpf_object__fill_programs(obj, m, errmsg);
}

int ebpf_object__set_map_program(
	struct ebpf_object *obj, const char *map, uint32_t key, const char *program, char **errmsg)
{
	struct object_map *m = ebpf_object__find_map(obj, map);
	const struct ebpf_object_program *p;
	int err;

	if (errmsg)
		*errmsg = NULL;
	p = ebpf_object__find_program(obj, program, errmsg);
	if (!p)
		return -ENOENT;
	pthread_mutex_lock(&obj->lock);
	err = m ? ebpf_object__put_program(obj, m, key, p, errmsg)
		: error__set(errmsg, -ENOENT, "no map %s in the object", map);
	pthread_mutex_unlock(&obj->lock);
	if (err)
		ebpf_object__fail(obj, errmsg);
	return err;
}

/* What is shared with an object that still runs is left as it is, but for entries that go. */
static struct ebpf_map *map_to_change(
	const struct ebpf_object *obj, struct object_map *m, uint32_t number, char **errmsg)
{
	if (!obj->is_heir || !m->is_shared || !number)
		return m->map;
	if (!m->waiting)
		m->waiting = ebpf_map__create(obj->instance, ebpf_map__opts(m->map), errmsg);
	return m->waiting;
}

static bool is_there(struct ebpf_map *map, uint32_t key)
{
	uint32_t value[2];

	return !ebpf_map__lookup(map, &key, value);
}

static int put_target(struct ebpf_object *obj, struct object_map *m, uint32_t key, uint32_t number,
	struct object_function *f, uint64_t flags, char **errmsg)
{
	int err = f ? ebpf_object__load_once(obj, f, errmsg) : 0;
	struct ebpf_map *map = err ? NULL : map_to_change(obj, m, number, errmsg);

	if (!map)
		return err ? err : -errno;
	if (map == m->waiting && flags == BPF_NOEXIST && is_there(m->map, key))
		err = -EEXIST;
	else
		err = ebpf_map__set_target(map, key, number, f ? f->loaded : NULL, flags);
	if (!err)
		return 0;
	return f ? error__set(errmsg, err, "map %s does not take program %s: %s", m->opts.name,
			   f->program.name, strerror(-err))
		 : error__set(errmsg, err, "map %s: %s", m->opts.name, strerror(-err));
}

int ebpf_object__set_map_target(struct ebpf_object *obj, const char *map, uint32_t key,
	uint32_t number, const char *program, uint64_t flags, char **errmsg)
{
	struct object_map *m = ebpf_object__find_map(obj, map);
	struct object_function *f = NULL;
	int err = 0;

	if (errmsg)
		*errmsg = NULL;
	if (!m || !m->map)
		err = error__set(errmsg, -ENOENT, "there is no map %s yet", map);
	if (!err && program) {
		f = ebpf_object__function_of(obj, ebpf_object__find_program(obj, program, errmsg));
		err = f ? 0 : -ENOENT;
	}
	pthread_mutex_lock(&obj->lock);
	if (!err)
		err = put_target(obj, m, key, number, f, flags, errmsg);
	pthread_mutex_unlock(&obj->lock);
	if (err)
		ebpf_object__fail(obj, errmsg);
	return err;
}
