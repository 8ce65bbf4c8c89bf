/* SPDX-License-Identifier: BSD-3-Clause
 *
 * map-targets.h -- DEVMAP, DEVMAP_HASH, CPUMAP, XSKMAP from the host's side: who holds the programs
 * of their entries.
 */
#ifndef VM_CORE_MAP_TARGETS_H
#define VM_CORE_MAP_TARGETS_H

#include "map.h"

/* The operations of ebpf-map.h for these maps. */
int map_targets__update(struct ebpf_map *map, const void *key, const void *value, uint64_t flags);
int map_targets__delete(struct ebpf_map *map, const void *key);
/* A reference, or NULL. */
struct ebpf_program *map_targets__get_program(struct ebpf_map *map, uint32_t key);
/* ebpf_map__replace_program() for these maps. */
int map_targets__replace_program(
	struct ebpf_map *map, const struct ebpf_program *was, struct ebpf_program *prog);
/* Takes all entries with programs out. */
void map_targets__drop_programs(struct ebpf_map *map);

#endif
