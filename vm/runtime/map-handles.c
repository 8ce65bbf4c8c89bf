/* SPDX-License-Identifier: BSD-3-Clause
 *
 * map-handles.c -- PROG_ARRAY: pointers that the host puts in and takes out, one exchange each.
 *
 *	mem ─► pointer 0 │ pointer 1 │ ...                                   NULL: no entry
 *
 * What a pointer taken out pointed at stays until no program can have it any more: that is
 * vm/core's to see to (reclaim.h).
 */
#include "map-types.h"
#include "words.h"

rt_inline void **handle__place(const struct rt_map *m, uint32_t i)
{
	return (void **)m->mem + i;
}

rt_hot void *rt_handles__get(const struct rt_map *m, uint32_t i)
{
	return i < m->geo.max_entries ? rt_read_acquire(handle__place(m, i)) : NULL;
}

void *rt_handles__exchange(const struct rt_map *m, uint32_t i, void *handle)
{
	return __atomic_exchange_n(handle__place(m, i), handle, __ATOMIC_RELEASE);
}
