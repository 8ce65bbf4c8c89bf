/* SPDX-License-Identifier: BSD-3-Clause
 *
 * map-pair.h -- one map here and one in the kernel, given the same random operations: results,
 * errno and contents must be the same.
 */
#ifndef TESTS_UNIT_MAP_PAIR_H
#define TESTS_UNIT_MAP_PAIR_H

#include "ebpf-program.h"
#include "kernel.h"

#define MAX_BYTES 4096 /* a key, or all of a key's values, in these tests */

uint64_t random64(void);
uint32_t below(uint32_t n);
void fill_random(void *p, size_t size);

/* As many slots as the kernel has CPUs, where that is two or more. */
struct ebpf_instance *instance_like_kernel(void);
struct ebpf_map *create(struct ebpf_instance *inst, uint32_t type, uint32_t key_size,
	uint32_t value_size, uint32_t max_entries, uint32_t flags);

/* Skips the test if the kernel may not be asked. */
void require_kernel(void);
/* Of libbpf's calls: 0 or negative errno. */
int kernel_result(int rc);
/* rt_geometry__init() against the creation of such a map. */
void compare_creation(uint32_t type, uint32_t key_size, uint32_t value_size, uint32_t max_entries,
	uint32_t flags);

struct pair {
	struct ebpf_map *ours;
	int theirs;
	uint32_t key_size, value_size, stride, n_values; /* values both have */
	uint32_t max_entries;
	void (*random_key)(const struct pair *p, uint8_t *key);
};

/* Keys from a range twice the map's size, so that it is often full and half the keys miss. */
void numbered_key(const struct pair *p, uint8_t *key);

void compare_type(uint32_t type, uint32_t key_size, uint32_t value_size, uint32_t max_entries,
	uint32_t flags, int operations, void (*random_key)(const struct pair *p, uint8_t *key));

#endif
