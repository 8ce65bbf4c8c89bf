/* SPDX-License-Identifier: BSD-3-Clause
 *
 * note.c -- the host does what a kernel has noted.
 *
 * A note comes from a device: nothing in it is believed that would lead out of the map.
 *
 * What a kernel adds to an element of a hash is found by the element's key, which is in the
 * snapshot: the element may have another place by now.
 */
#include <string.h>

#include "ebpf-offload.h"
#include "program.h"
#include "../runtime/helpers.h"
#include "../runtime/map-hash.h"

static bool is_array(const struct rt_geometry *geo)
{
	return geo->type == RT_MAP_ARRAY || geo->type == RT_MAP_PERCPU_ARRAY;
}

static bool is_inside(uint64_t offset, uint32_t size, uint64_t from, uint64_t to)
{
	return offset >= from && offset < to && size <= to - offset;
}

static uint8_t *find_in_array(const struct rt_map *m, uint32_t worker, const struct ebpf_note *note)
{
	uint64_t bytes = rt_map__bytes(&m->geo, 1);

	if (!is_inside(note->offset, note->size, m->geo.values, bytes))
		return NULL;
	return m->mem + note->offset + worker * m->geo.value_set;
}

/* The snapshot's element that the offset is in, and where in its value. */
static uint8_t *find_in_hash(const struct rt_map *m, uint32_t worker, const struct ebpf_note *note,
	const uint8_t *memory)
{
	const struct rt_map snapshot = {m->geo, (uint8_t *)memory};
	bool percpu = rt_is_percpu(&m->geo);
	uint64_t from = percpu ? m->geo.values : m->geo.elems + m->geo.elem_value, elem, at;
	uint64_t stride = percpu ? m->geo.value_stride : m->geo.elem_stride;
	uint8_t *value;

	if (note->offset < from)
		return NULL;
	elem = (note->offset - from) / stride;
	at = (note->offset - from) % stride;
	if (elem >= m->geo.n_elems || !is_inside(at, note->size, 0, m->geo.value_size))
		return NULL;
	value = rt_map__lookup(m, worker, rt_hash__key(&snapshot, (uint32_t)elem));
	return value ? value + at : NULL;
}

#define ADD(type)                                                                     \
	do {                                                                          \
		type *counter = (type *)at;                                           \
                                                                                      \
		if (shared)                                                           \
			__atomic_fetch_add(counter, (type)operand, __ATOMIC_RELAXED); \
		else                                                                  \
			rt_write(counter, (type)(rt_read(counter) + (type)operand));  \
	} while (0)

/* Where a program's own additions are no atomic ones either. */
static void add_unaligned(uint8_t *at, uint32_t size, uint64_t operand)
{
	uint64_t counter = 0;

	memcpy(&counter, at, size);
	counter += operand;
	memcpy(at, &counter, size);
}

/* Per-CPU values have one writer. */
static void add(uint8_t *at, uint32_t size, uint64_t operand, bool shared)
{
	if ((uintptr_t)at % size) {
		add_unaligned(at, size, operand);
		return;
	}
	switch (size) {
	case 1: ADD(uint8_t); break;
	case 2: ADD(uint16_t); break;
	case 4: ADD(uint32_t); break;
	default: ADD(uint64_t); break;
	}
}

static bool is_size(uint32_t size)
{
	return size == 1 || size == 2 || size == 4 || size == 8;
}

static void apply_add(const struct rt_map *m, const struct ebpf_env *env,
	const struct ebpf_note *note, const uint8_t *memory)
{
	uint8_t *at = is_array(&m->geo) ? find_in_array(m, env->worker, note)
					: find_in_hash(m, env->worker, note, memory);

	if (at && is_size(note->size))
		add(at, note->size, note->operand, !rt_is_percpu(&m->geo));
}

uint64_t ebpf_note__apply(const struct ebpf_kernel *k, struct ebpf_env *env,
	const struct ebpf_note *note, const uint8_t *memory)
{
	const struct ebpf_kernel_info *info = ebpf_kernel__info(k);
	const struct ebpf_kernel_map *map;
	const struct rt_map *m;

	if (note->map >= info->n_maps)
		return 0;
	map = &info->map[note->map];
	m = ebpf_kernel__program(k)->rt_maps[note->map];
	if (note->kind == EBPF_NOTE_REDIRECT && map->use & EBPF_MAP_TARGETS)
		return helper_redirect_map(env, m, note->operand, note->offset);
	if (note->kind == EBPF_NOTE_ADD && map->use & EBPF_MAP_COUNTED)
		apply_add(m, env, note, memory);
	return 0;
}
