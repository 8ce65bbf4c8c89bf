/* SPDX-License-Identifier: BSD-3-Clause
 *
 * control-map-show.c -- which maps there are, what one is like, and what is in it.
 */
#include "control-internal.h"
#include "map-element.h"
#include "value.h"

/* The programs that have the map: one that is shared is listed once. */
static void add_programs(struct ebpf_json *row, const struct control_context *c, uint32_t id)
{
	struct control_map m;
	struct control_walk walk = {c};

	ebpf_json__key(row, "programs");
	ebpf_json__open(row, '[');
	while (control__next_map(&walk, &m)) {
		if (m.program && ebpf_map__id(m.map) == id)
			ebpf_json__string(row, m.program);
	}
	ebpf_json__close(row, ']');
}

static void add_map(
	struct ebpf_json *row, const struct control_context *c, const struct ebpf_map *map)
{
	const struct ebpf_map_opts *o = ebpf_map__opts(map);

	ebpf_json__add_unsigned(row, "id", ebpf_map__id(map));
	ebpf_json__add_string(row, "name", o->name);
	ebpf_json__add_string(row, "type", ebpf_map_type__name(o->type));
	ebpf_json__add_unsigned(row, "key_size", o->key_size);
	ebpf_json__add_unsigned(row, "value_size", o->value_size);
	ebpf_json__add_unsigned(row, "entries", ebpf_map__count(map));
	ebpf_json__add_unsigned(row, "max_entries", o->max_entries);
	add_programs(row, c, ebpf_map__id(map));
}

/* Is it the first place where the walk meets this map? */
static bool is_first(const struct control_context *c, const struct control_map *m)
{
	struct control_walk walk = {c};
	struct control_map each = {0};

	while (control__next_map(&walk, &each) && each.map != m->map)
		;
	return each.object == m->object && each.program == m->program;
}

int control__list_maps(struct control_context *c, struct control_words *w, char **errmsg)
{
	int err = control_words__end(w, errmsg);
	struct control_walk walk = {c};
	struct control_map m;

	while (!err && control__next_map(&walk, &m)) {
		if (!is_first(c, &m))
			continue;
		add_map(control__row(c), c, m.map);
		err = control__send(c, errmsg);
	}
	return err;
}

static void add_layout(struct ebpf_json *row, const char *key, const struct ebpf_layout *l)
{
	if (!l)
		return;
	ebpf_json__key(row, key);
	ebpf_layout__print(row, l);
}

int control__show_map(struct control_context *c, struct control_words *w, char **errmsg)
{
	struct ebpf_layout *key, *value;
	struct control_map m;
	struct ebpf_json *row;
	int err = control__want_map(c, w, &m, errmsg);

	if (!err)
		err = control_words__end(w, errmsg);
	if (!err)
		err = ebpf_object__map_layouts(m.object, m.index, &key, &value, errmsg);
	if (err)
		return err;
	row = control__row(c);
	add_map(row, c, m.map);
	ebpf_json__add_unsigned(row, "flags", ebpf_map__opts(m.map)->flags);
	add_layout(row, "key", key);
	add_layout(row, "value", value);
	ebpf_layout__free(key);
	ebpf_layout__free(value);
	return control__send(c, errmsg);
}

static int send_element(void *user, struct map_element *e, char **errmsg)
{
	struct control_context *c = user;

	map_element__print(e, control__row(c));
	return control__send(c, errmsg);
}

int control__dump_map(struct control_context *c, struct control_words *w, char **errmsg)
{
	struct map_element e;
	struct control_map m;
	int err = control__want_map(c, w, &m, errmsg);

	if (!err)
		err = control_words__end(w, errmsg);
	if (!err)
		err = map_element__open(&e, &m, errmsg);
	if (err)
		return err;
	err = map_element__walk(&e, send_element, c, errmsg);
	map_element__close(&e);
	return err;
}
