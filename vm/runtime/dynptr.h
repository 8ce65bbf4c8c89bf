/* SPDX-License-Identifier: BSD-3-Clause
 *
 * dynptr.h -- what the 16 bytes of a program's struct bpf_dynptr hold: a view of `size` bytes,
 * from `offset` on, of a map's value, a ring buffer's record or the packet. All zeros is the null
 * dynptr: data is NULL, and every helper refuses it.
 *
 * Who holds the memory: of a record the program, until the dynptr is submitted or discarded; a
 * value and the packet outlive the run. Helpers that take dynptrs are inlined, so that these bytes
 * stay in registers.
 */
#ifndef VM_RUNTIME_DYNPTR_H
#define VM_RUNTIME_DYNPTR_H

#include "target.h"
#include "uapi.h"

enum rt_dynptr_kind {
	RT_DYNPTR_LOCAL = 1, /* data: first byte of the memory */
	RT_DYNPTR_RECORD,    /* data: first byte of the record */
	RT_DYNPTR_PACKET,    /* data: the context */
};

struct rt_dynptr {
	void *data;
	uint32_t offset;
	uint32_t size : 24, kind : 8;
};

#define RT_DYNPTR_MAX ((UINT32_C(1) << 24) - 1)

_Static_assert(sizeof(struct rt_dynptr) == 16, "as in Linux");

/* size <= RT_DYNPTR_MAX */
rt_inline void rt_dynptr__init(
	struct rt_dynptr *p, enum rt_dynptr_kind kind, void *data, uint64_t size)
{
	*p = (struct rt_dynptr){.data = data, .size = (uint32_t)size, .kind = kind};
}

rt_inline void rt_dynptr__clear(struct rt_dynptr *p)
{
	*p = (struct rt_dynptr){0};
}

#endif
