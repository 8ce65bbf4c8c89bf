/* SPDX-License-Identifier: BSD-3-Clause
 *
 * kinds.c -- for each map type: geometries that strain it, keys and values that do.
 */
#include <string.h>

#include "pair.h"

#define LOOPBACK   1 /* the one interface that there always is */
#define NOBODYS_FD 9999

/* --- keys ------------------------------------------------------------------------------------ */

static void put_number(const struct pair *p, uint8_t *key, uint32_t n)
{
	uint32_t size = p->shape.key_size;

	memset(key, 0xa5, size);
	memcpy(key + (size > 8 ? size - 4 : 0), &n, size < 4 ? size : 4);
}

/* From twice as many as there are entries, so that the map is often full. */
static void numbered_key(const struct pair *p, uint8_t *key)
{
	put_number(p, key, below(p->shape.max_entries * 2 + 1));
}

/* From half as many: nothing need be evicted. */
static void fitting_key(const struct pair *p, uint8_t *key)
{
	put_number(p, key, below(p->shape.max_entries / 2));
}

static void index_key(const struct pair *p, uint8_t *key)
{
	uint32_t i = below(50) ? below(p->shape.max_entries * 3 / 2 + 1) : (uint32_t)random64();

	memcpy(key, &i, sizeof(i));
}

/* Few different bits, so that prefixes nest, meet and part at every length. */
static void prefix_key(const struct pair *p, uint8_t *key)
{
	uint32_t bits = (p->shape.key_size - 4) * 8, length = below(bits + 1);

	memset(key, below(4) ? 0 : 0xff, p->shape.key_size);
	for (uint32_t n = below(4); n; n--) {
		uint32_t at = below(4) ? below(bits) : below(bits < 20 ? bits : 20);

		key[4 + at / 8] ^= (uint8_t)(0x80 >> at % 8);
	}
	if (!below(3))
		length = bits;
	else if (!below(100))
		length = bits + 1 + below(3);
	memcpy(key, &length, sizeof(length));
}

/* --- values ---------------------------------------------------------------------------------- */

static void any_value(struct pair *p, uint8_t *ours, uint8_t *theirs)
{
	uint32_t size = ((p->shape.value_size + 7) & ~7u) * p->slots;

	for (uint32_t i = 0; i < size; i += 8)
		memcpy(ours + i, &(uint64_t){random64()}, 8);
	memcpy(theirs, ours, size);
}

/* Of twice as many as a bloom filter is made for. */
static void numbered_value(struct pair *p, uint8_t *ours, uint8_t *theirs)
{
	uint32_t n = below(p->shape.max_entries * 2), size = p->shape.value_size;

	memset(ours, 0x3c, size);
	memcpy(ours, &n, size < 4 ? size : 4);
	memcpy(theirs, ours, size);
}

static void device_value(struct pair *p, uint8_t *ours, uint8_t *theirs)
{
	static const uint32_t progs[] = {0, 0, 0, 0, UINT32_MAX, NOBODYS_FD};
	uint32_t value[2] = {below(5) ? LOOPBACK : 0, progs[below(COUNT(progs))]};

	memcpy(ours, value, p->shape.value_size);
	memcpy(theirs, value, p->shape.value_size);
}

static void cpu_value(struct pair *p, uint8_t *ours, uint8_t *theirs)
{
	static const uint32_t sizes[] = {0, 1, 64, 16384, 16385, UINT32_MAX};

	device_value(p, ours, theirs);
	memcpy(ours, &sizes[below(COUNT(sizes))], 4);
	memcpy(theirs, ours, 4);
}

/* A thing by its number here, by its descriptor there, or nothing at all. */
static void thing_value(struct pair *p, uint8_t *ours, uint8_t *theirs)
{
	uint32_t i = below(p->n_things + 1);
	int fd = i < p->n_things ? p->things[i].fd : NOBODYS_FD;

	memcpy(ours, &i, sizeof(i));
	memcpy(theirs, &fd, sizeof(fd));
}

/* Ports are numbered from 1. */
static void socket_value(struct pair *p, uint8_t *ours, uint8_t *theirs)
{
	uint32_t i;

	thing_value(p, ours, theirs);
	memcpy(&i, ours, sizeof(i));
	i = i < p->n_things ? i + 1 : 0;
	memcpy(ours, &i, sizeof(i));
}

/* --- types ----------------------------------------------------------------------------------- */

