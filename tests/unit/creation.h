/* SPDX-License-Identifier: BSD-3-Clause
 *
 * creation.h -- which maps can be: here and in the kernel the same.
 */
#ifndef TESTS_UNIT_CREATION_H
#define TESTS_UNIT_CREATION_H

#include <stdint.h>

/* rt_geometry__init() against the creation of such a map. One for which the kernel has not the
 * memory could be. Fails the test if they differ. */
void compare_creation(uint32_t type, uint32_t key_size, uint32_t value_size, uint32_t max_entries,
	uint32_t flags);

#endif
