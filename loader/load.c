/* SPDX-License-Identifier: BSD-3-Clause
 *
 * load.c -- maps into an instance, programs into the machine.
 */
#include <errno.h>
#include <string.h>

#include "../vm/core/error.h"
#include "object-internal.h"

static int create_map(struct object *obj, struct object_map *m, char **errmsg)
{
	void *value;

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

int object__create_maps(struct object *obj, struct ebpf_instance *inst, char **errmsg)
{
	int err = 0;

	if (errmsg)
		*errmsg = NULL;
	if (obj->instance) {
		err = error__set(errmsg, -EEXIST, "the maps are created already");
		object__fail(obj, errmsg);
		return err;
	}
	obj->instance = inst;
	for (size_t i = 0; i < obj->n_maps && !err; i++)
		err = create_map(obj, &obj->maps[i], errmsg);
	if (!err)
		return 0;
	for (size_t i = 0; i < obj->n_maps; i++) {
		ebpf_map__unref(obj->maps[i].map);
		obj->maps[i].map = NULL;
	}
	obj->instance = NULL;
	errno = -err;
	object__fail(obj, errmsg);
	return err;
}

struct ebpf_program *object__load_program(
	struct object *obj, const char *name, const struct ebpf_load_opts *opts, char **errmsg)
{
	const struct ebpf_program_spec *spec = object__program_spec(obj, name, errmsg);
	struct ebpf_program *prog;

	if (!spec)
		return NULL;
	prog = ebpf_program__load(obj->instance, spec, opts, errmsg);
	if (!prog)
		object__fail(obj, errmsg);
	return prog;
}
