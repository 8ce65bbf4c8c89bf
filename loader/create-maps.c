/* SPDX-License-Identifier: BSD-3-Clause
 *
 * create-maps.c -- an object's maps into an instance: sizes settled, first contents set, those
 * that are pinned by name shared with the objects before.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <linux/bpf.h>

#include "../vm/core/error.h"
#include "object-internal.h"

static int resize_map(struct ebpf_object *obj, struct object_map *m, uint32_t n, char **errmsg)
{
	if (obj->instance)
		return error__set(errmsg, -EBUSY, "map %s exists already", m->opts.name);
	if (m->is_data || n == 0)
		return error__set(
			errmsg, -EINVAL, "map %s cannot have %u entries", m->opts.name, n);
	m->opts.max_entries = n;
	return 0;
}

struct object_map *ebpf_object__find_map(struct ebpf_object *obj, const char *name)
{
	for (size_t i = 0; i < obj->n_maps; i++) {
		if (strcmp(obj->maps[i].opts.name, name) == 0)
			return &obj->maps[i];
	}
	return NULL;
}

int ebpf_object__set_max_entries(
	struct ebpf_object *obj, const char *map, uint32_t n, char **errmsg)
{
	struct object_map *found = ebpf_object__find_map(obj, map);
	int err;

	if (errmsg)
		*errmsg = NULL;
	err = found ? resize_map(obj, found, n, errmsg)
		    : error__set(errmsg, -ENOENT, "no map %s in the object", map);
	if (err)
		ebpf_object__fail(obj, errmsg);
	return err;
}

static int set_inner(struct ebpf_object *obj, struct object_map *m,
	const struct ebpf_map_opts *like, char **errmsg)
{
	struct ebpf_map_opts *inner;

	if (obj->instance)
		return error__set(errmsg, -EBUSY, "map %s exists already", m->opts.name);
	if (!object_map__holds_maps(m))
		return error__set(errmsg, -EINVAL, "map %s does not hold maps", m->opts.name);
	inner = malloc(sizeof(*inner));
	if (!inner)
		return error__set(errmsg, -ENOMEM, "no memory for map %s", m->opts.name);
	*inner = *like;
	free((void *)m->opts.inner);
	m->opts.inner = inner;
	return 0;
}

int ebpf_object__set_inner(
	struct ebpf_object *obj, const char *map, const struct ebpf_map_opts *inner, char **errmsg)
{
	struct object_map *found = ebpf_object__find_map(obj, map);
	int err;

	if (errmsg)
		*errmsg = NULL;
	err = found ? set_inner(obj, found, inner, errmsg)
		    : error__set(errmsg, -ENOENT, "no map %s in the object", map);
	if (err)
		ebpf_object__fail(obj, errmsg);
	return err;
}

/* libbpf rounds a ring buffer up to what the kernel takes: pages, and a power of two. */
static uint32_t ring_size(uint32_t bytes)
{
	uint64_t size = sysconf(_SC_PAGESIZE);

	while (size < bytes)
		size *= 2;
	return size <= UINT32_MAX ? size : bytes;
}

/* An array for events of all workers is for all that there could be: compiled code knows its size,
 * and an image's is to run with any number. */
void map_opts__settle_size(struct ebpf_map_opts *o)
{
	if (o->max_entries == 0 && o->type == BPF_MAP_TYPE_PERF_EVENT_ARRAY)
		o->max_entries = EBPF_MAX_WORKERS;
	if (o->max_entries && o->type == BPF_MAP_TYPE_RINGBUF)
		o->max_entries = ring_size(o->max_entries);
}

static int settle_sizes(const struct ebpf_object *obj, struct object_map *m, char **errmsg)
{
	struct ebpf_map_opts *o = &m->opts;

	map_opts__settle_size(o);
	if (o->inner)
		map_opts__settle_size((struct ebpf_map_opts *)o->inner);
	if (o->max_entries == 0 && ebpf_map_type__supported(o->type))
		return error__set(errmsg, -EINVAL,
			"map %s has no size (max_entries is 0); give it one: map resize %s "
			"max_entries N",
			o->name, o->name);
	return 0;
}

