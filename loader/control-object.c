/* SPDX-License-Identifier: BSD-3-Clause
 *
 * control-object.c -- the commands that set an object up: sizes of maps, what maps in maps are
 * like, variables.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <linux/bpf.h>

#include "../vm/core/error.h"
#include "control-data.h"
#include "control-internal.h"

int control__resize_map(struct control_context *c, struct control_words *w, char **errmsg)
{
	const char *name = control_words__want(w, "a map's name", errmsg);
	uint32_t n;
	int err;

	if (!name)
		return -EINVAL;
	err = control_words__expect(w, "max_entries", errmsg);
	if (!err)
		err = control_words__want_number(w, "a number of entries", &n, errmsg);
	if (!err)
		err = control_words__end(w, errmsg);
	return err ? err : ebpf_object__set_max_entries(c->object, name, n, errmsg);
}

static int parse_type(struct control_words *w, uint32_t *type, char **errmsg)
{
	const char *word = control_words__want(w, "a type of map", errmsg);
	int number = word ? ebpf_map_type__by_name(word) : -ENOENT;

	if (word && number < 0)
		error__set(errmsg, -EINVAL, "expected a type of map, got '%s'", word);
	*type = number;
	return number < 0 ? -EINVAL : 0;
}

int control__set_inner_map(struct control_context *c, struct control_words *w, char **errmsg)
{
	const char *name = control_words__want(w, "a map's name", errmsg);
	struct ebpf_map_opts inner = {0};
	const struct {
		const char *word, *what;
		uint32_t *number;
	} sizes[] = {{"key", "bytes of a key", &inner.key_size},
		{"value", "bytes of a value", &inner.value_size},
		{"entries", "a number of entries", &inner.max_entries}};
	int err = name ? control_words__expect(w, "type", errmsg) : -EINVAL;

	if (!err)
		err = parse_type(w, &inner.type, errmsg);
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]) && !err; i++) {
		err = control_words__expect(w, sizes[i].word, errmsg);
		if (!err)
			err = control_words__want_number(w, sizes[i].what, sizes[i].number, errmsg);
	}
	if (!err && control_words__take(w, "flags"))
		err = control_words__want_number(w, "flags", &inner.flags, errmsg);
	if (!err)
		err = control_words__end(w, errmsg);
	return err ? err : ebpf_object__set_inner(c->object, name, &inner, errmsg);
}

/* Reads DATA of the variable's type. */
static int parse_variable(struct ebpf_object *obj, const char *name, struct control_words *w,
	uint8_t *bytes, uint32_t size, char **errmsg)
{
	struct ebpf_layout *l = ebpf_object__variable_layout(obj, name, size, errmsg);
	int err;

	if (!l)
		return -errno;
	err = w->n ? control__parse_data(w, "value", NULL, l, bytes, errmsg)
		   : error__set(errmsg, -EINVAL, "expected a value, got the end of the line");
	ebpf_layout__free(l);
	return err ? err : control_words__end(w, errmsg);
}

int control__set_variable(struct control_context *c, struct control_words *w, char **errmsg)
{
	const char *name = control_words__want(w, "a variable's name", errmsg);
	uint8_t *bytes, *value;
	size_t size;
	int err;

	if (!name)
		return -EINVAL;
	value = ebpf_object__variable(c->object, name, &size, errmsg);
	if (!value)
		return -errno;
	bytes = malloc(size);
	if (!bytes)
		return error__set(errmsg, -ENOMEM, "no memory for variable %s", name);
	err = parse_variable(c->object, name, w, bytes, (uint32_t)size, errmsg);
	if (!err)
		memcpy(value, bytes, size);
	else
		error__prefix(errmsg, "variable %s", name);
	free(bytes);
	return err;
}
