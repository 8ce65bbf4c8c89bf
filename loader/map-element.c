/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <linux/bpf.h>

#include "../vm/core/error.h"
#include "map-element.h"
#include "value.h"

#define ENOTSUPP 524 /* the kernel's own: <errno.h> has no name for it */

static bool is_percpu(uint32_t type)
{
	return type == BPF_MAP_TYPE_PERCPU_HASH || type == BPF_MAP_TYPE_PERCPU_ARRAY ||
	       type == BPF_MAP_TYPE_LRU_PERCPU_HASH;
}

static bool allocate(struct map_element *e, const struct ebpf_map_opts *o)
{
	size_t bytes = ebpf_map__value_bytes(e->map);

	e->is_percpu = is_percpu(o->type);
	e->stride = e->is_percpu ? (o->value_size + 7) / 8 * 8 : o->value_size;
	e->slots = e->is_percpu ? (uint32_t)(bytes / e->stride) : 1;
	e->value = calloc(1, bytes + 1);
	if (o->key_size)
		e->key = calloc(1, o->key_size);
	if (e->is_percpu && ebpf_value__has_sum(e->value_layout))
		e->sum = malloc(o->value_size);
	return e->value && (e->key || !o->key_size) &&
	       (e->sum || !e->is_percpu || !ebpf_value__has_sum(e->value_layout));
}

int map_element__open(struct map_element *e, const struct control_map *m, char **errmsg)
{
	const struct ebpf_map_opts *o = ebpf_map__opts(m->map);
	int err;

	*e = (struct map_element){.map = ebpf_map__ref(m->map), .name = o->name};
	err = ebpf_object__map_layouts(
		m->object, m->index, &e->key_layout, &e->value_layout, errmsg);
	if (!err && !allocate(e, o))
		err = error__set(errmsg, -ENOMEM, "no memory for an element of map %s", o->name);
	if (err)
		map_element__close(e);
	return err;
}

void map_element__close(struct map_element *e)
{
	ebpf_layout__free(e->key_layout);
	ebpf_layout__free(e->value_layout);
	free(e->key);
	free(e->value);
	free(e->sum);
	ebpf_map__unref(e->map);
	*e = (struct map_element){0};
}

static void print_values(struct map_element *e, struct ebpf_json *t)
{
	ebpf_json__key(t, "values");
	ebpf_json__open(t, '[');
	for (uint32_t i = 0; i < e->slots; i++)
		ebpf_value__print(t, e->value_layout, e->value + (size_t)i * e->stride);
	ebpf_json__close(t, ']');
	if (!e->sum)
		return;
	memcpy(e->sum, e->value, e->value_layout->size);
	for (uint32_t i = 1; i < e->slots; i++)
		ebpf_value__add(e->value_layout, e->sum, e->value + (size_t)i * e->stride);
	ebpf_json__key(t, "sum");
	ebpf_value__print(t, e->value_layout, e->sum);
}

void map_element__print(struct map_element *e, struct ebpf_json *t)
{
	if (e->key) {
		ebpf_json__key(t, "key");
		ebpf_value__print(t, e->key_layout, e->key);
	}
	if (e->is_percpu) {
		print_values(e, t);
	} else {
		ebpf_json__key(t, "value");
		ebpf_value__print(t, e->value_layout, e->value);
	}
}

void map_element__spread_value(struct map_element *e)
{
	for (uint32_t i = 1; i < e->slots; i++)
		memcpy(e->value + (size_t)i * e->stride, e->value, e->value_layout->size);
}

static int read_values(struct map_element *e, struct ebpf_json_reader *r, char **errmsg)
{
	uint32_t n = 0;

	if (!ebpf_json_reader__take(r, '['))
		return ebpf_json_reader__fail(r, "'['", errmsg);
	memset(e->value, 0, (size_t)e->slots * e->stride);
	if (ebpf_json_reader__take(r, ']'))
		return 0;
	do {
		int err = n == e->slots ? error__set(errmsg, -EINVAL,
						  "there are only %u workers and the host", n - 1)
					: ebpf_value__read(e->value_layout, r,
						  e->value + (size_t)n * e->stride, errmsg);

		if (err)
			return error__prefix(errmsg, "[%u]", n), err;
		n++;
	} while (ebpf_json_reader__take(r, ','));
	return ebpf_json_reader__take(r, ']') ? 0 : ebpf_json_reader__fail(r, "']'", errmsg);
}

