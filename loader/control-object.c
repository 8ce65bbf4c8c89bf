/* SPDX-License-Identifier: BSD-3-Clause
 *
 * control-object.c -- the commands about an object's maps and variables.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <linux/bpf.h>

#include "../vm/core/error.h"
#include "control-internal.h"

#define ENOTSUPP 524 /* the kernel's own: <errno.h> has no name for it */

static bool is_one_of(const char *word, const char *const *list)
{
	for (; list && *list; list++) {
		if (strcmp(word, *list) == 0)
			return true;
	}
	return false;
}

/* Exactly `size` bytes, up to a word of `stops` or the end of the line. */
static int parse_bytes(struct control_words *w, const char *what, const char *const *stops,
	uint8_t *bytes, size_t size, char **errmsg)
{
	bool hex = w->n && strcmp(w->word[0], "hex") == 0;
	size_t got = 0;

	if (hex)
		control_words__next(w);
	for (; w->n && !is_one_of(w->word[0], stops); got++) {
		const char *word = control_words__next(w);
		uint64_t value;

		if (!control__parse_number(word, hex, &value) || value > 255 ||
			(hex && strlen(word) != 2))
			return error__set(errmsg, -EINVAL, "expected %s of the %s, got '%s'",
				hex ? "two hex digits" : "a byte (0 to 255 or 0x00 to 0xff)", what,
				word);
		if (got < size)
			bytes[got] = value;
	}
	if (got != size)
		return error__set(
			errmsg, -EINVAL, "expected %zu %s bytes, got %zu", size, what, got);
	return 0;
}

static const char *const value_word[] = {"value", NULL};

static const struct {
	const char *word;
	uint64_t flag;
} update_flags[] = {{"any", BPF_ANY}, {"noexist", BPF_NOEXIST}, {"exist", BPF_EXIST}};
static const char *const flag_words[] = {"any", "noexist", "exist", NULL};

static int parse_flag(struct control_words *w, uint64_t *flag, char **errmsg)
{
	const char *word = control_words__next(w);

	*flag = BPF_ANY;
	for (size_t i = 0; word && i < sizeof(update_flags) / sizeof(update_flags[0]); i++) {
		if (strcmp(word, update_flags[i].word) == 0)
			*flag = update_flags[i].flag;
	}
	return control_words__end(w, errmsg);
}

/* Reads "NAME key BYTES"; *key is malloc'ed, also after a failure. */
static int parse_map_and_key(struct control_context *c, struct control_words *w,
	const char *const *stops, struct control_map *m, uint8_t **key, char **errmsg)
{
	const struct ebpf_map_opts *o;
	int err;

	*key = NULL;
	err = control__want_map(c, w, m, errmsg);
	if (err)
		return err;
	o = ebpf_map__opts(m->map);
	if (!o->key_size)
		return error__set(errmsg, -EINVAL, "map %s has no keys: its type is %s", o->name,
			ebpf_map_type__name(o->type));
	err = control_words__expect(w, "key", errmsg);
	if (err)
		return err;
	*key = calloc(1, o->key_size + 1);
	if (!*key)
		return error__set(errmsg, -ENOMEM, "no memory for a key of map %s", o->name);
	return parse_bytes(w, "key", stops, *key, o->key_size, errmsg);
}

/* The value in every slot of a per-CPU map. */
static void spread_value(const struct ebpf_map *map, uint8_t *value)
{
	size_t total = ebpf_map__value_bytes(map), size = ebpf_map__opts(map)->value_size;
	size_t stride = (size + 7) / 8 * 8;

	for (size_t at = stride; at + stride <= total; at += stride)
		memcpy(value + at, value, size);
}

/* A map or a program of the object, by its name. */
static int update_by_name(struct control_context *c, struct control_words *w,
	const struct control_map *m, const uint8_t *key, char **errmsg)
{
	const struct ebpf_map_opts *o = ebpf_map__opts(m->map);
	const char *name = control_words__want(w, "a name", errmsg);
	struct control_map inner;
	uint64_t flag;
	uint32_t index;
	int err = name ? parse_flag(w, &flag, errmsg) : -EINVAL;

	if (err)
		return err;
	if (o->type == BPF_MAP_TYPE_PROG_ARRAY) {
		memcpy(&index, key, sizeof(index));
		return object__set_map_program(m->object, o->name, index, name, errmsg);
	}
	err = control__find_map(c, name, &inner, errmsg);
	if (err)
		return err;
	err = ebpf_map__set_inner(m->map, key, inner.map, flag);
	return err ? error__set(errmsg, err, "map %s does not take map %s: %s", o->name, name,
			     strerror(-err))
		   : 0;
}

