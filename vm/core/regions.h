/* SPDX-License-Identifier: BSD-3-Clause
 *
 * regions.h -- memory that a VM's programs may touch besides what they have anyway
 * (ebpf_add_region).
 *
 * Threads: any may add, remove and ask at any time. Owned by the VM, which outlives the runs.
 */
#ifndef VM_CORE_REGIONS_H
#define VM_CORE_REGIONS_H

#include <pthread.h>
#include <stdatomic.h>

#include "ebpf-vm.h"

struct ebpf_region {
	_Atomic uint64_t base, size;
	_Atomic bool writable;
};

struct ebpf_regions {
	pthread_mutex_t lock; /* of those who change it */
	atomic_uint version;  /* odd: it is being changed */
	atomic_uint n;
	struct ebpf_region at[EBPF_MAX_REGIONS];
};

void ebpf_regions__init(struct ebpf_regions *r);
void ebpf_regions__release(struct ebpf_regions *r);
/* As ebpf_add_region() and ebpf_remove_region(). */
int ebpf_regions__add(struct ebpf_regions *r, uint64_t base, uint64_t size, bool writable);
int ebpf_regions__remove(struct ebpf_regions *r, uint64_t base);
/* Do all the bytes lie in one region, which may be written if that is wanted? Compiled code calls
 * it, too. r may be NULL: no regions. */
bool ebpf_regions__allow(const struct ebpf_regions *r, uint64_t address, uint64_t size, bool write);

#endif
