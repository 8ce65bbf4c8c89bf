/* SPDX-License-Identifier: BSD-3-Clause
 *
 * control-find.c -- which map a line means: NAME, PROG/NAME or `id N`. Programs may have maps of
 * the same name; a map that they share is one.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "../vm/core/error.h"
#include "control.h"

bool control__next_map(struct control_walk *w, struct control_map *m)
{
	const struct control_object self = {.object = w->c->object};
	const struct control_object *objects = self.object ? &self : w->c->objects;
	size_t n = self.object ? 1 : w->c->n_objects;

	for (; w->object < n; w->object++, w->map = 0) {
		struct ebpf_object *obj = objects[w->object].object;

		while (w->map < ebpf_object__n_maps(obj)) {
			size_t i = w->map++;

			*m = (struct control_map){
				ebpf_object__map(obj, i), obj, i, objects[w->object].name};
			if (m->map)
				return true;
		}
	}
	return false;
}

int control__find_map(
	struct control_context *c, const char *name, struct control_map *m, char **errmsg)
{
	const char *slash = strrchr(name, '/'), *map = slash ? slash + 1 : name;
	struct control_map each;
	struct control_walk walk = {c};

	*m = (struct control_map){0};
	while (control__next_map(&walk, &each)) {
		if (strcmp(ebpf_map__opts(each.map)->name, map) != 0)
			continue;
		if (slash && (!each.program || strlen(each.program) != (size_t)(slash - name) ||
				     strncmp(each.program, name, (size_t)(slash - name)) != 0))
			continue;
		if (m->map && m->map != each.map)
			return error__set(errmsg, -EEXIST,
				"there are several maps %s: say %s/%s or %s/%s", name, m->program,
				map, each.program, map);
		if (!m->map)
			*m = each;
	}
	return m->map ? 0 : error__set(errmsg, -ENOENT, "there is no map %s", name);
}

static int find_by_id(struct control_context *c, uint32_t id, struct control_map *m, char **errmsg)
{
	struct control_walk walk = {c};

	while (control__next_map(&walk, m))
		if (ebpf_map__id(m->map) == id)
			return 0;
	return error__set(errmsg, -ENOENT, "there is no map with id %" PRIu32, id);
}

int control__want_map(
	struct control_context *c, struct control_words *w, struct control_map *m, char **errmsg)
{
	const char *name = control_words__want(w, "a map's name", errmsg);
	uint32_t id;
	int err;

	if (!name)
		return -EINVAL;
	/* A map may be called id. */
	if (strcmp(name, "id") != 0 || !w->n || strcmp(w->word[0], "key") == 0)
		return control__find_map(c, name, m, errmsg);
	err = control_words__want_number(w, "a map's id", &id, errmsg);
	return err ? err : find_by_id(c, id, m, errmsg);
}
