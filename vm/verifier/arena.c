/* SPDX-License-Identifier: BSD-3-Clause
 *
 * arena.c -- bump allocation from chunks, with free lists by size class.
 */
#include <stdlib.h>
#include <string.h>

#include "arena.h"

#define CHUNK (256 * 1024)

struct arena_chunk {
	struct arena_chunk *next;
	uint64_t pad; /* what follows is 16-byte aligned */
};

struct arena_free {
	struct arena_free *next;
};

static size_t rounded(size_t size)
{
	size_t grain = size < ARENA_GRAIN ? 16 : ARENA_GRAIN;

	return (size + grain - 1) / grain * grain;
}

/* Which free list a block of this (rounded) size belongs to; 0 is none. */
static size_t size_class(size_t size)
{
	return size >= ARENA_GRAIN && size / ARENA_GRAIN <= ARENA_CLASSES ? size / ARENA_GRAIN : 0;
}

static void *chunk__new(struct arena *a, size_t size)
{
	struct arena_chunk *c;

	size += sizeof(*c);
	if (a->limit && size > a->limit - a->size)
		return NULL;
	c = calloc(1, size);
	if (!c)
		return NULL;
	c->next = a->chunks;
	a->chunks = c;
	a->size += size;
	return c + 1;
}

void *arena__alloc(struct arena *a, size_t size)
{
	size_t class;
	void *p;

	if (size > SIZE_MAX / 2)
		return NULL;
	size = rounded(size ? size : 1);
	class = size_class(size);
	if (class && a->freed[class]) {
		p = a->freed[class];
		a->freed[class] = a->freed[class]->next;
		return memset(p, 0, size);
	}
	if (size > CHUNK / 4)
		return chunk__new(a, size);
	if ((size_t)(a->end - a->at) < size) {
		a->at = chunk__new(a, CHUNK);
		a->end = a->at ? a->at + CHUNK : NULL;
		if (!a->at)
			return NULL;
	}
	p = a->at;
	a->at += size;
	return p;
}

void *arena__array(struct arena *a, size_t n, size_t size)
{
	return n && size > SIZE_MAX / 2 / n ? NULL : arena__alloc(a, n * size);
}

void arena__free(struct arena *a, void *p, size_t size)
{
	struct arena_free *f = p;
	size_t class = size_class(rounded(size));

	if (!p || !class)
		return;
	f->next = a->freed[class];
	a->freed[class] = f;
}

void arena__release(struct arena *a)
{
	struct arena_chunk *next;

	for (struct arena_chunk *c = a->chunks; c; c = next) {
		next = c->next;
		free(c);
	}
	memset(a, 0, sizeof(*a));
}
