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

bool map_type__is_percpu(uint32_t type)
{
	return type == BPF_MAP_TYPE_PERCPU_ARRAY || type == BPF_MAP_TYPE_PERCPU_HASH;
}

bool map_type__is_array(uint32_t type)
{
	return type == BPF_MAP_TYPE_ARRAY || type == BPF_MAP_TYPE_PERCPU_ARRAY;
}

/* What these hold means nothing outside of one machine: programs, maps, sockets. */
static bool holds_handles(uint32_t type)
{
	return type == BPF_MAP_TYPE_PROG_ARRAY || type == BPF_MAP_TYPE_ARRAY_OF_MAPS ||
	       type == BPF_MAP_TYPE_HASH_OF_MAPS || type == BPF_MAP_TYPE_XSKMAP;
}

static int compare_keys(const void *a, const void *b, void *key_size)
{
	return memcmp(a, b, *(uint32_t *)key_size);
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
		if (m->n == room) {
			size_t more = room ? room * 2 : 64;
			uint8_t *bigger = reallocarray(m->entries, more, map_copy__entry_size(m));

			if (!bigger)
				return -ENOMEM;
			m->entries = bigger;
			room = more;
		}
		err = r->lookup(r->map, next, value);
		if (err && err != -ENOENT) /* some arrays have a key for what is not there */
			return err;
		if (!err) {
			entry = m->entries + m->n++ * map_copy__entry_size(m);
			memcpy(entry, next, m->key_size);
			memcpy(entry + m->key_size, value + r->value_at, m->value_size);
		}
		key = next;
		next = key == keys ? keys + m->key_size : keys;
	}
	return err == -ENOENT ? 0 : err;
}

int map_set__add(struct map_set *set, const struct ebpf_map_opts *opts,
	const struct map_reader *reader, char **errmsg)
{
	struct map_copy *maps = reallocarray(set->maps, set->n + 1, sizeof(*maps)), *m;
	uint8_t *keys = calloc(2, opts->key_size), *value = calloc(1, reader->value_bytes);
	int err = -ENOMEM;

	if (maps)
		set->maps = maps;
	if (maps && keys && value) {
		m = &maps[set->n++];
		*m = (struct map_copy){.name = strdup(opts->name),
			.type = opts->type,
			.key_size = opts->key_size,
			.value_size = opts->value_size};
		if (m->name && holds_handles(m->type))
			err = 0;
		else if (m->name)
			err = read_entries(m, reader, keys, value, opts->max_entries);
		if (!err && !map_type__is_array(m->type) && m->n)
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
