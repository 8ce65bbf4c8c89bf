/* SPDX-License-Identifier: BSD-3-Clause
 *
 * ring.c -- positions count bytes for ever; modulo the size they are places. Before each record
 * stands its length, and before what is skipped at the end its length with SKIP.
 */
#include <errno.h>
#include <stdlib.h>

#include "ring.h"

struct stride {
	uint32_t size; /* with this header */
	uint32_t skip;
};

int capture_ring__init(struct capture_ring *ring, uint64_t size)
{
	*ring = (struct capture_ring){.size = size};
	ring->bytes = malloc(size);
	return ring->bytes ? 0 : -ENOMEM;
}

void capture_ring__free(struct capture_ring *ring)
{
	free(ring->bytes);
	ring->bytes = NULL;
}

static struct stride *place(const struct capture_ring *ring, uint64_t position)
{
	return (struct stride *)(ring->bytes + (position & (ring->size - 1)));
}

static int has_room(struct capture_ring *ring, uint64_t size)
{
	if (ring->next + size - ring->known_tail <= ring->size)
		return 1;
	ring->known_tail = __atomic_load_n(&ring->tail, __ATOMIC_ACQUIRE);
	return ring->next + size - ring->known_tail <= ring->size;
}

void *capture_ring__reserve(struct capture_ring *ring, uint32_t size)
{
	uint64_t want = RTE_ALIGN_CEIL((uint64_t)size, 8) + sizeof(struct stride);
	uint64_t to_end = ring->size - (ring->next & (ring->size - 1));
	uint64_t skip = want > to_end ? to_end : 0;
	struct stride *record;

	if (!has_room(ring, skip + want))
		return NULL;
	if (skip)
		*place(ring, ring->next) = (struct stride){.size = (uint32_t)skip, .skip = 1};
	record = place(ring, ring->next + skip);
	*record = (struct stride){.size = (uint32_t)want};
	ring->next += skip + want;
	return record + 1;
}

void capture_ring__publish(struct capture_ring *ring)
{
	__atomic_store_n(&ring->head, ring->next, __ATOMIC_RELEASE);
}

/* A skipped end is published together with the record behind it. */
void *capture_ring__peek(struct capture_ring *ring)
{
	struct stride *record;

	if (ring->tail == __atomic_load_n(&ring->head, __ATOMIC_ACQUIRE))
		return NULL;
	record = place(ring, ring->tail);
	if (record->skip) {
		__atomic_store_n(&ring->tail, ring->tail + record->size, __ATOMIC_RELEASE);
		record = place(ring, ring->tail);
	}
	return record + 1;
}

void capture_ring__pop(struct capture_ring *ring)
{
	struct stride *record = place(ring, ring->tail);

	__atomic_store_n(&ring->tail, ring->tail + record->size, __ATOMIC_RELEASE);
}
