/* SPDX-License-Identifier: BSD-3-Clause
 *
 * memory.h -- every access of an interpreted program goes through these checks.
 *
 * The common cases are inline: frames, packet, the value looked up last. Whatever is not
 * found there is searched for in memory.c, and is not the program's if it is not found.
 */
#ifndef VM_INTERP_MEMORY_H
#define VM_INTERP_MEMORY_H

#include <string.h>

#include "code.h"

/* Sets the packet's (or the raw memory's) bounds from the context, as they are now. */
void interp_memory__refresh(struct interp_run *run);

/* The maps that the program may use: its own, and those it got out of them. NULL after the
 * last. */
const struct rt_map *interp_memory__map(const struct interp_run *run, uint32_t i);

/* Lets the program touch [address, address + size), until it is revoked. False: too much at once.
 */
bool interp_memory__grant(struct interp_run *run, uint64_t address, uint64_t size, bool writable);
/* False if nothing that begins at the address was granted. */
bool interp_memory__revoke(struct interp_run *run, uint64_t address);
bool interp_memory__is_granted(const struct interp_run *run, uint64_t address);

/* Notes in env what access it was that fails. */
void interp_memory__blame(struct interp_run *run, uint64_t addr, uint64_t size);

/* A pointer to [addr, addr+size) if all of it is the program's, NULL (and blame) otherwise. */
void *interp_memory__find(struct interp_run *run, uint64_t addr, uint64_t size, bool write);

/* A load that may be one of the context. */
bool interp_memory__load_slow(
	struct interp_run *run, uint64_t addr, uint32_t size, uint64_t *value);

/* NULL: not in the common places. size is a constant of at most 8. */
static inline void *interp_memory__near(const struct interp_run *run, uint64_t addr, uint32_t size)
{
	uint64_t at = addr - (uintptr_t)run->stack;

	if (at < run->stack_len &&
		(at & (FRAME_PLACE - 1)) - (FRAME_TOP - EBPF_STACK_SIZE) <= EBPF_STACK_SIZE - size)
		return (void *)(uintptr_t)addr;
	at = addr - run->memory;
	if (at < run->memory_len && run->memory_len - at >= size)
		return (void *)(uintptr_t)addr;
	at = addr - run->value;
	if (at < run->value_len && run->value_len - at >= size)
		return (void *)(uintptr_t)addr;
	return NULL;
}

static inline bool interp_memory__load(
	struct interp_run *run, uint64_t addr, uint32_t size, uint64_t *value)
{
	const void *p = interp_memory__near(run, addr, size);

	if (unlikely(!p))
		return interp_memory__load_slow(run, addr, size, value);
	*value = 0;
	memcpy(value, p, size);
	return true;
}

static inline bool interp_memory__store(
	struct interp_run *run, uint64_t addr, uint32_t size, uint64_t value)
{
	void *p = interp_memory__near(run, addr, size);

	if (unlikely(!p))
		p = interp_memory__find(run, addr, size, true);
	if (unlikely(!p))
		return false;
	memcpy(p, &value, size);
	return true;
}

#endif
