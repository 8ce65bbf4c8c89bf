/* SPDX-License-Identifier: BSD-3-Clause
 *
 * load.c -- programs into the machine. With a program come those that the object puts into the
 * arrays of programs it uses, and so on; each is loaded once and stays as long as the object.
 *
 *	load A ─► its maps ─► array with initial values B, C ─► load B, load C ─► their maps ...
 */
#include <errno.h>
#include <string.h>

#include <linux/bpf.h>

#include "../vm/core/error.h"
#include "object-internal.h"

static int load_function(struct ebpf_object *obj, struct object_function *f,
	const struct ebpf_load_opts *opts, char **errmsg);

int ebpf_object__load_once(struct ebpf_object *obj, struct object_function *f, char **errmsg)
{
	return f->loaded ? 0 : load_function(obj, f, NULL, errmsg);
}

int ebpf_object__fill_programs(struct ebpf_object *obj, struct object_map *m, char **errmsg)
{
	int err = 0;

	for (uint32_t i = 0; i < m->n_entries && !err; i++) {
		struct object_function *f = &obj->functions[m->entries[i].target];

		err = ebpf_object__load_once(obj, f, errmsg);
		if (err)
			return error__prefix(errmsg, "program %s", f->program.name), err;
		err = ebpf_map__set_program(m->map, m->entries[i].key, f->loaded);
		if (err)
			error__set(errmsg, err, "map %s does not take program %s at %u: %s",
				m->opts.name, f->program.name, m->entries[i].key, strerror(-err));
	}
	return err;
}

static bool uses_map(const struct ebpf_program_spec *spec, const struct ebpf_map *map)
{
	for (uint32_t i = 0; i < spec->n_maps; i++) {
		if (spec->maps[i] == map)
			return true;
	}
	return false;
}

/* The arrays of programs that a program uses, once each. */
static int fill_arrays(struct ebpf_object *obj, const struct ebpf_program_spec *spec, char **errmsg)
{
	int err = 0;

	for (size_t i = 0; i < obj->n_maps && !err; i++) {
		struct object_map *m = &obj->maps[i];

		if (m->opts.type != BPF_MAP_TYPE_PROG_ARRAY || m->is_filled ||
			!uses_map(spec, m->map))
			continue;
		m->is_filled = true;
		err = ebpf_object__fill_programs(obj, m, errmsg);
		m->is_filled = !err;
	}
	return err;
}

static int load_function(struct ebpf_object *obj, struct object_function *f,
	const struct ebpf_load_opts *opts, char **errmsg)
{
	const struct ebpf_program_spec *spec = ebpf_object__link(obj, f, errmsg);
	struct ebpf_program *prog;

	if (!spec)
		return -errno;
	prog = ebpf_program__load(obj->instance, spec, opts, errmsg);
	if (!prog)
		return -errno;
	ebpf_program__unref(f->loaded);
	f->loaded = prog;
	return fill_arrays(obj, spec, errmsg);
}

struct ebpf_program *ebpf_object__load_program(
	struct ebpf_object *obj, const char *name, const struct ebpf_load_opts *opts, char **errmsg)
{
	const struct ebpf_object_program *program;
	struct ebpf_program *loaded = NULL;
	struct object_function *f;
	int err;

	if (errmsg)
		*errmsg = NULL;
	program = ebpf_object__find_program(obj, name, errmsg);
	if (!program)
		return NULL;
	f = ebpf_object__function_of(obj, program);
	pthread_mutex_lock(&obj->lock);
	err = load_function(obj, f, opts, errmsg);
	if (!err)
		loaded = ebpf_program__ref(f->loaded);
	pthread_mutex_unlock(&obj->lock);
	if (err) {
		errno = -err;
		ebpf_object__fail(obj, errmsg);
	}
	return loaded;
}

struct ebpf_program *ebpf_object__loaded_program(const struct ebpf_object *obj, size_t i)
{
	const struct ebpf_object_program *p = ebpf_object__program(obj, i);

	return p ? ((const struct object_function *)p)->loaded : NULL;
}
