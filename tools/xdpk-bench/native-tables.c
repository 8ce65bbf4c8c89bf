/* SPDX-License-Identifier: BSD-3-Clause
 *
 * native-tables.c -- lookups in maps whose geometry is a constant, as compiled programs have them.
 * A module of its own, built with -O3 -march=native.
 */
#include "native.h"
#include "tables.h"

#define INLINE static inline __attribute__((always_inline))

INLINE uint64_t value_of(const struct rt_map *m, const void *value)
{
	if (!value)
		return 0;
	return m->geo.value_size == 8 ? *(const uint64_t *)value : *(const uint32_t *)value;
}

INLINE uint64_t one_by_one(
	const struct rt_map *m, const struct rt_map_ops *ops, const uint8_t *keys, uint32_t n)
{
	uint64_t sum = 0;

	for (uint32_t i = 0; i < n; i++)
		sum += value_of(m, ops->lookup(m, 0, keys + i * m->geo.key_size));
	return sum;
}

/* What a step fetches is there when the next one comes to that key, half a burst later. */
INLINE uint64_t ahead_of_time(
	const struct rt_map *m, const struct rt_map_ops *ops, const uint8_t *keys, uint32_t n)
{
	const uint32_t ahead = TABLES_BURST / 2;
	uint64_t way[TABLES_BURST], sum = 0;

	for (uint32_t i = 0; i < n + 2 * ahead; i++) {
		if (ops->fetch && i < n)
			way[i % TABLES_BURST] = ops->fetch(m, keys + i * m->geo.key_size);
		if (ops->fetch && i - ahead < n)
			ops->fetch_next(m, 0, way[(i - ahead) % TABLES_BURST]);
		if (i >= 2 * ahead)
			sum += value_of(
				m, ops->lookup(m, 0, keys + (i - 2 * ahead) * m->geo.key_size));
	}
	return sum;
}

/* Never called and nowhere defined: linking fails if a geometry is not a constant. */
void geometry_is_not_constant(void);

INLINE struct rt_map map_of(uint32_t type, uint32_t key_size, uint32_t value_size, uint32_t entries,
	uint32_t flags, void *mem)
{
	struct rt_map m = {.mem = mem};

	rt_geometry__init(&m.geo, type, key_size, value_size, entries, flags);
	if (!__builtin_constant_p(m.geo.n_buckets + m.geo.elem_stride))
		geometry_is_not_constant();
	return m;
}

#define TABLE(name, type_, key_size_, value_size_, flags_, entries_, ops)                       \
	static uint64_t name##_single(void *mem, const void *keys, uint32_t n)                  \
	{                                                                                       \
		struct rt_map m = map_of(type_, key_size_, value_size_, entries_, flags_, mem); \
                                                                                                \
		return one_by_one(&m, &ops, keys, n);                                           \
	}                                                                                       \
	static uint64_t name##_burst(void *mem, const void *keys, uint32_t n)                   \
	{                                                                                       \
		struct rt_map m = map_of(type_, key_size_, value_size_, entries_, flags_, mem); \
                                                                                                \
		return ahead_of_time(&m, &ops, keys, n);                                        \
	}                                                                                       \
	extern const struct native_table name;                                                  \
	__attribute__((visibility("default"))) const struct native_table name = {               \
		.type = type_,                                                                  \
		.key_size = key_size_,                                                          \
		.value_size = value_size_,                                                      \
		.entries = entries_,                                                            \
		.flags = flags_,                                                                \
		.lookup = {name##_single, name##_burst},                                        \
	};

#define HASH(name, entries) TABLE(name, RT_MAP_HASH, 16, 8, 0, entries, rt_hash_ops)
#define LPM(name, entries)  TABLE(name, RT_MAP_LPM_TRIE, 8, 4, RT_F_NO_PREALLOC, entries, rt_lpm_ops)

HASH(hash_1k, 1 << 10)
HASH(hash_64k, 1 << 16)
HASH(hash_1m, 1 << 20)
LPM(lpm_1k, 1000)
LPM(lpm_10k, 10000)
LPM(lpm_500k, 500000)