static int refused(const struct ebpf_map *map, int err, char **errmsg)
{
	const struct ebpf_map_opts *o = ebpf_map__opts(map);

	if (err == -ENOTSUP || err == -ENOTSUPP)
		return error__set(errmsg, -ENOTSUP, "map %s: entries of a %s are not for the host",
			o->name, ebpf_map_type__name(o->type));
	return err ? error__set(errmsg, err, "map %s: %s", o->name, strerror(-err)) : 0;
}

static int update(struct control_context *c, struct control_words *w, uint8_t **key,
	uint8_t **value, char **errmsg)
{
	struct control_map m;
	uint64_t flag;
	int err = parse_map_and_key(c, w, value_word, &m, key, errmsg);

	if (!err)
		err = control_words__expect(w, "value", errmsg);
	if (err)
		return err;
	if (control_words__take(w, "name"))
		return update_by_name(c, w, &m, *key, errmsg);
	*value = calloc(1, ebpf_map__value_bytes(m.map) + 1);
	if (!*value)
		return error__set(errmsg, -ENOMEM, "no memory for a value of map %s",
			ebpf_map__opts(m.map)->name);
	err = parse_bytes(
		w, "value", flag_words, *value, ebpf_map__opts(m.map)->value_size, errmsg);
	if (!err)
		err = parse_flag(w, &flag, errmsg);
	if (err)
		return err;
	spread_value(m.map, *value);
	return refused(m.map, ebpf_map__update(m.map, *key, *value, flag), errmsg);
}

int control__update_map(struct control_context *c, struct control_words *w, char **errmsg)
{
	uint8_t *key = NULL, *value = NULL;
	int err = update(c, w, &key, &value, errmsg);

	free(key);
	free(value);
	return err;
}

int control__delete_from_map(struct control_context *c, struct control_words *w, char **errmsg)
{
	struct control_map m;
	uint8_t *key;
	int err = parse_map_and_key(c, w, NULL, &m, &key, errmsg);

	if (!err)
		err = refused(m.map, ebpf_map__delete(m.map, key), errmsg);
	free(key);
	return err;
}

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
	return err ? err : object__set_max_entries(c->object, name, n, errmsg);
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
	return err ? err : object__set_inner(c->object, name, &inner, errmsg);
}

/* A number that fits `size` bytes, as signed or as unsigned. */
static int parse_scalar(struct control_words *w, uint8_t *bytes, size_t size, char **errmsg)
{
	const char *word = control_words__next(w);
	bool negative = word && word[0] == '-';
	uint64_t value, limit;

	if (!word)
		return error__set(errmsg, -EINVAL, "expected a value, got the end of the line");
	if (size != 1 && size != 2 && size != 4 && size != 8)
		return error__set(errmsg, -EINVAL,
			"expected 'hex' and %zu bytes (it is no number), got '%s'", size, word);
	if (!control__parse_number(word + negative, false, &value))
		return error__set(errmsg, -EINVAL, "expected a number, got '%s'", word);
	limit = negative ? 1ull << (size * 8 - 1) : UINT64_MAX >> (64 - size * 8);
	if (value > limit)
		return error__set(
			errmsg, -ERANGE, "expected a number of %zu bytes, got '%s'", size, word);
	if (negative)
		value = -value;
	memcpy(bytes, &value, size); /* little-endian, as BPF here */
	return control_words__end(w, errmsg);
}

int control__set_variable(struct control_context *c, struct control_words *w, char **errmsg)
{
	const char *name = control_words__want(w, "a variable's name", errmsg);
	uint8_t *bytes, *value;
	size_t size;
	int err;

	if (!name)
		return -EINVAL;
	value = object__variable(c->object, name, &size, errmsg);
	if (!value)
		return -errno;
	bytes = malloc(size);
	if (!bytes)
		return error__set(errmsg, -ENOMEM, "no memory for variable %s", name);
	if (w->n && strcmp(w->word[0], "hex") == 0)
		err = parse_bytes(w, "value", NULL, bytes, size, errmsg);
	else
		err = parse_scalar(w, bytes, size, errmsg);
	if (!err)
		memcpy(value, bytes, size);
	else
		error__prefix(errmsg, "variable %s", name);
	free(bytes);
	return err;
}
