/* SPDX-License-Identifier: BSD-3-Clause
 *
 * dynptr.c -- the dynptrs of an interpreted program. They are bytes of its own stack that lead to
 * memory, so what a helper made is noted, and only bytes that are still the same are a dynptr; one
 * of a record, only while the program holds the record.
 *
 * A stack of 512 bytes holds 32 of them at once: where all notes are taken, one is of a dynptr
 * that is no more.
 */
#include "call.h"
#include "memory.h"

static struct rt_dynptr *place(uint64_t address)
{
	return (struct rt_dynptr *)(uintptr_t)address;
}

static bool in_use(const struct interp_run *run, const struct interp_dynptr *d)
{
	return interp_memory__in_frames(run, d->address) &&
	       memcmp(place(d->address), &d->is, sizeof(d->is)) == 0;
}

static struct interp_dynptr *find(struct interp_run *run, uint64_t address)
{
	for (uint32_t i = 0; i < run->n_dynptrs; i++)
		if (run->dynptrs[i].address == address)
			return &run->dynptrs[i];
	return NULL;
}

static struct interp_dynptr *unused(struct interp_run *run)
{
	if (run->n_dynptrs < INTERP_DYNPTRS)
		return &run->dynptrs[run->n_dynptrs++];
	for (uint32_t i = 0; i < INTERP_DYNPTRS; i++)
		if (!in_use(run, &run->dynptrs[i]))
			return &run->dynptrs[i];
	return NULL;
}

bool interp_dynptr__note(struct interp_run *run, uint64_t address)
{
	struct interp_dynptr *d = find(run, address);

	if (!d)
		d = unused(run);
	if (!d)
		return false;
	d->address = address;
	d->is = *place(address);
	return true;
}

bool interp_dynptr__check(struct interp_run *run, uint64_t address)
{
	struct interp_dynptr *d = find(run, address);

	return d && in_use(run, d) &&
	       (d->is.kind != RT_DYNPTR_RECORD ||
		       interp_memory__is_granted(run, (uintptr_t)d->is.data));
}