#define ARRAY BPF_MAP_TYPE_ARRAY
static const struct shape array_shapes[] = {{ARRAY, 4, 8, 16, 0}, {ARRAY, 4, 3, 5, 0},
	{ARRAY, 4, 100, 100, BPF_F_MMAPABLE}, {ARRAY, 4, 1, 1, 0},
	{ARRAY, 4, 5000, 3, BPF_F_INNER_MAP}, {ARRAY, 4, 8, 10, BPF_F_RDONLY},
	{ARRAY, 4, 8, 10, BPF_F_WRONLY}, {ARRAY, 4, 17, 9, BPF_F_RDONLY_PROG},
	{ARRAY, 4, 24, 9, BPF_F_WRONLY_PROG}, {0}};

#define PERCPU_ARRAY BPF_MAP_TYPE_PERCPU_ARRAY
static const struct shape percpu_array_shapes[] = {{PERCPU_ARRAY, 4, 8, 16, 0},
	{PERCPU_ARRAY, 4, 13, 7, 0}, {PERCPU_ARRAY, 4, 1, 1, 0}, {PERCPU_ARRAY, 4, 1000, 3, 0},
	{PERCPU_ARRAY, 4, 8, 10, BPF_F_RDONLY}, {PERCPU_ARRAY, 4, 16, 9, BPF_F_RDONLY_PROG},
	{PERCPU_ARRAY, 4, 16, 9, BPF_F_WRONLY_PROG}, {0}};

#define HASH_SHAPES(type)                                                                     \
	{type, 16, 8, 64, 0}, {type, 16, 8, 1000, 0}, {type, 1, 1, 1, 0}, {type, 2, 4, 3, 0}, \
		{type, 4, 20, 20, BPF_F_NO_PREALLOC}, {type, 13, 7, 300, 0},                  \
		{type, 37, 40, 50, BPF_F_NO_PREALLOC}, {type, 100, 9, 17, BPF_F_ZERO_SEED},   \
		{type, 513, 3000, 5, 0}, {type, 8, 8, 1, BPF_F_NO_PREALLOC},                  \
		{type, 8, 8, 9, BPF_F_RDONLY}, {type, 8, 8, 9, BPF_F_WRONLY},                 \
		{type, 8, 16, 9, BPF_F_RDONLY_PROG}, {type, 8, 16, 9, BPF_F_WRONLY_PROG},     \
	{                                                                                     \
		0                                                                             \
	}
static const struct shape hash_shapes[] = {HASH_SHAPES(BPF_MAP_TYPE_HASH)};
static const struct shape percpu_hash_shapes[] = {HASH_SHAPES(BPF_MAP_TYPE_PERCPU_HASH)};

#define LRU_SHAPES(type)                                                                        \
	{type, 16, 8, 512, 0}, {type, 4, 20, 100, 0}, {type, 13, 7, 2000, BPF_F_NO_COMMON_LRU}, \
		{type, 100, 600, 200, BPF_F_ZERO_SEED}, {type, 8, 8, 100, BPF_F_RDONLY_PROG},   \
	{                                                                                       \
		0                                                                               \
	}
static const struct shape lru_hash_shapes[] = {LRU_SHAPES(BPF_MAP_TYPE_LRU_HASH)};
static const struct shape lru_percpu_hash_shapes[] = {LRU_SHAPES(BPF_MAP_TYPE_LRU_PERCPU_HASH)};

#define LPM(data_size, value_size, max_entries, flags)                         \
	{                                                                      \
		BPF_MAP_TYPE_LPM_TRIE, 4 + data_size, value_size, max_entries, \
			BPF_F_NO_PREALLOC | flags                              \
	}
static const struct shape lpm_shapes[] = {LPM(4, 8, 16, 0), LPM(4, 8, 200, 0), LPM(4, 4, 3000, 0),
	LPM(1, 1, 1, 0), LPM(1, 3, 40, 0), LPM(2, 8, 300, 0), LPM(3, 9, 300, 0), LPM(8, 16, 100, 0),
	LPM(12, 20, 300, 0), LPM(16, 8, 300, 0), LPM(20, 1000, 50, 0), LPM(256, 8, 300, 0),
	LPM(4, 8, 20, BPF_F_WRONLY_PROG), LPM(4, 8, 20, BPF_F_RDONLY_PROG), {0}};

#define ARRAY_OF_MAPS BPF_MAP_TYPE_ARRAY_OF_MAPS
static const struct shape array_of_maps_shapes[] = {{ARRAY_OF_MAPS, 4, 4, 4, 0},
	{ARRAY_OF_MAPS, 4, 4, 1, 0}, {ARRAY_OF_MAPS, 4, 4, 50, 0},
	{ARRAY_OF_MAPS, 4, 4, 4, BPF_F_RDONLY}, {0}};

