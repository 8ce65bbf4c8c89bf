/* SPDX-License-Identifier: BSD-3-Clause
 *
 * contents.h -- what maps hold before a run, by rule, and what they hold after it, as one
 * number. The same for maps of the library and of the kernel, which differ in how they are
 * reached (struct map_access).
 */
#ifndef TESTS_FUZZ_CONTENTS_H
#define TESTS_FUZZ_CONTENTS_H

#include <ebpf-map.h>

#define MOST_ENTRIES 64   /* of a map that is filled by rule */
#define MOST_VALUE   4096 /* bytes */
#define MOST_CPUS    256

/* Handles and calls are one engine's. Errors are negative. */
struct map_access {
	int (*update)(void *map, const void *key, const void *value);
	int (*lookup)(void *map, const void *key, void *value);
	int (*lookup_and_delete)(void *map, const void *key, void *value);
	int (*delete)(void *map, const void *key);
	int (*next_key)(void *map, const void *key, void *next);
	uint32_t n_values; /* of a key, in a per-CPU map: all of these are set, the first is read */
};

/* `salt` makes maps differ. `initial`: the value of a map of one entry, or NULL. Maps that
 * programs cannot change are left alone. */
void contents__reset(const struct map_access *a, void *map, const struct ebpf_map_opts *o,
	uint32_t salt, const uint8_t *initial);
/* Whatever the order of entries. */
uint64_t contents__sum(const struct map_access *a, void *map, const struct ebpf_map_opts *o);
/* Can every run of a program start from the same contents? */
bool contents__repeatable(const struct ebpf_map_opts *o);

/* Of bytes: FNV by words. */
uint64_t contents__hash(const void *bytes, size_t size);

#endif
