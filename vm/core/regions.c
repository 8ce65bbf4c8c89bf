/* SPDX-License-Identifier: BSD-3-Clause
 *
 * regions.c -- a table under a version: who reads it while it is changed reads it again. Readers
 * are programs in the middle of an access, so that they take no lock and need nothing freed.
 *
 * Fields are written with release and read with acquire, which keeps them between the two looks
 * at the version.
 */
#include <errno.h>

#include "regions.h"

void ebpf_regions__init(struct ebpf_regions *r)
{
	pthread_mutex_init(&r->lock, NULL);
}

void ebpf_regions__release(struct ebpf_regions *r)
{
	pthread_mutex_destroy(&r->lock);
}

static uint64_t get(const _Atomic uint64_t *field)
{
	return atomic_load_explicit(field, memory_order_acquire);
}

static void set(struct ebpf_region *to, uint64_t base, uint64_t size, bool writable)
{
	atomic_store_explicit(&to->base, base, memory_order_release);
	atomic_store_explicit(&to->size, size, memory_order_release);
	atomic_store_explicit(&to->writable, writable, memory_order_release);
}

static void begin_change(struct ebpf_regions *r)
{
	atomic_fetch_add_explicit(&r->version, 1, memory_order_acq_rel);
}

static void end_change(struct ebpf_regions *r, uint32_t n)
{
	atomic_store_explicit(&r->n, n, memory_order_release);
	atomic_fetch_add_explicit(&r->version, 1, memory_order_release);
}

/* The region that begins there; n if there is none. */
static uint32_t find(const struct ebpf_regions *r, uint64_t base, uint32_t n)
{
	uint32_t i = 0;

	while (i < n && get(&r->at[i].base) != base)
		i++;
	return i;
}

int ebpf_regions__add(struct ebpf_regions *r, uint64_t base, uint64_t size, bool writable)
{
	int err = 0;
	uint32_t n;

	if (!size || base + size - 1 < base)
		return -EINVAL;
	pthread_mutex_lock(&r->lock);
	n = atomic_load(&r->n);
	if (find(r, base, n) < n) {
		err = -EEXIST;
	} else if (n == EBPF_MAX_REGIONS) {
		err = -ENOSPC;
	} else {
		begin_change(r);
		set(&r->at[n], base, size, writable);
		end_change(r, n + 1);
	}
	pthread_mutex_unlock(&r->lock);
	return err;
}

int ebpf_regions__remove(struct ebpf_regions *r, uint64_t base)
{
	uint32_t i, n;

	pthread_mutex_lock(&r->lock);
	n = atomic_load(&r->n);
	i = find(r, base, n);
	if (i < n) {
		const struct ebpf_region *last = &r->at[n - 1];

		begin_change(r);
		set(&r->at[i], last->base, last->size, last->writable);
		end_change(r, n - 1);
	}
	pthread_mutex_unlock(&r->lock);
	return i < n ? 0 : -ENOENT;
}

static bool look(const struct ebpf_regions *r, uint64_t address, uint64_t size, bool write)
{
	uint32_t n = atomic_load_explicit(&r->n, memory_order_acquire);

	for (uint32_t i = 0; i < n && i < EBPF_MAX_REGIONS; i++) {
		const struct ebpf_region *at = &r->at[i];
		uint64_t base = get(&at->base), room = get(&at->size);
		bool writable = atomic_load_explicit(&at->writable, memory_order_acquire);

		if (size <= room && address - base <= room - size && (writable || !write))
			return true;
	}
	return false;
}

bool ebpf_regions__allow(const struct ebpf_regions *r, uint64_t address, uint64_t size, bool write)
{
	unsigned version;
	bool allowed;

	if (!r)
		return false;
	do {
		version = atomic_load_explicit(&r->version, memory_order_acquire);
		allowed = !(version & 1) && look(r, address, size, write);
	} while (version & 1 || version != atomic_load_explicit(&r->version, memory_order_relaxed));
	return allowed;
}
