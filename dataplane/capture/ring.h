/* SPDX-License-Identifier: BSD-3-Clause
 *
 * ring.h -- records on their way from a worker to the thread that writes them to the file, as long
 * as each needs, in the order in which they came.
 *
 *	worker   reserve, fill in, reserve, fill in ... publish
 *	writer   peek, use, pop
 *
 * What is reserved and not yet published may still be changed. A record is never torn at the
 * ring's end: the place that is left there is skipped. Where there is no room, nothing waits:
 * reserving fails, and the worker counts a loss.
 *
 * One producer, one consumer, no lock.
 */
#ifndef DATAPLANE_CAPTURE_RING_H
#define DATAPLANE_CAPTURE_RING_H

#include <stddef.h>
#include <stdint.h>

#include <rte_common.h>

struct capture_ring {
	uint8_t *bytes;
	uint64_t size; /* a power of two */

	uint64_t head __rte_cache_aligned; /* published up to here */
	uint64_t next;                     /* the producer's: reserved up to here */
	uint64_t known_tail;               /* the producer's: the tail as it last saw it */

	uint64_t tail __rte_cache_aligned; /* used up to here */
};

/* size: a power of two. 0 or -ENOMEM. */
int capture_ring__init(struct capture_ring *ring, uint64_t size);
void capture_ring__free(struct capture_ring *ring);

/* Room for `size` bytes, 8-byte aligned; NULL if there is none. */
void *capture_ring__reserve(struct capture_ring *ring, uint32_t size);
void capture_ring__publish(struct capture_ring *ring);

/* The oldest record, NULL if there is none; and its end. */
void *capture_ring__peek(struct capture_ring *ring);
void capture_ring__pop(struct capture_ring *ring);

#endif
