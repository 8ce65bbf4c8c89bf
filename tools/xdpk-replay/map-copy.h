/* SPDX-License-Identifier: BSD-3-Clause
 *
 * map-copy.h -- the contents of maps at one moment, in a form that can be compared between
 * engines: entries sorted by key, and of a per-CPU map the one value of the worker or CPU that
 * ran the program; the values of a queue or stack in the order in which it gives them.
 */
#ifndef XDPK_REPLAY_MAP_COPY_H
#define XDPK_REPLAY_MAP_COPY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ebpf-map.h"
#include "map-kind.h"

struct map_copy {
	char *name;
	uint32_t type, key_size, value_size;
	size_t n;         /* entries */
	uint8_t *entries; /* n times key, value */
};

struct map_set {
	struct map_copy *maps;
	size_t n;
};

/* How to read a map, wherever it lives. next(): first key if key is NULL, -ENOENT at the end.
 * lookup() fills value_bytes; the value that counts begins at value_at. take() and put() are for
 * queues and stacks, -ENOENT if it is empty. */
struct map_reader {
	int (*next)(void *map, const void *key, void *next);
	int (*lookup)(void *map, const void *key, void *value);
	int (*take)(void *map, void *value);
	int (*put)(void *map, const void *value);
	void *map;
	size_t value_bytes, value_at;
};

/* Appends a copy to the set. -ENOMEM, or what the reader said, with *errmsg. */
int map_set__add(struct map_set *set, const struct ebpf_map_opts *opts,
	const struct map_reader *reader, char **errmsg);
const struct map_copy *map_set__find(const struct map_set *set, const char *name);
void map_set__free(struct map_set *set);

static inline size_t map_copy__entry_size(const struct map_copy *m)
{
	return (size_t)m->key_size + m->value_size;
}
static inline const uint8_t *map_copy__key(const struct map_copy *m, size_t i)
{
	return m->entries + i * map_copy__entry_size(m);
}
static inline const uint8_t *map_copy__value(const struct map_copy *m, size_t i)
{
	return map_copy__key(m, i) + m->key_size;
}

#endif
