/* SPDX-License-Identifier: BSD-3-Clause
 *
 * share-maps.c -- the maps of the object before, for the one that takes its place. Both programs
 * work on them while packets change over, so they must be the same to both, to the types of their
 * values. An array of programs is each one's own: tail calls must not lead from one version into
 * the other.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "../vm/core/error.h"
#include "layout.h"
#include "object-internal.h"

static bool same_section(const struct ebpf_object *obj, const struct object_map *m,
	const struct ebpf_object *other, const struct object_map *o)
{
	return strcmp(obj->elf.sections[m->section].name, other->elf.sections[o->section].name) ==
	       0;
}

/* The map in the other object. Those of variables have the file's name in theirs, which may have
 * changed; their section's has not. */
static const struct object_map *counterpart(
	const struct ebpf_object *obj, const struct object_map *m, const struct ebpf_object *other)
{
	for (size_t i = 0; i < other->n_maps; i++) {
		const struct object_map *o = &other->maps[i];

		if (m->is_data == o->is_data &&
			(m->is_data ? same_section(obj, m, other, o)
				    : strcmp(m->opts.name, o->opts.name) == 0))
			return o;
	}
	return NULL;
}

static int compare_opts(
	const struct ebpf_map_opts *was, const struct ebpf_map_opts *is, char **errmsg)
{
	const struct {
		const char *what;
		uint64_t was, is;
	} numbers[] = {{"the size of keys", was->key_size, is->key_size},
		{"the size of values", was->value_size, is->value_size},
		{"max_entries", was->max_entries, is->max_entries},
		{"the flags", was->flags, is->flags}, {"map_extra", was->map_extra, is->map_extra}};

	if (was->type != is->type)
		return error__set(errmsg, -EINVAL, "is a %s, was a %s",
			ebpf_map_type__name(is->type), ebpf_map_type__name(was->type));
	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
		if (numbers[i].was != numbers[i].is)
			return error__set(errmsg, -EINVAL, "%s: is %" PRIu64 ", was %" PRIu64,
				numbers[i].what, numbers[i].is, numbers[i].was);
	}
	if (!was->inner || !is->inner)
		return 0;
	if (compare_opts(was->inner, is->inner, errmsg))
		return error__prefix(errmsg, "the maps in it"), -EINVAL;
	return 0;
}

/* Leaves what the user says for the object; takes over what it leaves open. */
static void settle(struct object_map *m, const struct object_map *o)
{
	if (m->opts.max_entries == 0)
		m->opts.max_entries = o->opts.max_entries;
	map_opts__settle_size(&m->opts);
	if (m->opts.inner)
		map_opts__settle_size((struct ebpf_map_opts *)m->opts.inner);
}

static int compare_layouts(const struct ebpf_object *obj, const struct object_map *m,
	const struct ebpf_object *other, const struct object_map *o, char **errmsg)
{
	struct ebpf_layout *was_key = NULL, *was = NULL, *is_key = NULL, *is = NULL;
	int err =
		ebpf_object__map_layouts(other, (size_t)(o - other->maps), &was_key, &was, errmsg);

	if (!err)
		err = ebpf_object__map_layouts(obj, (size_t)(m - obj->maps), &is_key, &is, errmsg);
	if (!err && was_key && is_key) {
		err = ebpf_layout__compare(was_key, is_key, errmsg);
		if (err)
			error__prefix(errmsg, "its keys");
	}
	if (!err) {
		err = ebpf_layout__compare(was, is, errmsg);
		if (err)
			error__prefix(errmsg, m->is_data ? "its variables" : "its values");
	}
	ebpf_layout__free(was_key);
	ebpf_layout__free(was);
	ebpf_layout__free(is_key);
	ebpf_layout__free(is);
	return err;
}

static int share(struct ebpf_object *obj, struct object_map *m, const struct ebpf_object *other,
	const struct object_map *o, char **errmsg)
{
	int err;

	settle(m, o);
	err = compare_opts(ebpf_map__opts(o->map), &m->opts, errmsg);
	if (!err)
		err = compare_layouts(obj, m, other, o, errmsg);
	if (err)
		return err;
	m->map = ebpf_map__ref(o->map);
	m->is_shared = true;
	return 0;
}

/* Has it been taken out since? */
static bool is_gone(const struct object_map *o, const struct initial_entry *entry,
	const struct object_function *f)
{
	struct ebpf_program *there =
		o->is_filled ? ebpf_map__get_program(o->map, entry->key) : NULL;
	bool gone = o->is_filled && there != f->loaded;

	ebpf_program__unref(there);
	return gone;
}

/* The programs that the user has put in, in their new version. */
static int take_programs(struct ebpf_object *obj, struct object_map *m,
	const struct ebpf_object *other, const struct object_map *o, char **errmsg)
{
	int err = 0;

	for (uint32_t i = 0; i < o->n_entries && !err; i++) {
		const struct object_function *f = &other->functions[o->entries[i].target];
		const char *name = f->program.name;
		const struct ebpf_object_program *program;
		char *which = NULL;

		if (!o->entries[i].is_users || is_gone(o, &o->entries[i], f))
			continue;
		program = ebpf_object__find_program(obj, name, &which);
		free(which);
		err = program ? ebpf_object__put_program(obj, m, o->entries[i].key, program, errmsg)
			      : error__set(errmsg, -EINVAL,
					"there is no program %s any more, which has been put in at "
					"%u",
					name, o->entries[i].key);
	}
	return err;
}

static int share_one(struct ebpf_object *obj, struct object_map *m, const struct ebpf_object *other,
	const struct ebpf_object_share_opts *opts, char **errmsg)
{
	const struct object_map *o = counterpart(obj, m, other);
	int err;

	/* what is pinned by name is found by ebpf_object__create_maps() */
	if (!o || m->is_const || m->pin_by_name || (m->is_data && !opts->variables))
		return 0;
	if (m->opts.type == BPF_MAP_TYPE_PROG_ARRAY && o->opts.type == m->opts.type)
		err = take_programs(obj, m, other, o, errmsg);
	else
		err = share(obj, m, other, o, errmsg);
	if (err)
		error__prefix(errmsg, "map %s", m->opts.name);
	return err;
}

int ebpf_object__share_maps(struct ebpf_object *obj, struct ebpf_object *other,
	const struct ebpf_object_share_opts *opts, char **errmsg)
{
	static const struct ebpf_object_share_opts nothing;
	int err = 0;

	if (errmsg)
		*errmsg = NULL;
	if (obj->instance || !other->instance)
		err = error__set(errmsg, obj->instance ? -EEXIST : -EINVAL,
			obj->instance ? "the maps are created already"
				      : "the other object has no maps yet");
	pthread_mutex_lock(&other->lock);
	for (size_t i = 0; i < obj->n_maps && !err; i++)
		err = share_one(obj, &obj->maps[i], other, opts ? opts : &nothing, errmsg);
	pthread_mutex_unlock(&other->lock);
	if (!err) {
		obj->is_heir = true;
		return 0;
	}
	for (size_t i = 0; i < obj->n_maps && !obj->instance; i++) {
		ebpf_map__unref(obj->maps[i].map);
		obj->maps[i].map = NULL;
		obj->maps[i].is_shared = false;
	}
	ebpf_object__fail(obj, errmsg);
	return err;
}
