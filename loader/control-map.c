/* SPDX-License-Identifier: BSD-3-Clause
 *
 * control-map.c -- the commands about one element of a map.
 */
#include <errno.h>
#include <linux/bpf.h>
#include <string.h>

#include "../vm/core/error.h"
#include "control-data.h"
#include "control-internal.h"
#include "map-element.h"

static const char *const value_word[] = {"value", NULL};
static const char *const value_ends[] = {"any", "noexist", "exist", "prog", NULL};

int control__parse_flag(struct control_words *w, uint64_t *flag, char **errmsg)
{
	static const struct {
		const char *word;
		uint64_t flag;
	} flags[] = {{"any", BPF_ANY}, {"noexist", BPF_NOEXIST}, {"exist", BPF_EXIST}};
	bool found = false;

	*flag = BPF_ANY;
	for (size_t i = 0; i < sizeof(flags) / sizeof(flags[0]) && !found; i++) {
		found = control_words__take(w, flags[i].word);
		if (found)
			*flag = flags[i].flag;
	}
	return control_words__end(w, errmsg);
}

static int no_keys(const struct map_element *e, char **errmsg)
{
	return error__set(errmsg, -EINVAL, "map %s has no keys: its type is %s", e->name,
		ebpf_map_type__name(ebpf_map__opts(e->map)->type));
}

static int parse_key(
	struct control_words *w, const char *const *stops, struct map_element *e, char **errmsg)
{
	int err;

	if (!e->key)
		return control_words__take(w, "key") || !e->value_layout->size ? no_keys(e, errmsg)
									       : 0;
	err = control_words__expect(w, "key", errmsg);
	return err ? err : control__parse_data(w, "key", stops, e->key_layout, e->key, errmsg);
}

/* Reads "MAP key DATA", or "MAP" where the map has no keys; after a failure there is nothing to
 * close. */
static int open_element(struct control_context *c, struct control_words *w,
	const char *const *stops, struct control_map *m, struct map_element *e, char **errmsg)
{
	int err = control__want_map(c, w, m, errmsg);

	if (!err)
		err = map_element__open(e, m, errmsg);
	if (err)
		return err;
	err = parse_key(w, stops, e, errmsg);
	if (err)
		map_element__close(e);
	return err;
}

int control__lookup_in_map(struct control_context *c, struct control_words *w, char **errmsg)
{
	struct map_element e;
	struct control_map m;
	int err = open_element(c, w, NULL, &m, &e, errmsg);

	if (err)
		return err;
	err = control_words__end(w, errmsg);
	if (!err)
		err = map_element__lookup(&e, errmsg);
	if (!err) {
		map_element__print(&e, control__row(c));
		err = control__send(c, errmsg);
	}
	map_element__close(&e);
	return err;
}

/* An entry with a program that runs behind the redirect, or without: NULL. */
static int set_target(struct control_words *w, const struct control_map *m, struct map_element *e,
	const char *program, char **errmsg)
{
	uint32_t key, number;
	uint64_t flag;
	int err = control__parse_flag(w, &flag, errmsg);

	if (err)
		return err;
	memcpy(&key, e->key, sizeof(key));
	memcpy(&number, e->value, sizeof(number));
	return ebpf_object__set_map_target(m->object, e->name, key, number, program, flag, errmsg);
}

static int set_target_with_program(
	struct control_words *w, const struct control_map *m, struct map_element *e, char **errmsg)
{
	const char *name = control_words__want(w, "a program's name", errmsg);

	return name ? set_target(w, m, e, name, errmsg) : -EINVAL;
}

/* A map or a program of the object, by its name. */
static int set_by_name(struct control_context *c, struct control_words *w,
	const struct control_map *m, struct map_element *e, char **errmsg)
{
	const char *name = control_words__want(w, "a name", errmsg);
	struct control_map inner;
	uint64_t flag;
	uint32_t index;
	int err = name ? control__parse_flag(w, &flag, errmsg) : -EINVAL;

	if (err)
		return err;
	if (ebpf_map__opts(e->map)->type == BPF_MAP_TYPE_PROG_ARRAY) {
		memcpy(&index, e->key, sizeof(index));
		return ebpf_object__set_map_program(m->object, e->name, index, name, errmsg);
	}
	err = control__find_map(c, name, &inner, errmsg);
	if (err)
		return err;
	err = ebpf_map__set_inner(e->map, e->key, inner.map, flag);
	return err ? error__set(errmsg, err, "map %s does not take map %s: %s", e->name, name,
			     strerror(-err))
		   : 0;
}

static bool holds_targets(const struct map_element *e)
{
	uint32_t type = ebpf_map__opts(e->map)->type;

	return type == BPF_MAP_TYPE_DEVMAP || type == BPF_MAP_TYPE_DEVMAP_HASH ||
	       type == BPF_MAP_TYPE_CPUMAP;
}

/* In the program's place: nobody's here, which the map refuses. */
static bool names_descriptor(const struct map_element *e)
{
	static const uint8_t none[sizeof(uint32_t)];
	uint32_t size = e->value_layout->size;

	return size > sizeof(none) &&
	       memcmp(e->value + sizeof(none), none, size - sizeof(none)) != 0;
}

/* What the words of a value are. The interface or the length of a queue alone stands for a target
 * without a program. */
static const struct ebpf_layout *value_layout(
	const struct map_element *e, const struct control_words *w)
{
	const struct ebpf_layout *l = e->value_layout;
	uint64_t number;
	bool alone = w->n && control__parse_number(w->word[0], false, &number) &&
		     (w->n == 1 || !control__parse_number(w->word[1], false, &number));

	return holds_targets(e) && l->kind == EBPF_LAYOUT_STRUCT && l->n && alone ? &l->members[0]
										  : l;
}

static int put_program(struct control_context *c, int err)
{
	if (!err && c->changed)
		c->changed(c->dataplane, CONTROL_CHANGED_TARGETS);
	return err;
}

/* What follows `value`. */
static int set_value(struct control_context *c, struct control_words *w,
	const struct control_map *m, struct map_element *e, char **errmsg)
{
	uint64_t flag;
	int err;

	if (control_words__take(w, "name"))
		return put_program(c, set_by_name(c, w, m, e, errmsg));
	err = control__parse_data(w, "value", value_ends, value_layout(e, w), e->value, errmsg);
	if (err)
		return err;
	if (holds_targets(e) && control_words__take(w, "prog"))
		return put_program(c, set_target_with_program(w, m, e, errmsg));
	if (holds_targets(e) && !names_descriptor(e))
		return set_target(w, m, e, NULL, errmsg);
	err = control__parse_flag(w, &flag, errmsg);
	if (err)
		return err;
	map_element__spread_value(e);
	return map_element__update(e, flag, errmsg);
}

int control__update_map(struct control_context *c, struct control_words *w, char **errmsg)
{
	struct map_element e;
	struct control_map m;
	int err = open_element(c, w, value_word, &m, &e, errmsg);

	if (err)
		return err;
	err = control_words__expect(w, "value", errmsg);
	if (!err)
		err = set_value(c, w, &m, &e, errmsg);
	map_element__close(&e);
	return err;
}

int control__delete_from_map(struct control_context *c, struct control_words *w, char **errmsg)
{
	struct map_element e;
	struct control_map m;
	int err = open_element(c, w, NULL, &m, &e, errmsg);

	if (err)
		return err;
	err = e.key ? map_element__delete(&e, errmsg) : no_keys(&e, errmsg);
	map_element__close(&e);
	return err;
}
