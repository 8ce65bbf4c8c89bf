/* SPDX-License-Identifier: BSD-3-Clause
 *
 * map-handles.h -- maps that hold programs or maps, from the host's side. What goes out by key
 * and bytes is an id; what goes in goes by ebpf_map__set_program() and ebpf_map__set_inner().
 */
#ifndef VM_CORE_MAP_HANDLES_H
#define VM_CORE_MAP_HANDLES_H

#include "map.h"

struct ebpf_program;

/* The operations of ebpf-map.h for these maps. */
int map_handles__lookup(struct ebpf_map *map, const void *key, void *value);
int map_handles__update(struct ebpf_map *map, const void *key, uint64_t flags);
int map_handles__delete(struct ebpf_map *map, const void *key);
/* All programs in a map are of one kind, the first one's. What a PROG_ARRAY leads to gets the
 * packets and the context of those who call it: they have to be of that kind, too. -EINVAL:
 * another. */
int map_handles__join(struct ebpf_map *map, const struct ebpf_program *prog);
/* Takes all entries out. */
void map_handles__clear(struct ebpf_map *map);

#endif
