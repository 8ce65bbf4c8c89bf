/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <unistd.h>
#include <cmocka.h>

#include "creation.h"
#include "kernel.h"
#include "runtime/map.h"

void compare_creation(
	uint32_t type, uint32_t key_size, uint32_t value_size, uint32_t max_entries, uint32_t flags)
{
	struct rt_geometry geo;
	int ours = rt_geometry__init(&geo, type, key_size, value_size, max_entries, flags);
	int theirs = kernel__create_map(type, key_size, value_size, max_entries, flags);

	if (theirs >= 0)
		close(theirs);
	if (ours != (theirs >= 0 || theirs == -ENOMEM ? 0 : theirs))
		fail_msg("type %u key %u value %u entries %u flags 0x%x: %d, the kernel: %d", type,
			key_size, value_size, max_entries, flags, ours, theirs);
}