#define HASH_OF_MAPS BPF_MAP_TYPE_HASH_OF_MAPS
static const struct shape hash_of_maps_shapes[] = {{HASH_OF_MAPS, 4, 4, 4, 0},
	{HASH_OF_MAPS, 1, 4, 1, 0}, {HASH_OF_MAPS, 37, 4, 50, BPF_F_NO_PREALLOC},
	{HASH_OF_MAPS, 16, 4, 20, BPF_F_ZERO_SEED}, {0}};

static const struct shape prog_array_shapes[] = {
	{BPF_MAP_TYPE_PROG_ARRAY, 4, 4, 8, 0}, {BPF_MAP_TYPE_PROG_ARRAY, 4, 4, 1, 0}, {0}};

static const struct shape devmap_shapes[] = {{BPF_MAP_TYPE_DEVMAP, 4, 4, 4, 0},
	{BPF_MAP_TYPE_DEVMAP, 4, 8, 1, 0}, {BPF_MAP_TYPE_DEVMAP, 4, 8, 50, 0}, {0}};
static const struct shape devmap_hash_shapes[] = {{BPF_MAP_TYPE_DEVMAP_HASH, 4, 4, 4, 0},
	{BPF_MAP_TYPE_DEVMAP_HASH, 4, 8, 1, 0}, {BPF_MAP_TYPE_DEVMAP_HASH, 4, 8, 50, 0}, {0}};
static const struct shape cpumap_shapes[] = {
	{BPF_MAP_TYPE_CPUMAP, 4, 4, 4, 0}, {BPF_MAP_TYPE_CPUMAP, 4, 8, 3, 0}, {0}};
static const struct shape xskmap_shapes[] = {
	{BPF_MAP_TYPE_XSKMAP, 4, 4, 4, 0}, {BPF_MAP_TYPE_XSKMAP, 4, 4, 1, 0}, {0}};

#define KEYLESS_SHAPES(type)                                                                \
	{type, 0, 8, 10, 0}, {type, 0, 4, 1, 0}, {type, 0, 3, 2, 0}, {type, 0, 24, 100, 0}, \
		{type, 0, 61, 7, 0}, {type, 0, 3000, 5, 0}, {type, 0, 8, 5, BPF_F_RDONLY},  \
		{type, 0, 8, 5, BPF_F_WRONLY},                                              \
	{                                                                                   \
		0                                                                           \
	}
static const struct shape queue_shapes[] = {KEYLESS_SHAPES(BPF_MAP_TYPE_QUEUE)};
static const struct shape stack_shapes[] = {KEYLESS_SHAPES(BPF_MAP_TYPE_STACK)};

#define BLOOM BPF_MAP_TYPE_BLOOM_FILTER
static const struct shape bloom_shapes[] = {{BLOOM, 0, 8, 1000, 0}, {BLOOM, 0, 2, 20000, 0},
	{BLOOM, 0, 12, 5000, BPF_F_ZERO_SEED}, {BLOOM, 0, 4, 1, 0}, {BLOOM, 0, 1000, 100, 0}, {0}};

#define KIND(type_, name_, key_, value_, ...)                                           \
	{                                                                               \
		.type = BPF_MAP_TYPE_##type_, .name = #name_, .shapes = name_##_shapes, \
		.key = key_, .value = value_, __VA_ARGS__                               \
	}

const struct kind kinds[] = {
	KIND(ARRAY, array, index_key, any_value, .in_order = true),
	KIND(PERCPU_ARRAY, percpu_array, index_key, any_value, .in_order = true),
	KIND(HASH, hash, numbered_key, any_value),
	KIND(PERCPU_HASH, percpu_hash, numbered_key, any_value),
	KIND(LRU_HASH, lru_hash, fitting_key, any_value),
	KIND(LRU_PERCPU_HASH, lru_percpu_hash, fitting_key, any_value),
	KIND(LPM_TRIE, lpm, prefix_key, any_value),
	KIND(ARRAY_OF_MAPS, array_of_maps, index_key, thing_value, .in_order = true, .slow = 40),
	KIND(HASH_OF_MAPS, hash_of_maps, numbered_key, thing_value, .slow = 40),
	KIND(PROG_ARRAY, prog_array, index_key, thing_value, .in_order = true),
	KIND(DEVMAP, devmap, index_key, device_value, .in_order = true),
	KIND(DEVMAP_HASH, devmap_hash, numbered_key, device_value),
	KIND(CPUMAP, cpumap, index_key, cpu_value, .in_order = true, .slow = 40),
	KIND(XSKMAP, xskmap, index_key, socket_value, .in_order = true, .unreadable = true),
	KIND(QUEUE, queue, NULL, any_value),
	KIND(STACK, stack, NULL, any_value),
	KIND(BLOOM_FILTER, bloom, NULL, numbered_value),
};

const uint32_t n_kinds = COUNT(kinds);
