/* SPDX-License-Identifier: BSD-3-Clause
 *
 * map-fields.h -- what a program may read of a map itself.
 *
 * Linux shows programs its struct bpf_map, whose layout is another one in every kernel; programs
 * that want to run on more than one name the fields (CO-RE), and the loader says where they are.
 * Here that is in a map's geometry.
 */
#ifndef VM_CORE_MAP_FIELDS_H
#define VM_CORE_MAP_FIELDS_H

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#include "../runtime/map.h"

#define MAP_FIELD_NONE 0x7ff8 /* an offset where there is nothing */

static const struct {
	const char *name; /* in the kernel */
	uint16_t offset;  /* from struct rt_map; all are 4 bytes */
} map_fields[] = {
	{"map_type", offsetof(struct rt_map, geo.type)},
	{"key_size", offsetof(struct rt_map, geo.key_size)},
	{"value_size", offsetof(struct rt_map, geo.value_size)},
	{"max_entries", offsetof(struct rt_map, geo.max_entries)},
	{"map_flags", offsetof(struct rt_map, geo.flags)},
};

/* Of a name: MAP_FIELD_NONE if there is no such field here. */
static inline uint16_t map_field__find(const char *name)
{
	for (size_t i = 0; i < sizeof(map_fields) / sizeof(map_fields[0]); i++)
		if (strcmp(map_fields[i].name, name) == 0)
			return map_fields[i].offset;
	return MAP_FIELD_NONE;
}

static inline bool map_field__is_at(int64_t offset, uint64_t size)
{
	for (size_t i = 0; i < sizeof(map_fields) / sizeof(map_fields[0]); i++)
		if (map_fields[i].offset == offset && size == 4)
			return true;
	return false;
}

#endif
