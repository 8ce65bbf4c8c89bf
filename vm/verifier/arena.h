/* SPDX-License-Identifier: BSD-3-Clause
 *
 * arena.h -- memory of one verifier run: taken in pieces, given back all at once.
 *
 * Blocks of ARENA_GRAIN bytes or more can be given back singly and are reused by size, since
 * states come and go; smaller ones live as long as the arena. Beyond its limit an arena has no
 * memory. Not for more than one thread.
 */
#ifndef VM_VERIFIER_ARENA_H
#define VM_VERIFIER_ARENA_H

#include <stddef.h>
#include <stdint.h>

#define ARENA_GRAIN   128
#define ARENA_CLASSES 64

struct arena {
	struct arena_chunk *chunks;
	uint8_t *at, *end;
	struct arena_free *freed[ARENA_CLASSES + 1];
	size_t size;  /* bytes, all chunks together */
	size_t limit; /* of size; 0: none */
};

/* Zeroed, 16-byte aligned; NULL without memory. */
void *arena__alloc(struct arena *a, size_t size);
void *arena__array(struct arena *a, size_t n, size_t size);
/* size: as it was asked for. NULL is fine. */
void arena__free(struct arena *a, void *p, size_t size);
void arena__release(struct arena *a);

#endif
