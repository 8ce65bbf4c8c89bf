/* SPDX-License-Identifier: BSD-3-Clause
 *
 * map-kind.h -- map types (enum bpf_map_type) by what can be done with their contents.
 */
#ifndef XDPK_SUBJECT_MAP_KIND_H
#define XDPK_SUBJECT_MAP_KIND_H

#include <stdbool.h>
#include <stdint.h>

bool map_type__is_percpu(uint32_t type);
bool map_type__is_array(uint32_t type);
/* A ring buffer or a perf event array, which are read once. */
bool map_type__has_events(uint32_t type);
/* Can its contents be read by key, and mean something outside of one machine? */
bool map_type__has_entries(uint32_t type);

#endif
