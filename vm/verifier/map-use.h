/* SPDX-License-Identifier: BSD-3-Clause
 *
 * map-use.h -- which helper takes which type of map.
 */
#ifndef VM_VERIFIER_MAP_USE_H
#define VM_VERIFIER_MAP_USE_H

#include <stdbool.h>
#include <stdint.h>

/* May the helper be given a map of this type? */
bool map_use__allowed(uint32_t helper, uint32_t map_type);
/* Its values are sockets, that a program looks up and puts in. */
bool map_use__holds_sockets(uint32_t map_type);

#endif
