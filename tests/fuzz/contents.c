/* SPDX-License-Identifier: BSD-3-Clause */
#include <linux/bpf.h>
#include <string.h>

#include "contents.h"

static uint8_t values[MOST_CPUS * MOST_VALUE];

static bool is_percpu(uint32_t type)
{
	return type == BPF_MAP_TYPE_PERCPU_ARRAY || type == BPF_MAP_TYPE_PERCPU_HASH ||
	       type == BPF_MAP_TYPE_LRU_PERCPU_HASH;
}

static bool is_array(uint32_t type)
{
	return type == BPF_MAP_TYPE_ARRAY || type == BPF_MAP_TYPE_PERCPU_ARRAY;
}

static bool is_hash(uint32_t type)
{
	return type == BPF_MAP_TYPE_HASH || type == BPF_MAP_TYPE_PERCPU_HASH ||
	       type == BPF_MAP_TYPE_LRU_HASH || type == BPF_MAP_TYPE_LRU_PERCPU_HASH ||
	       type == BPF_MAP_TYPE_LPM_TRIE;
}

static bool is_queue(uint32_t type)
{
	return type == BPF_MAP_TYPE_QUEUE || type == BPF_MAP_TYPE_STACK;
}

bool contents__repeatable(const struct ebpf_map_opts *o)
{
	return o->type != BPF_MAP_TYPE_BLOOM_FILTER && o->type != BPF_MAP_TYPE_RINGBUF &&
	       o->value_size <= MOST_VALUE;
}

uint64_t contents__hash(const void *bytes, size_t size)
{
	const uint8_t *p = bytes;
	uint64_t hash = 0xcbf29ce484222325 ^ size, word;

	for (; size; p += sizeof(word), size -= size < sizeof(word) ? size : sizeof(word)) {
		word = 0;
		memcpy(&word, p, size < sizeof(word) ? size : sizeof(word));
		hash = (hash ^ word) * 0x100000001b3;
		hash ^= hash >> 29;
	}
	return hash;
}

/* Entry i; an LPM key begins with the length of its prefix. */
static void set_entry(const struct map_access *a, void *map, const struct ebpf_map_opts *o,
	uint32_t salt, uint32_t i, const uint8_t *initial)
{
	uint8_t key[64] = {0};
	uint32_t step = (o->value_size + 7) / 8 * 8, at;

	if (o->key_size > sizeof(key) || o->value_size > MOST_VALUE)
		return;
	for (at = 0; at < o->value_size; at++)
		values[at] = (uint8_t)(16 * salt + i + at * at);
	if (initial)
		memcpy(values, initial, o->value_size);
	for (at = 1; is_percpu(o->type) && at < a->n_values; at++)
		memcpy(values + at * step, values, o->value_size);
	if (o->type == BPF_MAP_TYPE_LPM_TRIE) {
		key[0] = (uint8_t)(8 + 24 * i);
		key[4] = (uint8_t)i;
	} else if (o->key_size) {
		key[0] = (uint8_t)i;
	}
	a->update(map, o->key_size ? key : NULL, values);
}

static void empty(const struct map_access *a, void *map, const struct ebpf_map_opts *o)
{
	uint8_t key[512];
	uint32_t n = o->max_entries;

	if (is_queue(o->type))
		while (n-- && a->lookup_and_delete(map, NULL, values) == 0)
			;
	else if (o->key_size <= sizeof(key))
		while (a->next_key(map, NULL, key) == 0 && a->delete (map, key) == 0)
			;
}

void contents__reset(const struct map_access *a, void *map, const struct ebpf_map_opts *o,
	uint32_t salt, const uint8_t *initial)
{
	uint32_t i, n = 2;

	if (is_array(o->type))
		n = o->max_entries;
	else if (is_hash(o->type) || is_queue(o->type))
		empty(a, map, o);
	else
		return;
	for (i = 0; i < n && i < o->max_entries && i < MOST_ENTRIES; i++)
		set_entry(a, map, o, salt, i, initial);
}

static uint64_t sum_queue(const struct map_access *a, void *map, const struct ebpf_map_opts *o)
{
	uint64_t sum = 0;

	while (a->lookup_and_delete(map, NULL, values) == 0)
		sum = sum * 31 + contents__hash(values, o->value_size);
	return sum;
}

uint64_t contents__sum(const struct map_access *a, void *map, const struct ebpf_map_opts *o)
{
	uint8_t key[512], next[512];
	uint64_t sum = 0;
	int err;

	if (is_queue(o->type))
		return sum_queue(a, map, o);
	if ((!is_array(o->type) && !is_hash(o->type)) || o->key_size > sizeof(key) ||
		o->value_size > MOST_VALUE)
		return 0;
	for (err = a->next_key(map, NULL, next); !err; err = a->next_key(map, key, next)) {
		memcpy(key, next, o->key_size);
		if (a->lookup(map, key, values) == 0)
			sum += contents__hash(key, o->key_size) * 31 ^
			       contents__hash(values, o->value_size);
	}
	return sum;
}
