/* SPDX-License-Identifier: BSD-3-Clause
 *
 * map-copy.c -- reads maps and sorts what it found.
 */
#include <errno.h>
#include <linux/bpf.h>
#include <stdlib.h>
#include <string.h>

#include "core/error.h"
#include "map-copy.h"

static bool is_queue(uint32_t type)
{
	return type == BPF_MAP_TYPE_QUEUE || type == BPF_MAP_TYPE_STACK;
}

static int compare_keys(const void *a, const void *b, void *key_size)
{
	return memcmp(a, b, *(uint32_t *)key_size);
}

/* A new entry at the end; NULL without memory. *room: entries that there is memory for. */
static uint8_t *append(struct map_copy *m, size_t *room)
{
	if (m->n == *room) {
		size_t more = *room ? *room * 2 : 64;
		uint8_t *bigger = reallocarray(m->entries, more, map_copy__entry_size(m));

		if (!bigger)
			return NULL;
		m->entries = bigger;
		*room = more;
	}
	return m->entries + m->n++ * map_copy__entry_size(m);
}

/* key: room for two keys, the last one read and the next. */
static int read_entries(struct map_copy *m, const struct map_reader *r, uint8_t *keys,
	uint8_t *value, uint32_t max_entries)
{
	uint8_t *key = NULL, *next = keys, *entry;
	size_t room = 0;
	int err;

	while ((err = r->next(r->map, key, next)) == 0) {
		if (m->n == max_entries) /* changed under our feet */
			return -EAGAIN;
		err = r->lookup(r->map, next, value);
		if (err && err != -ENOENT) /* some arrays have a key for what is not there */
			return err;
		if (!err) {
			entry = append(m, &room);
			if (!entry)
				return -ENOMEM;
			memcpy(entry, next, m->key_size);
			memcpy(entry + m->key_size, value + r->value_at, m->value_size);
		}
		key = next;
		next = key == keys ? keys + m->key_size : keys;
	}
	return err == -ENOENT ? 0 : err;
}

/* Takes everything out and puts it back: a stack's values in the other order. */
static int read_queue(struct map_copy *m, const struct map_reader *r, uint8_t *value)
{
	bool stack = m->type == BPF_MAP_TYPE_STACK;
	uint8_t *entry;
	size_t room = 0;
	int err;

	while ((err = r->take(r->map, value)) == 0) {
		entry = append(m, &room);
		if (!entry)
			return -ENOMEM;
		memcpy(entry, value, m->value_size);
	}
	if (err != -ENOENT)
		return err;
	err = 0;
	for (size_t i = 0; i < m->n && !err; i++)
		err = r->put(r->map, map_copy__value(m, stack ? m->n - 1 - i : i));
	return err;
}

static int read_map(struct map_copy *m, const struct map_reader *r, uint8_t *keys, uint8_t *value,
	uint32_t max_entries)
{
	if (is_queue(m->type))
		return read_queue(m, r, value);
	return map_type__has_entries(m->type) ? read_entries(m, r, keys, value, max_entries) : 0;
}

int map_set__add(struct map_set *set, const struct ebpf_map_opts *opts,
	const struct map_reader *reader, char **errmsg)
{
	struct map_copy *maps = reallocarray(set->maps, set->n + 1, sizeof(*maps)), *m;
	uint8_t *keys = calloc(2, opts->key_size + 1), *value = calloc(1, reader->value_bytes + 1);
	int err = -ENOMEM;

	if (maps)
		set->maps = maps;
	if (maps && keys && value) {
		m = &maps[set->n++];
		*m = (struct map_copy){.name = strdup(opts->name),
			.type = opts->type,
			.key_size = opts->key_size,
			.value_size = opts->value_size};
		if (m->name)
			err = read_map(m, reader, keys, value, opts->max_entries);
		if (!err && !map_type__is_array(m->type) && m->key_size && m->n)
			qsort_r(m->entries, m->n, map_copy__entry_size(m), compare_keys,
				&m->key_size);
	}
	free(keys);
	free(value);
	if (err)
		error__set(errmsg, err, "map %s: cannot read its contents: %s", opts->name,
			strerror(-err));
	return err;
}

const struct map_copy *map_set__find(const struct map_set *set, const char *name)
{
	for (size_t i = 0; i < set->n; i++) {
		if (strcmp(set->maps[i].name, name) == 0)
			return &set->maps[i];
	}
	return NULL;
}

void map_set__free(struct map_set *set)
{
	for (size_t i = 0; i < set->n; i++) {
		free(set->maps[i].name);
		free(set->maps[i].entries);
	}
	free(set->maps);
	*set = (struct map_set){0};
}
