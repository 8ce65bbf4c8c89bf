/* SPDX-License-Identifier: BSD-3-Clause
 *
 * ring.h -- a ring of records, as the kernel's BPF ring buffer has it: what RINGBUF and
 * PERF_EVENT_ARRAY are made of, and what vm/core reads them by.
 *
 *	ring ─► head │ data: `size` bytes, a power of two │ room for the last record to run over
 *
 * A position counts bytes since ever; the record there begins at data + position % size and is
 * in one piece: one that begins before the end of the data runs over it. (Linux maps the data
 * twice for that; only who reads what nobody wrote in such a record can tell.) A record is a header
 * of 8 bytes and what was written, padded to 8. Its length has a bit while it is not submitted
 * (the consumer waits there) and one if it was discarded (the consumer skips it).
 *
 *	consumed ────────► settled ─────────► produced
 *	         to be read         some not submitted          never more than size - 1 bytes
 *
 * The producer writes the header, then `produced`; the consumer reads both, the record, then
 * writes `consumed`, which frees its place.
 */
#ifndef VM_RUNTIME_RING_H
#define VM_RUNTIME_RING_H

#include "target.h"

#define RT_RING_BUSY       (UINT32_C(1) << 31)
#define RT_RING_DISCARD    (UINT32_C(1) << 30)
#define RT_RING_RECORD_MAX (UINT32_MAX / 4)
#define RT_RING_HEAD       128

struct rt_ring {
	uint64_t consumed __attribute__((aligned(64))); /* the consumer's */
	uint64_t produced __attribute__((aligned(64))); /* the producers' */
	uint64_t settled;                               /* behind the oldest busy record */
	uint64_t lost;                                  /* records since the one before */
	uint32_t lock;                                  /* producers', if there are several */
};

_Static_assert(sizeof(struct rt_ring) == RT_RING_HEAD, "its data follow");

struct rt_record {
	uint32_t len;  /* of data, and RT_RING_BUSY, RT_RING_DISCARD */
	uint32_t note; /* perf events: how many were lost before it; RINGBUF: its page */
	uint8_t data[];
};

rt_inline struct rt_record *rt_ring__record(struct rt_ring *ring, uint32_t size, uint64_t at)
{
	return (struct rt_record *)((uint8_t *)ring + RT_RING_HEAD + (at & (size - 1)));
}

/* Bytes that a record of `len` takes. */
rt_inline uint64_t rt_record__bytes(uint64_t len)
{
	return (len + sizeof(struct rt_record) + 7) & ~UINT64_C(7);
}

/* The bits of `len` off. */
rt_inline uint32_t rt_record__len(uint32_t len)
{
	return len & ~(RT_RING_BUSY | RT_RING_DISCARD);
}

#endif