/* Is the pinned map what this object's definition asks for? */
static int check_pinned(const struct object_map *m, char **errmsg)
{
	const struct ebpf_map_opts *want = &m->opts, *have = ebpf_map__opts(m->map);

	if (want->type == have->type && want->key_size == have->key_size &&
		want->value_size == have->value_size && want->max_entries == have->max_entries &&
		want->flags == have->flags)
		return 0;
	return error__set(errmsg, -EINVAL,
		"map %s is pinned by another object already, as %s with key size %u, value size "
		"%u, %u entries and flags %#x",
		want->name, ebpf_map_type__name(have->type), have->key_size, have->value_size,
		have->max_entries, have->flags);
}

static int create_map(struct ebpf_object *obj, struct object_map *m, char **errmsg)
{
	void *value;
	int err;

	if (m->is_shared)
		return 0;
	err = settle_sizes(obj, m, errmsg);
	if (err)
		return err;
	if (m->pin_by_name)
		m->map = ebpf_map__pinned(obj->instance, m->opts.name);
	if (m->map)
		return check_pinned(m, errmsg);
	m->map = ebpf_map__create(obj->instance, &m->opts, errmsg);
	if (!m->map)
		return -errno;
	if (!m->contents)
		return 0;
	value = ebpf_map__initial_value(m->map);
	if (!value)
		return error__set(errmsg, -EINVAL, "map %s has no value to fill", m->opts.name);
	memcpy(value, m->contents, m->opts.value_size);
	return 0;
}

/* What the object puts into a map of maps at first. */
static int fill_map(const struct ebpf_object *obj, const struct object_map *m, char **errmsg)
{
	if (m->n_entries && m->opts.key_size != sizeof(uint32_t))
		return error__set(errmsg, -EINVAL,
			"map %s has first values by number, but its keys are of %u bytes",
			m->opts.name, m->opts.key_size);
	for (uint32_t i = 0; i < m->n_entries; i++) {
		const struct object_map *inner = &obj->maps[m->entries[i].target];
		int err = ebpf_map__set_inner(m->map, &m->entries[i].key, inner->map, BPF_ANY);

		if (err)
			return error__set(errmsg, err, "map %s does not take map %s at %u: %s",
				m->opts.name, inner->opts.name, m->entries[i].key, strerror(-err));
	}
	return 0;
}

/* When all maps are there, so that a failure leaves nothing behind. */
static int pin_map(struct ebpf_instance *inst, const struct object_map *m, char **errmsg)
{
	struct ebpf_map *pinned = ebpf_map__pinned(inst, m->opts.name);
	int err = pinned == m->map ? 0 : ebpf_map__pin(m->map);

	ebpf_map__unref(pinned);
	return err ? error__set(errmsg, err, "map %s cannot be pinned: %s", m->opts.name,
			     strerror(-err))
		   : 0;
}

int ebpf_object__create_maps(struct ebpf_object *obj, struct ebpf_instance *inst, char **errmsg)
{
	int err = 0;

	if (errmsg)
		*errmsg = NULL;
	if (obj->instance) {
		err = error__set(errmsg, -EEXIST, "the maps are created already");
		ebpf_object__fail(obj, errmsg);
		return err;
	}
	obj->instance = inst;
	for (size_t i = 0; i < obj->n_maps && !err; i++)
		err = create_map(obj, &obj->maps[i], errmsg);
	for (size_t i = 0; i < obj->n_maps && !err; i++) {
		if (obj->maps[i].opts.inner && !obj->maps[i].is_shared)
			err = fill_map(obj, &obj->maps[i], errmsg);
	}
	for (size_t i = 0; i < obj->n_maps && !err; i++) {
		if (obj->maps[i].pin_by_name)
			err = pin_map(inst, &obj->maps[i], errmsg);
	}
	if (!err)
		return 0;
	for (size_t i = 0; i < obj->n_maps; i++) {
		ebpf_map__unref(obj->maps[i].map);
		obj->maps[i].map = NULL;
		obj->maps[i].is_shared = false;
	}
	obj->instance = NULL;
	errno = -err;
	ebpf_object__fail(obj, errmsg);
	return err;
}
