/* SPDX-License-Identifier: BSD-3-Clause
 *
 * object-cache.h -- compiled objects in files, so that no program is compiled twice.
 *
 * A folder of the user's own holds a file for each object. A file's name is a hash of what was
 * asked for; all of that is in the file and is compared, so a wrong object is never given. Nothing
 * here is an error: what cannot be found is compiled, what cannot be stored is not.
 *
 * Threads and processes may share a folder. Files appear whole, by rename; one that is found
 * damaged is deleted.
 */
#ifndef VM_CORE_OBJECT_CACHE_H
#define VM_CORE_OBJECT_CACHE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "host-cpu.h"
#include "program.h"

struct object_cache;

/* All that determines an object. */
struct object_key {
	struct object_maker {
		char backend[24];
		uint64_t module[4]; /* its shared module's device, inode, size, time */
		struct host_cpu cpu;
	} maker; /* without padding */
	const uint8_t *request;
	size_t request_size;
};

/* dir: "" is $XDG_CACHE_HOME/xdpk or ~/.cache/xdpk. It is made where its parent is there.
 * max_bytes: 0 is 64 MiB. NULL if it cannot serve: others own it or may write to it. */
struct object_cache *object_cache__open(const char *dir, uint64_t max_bytes);
void object_cache__close(struct object_cache *cache); /* NULL is fine */

/* False: it is not there. The caller frees object->elf. */
bool object_cache__find(
	struct object_cache *cache, const struct object_key *key, struct compiled_object *object);
/* Objects that were used least recently go when there are too many bytes. */
void object_cache__store(struct object_cache *cache, const struct object_key *key,
	const struct compiled_object *object);

#endif
