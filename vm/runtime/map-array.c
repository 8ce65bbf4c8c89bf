/* SPDX-License-Identifier: BSD-3-Clause
 *
 * map-array.c -- ARRAY and PERCPU_ARRAY: values in a row, changed in place.
 *
 *	mem ─► value 0 │ value 1 │ ...                        one set; per-CPU: a set per slot
 *
 * Every key below max_entries exists, from the start and for ever.
 */
#include "value.h"

rt_inline uint8_t *array__value(const struct rt_map *m, uint32_t slot, uint32_t i)
{
	return m->mem + slot * m->geo.value_set + (uint64_t)i * m->geo.value_stride;
}

rt_inline uint32_t array__key(const void *key)
{
	return *(const rt_unaligned32 *)key;
}

rt_hot static void *array__lookup(const struct rt_map *m, uint32_t slot, const void *key)
{
	uint32_t i = array__key(key);

	return likely(i < m->geo.max_entries) ? array__value(m, slot, i) : NULL;
}

static int64_t array__check_update(const struct rt_map *m, uint32_t i, uint64_t flags)
{
	if ((flags & ~(uint64_t)RT_F_LOCK) > RT_EXIST)
		return -RT_EINVAL;
	if (i >= m->geo.max_entries)
		return -RT_E2BIG;
	if (flags & RT_NOEXIST)
		return -RT_EEXIST;
	return flags & RT_F_LOCK && !m->geo.lock_off ? -RT_EINVAL : 0;
}

rt_inline void array__write(
	const struct rt_map *m, uint8_t *value, const uint8_t *src, uint64_t flags)
{
	if (flags & RT_F_LOCK)
		rt_value__write_locked(&m->geo, value, src);
	else
		rt_value__write(&m->geo, value, src);
}

static int64_t array__update(
	const struct rt_map *m, uint32_t slot, const void *key, const void *value, uint64_t flags)
{
	uint32_t i = array__key(key);
	int64_t err = array__check_update(m, i, flags);

	if (!err)
		array__write(m, array__value(m, slot, i), value, flags);
	return err;
}

static int64_t array__delete(const struct rt_map *m, const void *key)
{
	return -RT_EINVAL;
}

const struct rt_map_ops rt_array_ops = {
	.lookup = array__lookup,
	.update = array__update,
	.remove = array__delete,
};

/* --- the host's view ----------------------------------------------------------------- */

static int64_t array__read_all(
	const struct rt_map *m, uint32_t n_slots, const void *key, uint8_t *values)
{
	uint32_t i = array__key(key);

	if (i >= m->geo.max_entries)
		return -RT_ENOENT;
	for (uint32_t slot = 0; slot < rt_host_values(&m->geo, n_slots); slot++)
		rt_value__read(&m->geo, values + (uint64_t)slot * m->geo.value_stride,
			array__value(m, slot, i));
	return 0;
}

static int64_t array__write_all(const struct rt_map *m, uint32_t n_slots, const void *key,
	const uint8_t *values, uint64_t flags)
{
	uint32_t i = array__key(key);
	int64_t err = array__check_update(m, i, flags);

	for (uint32_t slot = 0; slot < rt_host_values(&m->geo, n_slots) && !err; slot++)
		array__write(m, array__value(m, slot, i),
			values + (uint64_t)slot * m->geo.value_stride, flags);
	return err;
}

int64_t rt_array__next_key(const struct rt_map *m, const void *key, void *next)
{
	uint32_t i = key ? array__key(key) : UINT32_MAX;

	i = i < m->geo.max_entries ? i + 1 : 0;
	if (i == m->geo.max_entries)
		return -RT_ENOENT;
	*(rt_unaligned32 *)next = i;
	return 0;
}

bool rt_array__owns(const struct rt_map *m, uint32_t slot, const void *p, uint64_t size)
{
	uint64_t off = (uint64_t)((const uint8_t *)p - array__value(m, slot, 0));

	if (off >= (uint64_t)m->geo.max_entries * m->geo.value_stride)
		return false;
	off %= m->geo.value_stride;
	return size <= m->geo.value_size && off <= m->geo.value_size - size;
}

static uint32_t array__count(const struct rt_map *m)
{
	return m->geo.max_entries;
}

const struct rt_host_ops rt_array_host_ops = {
	.read_all = array__read_all,
	.write_all = array__write_all,
	.next_key = rt_array__next_key,
	.owns = rt_array__owns,
	.count = array__count,
};
