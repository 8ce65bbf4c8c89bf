/* SPDX-License-Identifier: BSD-3-Clause
 *
 * map-memory.h -- memory for maps: zeroed, and all of it present, so that no packet ever waits
 * for a page; on huge pages where the system has them to give.
 */
#ifndef VM_CORE_MAP_MEMORY_H
#define VM_CORE_MAP_MEMORY_H

#include <stdint.h>

#define ANY_NODE UINT32_MAX

/* On NUMA node `node`, or ANY_NODE. NULL with errno: ENOMEM, EINVAL: there is no such node. */
void *map_memory__get(uint64_t bytes, uint32_t node);
void map_memory__put(void *mem, uint64_t bytes);

#endif
