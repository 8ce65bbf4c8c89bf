/* SPDX-License-Identifier: BSD-3-Clause
 *
 * value.h -- values in map memory, of which a part may be a struct bpf_spin_lock: a program's
 * value never overwrites the lock, and a reader finds zeros in its place, as in the kernel.
 *
 * The lock is the word of rt_lock(). It belongs to the memory rather than to the value: who still
 * holds it when the memory is used for another value gives it back in time.
 */
#ifndef VM_RUNTIME_VALUE_H
#define VM_RUNTIME_VALUE_H

#include "map-types.h"
#include "words.h"

typedef uint32_t rt_half __attribute__((may_alias));

/* NULL: no lock. */
rt_inline uint32_t *rt_value__lock(const struct rt_geometry *geo, void *value)
{
	return geo->lock_off ? (uint32_t *)((uint8_t *)value + geo->lock_off - 1) : NULL;
}

/* The half of a word that is not the lock. */
rt_inline void rt_value__write_beside_lock(
	const struct rt_geometry *geo, void *value, uint32_t i, uint64_t word)
{
	uint32_t other = (geo->lock_off - 1) / 4 % 2 ^ 1;

	rt_write((rt_half *)value + 2 * i + other, (uint32_t)(word >> 32 * other));
}

rt_inline void rt_value__write(const struct rt_geometry *geo, void *value, const void *src)
{
	uint32_t size = rt_stored_size(geo);
	rt_word *dst = value;

	for (uint32_t i = 0; i < rt_words(size); i++) {
		uint64_t word = rt_load_word(src, size, i);

		if (geo->lock_off && i == (geo->lock_off - 1) / 8)
			rt_value__write_beside_lock(geo, value, i, word);
		else
			rt_write(&dst[i], word);
	}
}

/* While no program holds the lock, if there is one. */
rt_inline void rt_value__write_locked(const struct rt_geometry *geo, void *value, const void *src)
{
	uint32_t *lock = rt_value__lock(geo, value);

	if (lock)
		rt_lock(lock);
	rt_value__write(geo, value, src);
	if (lock)
		rt_unlock(lock);
}

/* For the host: always while no program holds the lock, so that it gets no halves. */
rt_inline void rt_value__read(const struct rt_geometry *geo, void *dst, void *value)
{
	uint32_t *lock = rt_value__lock(geo, value);

	if (lock)
		rt_lock(lock);
	rt_copy_out(dst, value, rt_host_value_size(geo));
	if (lock)
		rt_unlock(lock);
	if (lock)
		__builtin_memset((uint8_t *)dst + geo->lock_off - 1, 0, sizeof(uint32_t));
}

#endif
