/* SPDX-License-Identifier: BSD-3-Clause
 *
 * heirs.c -- an object takes another's place: programs of that one which are at entries of maps
 * that both have are followed by those of the same name.
 *
 * Who is where is read from the maps, for anybody may have changed them since. While the one before
 * still runs, its entries are not touched: what is put into a map of targets meanwhile waits in
 * another map, which is like it.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "../vm/core/error.h"
#include "object-internal.h"

struct search {
	struct ebpf_object *obj, *before;
	struct ebpf_object_heir *heirs;
	size_t n;
};

static bool holds_programs(const struct object_map *m)
{
	return m->opts.type == BPF_MAP_TYPE_DEVMAP || m->opts.type == BPF_MAP_TYPE_DEVMAP_HASH ||
	       m->opts.type == BPF_MAP_TYPE_CPUMAP || m->opts.type == BPF_MAP_TYPE_PROG_ARRAY;
}

/* Is the map another object's, too, and may hold programs of it? */
static bool is_common(const struct object_map *m, const struct ebpf_object *before)
{
	for (size_t i = 0; i < before->n_maps && holds_programs(m); i++)
		if (before->maps[i].map == m->map)
			return true;
	return false;
}

static int no_memory(char **errmsg)
{
	return error__set(errmsg, -ENOMEM, "no memory for a program's heirs");
}

static int add(struct search *s, struct ebpf_program *was, struct ebpf_program *is, char **errmsg)
{
	struct ebpf_object_heir *grown = realloc(s->heirs, (s->n + 1) * sizeof(*grown));

	if (!grown)
		return no_memory(errmsg);
	s->heirs = grown;
	grown[s->n++] = (struct ebpf_object_heir){was, is};
	return 0;
}

static bool is_known(const struct search *s, const struct ebpf_program *prog)
{
	for (size_t i = 0; i < s->n; i++)
		if (s->heirs[i].was == prog || s->heirs[i].is == prog)
			return true;
	return false;
}

static const struct object_function *find_loaded(
	const struct ebpf_object *obj, const struct ebpf_program *prog)
{
	for (uint32_t i = 0; i < obj->n_functions; i++)
		if (obj->functions[i].loaded == prog)
			return &obj->functions[i];
	return NULL;
}

/* A map's programs are all of one kind. */
static int check_kind(struct search *s, const struct object_function *was,
	const struct object_function *is, char **errmsg)
{
	const struct ebpf_program_spec *a = ebpf_object__link(s->before, was, errmsg);
	const struct ebpf_program_spec *b = a ? ebpf_object__link(s->obj, is, errmsg) : NULL;

	if (!a || !b)
		return -errno;
	if (a->type == b->type && a->has_frags == b->has_frags)
		return 0;
	return error__set(errmsg, -EINVAL, "program %s is in section %s, was in %s",
		is->program.name, is->program.section, was->program.section);
}

/* The one that follows a program of the object before. */
static int find_heir(struct search *s, const struct object_function *was, char **errmsg)
{
	const struct ebpf_object_program *p;
	struct object_function *is;
	char *why = NULL;
	int err;

	p = ebpf_object__find_program(s->obj, was->program.name, &why);
	free(why);
	if (!p)
		return error__set(
			errmsg, -EINVAL, "there is no program %s any more", was->program.name);
	is = ebpf_object__function_of(s->obj, p);
	err = check_kind(s, was, is, errmsg);
	if (!err)
		err = ebpf_object__load_once(s->obj, is, errmsg);
	return err ? err : add(s, was->loaded, is->loaded, errmsg);
}

/* What is in the map: programs of the object before, for which there must be heirs; and others. */
static int look_through(struct search *s, struct ebpf_map *map, char **errmsg)
{
	const char *name = ebpf_map__opts(map)->name;
	const void *last = NULL;
	uint32_t key;
	int err = 0;

	for (; !err && !ebpf_map__walk_key(map, last, &key); last = &key) {
		struct ebpf_program *prog = ebpf_map__get_program(map, key);
		const struct object_function *was = prog ? find_loaded(s->before, prog) : NULL;

		if (was && !is_known(s, prog))
			err = find_heir(s, was, errmsg);
		if (err)
			error__prefix(errmsg, "map %s, which has program %s at %u", name,
				was->program.name, key);
		ebpf_program__unref(prog);
	}
	return err;
}

/* The programs that wait: nobody's heirs. */
static int look_at_waiting(struct search *s, struct ebpf_map *map, char **errmsg)
{
	const void *last = NULL;
	uint32_t key;
	int err = 0;

	for (; map && !err && !ebpf_map__walk_key(map, last, &key); last = &key) {
		struct ebpf_program *prog = ebpf_map__get_program(map, key);

		if (prog && !is_known(s, prog))
			err = add(s, NULL, prog, errmsg);
		ebpf_program__unref(prog);
	}
	return err;
}

int ebpf_object__find_heirs(struct ebpf_object *obj, struct ebpf_object *before,
	struct ebpf_object_heir **heirs, size_t *n, char **errmsg)
{
	struct search s = {.obj = obj, .before = before};
	int err = 0;

	if (errmsg)
		*errmsg = NULL;
	pthread_mutex_lock(&before->lock);
	pthread_mutex_lock(&obj->lock);
	for (size_t i = 0; i < obj->n_maps && !err; i++) {
		struct object_map *m = &obj->maps[i];

		if (is_common(m, before))
			err = look_through(&s, m->map, errmsg);
		if (!err)
			err = look_at_waiting(&s, m->waiting, errmsg);
	}
	pthread_mutex_unlock(&obj->lock);
	pthread_mutex_unlock(&before->lock);
	*heirs = s.heirs;
	*n = s.n;
	if (!err)
		return 0;
	free(s.heirs);
	ebpf_object__fail(obj, errmsg);
	return err;
}

/* What has waited goes where it belongs. */
static int put_in(struct object_map *m)
{
	const void *last = NULL;
	uint32_t key, value[2] = {0};
	int err = 0;

	for (; !err && !ebpf_map__walk_key(m->waiting, last, &key); last = &key) {
		struct ebpf_program *prog = ebpf_map__get_program(m->waiting, key);

		if (!ebpf_map__lookup(m->waiting, &key, value))
			err = ebpf_map__set_target(m->map, key, value[0], prog, BPF_ANY);
		ebpf_program__unref(prog);
	}
	ebpf_map__unref(m->waiting);
	m->waiting = NULL;
	return err;
}

int ebpf_object__succeed(struct ebpf_object *obj, const struct ebpf_object_heir *heirs, size_t n)
{
	int result = 0;

	pthread_mutex_lock(&obj->lock);
	obj->is_heir = false;
	for (size_t i = 0; i < obj->n_maps; i++) {
		struct object_map *m = &obj->maps[i];
		int err = 0;

		for (size_t h = 0; h < n && err >= 0; h++)
			if (heirs[h].was && holds_programs(m))
				err = ebpf_map__replace_program(m->map, heirs[h].was, heirs[h].is);
		if (err >= 0 && m->waiting)
			err = put_in(m);
		if (err < 0)
			result = err;
	}
	pthread_mutex_unlock(&obj->lock);
	return result;
}
