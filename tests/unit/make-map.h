/* SPDX-License-Identifier: BSD-3-Clause
 *
 * make-map.h -- maps for tests that look at one, without a kernel's beside it.
 */
#ifndef TESTS_UNIT_MAKE_MAP_H
#define TESTS_UNIT_MAKE_MAP_H

#include "ebpf-program.h"
#include "random.h"

#define MAX_BYTES 4096 /* all of a key's values, in these tests */

/* One worker, and the host: two slots. */
struct ebpf_instance *make_instance(void);
/* Fails the test with the reason. */
struct ebpf_map *make_map(struct ebpf_instance *inst, uint32_t type, uint32_t key_size,
	uint32_t value_size, uint32_t max_entries, uint32_t flags);

#endif