enum { HAS_KEY = 1, HAS_VALUE = 2 };

/* The member of that name; *has: what has come. */
static int read_member(struct map_element *e, const char *name, struct ebpf_json_reader *r,
	unsigned *has, char **errmsg)
{
	int err;

	if (e->key && strcmp(name, "key") == 0) {
		*has |= HAS_KEY;
		return ebpf_value__read(e->key_layout, r, e->key, errmsg);
	}
	if (e->is_percpu && strcmp(name, "values") == 0) {
		*has |= HAS_VALUE;
		return read_values(e, r, errmsg);
	}
	if (strcmp(name, "value") == 0) {
		*has |= HAS_VALUE;
		err = ebpf_value__read(e->value_layout, r, e->value, errmsg);
		map_element__spread_value(e);
		return err;
	}
	if (!e->is_percpu || strcmp(name, "sum") != 0)
		return error__set(errmsg, -EINVAL, "an element of map %s has none", e->name);
	return ebpf_json_reader__skip(r) ? 0 : ebpf_json_reader__fail(r, "a value", errmsg);
}

int map_element__parse(struct map_element *e, char *text, char **errmsg)
{
	struct ebpf_json_reader r = {text, text};
	unsigned has = e->key ? 0 : HAS_KEY;

	if (!ebpf_json_reader__take(&r, '{'))
		return ebpf_json_reader__fail(&r, "{\"key\":...,\"value\":...}", errmsg);
	do {
		const char *name = ebpf_json_reader__name(&r);
		int err = name ? read_member(e, name, &r, &has, errmsg)
			       : ebpf_json_reader__fail(&r, "\"NAME\":", errmsg);

		if (err && name)
			error__prefix(errmsg, "%s", name);
		if (err)
			return error__make_printable(errmsg), err;
	} while (ebpf_json_reader__take(&r, ','));
	if (!ebpf_json_reader__take(&r, '}') || ebpf_json_reader__peek(&r))
		return ebpf_json_reader__fail(&r, "the end of the element", errmsg);
	if (has != (HAS_KEY | HAS_VALUE))
		return error__set(
			errmsg, -EINVAL, "there is no \"%s\"", has & HAS_KEY ? "value" : "key");
	return 0;
}

static int refused(const struct map_element *e, int err, char **errmsg)
{
	uint32_t type = ebpf_map__opts(e->map)->type;

	if (err == -ENOTSUP || err == -ENOTSUPP)
		return error__set(errmsg, -ENOTSUP, "map %s: entries of a %s are not for the host",
			e->name, ebpf_map_type__name(type));
	return err ? error__set(errmsg, err, "map %s: %s", e->name, strerror(-err)) : 0;
}

int map_element__lookup(struct map_element *e, char **errmsg)
{
	return refused(e, ebpf_map__lookup(e->map, e->key, e->value), errmsg);
}

int map_element__update(struct map_element *e, uint64_t flags, char **errmsg)
{
	return refused(e, ebpf_map__update(e->map, e->key, e->value, flags), errmsg);
}

int map_element__delete(struct map_element *e, char **errmsg)
{
	return refused(e, ebpf_map__delete(e->map, e->key), errmsg);
}

int map_element__walk(struct map_element *e, map_element_fn fn, void *user, char **errmsg)
{
	const void *before = NULL;
	int err = 0;

	if (!e->key)
		return error__set(errmsg, -EINVAL, "map %s has no keys to go by: its type is %s",
			e->name, ebpf_map_type__name(ebpf_map__opts(e->map)->type));
	while (!err) {
		err = ebpf_map__walk_key(e->map, before, e->key);
		if (err == -ENOENT)
			return 0;
		if (err)
			return refused(e, err, errmsg);
		before = e->key;
		err = ebpf_map__lookup(e->map, e->key, e->value);
		if (err == -ENOENT) /* just gone, or nobody has put anything there */
			err = 0;
		else
			err = err ? refused(e, err, errmsg) : fn(user, e, errmsg);
	}
	return err;
}
